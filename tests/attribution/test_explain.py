from dataclasses import asdict, replace

import pytest
import torch
from torch import nn
from toys import classifier, count_gradients, random_picture, small_network

import igcli
from igcli.attribution.budget import Budget
from igcli.attribution.completeness import Completeness
from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Explanation, Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError, LabelError, NumericalError, UsageError


def test_integrated_gradients_of_a_quadratic_are_exact(quadratic):
    picture = random_picture(dtype=torch.float64)
    result = igcli.attribute(quadratic, picture, target="class b", score="logit", steps=1)
    square, linear = quadratic.network.square[1], quadratic.network.linear[1]
    flat = picture.pixels.flatten()
    expected = (square * flat.square() + linear * flat).reshape(picture.pixels.shape).detach()
    torch.testing.assert_close(result.values, expected, rtol=0, atol=1e-12)
    assert result.completeness.relative_gap < 1e-12


def test_the_gradient_of_a_quadratic_is_exact(quadratic):
    picture = random_picture(dtype=torch.float64)
    result = igcli.attribute(quadratic, picture, method="gradient", target=2, score="logit")
    square, linear = quadratic.network.square[2], quadratic.network.linear[2]
    expected = (2 * square * picture.pixels.flatten() + linear).reshape(picture.pixels.shape).detach()
    torch.testing.assert_close(result.values, expected, rtol=0, atol=1e-12)
    assert result.steps == 0
    assert result.gradient_evaluations == 1
    assert result.completeness.within_tolerance is None


@pytest.mark.parametrize("method", METHODS)
def test_same_attribution_for_every_chunk_size_in_double(small_double, method):
    picture = random_picture(dtype=torch.float64)
    score = (METHODS[method].scores or ("softmax",))[0]
    maps = [
        igcli.attribute(small_double, picture, method=method, score=score, steps=33, budget=Budget(size)).values
        for size in (1, 7, 16, 100)
    ]
    for other in maps[1:]:
        torch.testing.assert_close(other, maps[0], rtol=1e-10, atol=1e-13)


def test_the_sum_meets_the_scores_rise_and_the_gap_is_reported(small_double):
    picture = random_picture(dtype=torch.float64)
    result = igcli.attribute(small_double, picture, steps=2000)
    rise = result.score.at_image - result.score.at_baseline
    assert result.total == pytest.approx(rise, rel=1e-3)
    assert result.completeness.gap == pytest.approx(abs(result.total - rise), abs=1e-15)
    assert result.completeness.relative_gap == pytest.approx(result.completeness.gap / abs(rise))
    assert result.completeness.within_tolerance


def test_scores_at_both_ends_are_the_networks_own(small, picture):
    result = igcli.attribute(small, picture, target=3)
    small.network.eval()
    both = small(torch.stack([picture.pixels, torch.zeros_like(picture.pixels)])).softmax(1)[:, 3]
    assert [result.score.at_image, result.score.at_baseline] == pytest.approx(both.tolist(), rel=1e-5)


def test_a_score_that_does_not_move_has_a_gap_of_zero_not_a_division_by_it():
    assert Completeness.of(0.0, 0.0, tolerance=0.01) == Completeness(0.0, 0.0, within_tolerance=True)


def test_automatic_steps_go_on_until_the_gap_is_within_the_tolerance(small):
    picture = random_picture()
    loose = igcli.attribute(small, picture, steps="auto", tolerance=0.5)
    tight = igcli.attribute(small, picture, steps="auto", tolerance=1e-4)
    assert loose.completeness.relative_gap <= 0.5
    assert tight.completeness.relative_gap <= 1e-4 or tight.steps == 256
    assert tight.steps > loose.steps


def test_automatic_steps_say_so_when_they_hit_the_cap(small, picture):
    result = igcli.attribute(small, picture, steps="auto", tolerance=1e-12, max_steps=32)
    assert result.steps == 32
    assert result.completeness.within_tolerance is False


def test_several_methods_share_one_sweep(small, picture):
    counted = count_gradients(small)
    explain(small, [picture], Wanted(methods=("integrated", "gradient"), settings=Settings(steps=20)))
    assert sum(counted) == 21


def test_the_gradient_costs_nothing_extra_where_the_rule_visits_the_photo_itself(small, picture):
    counted = count_gradients(small)
    explain(small, [picture], Wanted(methods=("integrated", "gradient"), settings=Settings(steps=20, rule="right")))
    assert sum(counted) == 20


def test_methods_together_give_what_each_gives_alone(small, picture):
    ((both,),) = explain(small, [picture], Wanted(methods=("gradient", "integrated")))
    for method in ("gradient", "integrated"):
        alone = igcli.attribute(small, picture, method=method)
        torch.testing.assert_close(both.results[method].values, alone.values)
    assert list(both.results) == ["gradient", "integrated"]


def test_pictures_together_give_what_each_gives_alone(small):
    pictures = [random_picture(seed=s) for s in range(3)]
    together = explain(small, pictures, Wanted(targets=("top-2",)))
    for picture, outcomes in zip(pictures, together, strict=True):
        assert len(outcomes) == 2
        for outcome in outcomes:
            alone = igcli.attribute(small, picture, target=outcome.target.index)
            torch.testing.assert_close(outcome.results["integrated"].values, alone.values)


def test_interior_frames_at_chosen_points_cost_one_gradient_each(small, picture):
    counted = count_gradients(small)
    wanted = Wanted(methods=("gradient",), interior=(0.1, 0.5, 1.0))
    ((explanation,),) = explain(small, [picture], wanted)
    assert explanation.interior.frame_alphas.tolist() == [0.1, 0.5, 1.0]
    assert sum(counted) == 3


def test_interior_frames_at_the_nodes_cost_nothing(small, picture):
    counted = count_gradients(small)
    ((explanation,),) = explain(small, [picture], Wanted(interior="nodes", settings=Settings(steps=10)))
    assert explanation.interior.frames.shape == (10, 12, 12)
    assert sum(counted) == 10


def test_a_picture_that_is_not_finite_does_not_hide_that_the_network_ends_in_softmax():
    class Fragile(nn.Sequential):
        def forward(self, x):
            found = super().forward(x)
            return torch.where(x.mean(dim=(1, 2, 3), keepdim=True).flatten(1) > 0.6, torch.nan, found)

    model = classifier(Fragile(small_network(), nn.Softmax(dim=1)), classes=5)
    bright, dark = random_picture(), random_picture(seed=1)
    bright.pixels.clamp_min_(0.7)
    (failed,), (together,) = explain(model, [bright, dark])
    ((alone,),) = explain(model, [dark])
    assert isinstance(failed, NumericalError)
    assert "softmax" in together.score.note
    assert together.score.at_image == pytest.approx(alone.score.at_image, abs=1e-5)
    torch.testing.assert_close(together.results["integrated"].values, alone.results["integrated"].values)


def test_a_network_that_cannot_be_differentiated_is_refused_in_a_sentence(picture):
    class Blind(nn.Module):
        def __init__(self):
            super().__init__()
            self.logits = nn.Parameter(torch.arange(5.0))

        def forward(self, x):
            return self.logits.expand(len(x), 5)

    with pytest.raises(UsageError, match="has no gradient"):
        igcli.attribute(classifier(Blind(), classes=5), picture, steps=4)


def test_one_picture_that_is_not_finite_does_not_take_the_others_with_it():
    class Picky(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = small_network()

        def forward(self, x):
            return self.inner(x) + torch.where(x.mean(dim=(1, 2, 3)) > 1.5, torch.nan, 0.0)[:, None]

    model = classifier(Picky(), classes=5)
    bright, plain = random_picture(seed=1), random_picture(seed=2)
    bright.pixels.fill_(1.0)
    (first,), (second,) = explain(model, [bright, plain])
    assert isinstance(first, NumericalError)
    assert "at the photo" in str(first)
    assert isinstance(second, Explanation)
    with pytest.raises(NumericalError):
        igcli.attribute(model, bright)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"method": "integratd"}, UsageError),
        ({"rule": "simpson"}, UsageError),
        ({"score": "sofmax"}, UsageError),
        ({"baseline": "blak"}, UsageError),
        ({"steps": 0}, UsageError),
        ({"tolerance": 0}, UsageError),
        ({"target": "class z"}, LabelError),
        ({"target": 77}, LabelError),
        ({"target": "top-2"}, UsageError),
        ({"steps": "many"}, UsageError),
        ({"steps": 2.7}, UsageError),
        ({"steps": True}, UsageError),
        ({"max_steps": 2.5}, UsageError),
        ({"max_steps": None}, UsageError),
        ({"tolerance": "1%"}, UsageError),
        ({"smooth": "3"}, UsageError),
        ({"seed": 1.5}, UsageError),
        ({"baseline": ["black", "white"]}, UsageError),
        ({"method": ["integrated"]}, UsageError),
        ({"score": None}, UsageError),
        ({"n_steps": 50}, UsageError),
        ({"budget": 0}, UsageError),
        ({"rule": "right"}, UsageError),
        ({"rule": "gauss-legendre", "steps": "auto"}, UsageError),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_computed(small, picture, settings, error):
    counted = count_gradients(small)
    with pytest.raises(error):
        igcli.attribute(small, picture, **settings)
    assert sum(counted) == 0


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (torch.zeros(1, 3, 12, 12), "1 x 3 x 12 x 12"),
        (torch.zeros(3, 12, 12, dtype=torch.uint8), "torch.uint8"),
        (torch.full((3, 12, 12), 200.0), "divide those of 8 bits by 255"),
        (torch.zeros(1, 12, 12), "3 channels, not 1"),
    ],
)
def test_pictures_that_are_none_are_refused_in_a_sentence(small, picture, pixels, said):
    with pytest.raises(IgError, match=said):
        igcli.attribute(small, replace(picture, pixels=pixels), steps=2)


def test_what_is_no_picture_and_no_model_is_refused_in_a_sentence(small, picture):
    with pytest.raises(UsageError, match=r"read_image\(\)"):
        igcli.attribute(small, "photo.jpg")
    with pytest.raises(UsageError, match=r"load_model\(\)"):
        igcli.attribute("caltech101", picture)


def test_a_number_of_pictures_a_pass_is_a_budget(small, picture):
    one, other = (igcli.attribute(small, picture, steps=5, budget=budget).values for budget in (2, Budget(2)))
    assert torch.equal(one, other)


def test_a_records_settings_can_be_given_back(small, picture):
    result = igcli.attribute(small, picture)
    again = igcli.attribute(small, picture, **asdict(result.settings))
    assert torch.equal(again.values, result.values)


def test_methods_on_their_own_path_heed_the_cap(small, picture):
    result = igcli.attribute(small, picture, method="guided-integrated", max_steps=7)
    assert result.gradient_evaluations == result.steps == 7


def test_no_pictures_no_explanations(small):
    assert explain(small, []) == []
