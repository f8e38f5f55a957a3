import numpy as np
import pytest
import torch
from evaluation.known import noise_map, slow_order
from hypothesis import given
from hypothesis import strategies as st

from igcli.errors import UsageError
from igcli.evaluation.ranking import ranks


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
