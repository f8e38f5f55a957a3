import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.attribution.adaptive.cells import Cells

EVEN = np.full(512, 1 / 512)


def whole(cells):
    """What must hold of any partition with a point in each part."""
    return (
        cells.edges[0] == 0
        and cells.edges[-1] == 1
        and len(cells.edges) == len(cells) + 1
        and (np.diff(cells.edges) > 0).all()
        and (cells.edges[:-1] <= cells.alphas).all()
        and (cells.alphas <= cells.edges[1:]).all()
        and cells.nodes.weights.sum() == pytest.approx(1)
    )


def test_an_even_density_gives_the_midpoint_rule():
    cells = Cells.placed(10, EVEN)
    assert cells.alphas == pytest.approx((np.arange(10) + 0.5) / 10)
    assert cells.nodes.weights == pytest.approx(np.full(10, 0.1))


def test_cells_hold_equal_shares_of_the_density():
    density = np.linspace(1, 9, 512)
    cells = Cells.placed(7, density / density.sum())
    assert whole(cells)
    share = np.interp(cells.edges, np.linspace(0, 1, 513), np.concatenate([[0], density.cumsum() / density.sum()]))
    assert np.diff(share) == pytest.approx(np.full(7, 1 / 7))


@pytest.mark.parametrize("function", [lambda a: 3 * a - 1, lambda a: np.sin(5 * a) + a])
def test_the_residuals_sum_to_what_the_points_miss(function):
    cells = Cells.placed(9, np.linspace(2, 1, 512))
    scores = function(cells.alphas)
    slopes = (function(cells.alphas + 1e-6) - function(cells.alphas - 1e-6)) / 2e-6
    residuals = cells.residuals(scores, slopes, ends=(function(0.0), function(1.0)))
    missed = function(1.0) - function(0.0) - (cells.nodes.weights * slopes).sum()
    assert residuals.shape == (10,)
    assert residuals.sum() == pytest.approx(missed)


def test_where_the_score_is_straight_nothing_is_missed():
    cells = Cells.placed(5, EVEN)
    slopes = np.full(5, 2.0)
    assert cells.residuals(2 * cells.alphas, slopes, ends=(0.0, 2.0)) == pytest.approx(np.zeros(6), abs=1e-12)


def test_a_step_between_two_points_gets_the_next_point():
    cells = Cells.placed(5, EVEN)  # 0.1, 0.3, 0.5, 0.7, 0.9
    scores = (cells.alphas > 0.4).astype(float)
    residuals = cells.residuals(scores, np.zeros(5), ends=(0.0, 1.0))
    finer = cells.refined(residuals, 1)
    assert finer.alphas == pytest.approx([0.1, 0.3, 0.4, 0.5, 0.7, 0.9])
    assert finer.edges == pytest.approx([0, 0.2, 0.35, 0.45, 0.6, 0.8, 1])


def test_before_the_first_point_and_after_the_last_there_is_room_too():
    cells = Cells.placed(2, EVEN)  # 0.25, 0.75
    finer = cells.refined(np.array([1.0, 0.0, 2.0]), 2)
    assert finer.alphas == pytest.approx([0.125, 0.25, 0.75, 0.875])
    assert finer.edges == pytest.approx([0, 0.1875, 0.5, 0.8125, 1])


@given(
    st.integers(1, 12),
    st.lists(st.lists(st.floats(-1, 1), min_size=60, max_size=60), min_size=1, max_size=5),
    st.integers(1, 9),
)
def test_refinement_keeps_every_point_and_a_partition(count, rounds, more):
    cells = Cells.placed(count, EVEN)
    for residuals in rounds:
        finer = cells.refined(np.resize(residuals, len(cells) + 1), more)
        assert whole(finer)
        assert set(cells.alphas) <= set(finer.alphas)
        assert len(finer) == len(cells) + min(more, len(cells) + 1)
        cells = finer


def test_points_do_not_come_closer_than_numbers_can_tell():
    cells = Cells.placed(1, EVEN)
    for _ in range(60):
        residuals = np.zeros(len(cells) + 1)
        residuals[np.searchsorted(cells.alphas, 0.3)] = 1.0
        cells = cells.refined(residuals, 1)
    assert np.diff(cells.alphas).min() > 1e-6
    assert whole(cells)
