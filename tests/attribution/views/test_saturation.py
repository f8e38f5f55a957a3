from __future__ import annotations

import numpy as np
import pytest

from igcli.attribution.views.saturation import alpha_star, quartiles, saturation_statistics, settles_at
from igcli.attribution.views.trace import Trace

ALPHAS = np.linspace(0, 1, 11)


def star(scores, **others):
    scores = np.asarray(scores, np.float64)
    ends = {"at_baseline": scores[0], "at_image": scores[-1]} | others
    return alpha_star(np.linspace(0, 1, len(scores)), scores, **ends)


def test_it_is_the_first_point_above_the_share_of_the_rise():
    assert star([0, 0.5, 0.89, 0.91, 1.0]) == 0.75
    assert star([0, 0.5, 0.9, 0.91, 1.0]) == 0.75  # strictly above
    assert star([0.2, 0.6, 1.0], phi=0.4) == 0.5
    assert star([0, 0.95, 0.1, 1.0]) == pytest.approx(1 / 3)  # the first, though it falls again


def test_a_falling_score_is_judged_by_its_fall():
    assert star([1, 0.5, 0.05, 0]) == star([0, 0.5, 0.95, 1]) == pytest.approx(2 / 3)


def test_a_score_that_does_not_move_has_none():
    assert star([0.3, 0.3, 0.3]) is None
    assert star([0.3, 0.9, 0.3]) is None
    assert star([0.0, 0.0]) is None


def test_points_that_stop_short_of_the_photo_give_its_end():
    assert star([0.0, 0.1, 0.2], at_image=1.0) == 1.0


def test_a_group_is_summed_up_by_those_that_move():
    moving = [Trace(ALPHAS, (at <= ALPHAS).astype(float)) for at in (0.2, 0.4, 0.6)]
    still = Trace(ALPHAS, np.zeros(11))
    found = saturation_statistics([*moving, still])
    assert found.alpha_stars == pytest.approx((0.2, 0.4, 0.6, None))
    assert found.quartiles == pytest.approx((0.3, 0.4, 0.5))
    assert found.share_before_half == pytest.approx(2 / 3)
    assert saturation_statistics([still]).quartiles is None


def test_quartiles_of_curves_on_the_same_points_are_numpys():
    values = np.random.default_rng(0).normal(size=(7, 11))
    found = quartiles([(ALPHAS, row) for row in values])
    assert (found.alphas == ALPHAS).all()
    assert found.median == pytest.approx(np.median(values, axis=0))
    assert found.lower == pytest.approx(np.quantile(values, 0.25, axis=0))
    assert found.upper == pytest.approx(np.quantile(values, 0.75, axis=0))


def test_curves_on_different_points_meet_where_all_of_them_reach():
    lines = [(np.linspace(a, b, n), slope * np.linspace(a, b, n)) for a, b, n, slope in
             ((0, 1, 5, 1.0), (0.1, 1, 8, 2.0), (0, 0.9, 3, 3.0))]  # fmt: skip
    found = quartiles(lines)
    assert found.alphas[[0, -1]] == pytest.approx([0.1, 0.9])
    assert found.median == pytest.approx(2 * found.alphas)


def test_curves_without_a_common_point_are_refused():
    with pytest.raises(ValueError, match="in common"):
        quartiles([(np.array([0.0, 0.1]), np.zeros(2)), (np.array([0.5, 1.0]), np.zeros(2))])
    with pytest.raises(ValueError, match="no curve"):
        quartiles([])


def test_a_curve_settles_where_it_stays_below():
    alphas = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    assert settles_at(alphas, np.array([1, 0.1, 0.3, 0.1, 0]), below=0.2) == 0.75
    assert settles_at(alphas, np.zeros(5), below=0.2) == 0.0
    assert settles_at(alphas, np.ones(5), below=0.2) is None
