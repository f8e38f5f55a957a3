"""Names of paths, and what is refused."""

import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.paths.kind import find_path
from igcli.errors import UsageError
from igcli.models.model import Model
from igcli.sample import Sample


def test_a_number_follows_the_name():
    assert find_path("spectral").number == 0.4
    assert find_path("spectral:.25").number == 0.25
    assert find_path("blur:8").number == 8


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("spectrum", "Did you mean 'spectral'"),
        ("straight:2", "takes no number"),
        ("spectral:wide", "OVERLAP"),
        ("spectral:0", "above 0 and at most 1"),
        ("spectral:1.5", "above 0 and at most 1"),
        ("spectral:nan", "above 0 and at most 1"),
        ("blur:0", "above 0 pixels"),
        ("blur:inf", "above 0 pixels"),
    ],
)
def test_what_is_no_path_is_refused_with_the_remedy(spec, said, small):
    with pytest.raises(UsageError, match=said):
        igcli.attribute(small, random_picture(), path=spec)


@pytest.mark.parametrize("kind", ["spectral", "blur"])
@pytest.mark.parametrize(
    ("values", "axis"),
    [(torch.rand(4), None), (torch.rand(5, 4), 1), (torch.rand(4, 5), 0), ((torch.rand(2, 2), torch.rand(3)), None)],
    ids=["features", "words", "channels of a sequence", "several tensors"],
)
def test_samples_without_rows_and_columns_are_refused(kind, values, axis):
    class Sum(torch.nn.Module):
        def forward(self, *parts):
            return sum(part.flatten(1).sum(dim=1, keepdim=True) for part in parts).expand(-1, 2)

    model, sample = Model(Sum(), ["a", "b"]), Sample(values, summed_axis=axis, name="the sample")
    with pytest.raises(UsageError, match=r"rows and columns, which the sample does not have\. Choose from: straight"):
        igcli.attribute(model, sample, path=kind, score="logit", target=0)
    with pytest.raises(UsageError, match="rows and columns"):
        igcli.attribute(model, sample, method=f"{kind}-integrated", score="logit", target=0)


def test_a_baseline_is_refused_where_the_path_has_a_start_of_its_own(small):
    with pytest.raises(UsageError, match="starts at the blurred picture: leave the baseline out"):
        igcli.attribute(small, random_picture(), path="blur:9", baseline="white")
    with pytest.raises(UsageError, match="leave the baseline out"):
        igcli.integrate(lambda x: x.flatten(1).sum(dim=1), torch.rand(2, 4, 4), 0.0, path="blur")
