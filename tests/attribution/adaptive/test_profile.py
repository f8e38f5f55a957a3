import numpy as np
import pytest

from igcli.attribution.adaptive.profile import EVEN_SHARE, PROBE_ALPHAS, curve, density

POINTS = np.array([0.0, *PROBE_ALPHAS, 1.0])


def sigmoid(alphas, *, middle, width):
    return 1 / (1 + np.exp(-(np.asarray(alphas) - middle) / width))


def test_the_curve_passes_through_its_points_and_straight_lines_stay_straight():
    values = np.array([0.0, 3.0, -1.0, 2.0, 2.0, 5.0, 4.0, 0.5])
    assert curve(POINTS, values, POINTS) == pytest.approx(values)
    grid = np.linspace(0, 1, 50)
    assert curve(POINTS, 2 * POINTS - 1, grid) == pytest.approx(2 * grid - 1)


def test_the_curve_rises_where_its_points_do_and_overshoots_nowhere():
    values = np.array([0.0, 0.01, 0.02, 0.9, 0.95, 0.951, 0.952, 1.0])
    between = curve(POINTS, values, np.linspace(0, 1, 1000))
    assert (np.diff(between) >= 0).all()
    peak = curve(POINTS, np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.5, 0.5]), np.linspace(0, 1, 1000))
    assert peak.min() >= -1e-12
    assert peak.max() <= 1 + 1e-12


def test_the_curve_is_near_a_smooth_function():
    grid = np.linspace(0, 1, 100)
    dense = np.linspace(0, 1, 30)
    assert curve(dense, np.sin(3 * dense), grid) == pytest.approx(np.sin(3 * grid), abs=2e-3)


@pytest.mark.parametrize("probability", [True, False])
def test_the_density_is_one_in_all_and_highest_where_the_score_moves(probability):
    found = density(POINTS, sigmoid(POINTS, middle=0.2, width=0.04), probability=probability)
    assert found.shape == (512,)
    assert found.sum() == pytest.approx(1)
    assert 0.1 < (np.argmax(found) + 0.5) / 512 < 0.3
    assert found.min() >= EVEN_SHARE / 512 * (1 - 1e-9)
    assert found[: 512 * 2 // 5].sum() > 0.6


def test_a_score_that_does_not_move_gets_its_points_evenly():
    assert density(POINTS, np.full(8, 0.3), probability=True) == pytest.approx(np.full(512, 1 / 512))


def test_probabilities_of_exactly_zero_and_one_have_a_density_too():
    found = density(POINTS, np.array([0.0, 0, 0, 1, 1, 1, 1, 1]), probability=True)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1)
