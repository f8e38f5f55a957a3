"""Maps averaged over several baselines and noisy copies."""

import pytest
import torch
from toys import count_gradients, random_picture

import igcli
from igcli.attribution.baselines import noisy_copy
from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.images.picture import Picture


def test_several_baselines_give_the_mean_of_each_ones_map_and_rise(small_double):
    picture = random_picture(dtype=torch.float64)
    joint = igcli.attribute(small_double, picture, steps=64, baseline="black+white+noise:3", seed=11)
    alone = [igcli.attribute(small_double, picture, steps=64, baseline=name) for name in ("black", "white")]
    alone += [igcli.attribute(small_double, picture, steps=64, baseline="noise", seed=seed) for seed in (11, 12, 13)]
    torch.testing.assert_close(joint.values, torch.stack([each.values for each in alone]).mean(0))
    assert joint.score.at_baseline == pytest.approx(sum(each.score.at_baseline for each in alone) / 5)
    assert joint.score.rise == pytest.approx(sum(each.score.rise for each in alone) / 5)
    assert joint.completeness.gap == pytest.approx(abs(joint.total - joint.score.rise), abs=1e-12)
    assert joint.trace.scores == pytest.approx(sum(each.trace.scores for each in alone) / 5)
    assert joint.trace.mean_importance == pytest.approx(sum(each.trace.mean_importance for each in alone) / 5)
    assert joint.gradient_evaluations == 5 * 64


def test_smoothing_is_the_mean_over_the_copies_whose_completeness_is_judged_by_their_own_rise(small_double):
    picture = random_picture(dtype=torch.float64)
    smooth = igcli.attribute(small_double, picture, target=1, smooth=3, seed=2, steps=2000)
    copies = [Picture(noisy_copy(picture, n, seed=2, sigma=0.15)) for n in range(3)]
    alone = [igcli.attribute(small_double, copy, target=1, steps=2000) for copy in copies]
    torch.testing.assert_close(smooth.values, torch.stack([each.values for each in alone]).mean(0))
    assert smooth.completeness.relative_gap < 0.01
    assert smooth.score.at_image == pytest.approx(igcli.attribute(small_double, picture, target=1).score.at_image)


def test_all_walks_of_a_photo_share_one_sweep(small, picture):
    counted = count_gradients(small)
    wanted = Wanted(("integrated", "gradient"), settings=Settings(baseline="black+white", steps=10))
    explain(small, [picture], wanted, budget=Budget(16))
    # The gradient at the photo is the same whatever the baseline: it is taken once.
    assert sum(counted) == 21
    assert len([count for count in counted if count]) == 2


def test_smooth_gradient_beside_integrated_costs_its_copies_alone(small, picture):
    counted = count_gradients(small)
    ((found,),) = explain(small, [picture], Wanted(("integrated", "smooth-gradient"), settings=Settings(steps=10)))
    assert sum(counted) == 10 + 25
    assert {n: r.gradient_evaluations for n, r in found.results.items()} == {"integrated": 10, "smooth-gradient": 25}
    alone = igcli.attribute(small, picture, method="smooth-gradient")
    torch.testing.assert_close(found.results["smooth-gradient"].values, alone.values)


def test_the_same_seed_gives_the_same_map_and_every_photo_the_same_noise(small):
    pictures = [random_picture(seed=1), random_picture(seed=2)]
    together = explain(small, pictures, Wanted(settings=Settings(smooth=2, baseline="noise:2", seed=9)))
    for picture, (outcome,) in zip(pictures, together, strict=True):
        alone = igcli.attribute(small, picture, smooth=2, baseline="noise:2", seed=9)
        torch.testing.assert_close(outcome.results["integrated"].values, alone.values)


def test_interior_frames_are_means_too(small_double):
    picture = random_picture(dtype=torch.float64)

    def frames(baseline):
        wanted = Wanted(interior=(0.2, 0.7), settings=Settings(baseline=baseline))
        ((found,),) = explain(small_double, [picture], wanted)
        return found.interior.frames

    assert frames("black+white") == pytest.approx((frames("black") + frames("white")) / 2, rel=1e-5)


@pytest.mark.parametrize("baseline", ["black:2", "noise:0", "noise:x", "black+blak", "black+missing.png", ""])
def test_what_cannot_be_a_baseline_is_refused_at_once(small, picture, baseline):
    counted = count_gradients(small)
    with pytest.raises(UsageError):
        igcli.attribute(small, picture, baseline=baseline)
    assert sum(counted) == 0


@pytest.mark.parametrize("settings", [{"phi": 1.0}, {"phi": -0.1}, {"smooth": -1}, {"smooth_sigma": -0.1}])
def test_settings_out_of_range_are_refused(small, picture, settings):
    with pytest.raises(UsageError):
        igcli.attribute(small, picture, **settings)


def test_automatic_steps_refine_only_what_integrates(small, picture):
    settings = Settings(steps="auto", tolerance=1e-12, max_steps=64)
    counted = count_gradients(small)
    ((found,),) = explain(small, [picture], Wanted(("integrated", "smooth-gradient", "occlusion"), settings=settings))
    assert sum(counted) == 64 + 25
    evaluations = {name: result.gradient_evaluations for name, result in found.results.items()}
    assert evaluations == {"integrated": 64, "smooth-gradient": 25, "occlusion": 0}
    assert len(found.results["smooth-gradient"].trace.alphas) == 64
    alone = igcli.attribute(small, picture, method="smooth-gradient")
    torch.testing.assert_close(found.results["smooth-gradient"].values, alone.values)


def test_methods_with_their_own_way_beside_smoothing_leave_no_empty_chunk(small, picture):
    wanted = Wanted(("guided-integrated", "smooth-gradient"), settings=Settings(steps=4))
    ((found,),) = explain(small, [picture], wanted)
    assert found.trace.alphas.tolist() == [0, 1]
    assert found.trace.scores.tolist() == pytest.approx([found.score.at_baseline, found.score.at_image])
