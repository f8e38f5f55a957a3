"""igcli.attribute: lists of samples, what it refuses, and what results say of themselves."""

import io
import sys

import numpy as np
import pytest
import torch
from torch import nn
from toys import Quadratic, classifier, random_picture, small_network

import igcli
from igcli.errors import IgError, NumericalError, UsageError


@pytest.fixture
def pictures():
    return [random_picture(seed=seed) for seed in range(5)]


@pytest.fixture(autouse=True)
def two_in_a_group(monkeypatch):
    monkeypatch.setattr("igcli.attribution.attribute._TOGETHER", 2)


@pytest.mark.parametrize("steps", ["auto", 8])
def test_a_list_gives_the_results_that_its_samples_have_alone(small_double, pictures, steps):
    together = igcli.attribute(small_double, pictures, steps=steps)
    assert [type(each) for each in together] == [igcli.Attribution] * 5
    for picture, found in zip(pictures, together, strict=True):
        alone = igcli.attribute(small_double, picture, steps=steps)
        torch.testing.assert_close(found.values, alone.values)
        assert found.target.index == alone.target.index
        assert found.sample is picture


def test_samples_of_a_list_share_passes(small, pictures):
    sizes = []
    small.network.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    igcli.attribute(small, pictures[:2], steps=4, budget=64)
    assert 8 in sizes  # four points of both


def test_a_tuple_is_a_list_and_an_empty_one_has_no_results(small, pictures):
    assert len(igcli.attribute(small, tuple(pictures[:2]), steps=2)) == 2
    assert igcli.attribute(small, []) == []
    assert isinstance(igcli.attribute(small, pictures[:1], steps=2), list)


class NotFinite(nn.Module):
    """Not finite where a picture is as bright as can be."""

    def forward(self, x):
        return torch.stack([x.mean(dim=(1, 2, 3)), 1 / (1 - x.amax(dim=(1, 2, 3)))], dim=1)


def test_the_first_of_a_list_that_fails_is_named_with_its_number(pictures):
    model = igcli.Classifier(NotFinite(), ["a", "b"], view=igcli.View(size=12))
    bright = igcli.Picture(torch.ones(3, 12, 12))
    with pytest.raises(NumericalError, match=r"^Number 4 of 5: .*not finite"):
        igcli.attribute(model, [*pictures[:3], bright, pictures[4]], steps=2)
    with pytest.raises(NumericalError, match=r"^The network's logits are not finite"):
        igcli.attribute(model, bright, steps=2)


def test_other_samples_than_pictures_have_lists_too():
    model = igcli.Model(Quadratic(classes=2, inputs=6), ["a", "b"])
    rows = torch.rand(3, 6, generator=torch.Generator().manual_seed(2))
    found = igcli.attribute(model, [igcli.Sample(row) for row in rows], target="a", score="logit", steps=1)
    square, linear = (each[0].detach() for each in model.network.parameters())
    torch.testing.assert_close(torch.stack([each.values for each in found]), square * rows**2 + linear * rows)
    assert found[0]._repr_png_() is None
    with pytest.raises(UsageError, match=r"\[igcli.Sample\(each\) for each in batch\]"):
        igcli.attribute(model, torch.zeros(1, 2, 3, 4))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            torch.zeros(4, 3, 12, 12),
            r"\(4, 3, 12, 12\) .*\[igcli.read_image\(each, view=model.view\) for each in batch\]",
        ),
        (np.zeros((4, 12, 12, 3)), "for each in batch"),
        (torch.zeros(3, 12, 12), r"write igcli.read_image\(values, view=model.view\)"),
        ([torch.zeros(3, 12, 12)], r"read_image\(\)"),
        ("photo.jpg", r"read_image\(\)"),
    ],
)
def test_what_is_no_sample_is_refused_with_what_to_write(small, given, said):
    with pytest.raises(UsageError, match=said):
        igcli.attribute(small, given)


def test_a_network_that_is_no_model_is_refused_before_its_input_is_looked_at():
    for given in (torch.zeros(4, 3, 12, 12), [random_picture()]):
        with pytest.raises(UsageError, match=r"igcli\.Classifier"):
            igcli.attribute(small_network(), given)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_counts_several_samples_where_it_is_seen(small, pictures, monkeypatch, capsys):
    igcli.attribute(small, pictures, steps=2)
    assert capsys.readouterr() == ("", "")
    seen = Terminal()
    monkeypatch.setattr(sys, "stderr", seen)
    igcli.attribute(small, pictures, steps=2)
    assert "/5 [" in seen.getvalue()
    before = seen.getvalue()
    igcli.attribute(small, pictures[0], steps=2)
    assert seen.getvalue() == before


def test_in_a_notebook_the_bar_is_the_notebooks(small, pictures, monkeypatch):
    made = []

    class Widget:
        def __init__(self, **how):
            made.append(how)
            self.done = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            made.append(self.done)

        def update(self):
            self.done += 1

    monkeypatch.setattr("tqdm.auto.tqdm", Widget)  # which is tqdm.notebook's in a notebook
    igcli.attribute(small, pictures, steps=2)
    assert made[0]["total"] == made[1] == 5


def test_a_result_is_one_line(small, picture):
    result = igcli.attribute(small, picture, target=2, steps=8)
    line = repr(result)
    assert "\n" not in line
    probability = 100 * result.target.probability
    gap, error = 100 * result.completeness.relative_gap, 100 * result.extras["map_error"]
    over = "" if result.completeness.within_tolerance else " (over 1 %)"
    assert line == (
        f"<Attribution picture: class c {probability:.1f} %, integrated: gap {gap:.1f} %{over}, "
        f"map error {error:.1f} %, 8 gradients>"
    )
    (explanation,) = igcli.explain(small, [picture], igcli.Wanted(("gradient",), (2,)))[0]
    assert repr(explanation) == f"<Explanation picture: class c {probability:.1f} %, gradient: 1 gradient>"


def test_the_line_of_a_regression_has_its_value():
    model = classifier(small_network(classes=1), classes=1)
    model.regression = True
    result = igcli.attribute(model, random_picture(), steps=4)
    assert f"class a {result.target.amount:.4g}, integrated" in repr(result)


def test_an_error_of_a_list_is_still_of_its_kind(small, pictures):
    with pytest.raises(IgError):
        igcli.attribute(small, pictures, method="nonsense")
