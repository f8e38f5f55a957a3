import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import trapezoid

from igcli.attribution.quadrature import RULES, Nodes, nodes
from igcli.errors import UsageError


@pytest.mark.parametrize("rule", RULES)
@given(steps=st.integers(2, 200))
def test_weights_sum_to_one_on_rising_points_of_the_unit_interval(rule, steps):
    placed = nodes(rule, steps)
    assert len(placed) == steps
    assert placed.weights.sum() == pytest.approx(1, abs=1e-13)
    assert (np.diff(placed.alphas) > 0).all()
    assert placed.alphas[0] >= 0
    assert placed.alphas[-1] <= 1


@pytest.mark.parametrize(("rule", "degree"), [("right", 0), ("midpoint", 1), ("trapezoid", 1), ("gauss-legendre", 9)])
def test_integrates_polynomials_up_to_its_degree_exactly(rule, degree):
    placed = nodes(rule, 5)
    for power in range(degree + 1):
        assert (placed.weights * placed.alphas**power).sum() == pytest.approx(1 / (power + 1), abs=1e-14)
    power = degree + 1
    assert abs((placed.weights * placed.alphas**power).sum() - 1 / (power + 1)) > 1e-8


def test_trapezoid_agrees_with_numpy():
    placed = nodes("trapezoid", 23)
    values = np.exp(placed.alphas)
    assert (placed.weights * values).sum() == pytest.approx(trapezoid(values, placed.alphas), abs=1e-14)


def test_right_rule_is_the_papers_sum():
    np.testing.assert_allclose(nodes("right", 4).alphas, [0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize(("rule", "steps"), [("midpoint", 0), ("right", -3), ("trapezoid", 1)])
def test_too_few_steps_are_refused_in_a_sentence(rule, steps):
    with pytest.raises(UsageError, match="at least"):
        nodes(rule, steps)


def test_added_points_weigh_nothing_and_none_appears_twice():
    merged = nodes("right", 2).including([0.0, 1.0, 0.3])
    np.testing.assert_allclose(merged.alphas, [0, 0.3, 0.5, 1])
    np.testing.assert_allclose(merged.weights, [0, 0, 0.5, 0.5])


def test_a_sweep_without_a_rule_visits_only_what_was_asked_for():
    np.testing.assert_allclose(Nodes.none().including([1.0]).alphas, [1.0])
