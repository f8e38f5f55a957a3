"""The adaptive path as a whole: what it costs, where its points lie, and that nothing depends on how it got there."""

import numpy as np
import pytest
import torch
from torch import nn
from toys import classifier, count_gradients, random_picture

import igcli
from igcli.attribution.adaptive import adaptive_path
from igcli.attribution.adaptive.adaptive_path import FIRST_POINTS
from igcli.attribution.adaptive.gradient_buffer import GradientBuffer
from igcli.attribution.adaptive.profile import PROBE_ALPHAS
from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import MethodContext
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.result import Settings
from igcli.attribution.scores import Score
from igcli.attribution.sweep import PathRun, sweep
from igcli.attribution.wanted import Wanted
from igcli.errors import NumericalError
from igcli.models.batching import TOGETHER

TIGHT = {"tolerance": 1e-4, "max_steps": 1024}


def map_on(model, picture, nodes, *, target, score="softmax"):
    """What one plain sweep over the same nodes gives."""
    path = Path.of(picture)
    context = MethodContext(model, path, Score(score, target), None, Settings(), len(nodes), Budget(7))
    method = IntegratedGradients(context)
    sweep(model, [PathRun(path, context.score, nodes, [method])], budget=Budget(7))
    return method.finish()


def error(found, reference):
    return ((found.values - reference.values).norm() / reference.values.norm()).item()


def test_the_map_is_that_of_a_plain_sweep_over_the_points_it_names(small_double):
    picture = random_picture(dtype=torch.float64)
    result = igcli.attribute(small_double, picture, **TIGHT)
    nodes = Nodes(result.trace.alphas, result.weights)
    expected = map_on(small_double, picture, nodes, target=result.target.index)
    torch.testing.assert_close(result.values, expected, rtol=1e-12, atol=1e-15)
    assert result.weights.sum() == pytest.approx(1)
    assert (np.diff(result.trace.alphas) > 0).all()


def test_every_gradient_paid_for_is_used_and_counted(small):
    picture = random_picture()
    counted = count_gradients(small)
    result = igcli.attribute(small, picture, tolerance=1e-4, max_steps=90)
    assert result.steps > FIRST_POINTS  # it was refined
    assert sum(counted) == result.gradient_evaluations == result.steps == len(result.trace.alphas)
    assert result.forward_evaluations == 2 + len(PROBE_ALPHAS)


#: Bytes of one gradient of the small network in double precision.
GRADIENT = 3 * 12 * 12 * 8


def test_paths_that_need_more_room_than_there_is_are_walked_once_more(small_double, monkeypatch):
    picture = random_picture(dtype=torch.float64)
    roomy = igcli.attribute(small_double, picture, **TIGHT)
    monkeypatch.setattr(adaptive_path, "MOST_BYTES", 25 * GRADIENT)
    counted = count_gradients(small_double)
    result = igcli.attribute(small_double, picture, **TIGHT)
    assert result.steps == roomy.steps > 25
    torch.testing.assert_close(result.values, roomy.values, rtol=1e-12, atol=1e-15)
    assert sum(counted) == result.gradient_evaluations == 2 * result.steps


@pytest.mark.parametrize("room", [10, 60, 200])
def test_what_is_kept_never_takes_more_room_than_there_is(small_double, monkeypatch, room):
    pictures = [random_picture(seed=s, dtype=torch.float64) for s in range(4)]
    wanted = Wanted(targets=("top-3",), settings=Settings(baseline="black+white", **TIGHT))
    roomy = explain(small_double, pictures, wanted)
    monkeypatch.setattr(adaptive_path, "MOST_BYTES", room * GRADIENT)
    held, seen = [], set()
    take = GradientBuffer.take

    def watched(self, chunk):
        take(self, chunk)
        seen.add(self)
        held.append(sum(len(kept._rows or ()) for kept in seen))

    monkeypatch.setattr(GradientBuffer, "take", watched)
    found = explain(small_double, pictures, wanted)
    assert max(held) <= room
    for one, other in zip(roomy, found, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a.results["integrated"].steps == b.results["integrated"].steps
            torch.testing.assert_close(
                a.results["integrated"].values, b.results["integrated"].values, rtol=1e-9, atol=1e-12
            )


def test_a_device_without_memory_to_keep_gradients_in_takes_them_again(small_double, monkeypatch):
    picture = random_picture(dtype=torch.float64)
    roomy = igcli.attribute(small_double, picture)

    def full(_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("igcli.attribution.adaptive.gradient_buffer._rows_of", full)
    result = igcli.attribute(small_double, picture)
    assert result.gradient_evaluations == 2 * roomy.gradient_evaluations
    torch.testing.assert_close(result.values, roomy.values, rtol=1e-12, atol=1e-15)


def test_classes_of_one_picture_share_the_probe_and_the_first_points(small):
    small.batching = TOGETHER  # not tried: its passes are counted
    forward = []
    small.network.register_forward_pre_hook(lambda _, inputs: forward.append(len(inputs[0])))
    ((*found,),) = explain(small, [random_picture()], Wanted(targets=("top-3",), settings=Settings(tolerance=0.5)))
    assert [each.results["integrated"].steps for each in found] == [FIRST_POINTS] * 3
    assert sum(forward) == 2 + len(PROBE_ALPHAS) + FIRST_POINTS


@pytest.mark.parametrize("budget", [Budget(3), Budget(50)], ids=["3", "50"])
def test_pictures_and_chunks_together_give_what_each_gives_alone(small_double, budget):
    pictures = [random_picture(seed=s, dtype=torch.float64) for s in range(3)]
    wanted = Wanted(targets=("top-2",), settings=Settings(**TIGHT))
    together = explain(small_double, pictures, wanted, budget=budget)
    for picture, outcomes in zip(pictures, together, strict=True):
        (alone,) = explain(small_double, [picture], wanted)
        for one, other in zip(outcomes, alone, strict=True):
            torch.testing.assert_close(
                one.results["integrated"].values, other.results["integrated"].values, rtol=1e-9, atol=1e-12
            )


def test_classes_together_are_as_near_to_the_exact_maps_as_each_alone(small_double):
    pictures = [random_picture(seed=s, dtype=torch.float64) for s in range(6)]
    together, alone = [], []
    for picture, outcomes in zip(pictures, explain(small_double, pictures, Wanted(targets=("top-3",))), strict=True):
        for outcome in outcomes:
            exact = igcli.attribute(small_double, picture, target=outcome.target.index, steps=2000)
            together.append(error(outcome.results["integrated"], exact))
            alone.append(error(igcli.attribute(small_double, picture, target=outcome.target.index), exact))
    assert np.median(together) < 1.2 * np.median(alone)


def test_points_that_others_ask_for_do_not_change_the_map(small_double):
    picture = random_picture(dtype=torch.float64)
    alone = igcli.attribute(small_double, picture, **TIGHT)
    wanted = Wanted(("integrated", "gradient"), settings=Settings(**TIGHT), interior=(0.0, 0.123, 0.5), alphas=(0.9,))
    ((found,),) = explain(small_double, [picture], wanted)
    together = found.results["integrated"]
    torch.testing.assert_close(together.values, alone.values, rtol=1e-10, atol=1e-13)
    assert together.steps == alone.steps
    assert {0.0, 0.123, 0.5, 0.9, 1.0} <= set(found.trace.alphas.tolist())
    assert len(found.trace.alphas) == len(alone.trace.alphas) + 5
    assert found.interior.frame_alphas.tolist() == [0.0, 0.123, 0.5]


def test_left_and_right_add_up_to_the_whole(small_double):
    picture = random_picture(dtype=torch.float64)
    ((found,),) = explain(small_double, [picture], Wanted(("integrated", "left-integrated", "right-integrated")))
    maps = [found.results[name].values for name in ("integrated", "left-integrated", "right-integrated")]
    torch.testing.assert_close(maps[1] + maps[2], maps[0])


def test_several_baselines_and_copies_share_their_points(small_double):
    picture = random_picture(dtype=torch.float64)
    joint = igcli.attribute(small_double, picture, baseline="black+white", smooth=2, **TIGHT)
    assert joint.completeness.within_tolerance
    assert joint.gradient_evaluations in (4 * joint.steps, 8 * joint.steps)  # again where there is no room for them
    assert len(joint.trace.alphas) == joint.steps
    fine = igcli.attribute(small_double, picture, baseline="black+white", smooth=2, steps=4000)
    assert error(joint, fine) < 0.01


class Sudden(nn.Module):
    """A logit that rises within a twentieth of the path, and jumps in its gradient all along."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(4)
        self.directions = nn.Parameter(torch.randn(40, 3 * 12 * 12, generator=generator, dtype=torch.float64) / 10)
        self.thresholds = nn.Parameter(torch.rand(40, generator=generator, dtype=torch.float64))

    def forward(self, x):
        flat = x.flatten(1)
        bright = flat.mean(dim=1, keepdim=True) * 2
        bent = (flat @ self.directions.T - self.thresholds).relu().sum(dim=1, keepdim=True)
        rise = 120 * (bright - 0.15) + bent
        return torch.cat([rise, torch.zeros_like(rise)], dim=1)


def test_fewer_points_reach_what_even_ones_need_many_for():
    network = classifier(Sudden(), classes=2)
    network.mean, network.std = (0.0,) * 3, (1.0,) * 3
    picture = random_picture(dtype=torch.float64)
    reference = igcli.attribute(network, picture, target=0, steps=4096)
    found = igcli.attribute(network, picture, target=0)
    even = igcli.attribute(network, picture, target=0, steps=found.steps + 4)
    assert found.completeness.within_tolerance
    assert error(found, reference) < error(even, reference) / 2


def test_the_cap_is_kept_and_said(small):
    result = igcli.attribute(small, random_picture(), tolerance=1e-12, max_steps=40)
    assert (result.steps, result.gradient_evaluations) == (40, 40)
    assert result.completeness.within_tolerance is False
    few = igcli.attribute(small, random_picture(), max_steps=3)
    assert few.steps == 3


def test_a_picture_that_is_not_finite_on_its_way_is_given_up_alone():
    class Fragile(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))

        def forward(self, x):
            means = x.mean(dim=(2, 3))
            hole = torch.where((means[:, :1] - 0.25).abs() < 0.02, torch.nan, 0.0)
            return means @ self.weight.T + hole

    network = classifier(Fragile(), classes=3)
    network.mean, network.std = (0.0,) * 3, (1.0,) * 3
    bright, dark = random_picture(), random_picture()
    dark.pixels.mul_(0.3)
    (failed,), (fine,) = explain(network, [bright, dark])
    assert isinstance(failed, NumericalError)
    assert "not finite" in str(failed)
    assert fine.results["integrated"].completeness.within_tolerance
