import numpy as np
import pytest
import torch
from evaluation.known import noise_map, slow_order
from hypothesis import given
from hypothesis import strategies as st

from igcli.errors import UsageError
from igcli.evaluation.maps import RANKINGS, as_map, flaw, ranks


def test_arrays_and_tensors_with_and_without_channels_are_maps():
    flat = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert as_map(flat).shape == (1, 2, 3)
    assert torch.equal(as_map(flat), as_map(torch.from_numpy(flat)[None]))
    assert as_map(torch.ones(3, 2, 2, dtype=torch.float16)).dtype == torch.float64


def test_a_sound_map_has_no_flaw():
    assert flaw(noise_map(), size=(8, 8)) == ""
    assert flaw(np.ones((5, 7))) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (torch.full((3, 8, 8), torch.nan), "not finite"),
        (torch.tensor([[1.0, torch.inf]]), "not finite"),
        (torch.zeros(3, 8, 8), "zero everywhere"),
        (torch.ones(4), "shape"),
        (torch.ones(1, 3, 8, 8), "shape"),
        (torch.ones(3, 0, 8), "shape"),
    ],
)
def test_each_flaw_is_a_sentence(values, words):
    assert words in flaw(values)
    assert flaw(values).endswith(".")


def test_a_map_of_another_size_names_both_sizes():
    assert "7x8" in flaw(np.ones((8, 7)), size=(9, 10))
    assert "10x9" in flaw(np.ones((8, 7)), size=(9, 10))


def test_the_handed_in_map_is_not_changed():
    values = noise_map()
    before = values.clone()
    for looked_at in (as_map, flaw):
        looked_at(values)
    assert torch.equal(values, before)


def test_the_most_positive_pixel_goes_first():
    assert ranks(np.array([[0.1, 3.0], [-5.0, 1.0]])).tolist() == [[2, 0], [3, 1]]


def test_by_importance_the_sign_does_not_matter():
    assert ranks(np.array([[0.1, 3.0], [-5.0, 1.0]]), ranked="importance").tolist() == [[3, 1], [0, 2]]


def test_channels_are_summed_before_ranking():
    values = np.array([[[1.0, 2.0]], [[5.0, -3.0]]])
    assert ranks(values).tolist() == [[0, 1]]
    assert ranks(-values).tolist() == [[1, 0]]


def test_ties_are_broken_row_by_row():
    assert ranks(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])).tolist() == [[2, 0, 3], [1, 4, 5]]


def test_a_map_that_is_the_same_everywhere_ranks_nothing():
    assert ranks(np.full((4, 4), -2.0)) is None
    assert ranks(np.array([[1.0, -1.0]]), ranked="importance") is None


@given(st.integers(0, 1000), st.integers(1, 4))
def test_ranks_equal_those_of_a_plain_sort(seed, levels):
    values = torch.round(noise_map(seed=seed) * levels)  # many ties
    found = ranks(values)
    for rank, place in enumerate(slow_order(values)):
        assert found[place] == rank


def test_an_unknown_ranking_names_the_known_ones():
    with pytest.raises(UsageError, match="signed"):
        ranks(noise_map(), ranked="sign")


def test_the_rankings_differ_in_where_the_absolute_value_is_taken():
    values = torch.tensor([[[1.0, -5.0, 2.0, 0.5]], [[1.0, 5.0, -6.0, 0.0]], [[1.0, -1.0, 1.0, 0.0]]])
    found = {name: RANKINGS[name](values).tolist() for name in RANKINGS}
    assert found["signed"] == [[3, -1, -3, 0.5]]
    assert found["importance"] == [[3, 11, 9, 0.5]]
    assert found["magnitude"] == [[3, 1, 3, 0.5]]
    assert found["value"] == values.abs().tolist()


def test_single_values_are_ranked_over_all_channels_and_a_map_without_channels_counts_for_each():
    values = noise_map(side=4)
    order = ranks(values, ranked="value")
    assert order.shape == (3, 4, 4)
    in_order = values.abs().flatten()[order.flatten().argsort()]
    assert torch.equal(in_order, in_order.sort(descending=True).values)
    one = ranks(values[0], ranked="value", channels=3)
    assert one.shape == (3, 4, 4)
    assert sorted(one.flatten().tolist()) == list(range(48))


@pytest.mark.parametrize("ranked", ["importance", "magnitude", "value"])
def test_only_the_signed_ranking_depends_on_the_sign(ranked):
    assert torch.equal(ranks(noise_map(), ranked=ranked), ranks(-noise_map(), ranked=ranked))
