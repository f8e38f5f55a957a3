import numpy as np
import pytest
import torch
from evaluation.known import LOGIT, SOFTMAX, Linear, noise_map, photo, plain, slow_score, subject
from toys import classifier, small_network, trapezoid

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.metrics.mas import Mas, MasDeletion, MasInsertion
from igcli.evaluation.scoring import Subject, score_maps

BLACK = {"fill": "black"}


def all_three(**options):
    return {
        "mas": Mas(start=options.get("fill", "black"), **options),
        "insertion": MasInsertion(**options),
        "deletion": MasDeletion(**options),
    }


def values_of(model, pixels, values, explained=SOFTMAX, **options):
    metrics = all_three(**{**BLACK, **options})
    found = score_maps(model, [subject(pixels, {"map": values}, explained)], metrics).measured[0]["map"]
    return {name: each.value for name, each in found.items()}


def slow(model, pixels, values, score, *, steps, start, finish, mode):
    """As the protocol is worded: one step after another, in plain numbers."""
    saliency = values.sum(dim=0).abs().flatten().tolist()
    order = sorted(range(len(saliency)), key=lambda i: (-saliency[i], i))
    per_step = len(order) // steps
    picture, end = (start.clone(), finish) if mode == "insertion" else (finish.clone(), start)
    at_fill, at_photo = slow_score(model, start, score), slow_score(model, finish, score)
    scores, moved = [slow_score(model, picture, score)], [0.0]
    for step in range(steps):
        for place in order[step * per_step : (step + 1) * per_step]:
            row, column = divmod(place, pixels.shape[-1])
            picture[:, row, column] = end[:, row, column]
        scores.append(slow_score(model, picture, score))
        moved.append(sum(saliency[place] for place in order[: (step + 1) * per_step]) / sum(saliency))
    curve, best = [], 0.0 if mode == "insertion" else 1.0
    for value, share in zip(scores, moved, strict=True):
        share_of_score = min(max((value - at_fill) / (at_photo - at_fill), 0.0), 1.0)
        if mode == "insertion":
            best = max(best, share_of_score)
            curve.append(min(max(best - abs(share - best), 0.0), 1.0))
        else:
            best = min(best, share_of_score)
            curve.append(min(max(best + abs(1 - share - best), 0.0), 1.0))
    low, high = min(curve), max(curve)
    curve = [(each - low) / (high - low) for each in curve]
    return (sum(curve) - curve[0] / 2 - curve[-1] / 2) / steps


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("steps", [8, 72, 144])
def test_equals_a_plain_loop(seed, steps):
    model = classifier(small_network().double(), classes=5)
    pixels, values = photo(seed=seed, side=12), noise_map(seed=seed, side=12)
    score = Score("softmax", model(pixels[None]).argmax().item())
    found = values_of(model, pixels, values, score, steps=steps)
    with model.frozen():
        options = {"steps": steps, "start": torch.zeros_like(pixels), "finish": pixels}
        insertion, deletion = (
            slow(model, pixels, values, score, mode=mode, **options) for mode in ("insertion", "deletion")
        )
    expected = {"insertion": insertion, "deletion": deletion, "mas": insertion - deletion}
    assert found == pytest.approx(expected, abs=1e-10)


def linear_and_photo():
    """A model whose pixels all speak for the class, so that contributions are shares."""
    network = Linear()
    network.weight.data.abs_()
    return network, photo()


def test_where_both_shares_agree_there_is_no_penalty():
    network, pixels = linear_and_photo()
    true = network.weight.detach() * pixels
    shares = true.sum(dim=0).flatten().sort(descending=True).values.numpy()
    shown = np.concatenate([[0.0], shares.cumsum() / shares.sum()])
    found = values_of(plain(network), pixels, true, LOGIT, steps=64, score="")
    assert found["insertion"] == pytest.approx(trapezoid(shown, dx=1 / 64), abs=1e-10)
    assert found["deletion"] == pytest.approx(trapezoid(1 - shown, dx=1 / 64), abs=1e-10)
    assert found["mas"] == pytest.approx(2 * trapezoid(shown, dx=1 / 64) - 1, abs=1e-10)


def test_the_same_order_with_other_magnitudes_is_worse_and_the_opposite_order_worst():
    network, pixels = linear_and_photo()
    true = network.weight.detach() * pixels
    total = true.sum(dim=0)
    maps = {"true": total, "square": total**2, "root": total**0.25, "opposite": total.max() + total.min() - total}
    found = score_maps(plain(network), [subject(pixels, maps)], all_three(**BLACK, steps=64, score="")).measured[0]
    for name in ("square", "root"):
        assert found["true"]["insertion"].value > found[name]["insertion"].value > found["opposite"]["insertion"].value
        assert found["true"]["deletion"].value < found[name]["deletion"].value < found["opposite"]["deletion"].value
        assert found["true"]["mas"].value > found[name]["mas"].value > found["opposite"]["mas"].value


def test_a_case_by_hand():
    # Four pixels that add .4, .3, .2 and .1 to the score; the map has the right order and shares .7, .1, .1 and .1.
    class Sum(torch.nn.Module):
        def forward(self, x):
            total = x.sum(dim=(1, 2, 3))
            return torch.stack([total, torch.zeros_like(total)], dim=1)

    pixels = torch.tensor([[[0.4, 0.3], [0.2, 0.1]]], dtype=torch.float64)
    values = torch.tensor([[[7.0, 1.0], [1.0, 1.0]]], dtype=torch.float64)
    found = values_of(plain(Sum()), pixels, values, LOGIT, steps=4, score="")
    # Insertion: shares of the score 0 .4 .7 .9 1, of the map 0 .7 .8 .9 1; the first less the distance: 0 .1 .6 .9 1.
    assert found["insertion"] == pytest.approx((0.1 + 0.6 + 0.9 + 0.5) / 4)
    # Deletion: 1 .6 .3 .1 0 and 1 .3 .2 .1 0; the first plus the distance: 1 .9 .4 .1 0.
    assert found["deletion"] == pytest.approx((0.5 + 0.9 + 0.4 + 0.1) / 4)


def test_a_curve_that_says_nothing_is_a_straight_line():
    # All of the magnitude lies on one pixel that does not matter, and the score comes with the last pixel alone.
    class Last(torch.nn.Module):
        def forward(self, x):
            bright = (x[:, 0, 1, 1] > 0.5).to(x)
            return torch.stack([bright, torch.zeros_like(bright)], dim=1)

    pixels = torch.full((1, 2, 2), 0.9, dtype=torch.float64)
    values = torch.tensor([[[9.0, 0.0], [0.0, 0.0]]], dtype=torch.float64)
    found = values_of(plain(Last().double()), pixels, values, LOGIT, steps=4, score="")
    # Deletion: the share of the score is 1 until the last, that of the map 0 from the first: 1 1 1 1 0, stretched.
    assert found["deletion"] == pytest.approx(3.5 / 4)
    # Insertion: 0 until the last, where both are 1: 0 0 0 0 1.
    assert found["insertion"] == pytest.approx(0.5 / 4)


def test_the_same_score_at_both_ends_is_a_reason():
    network = Linear()
    network.weight.data.zero_()
    metrics = all_three(**BLACK)
    found = score_maps(plain(network), [subject(photo(), {"map": noise_map()}, SOFTMAX)], metrics).measured[0]["map"]
    assert all(np.isnan(each.value) and "same at the photo" in each.reason for each in found.values())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_for_every_batch_size(size):
    model = classifier(small_network().double(), classes=5)
    subjects = [Subject(photo(seed=i, side=12), SOFTMAX, {"map": noise_map(seed=i, side=12)}) for i in range(3)]
    metrics = all_three(**BLACK, steps=16)
    together = score_maps(model, subjects, metrics, budget=Budget(size)).measured
    for case, found in zip(subjects, together, strict=True):
        alone = score_maps(model, [case], metrics).measured[0]["map"]
        assert {n: m.value for n, m in found["map"].items()} == pytest.approx({n: m.value for n, m in alone.items()})


def test_the_published_protocol():
    insertion, deletion = Mas().routes(224 * 224)
    assert deletion.counts == tuple(range(0, 224 * 224 + 1, 224))
    assert insertion.counts == deletion.counts[::-1]
    assert (deletion.order.fill, insertion.order.fill) == ("grey", "kernel-blur:11")
    assert deletion.order.ranked == insertion.order.ranked == "magnitude"
    assert MasInsertion().routes(224 * 224) == (insertion,)
    assert MasDeletion().routes(224 * 224) == (deletion,)


def test_a_ranking_with_a_sign_has_no_shares():
    with pytest.raises(UsageError, match="rank by magnitude"):
        Mas(ranked="signed")
