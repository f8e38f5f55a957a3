import pytest
import torch
from evaluation.known import (
    LOGIT,
    SOFTMAX,
    Linear,
    Patch,
    noise_map,
    patch_mask,
    photo,
    plain,
    slow_scores,
    subject,
)
from hypothesis import given
from hypothesis import strategies as st

from igcli.errors import UsageError
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.metric import configured
from igcli.evaluation.scoring import score_maps

REPLACING = ("aopc", "deletion", "insertion", "abpc")


def measured(model, pixels, maps, metric, score=LOGIT):
    found = score_maps(model, [subject(pixels, maps, score)], {"aopc": metric}).measured[0]
    return {name: each["aopc"] for name, each in found.items()}


def published(side, **options):
    """A photo of this side has stops at every pixel when 224² / side² go at once."""
    return Aopc(steps=side * side // 2, pixels=224 * 224 // side**2, **options)


def slow_aopc(model, pixels, values, *, counts, fill, score):
    """Step by step: the mean of F(x₀) − F(x_k) over k = 0..L."""
    scores = slow_scores(model, pixels, values, fill, counts, score)
    return sum(scores[0] - each for each in scores) / len(counts)


@pytest.mark.parametrize("ranked", ["importance", "signed"])
@pytest.mark.parametrize("fill", ["black", "white", "mean"])
def test_it_equals_a_slow_plain_loop(fill, ranked):
    model, pixels, values = plain(Linear()), photo(), noise_map()
    fills = {
        "black": torch.zeros_like(pixels),
        "white": torch.ones_like(pixels),
        "mean": pixels.mean(dim=(1, 2), keepdim=True).expand_as(pixels),
    }
    found = measured(model, pixels, {"map": values}, Aopc(steps=20, pixels=1568, fill=fill, ranked=ranked), SOFTMAX)[
        "map"
    ]
    counts = range(0, 41, 2)  # 1568 of 224² pixels are 2 of 64
    order = values.abs() if ranked == "importance" else values
    expected = slow_aopc(model, pixels, order, counts=counts, fill=fills[fill], score=SOFTMAX)
    assert found.value == pytest.approx(expected, abs=1e-12)


def test_the_published_protocol_is_fifty_steps_of_a_hundred_black_pixels_by_absolute_values():
    (route,) = Aopc().routes(224 * 224)
    assert route.counts == tuple(range(0, 5001, 100))
    assert (route.order.fill, route.order.ranked, route.order.least_first) == ("black", "importance", False)


def test_the_protocol_says_which_ranking():
    assert "sum of the map's absolute values over the channels" in Aopc().protocol(size=(224, 224))
    assert "the map's sum over the channels" in Aopc(ranked="signed").protocol(size=(224, 224))


def test_only_aopc_ranks_by_absolute_values_unless_told():
    assert {name: metric.ranked for name, metric in configured(REPLACING).items()} == {
        "aopc": "importance",
        "deletion": "signed",
        "insertion": "signed",
        "abpc": "signed",
    }
    assert configured(["aopc"], {"aopc.ranked": "signed"})["aopc"] == Aopc(ranked="signed")


def test_other_resolutions_keep_the_proportion():
    (route,) = Aopc().routes(448 * 448)
    assert route.counts == tuple(range(0, 20001, 400))
    (route,) = Aopc().routes(299 * 299)
    assert route.counts[-1] == round(299 * 299 * 5000 / 224**2)
    assert "178 pixels (in proportion: 100 at 224x224)" in Aopc().protocol(size=(299, 299))
    assert "proportion" not in Aopc().protocol(size=(224, 224))


def test_the_true_contributions_are_the_best_map_and_their_opposite_the_worst():
    network, pixels = Linear(), photo()
    true = network.weight.detach() * pixels  # what blacking a pixel out takes away, whatever the others are
    maps = {"best": true, "worst": -true, **{f"random {i}": noise_map(seed=i) for i in range(20)}}
    found = measured(plain(network), pixels, maps, Aopc(ranked="signed"))
    best, worst = found.pop("best").value, found.pop("worst").value
    assert worst < 0 < best
    assert all(worst < each.value < best for each in found.values())


def test_the_best_value_of_a_linear_model_is_known_in_closed_form():
    network, pixels = Linear(), photo()
    true = (network.weight.detach() * pixels).sum(dim=0)
    found = measured(plain(network), pixels, {"best": true}, published(8, ranked="signed"))["best"]
    gains = true.flatten().sort(descending=True).values[:32].cumsum(0)
    assert found.value == pytest.approx((gains.sum() / 33).item(), abs=1e-12)


def test_only_the_patch_matters():
    mask = patch_mask()
    pixels = 0.5 + 0.5 * photo()
    maps = {"patch": mask.double(), "elsewhere": (~mask).double()}
    found = measured(plain(Patch(mask)), pixels, maps, published(8), SOFTMAX)
    assert found["patch"].value > 0.4
    assert found["elsewhere"].value == pytest.approx(0, abs=1e-12)  # the other 32 of 64 pixels


@given(st.integers(0, 10_000))
def test_it_lies_between_the_scores_extremes(seed):
    found = measured(plain(Linear(seed=seed)), photo(seed=seed), {"map": noise_map(seed=seed)}, Aopc(), SOFTMAX)
    assert -1 <= found["map"].value <= 1


def test_ties_go_by_position():
    network, pixels = Linear(), photo()
    tied = torch.zeros(1, 8, 8).double()
    tied[0, 0, :4] = 1.0
    ranked = tied.flatten() + 1
    ranked -= torch.arange(64) * 1e-6
    found = measured(plain(network), pixels, {"tied": tied, "ranked": ranked.reshape(1, 8, 8)}, published(8))
    assert found["tied"].value == found["ranked"].value


def test_the_curve_ends_at_the_value_and_starts_at_zero():
    found = measured(plain(Linear()), photo(), {"map": noise_map()}, published(8))["map"]
    curve = found.curves["aopc"]
    assert curve.values[0] == 0
    assert curve.values[-1] == found.value
    assert curve.fractions[[0, 1, -1]] == pytest.approx([0, 1 / 64, 0.5])


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 502}, {"pixels": 0}, {"pixels": 1004}])
def test_more_pixels_than_there_are_and_none_are_refused(options):
    with pytest.raises(UsageError):
        Aopc(**options)
