"""igcli.integrate: integrated gradients of any function of rows."""

import captum.attr
import numpy as np
import pytest
import torch
from torch import nn

import igcli
from igcli.errors import NumericalError, UsageError


def rows(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(inputs, *, seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, 24), nn.ReLU(), nn.Linear(24, 3)).double()


WEIGHTS = torch.linspace(-1, 2, 6, dtype=torch.float64)


def quadratic(x):
    return (WEIGHTS * x**2).sum(dim=1)


@pytest.mark.parametrize("steps", ["auto", 8])
@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_closed_form_of_a_quadratic_function(steps, batch_size):
    x, start = rows(5, 6), rows(5, 6, seed=9)
    found = igcli.integrate(quadratic, x, start, steps=steps, batch_size=batch_size, tolerance=1e-9, max_steps=30)
    exact = WEIGHTS * (x**2 - start**2)
    if steps == "auto":
        assert (found.values - exact).norm() < 0.05 * exact.norm()
    else:
        torch.testing.assert_close(found.values, exact)
        assert all(each.within_tolerance for each in found.completeness)
    np.testing.assert_allclose(found.at_inputs, quadratic(x))
    np.testing.assert_allclose(found.at_baselines, quadratic(start))
    assert found.map_error.shape == (5,)
    assert found.gradients == tuple(len(each) for each in found.nodes)


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [("gauss-legendre", "gausslegendre"), ("right", "riemann_right"), ("midpoint", "riemann_middle")],
)
@pytest.mark.parametrize("baseline", [None, 0.5, "row", "rows"])
def test_captum_gives_the_same_on_the_same_nodes(rule, theirs, baseline):
    model, x = network(6), rows(4, 6)
    baseline = {"row": rows(1, 6, seed=5), "rows": rows(4, 6, seed=6)}.get(baseline, baseline)
    found = igcli.integrate(lambda a: model(a)[:, 2], x, baseline, steps=11, rule=rule)
    expected = captum.attr.IntegratedGradients(model).attribute(x, baseline, target=2, n_steps=11, method=theirs)
    torch.testing.assert_close(found.values, expected.detach())
    assert found.gradients == (11,) * 4


def test_captum_gives_the_same_for_a_pair_with_a_mask():
    first, second, mask = rows(4, 3, 2), rows(4, 5, seed=1), rows(4, 3, seed=2) > 0
    model = network(11)

    def function(a, b, m):
        return model(torch.cat([(a * m[:, :, None]).flatten(1), b], dim=1))[:, 0]

    found = igcli.integrate(function, (first, second), steps=10, rule="gauss-legendre", further=(mask,))
    expected = captum.attr.IntegratedGradients(function).attribute(
        (first, second), additional_forward_args=(mask,), n_steps=10
    )
    for one, other, values in zip(found.values, expected, (first, second), strict=True):
        torch.testing.assert_close(one, other.detach())
        assert one.shape == values.shape


def test_rows_get_the_points_that_they_need_and_every_gradient_is_counted():
    counted = []

    def function(x):
        if x.requires_grad:
            counted.append(len(x))
        return torch.sigmoid(40 * (x[:, 0] - 0.5)) + x[:, 1]

    x = torch.tensor([[0.01, 1.0], [1.0, 0.0]], dtype=torch.float64)  # a straight row, and one with a jump
    found = igcli.integrate(function, x, tolerance=1e-4)
    assert all(each.within_tolerance for each in found.completeness)
    assert found.gradients[0] < found.gradients[1]
    assert sum(counted) == sum(found.gradients)
    torch.testing.assert_close(found.values[1, 0], torch.tensor(1.0).double(), rtol=1e-3, atol=1e-3)


def test_a_module_and_the_inputs_are_as_before():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)).double()
    model.train()
    x = rows(6, 4).requires_grad_()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = igcli.integrate(model, x)
    assert all(each.within_tolerance for each in found.completeness)
    assert model.training
    assert x.grad is None
    assert not found.values.requires_grad
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_the_inputs_type_is_kept():
    found = igcli.integrate(lambda x: x.square().sum(dim=(1, 2)), torch.rand(2, 3, 4))
    assert found.values.dtype == torch.float32


@pytest.mark.parametrize("surrounding", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_switched_off(surrounding):
    with surrounding():
        found = igcli.integrate(quadratic, rows(2, 6), steps=4)
    torch.testing.assert_close(found.values, WEIGHTS * rows(2, 6) ** 2)


@pytest.mark.parametrize(
    ("function", "inputs", "options", "said"),
    [
        (quadratic, torch.ones(2, 6, dtype=torch.int64), {}, "floating-point tensor of rows"),
        (quadratic, [[1.0]], {}, "floating-point tensor of rows"),
        (quadratic, (rows(2, 3), rows(3, 3)), {}, "rows in their first axis"),
        (quadratic, (rows(2, 3), rows(2, 3).float()), {}, "one floating-point type"),
        (quadratic, rows(2, 6), {"baselines": rows(2, 5)}, "does not fit"),
        (quadratic, rows(2, 6), {"baselines": (rows(2, 6), rows(2, 6))}, "1 tensors, and the baselines 2"),
        (quadratic, rows(2, 6), {"steps": 0}, "at least 1 step"),
        (quadratic, rows(2, 6), {"rule": "nonsense", "steps": 3}, "no rule called"),
        (lambda x: x, rows(2, 6), {}, "one number for each"),
        (lambda x: x.sum(), rows(2, 6), {}, "one number for each"),
        (lambda x: x.detach().sum(dim=1), rows(2, 6), {}, "no gradient"),
    ],
)
def test_what_cannot_be_is_a_sentence(function, inputs, options, said):
    with pytest.raises(UsageError, match=said):
        igcli.integrate(function, inputs, **options)


def test_rows_that_depend_on_one_another_are_given_alone_and_that_is_said():
    x = rows(3, 6)
    with pytest.warns(UserWarning, match="The function: .*one .* at a time"):
        found = igcli.integrate(lambda a: (a + a.mean(dim=0)).square().sum(dim=1), x, steps=4)
    torch.testing.assert_close(found.values, 4 * x**2)  # a row alone is its own mean


def test_values_that_are_not_finite_name_their_row():
    x = rows(3, 6).abs() + 0.1
    x[1, 0] = -1.0
    with pytest.raises(NumericalError, match=r"inputs \(row 1\)"):
        igcli.integrate(lambda a: a.log().sum(dim=1), x, 1.0)
    x[:, 0] = torch.tensor([0.5, 3.0, 0.1])
    with pytest.raises(NumericalError, match=r"along the path of row 1"):
        igcli.integrate(lambda a: torch.where((a[:, 0] - 1.7).abs() < 0.4, torch.nan, a[:, 0]), x, 0.05)


def test_of_a_function_that_comes_back_the_gap_is_in_units_of_its_range():
    # f rises by 1 to α = 1/2 and falls to 0.02 again: the two halves cancel, and the rise says nothing about their size
    def hump(x):
        return 1 - (2 * x[:, 0] - 1) ** 2 + 0.02 * x[:, 0] ** 3

    found = igcli.integrate(hump, torch.ones(1, 1, dtype=torch.float64), steps=8)
    exact = found.completeness[0]
    assert exact.relative_to == "range"
    assert exact.gap == pytest.approx(abs(float(found.values.sum()) - 0.02))
    assert exact.relative_gap == pytest.approx(exact.gap, rel=0.03)  # the range, at eight midpoints, is all but 1
    steady = igcli.integrate(lambda x: x[:, 0] ** 3, torch.ones(1, 1, dtype=torch.float64), steps=8).completeness[0]
    assert steady.relative_to == "rise"
    assert steady.relative_gap == pytest.approx(steady.gap)


def test_a_function_that_comes_back_is_refined_until_its_gap_is_small_beside_its_range():
    def hump(x):
        return 1 - (2 * x[:, 0] - 1).abs() + 0.001 * x[:, 0]

    found = igcli.integrate(hump, torch.ones(1, 1, dtype=torch.float64), tolerance=0.01)
    assert found.completeness[0].within_tolerance
    assert found.completeness[0].gap <= 0.01
    assert found.gradients[0] < 100  # and not all of --max-steps, for a hundredth of a rise of 0.001
