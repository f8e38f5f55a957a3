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
        (quadratic, rows(2, 6), {"steps": 99_999_999}, "More than 100,000 steps"),
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


def test_with_one_reference_it_is_the_integral_from_that_baseline_at_the_same_points():
    model, x, start = network(6), rows(4, 6), rows(1, 6, seed=5)
    found = igcli.integrate(lambda a: model(a)[:, 2], x, references=start, steps=11)
    expected = igcli.integrate(lambda a: model(a)[:, 2], x, start, steps=11, rule="midpoint")
    torch.testing.assert_close(found.values, expected.values)
    np.testing.assert_allclose(found.at_baselines, expected.at_baselines)


@pytest.mark.parametrize("batch_size", [None, 1, 5])
def test_of_a_linear_function_it_is_the_mean_of_single_runs(batch_size):
    x, references = rows(3, 6), rows(4, 6, seed=5)
    found = igcli.integrate(lambda a: a @ WEIGHTS, x, references=references, steps=12, batch_size=batch_size)
    runs = [igcli.integrate(lambda a: a @ WEIGHTS, x, each[None], steps=5) for each in references]
    torch.testing.assert_close(found.values, torch.stack([run.values for run in runs]).mean(dim=0))
    np.testing.assert_allclose(found.at_baselines, np.mean([run.at_baselines for run in runs], axis=0))
    assert found.gradients == (12, 12, 12)
    assert max(each.gap for each in found.completeness) < 1e-12  # each reference is used as often


def test_of_any_function_it_approaches_the_mean_of_single_runs():
    model, x, references = network(6), rows(3, 6), rows(4, 6, seed=5)

    def function(a):
        return model(a)[:, 1].sigmoid()

    single = [igcli.integrate(function, x, each[None], steps=2000).values for each in references]
    exact = torch.stack(single).mean(dim=0)
    errors = []
    for steps in (8, 4000):
        found = igcli.integrate(function, x, references=references, steps=steps)
        errors.append(float((found.values - exact).norm() / exact.norm()))
    assert errors[1] < 2e-3 < errors[0]


def test_references_equal_samples_in_a_plain_loop():
    model, x, references = network(6), rows(2, 6), rows(5, 6, seed=5)
    found = igcli.integrate(lambda a: model(a)[:, 0], x, references=references, steps=13, seed=3)
    total = torch.zeros_like(x)
    turns = igcli.attribution.reference_path.in_turns(5, 13, seed=3)
    for k, turn in enumerate(turns):
        point = torch.lerp(references[turn].expand_as(x), x, (k + 0.5) / 13).requires_grad_()
        (gradient,) = torch.autograd.grad(model(point)[:, 0].sum(), point)
        total += gradient * (x - references[turn]) / 13
    torch.testing.assert_close(found.values, total)
    at_references = model(references[turns])[:, 0].mean().item()
    np.testing.assert_allclose(found.at_baselines, [at_references] * 2)


def test_the_standard_errors_are_those_of_repeated_means():
    """Each with as many references as points, drawn for itself."""
    model, x, samples = network(6), rows(1, 6), 16
    sums, maps, sum_errors, errors = [], [], [], []
    for number in range(60):
        references = rows(samples, 6, seed=100 + number)
        found = igcli.integrate(lambda a: model(a)[:, 2], x, references=references, steps=samples)
        sums.append(float(found.values.sum()))
        maps.append(found.values[0])
        sum_errors.append(found.sum_error[0])
        errors.append(found.map_error[0] * float(found.values.norm()))
    spread = float(torch.stack(maps).var(dim=0).sum().sqrt())
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(spread, rel=0.2)
    assert np.sqrt(np.mean(np.square(sum_errors))) == pytest.approx(np.std(sums, ddof=1), rel=0.3)


def test_references_of_a_pair_with_a_mask_of_each_row():
    first, second, mask = rows(4, 3, 2), rows(4, 5, seed=1), rows(4, 3, seed=2) > 0
    references = rows(3, 3, 2, seed=7), rows(3, 5, seed=8)
    weights = rows(11, seed=3)

    def function(a, b, m):
        return torch.cat([(a * m[:, :, None]).flatten(1), b], dim=1) @ weights

    found = igcli.integrate(function, (first, second), references=references, steps=6, further=(mask,))
    runs = [
        igcli.integrate(
            function, (first, second), tuple(each[i, None] for each in references), steps=2, further=(mask,)
        )
        for i in range(3)
    ]
    for part, values in enumerate(found.values):
        torch.testing.assert_close(values, torch.stack([run.values[part] for run in runs]).mean(dim=0))
    np.testing.assert_allclose(found.at_baselines, np.mean([run.at_baselines for run in runs], axis=0))


def test_a_mean_over_references_promises_no_gap_and_has_a_number_of_points():
    found = igcli.integrate(quadratic, rows(2, 6), references=rows(3, 6, seed=5))
    assert found.gradients == (200, 200)
    assert igcli.integrate(quadratic, rows(2, 6), references=rows(3, 6, seed=5), max_steps=9).gradients == (9, 9)
    assert {(each.within_tolerance, each.sums_to) for each in found.completeness} == {(None, "mean rise")}
    assert found.sum_error.shape == (2,)
    assert igcli.integrate(quadratic, rows(2, 6)).sum_error is None


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"references": rows(3, 5)}, r"rows like those of the inputs, \(R, 6\), and not \(3, 5\)"),
        ({"references": rows(6)}, r"\(R, 6\), and not \(6,\)"),
        ({"references": (rows(3, 6), rows(3, 6))}, "rows like those of the inputs"),
        ({"references": rows(0, 6)}, r"The references have rows .* none is empty"),
        ({"references": [0.0]}, "floating-point tensor"),
        ({"references": rows(3, 6), "baselines": 0.0}, "give one of them"),
        ({"references": rows(3, 6), "rule": "right", "steps": 4}, "leave path and rule out"),
    ],
)
def test_references_that_cannot_be_are_refused(how, said):
    with pytest.raises(UsageError, match=said):
        igcli.integrate(quadratic, rows(2, 6), **how)


def test_an_integration_is_one_line():
    found = igcli.integrate(quadratic, rows(2, 6), steps=4)
    assert "\n" not in repr(found)
    assert repr(found).startswith("<Integration of 2 rows: gap up to 0.0 %, map error up to ")
    assert repr(found).endswith(", 8 gradients>")
