import math

import numpy as np
import pytest
import torch
from evaluation.known import LOGIT, SIDE, SOFTMAX, Linear, count_passes, noise_map, photo, plain, slow_scores, subject
from torch import nn
from toys import classifier, random_picture, small_network

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.evaluation.metrics.abpc import Abpc
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.deletion_insertion import Deletion, Insertion
from igcli.evaluation.metrics.diffid import DiffId, DiffIdDeletion, DiffIdInsertion
from igcli.evaluation.metrics.mas import START, Mas, MasDeletion, MasInsertion
from igcli.evaluation.metrics.metric import METRICS, configured
from igcli.evaluation.scoring import Subject, passes, score_maps

CURVES = [name for name, kind in METRICS.items() if issubclass(kind, CurveMetric)]


def with_a_mean(model):
    model.mean, model.std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    return model


SMALL = {
    "aopc": Aopc(),
    "deletion": Deletion(steps=16),
    "insertion": Insertion(steps=16),
    "abpc": Abpc(),
    "diffid": DiffId(),
    "mas": Mas(steps=16, fill="black"),
    "by value": Deletion(steps=16, ranked="value"),
}


def values(scores):
    return {
        (i, name, metric): found.value
        for i, maps in enumerate(scores.measured)
        for name, metrics in maps.items()
        for metric, found in metrics.items()
    }


def subjects(count=3, maps=2, score=LOGIT):
    return [
        subject(photo(seed=i), {f"map {j}": noise_map(seed=10 * i + j) for j in range(maps)}, score)
        for i in range(count)
    ]


@pytest.mark.parametrize("chosen", [*([name] for name in CURVES), CURVES, ["deletion", "abpc"], ["insertion", "abpc"]])
@pytest.mark.parametrize("options", [{}, {"fill": "black"}, {"fill": "noise", "steps": 10}])
def test_the_stated_forward_passes_are_those_that_are_run(chosen, options):
    metrics = configured(chosen, options)
    model = with_a_mean(plain(Linear()))
    counted, heard = count_passes(model), []
    found = score_maps(model, subjects(count=3, maps=2), metrics, budget=Budget(5), on_passes=heard.append)
    stated = passes(metrics.values(), shape=(3, SIDE, SIDE), maps=2, photos=3)
    assert stated == found.passes == sum(counted) == sum(heard)
    assert max(counted) <= 5


def test_what_metrics_have_in_common_is_run_once():
    def count(*metrics):
        return passes(metrics, shape=(3, 100, 100), maps=1)

    alone = count(Deletion(steps=50))
    assert alone == 1 + 1 + 49  # the photo, black, and what lies between
    assert count(Deletion(steps=50), Abpc()) == alone + 9  # its 9 stops least first are new
    both = count(Deletion(steps=50), Insertion(steps=50, fill="black"))
    assert both == alone + 49
    assert count(Deletion(steps=50), Insertion(steps=50, fill="black"), Abpc()) == both
    assert count(Aopc()) == 1 + 50  # black is not reached
    rows = count(Deletion(fill="grey", ranked="magnitude"), Insertion(fill=START, ranked="magnitude"))
    aligned = (Mas(score=""), MasInsertion(score=""), MasDeletion(score=""))
    assert count(*aligned, Deletion(fill="grey", ranked="magnitude"), Insertion(fill=START, ranked="magnitude")) == rows
    assert count(*aligned) == rows == 3 + 2 * 223
    assert count(DiffId(), DiffIdInsertion(), DiffIdDeletion()) == 1 + 2 * 9  # the photo, and nine shares either way


def test_ends_are_run_once_a_photo_whatever_the_number_of_maps():
    one, nine = (passes(SMALL.values(), shape=(3, SIDE, SIDE), maps=maps) for maps in (1, 9))
    ends = 6  # the photo, black and blurred; for softmax the photo, black and blurred with another kernel
    assert nine - ends == 9 * (one - ends)


def test_a_score_that_is_noted_by_name_shares_the_passes_of_the_same_score_that_is_explained():
    def metrics(name):
        return {
            "deletion": Deletion(steps=16, fill="grey", ranked="magnitude", score=name),
            "mas-deletion": MasDeletion(steps=16, score="softmax"),
        }

    model = with_a_mean(plain(Linear()))
    shared, apart = (score_maps(model, subjects(score=score), metrics("")) for score in (SOFTMAX, LOGIT))
    by_name = score_maps(model, subjects(score=SOFTMAX), metrics("softmax"))
    assert values(shared) == values(by_name)
    assert shared.passes == by_name.passes < apart.passes
    counts = [passes(metrics("").values(), shape=(3, SIDE, SIDE), maps=2, photos=3, explained=name)
              for name in ("softmax", "logit")]  # fmt: skip
    assert counts == [shared.passes, apart.passes]


def test_no_maps_and_no_metrics_are_no_passes():
    model = plain(Linear())
    counted = count_passes(model)
    assert score_maps(model, [], SMALL).passes == 0
    assert score_maps(model, subjects(maps=0), SMALL).measured == [{}, {}, {}]
    assert score_maps(model, subjects(count=1, maps=1), {}).measured == [{"map 0": {}}]
    assert passes([], shape=(3, 8, 8), maps=3) == passes(SMALL.values(), shape=(3, 8, 8), maps=0) == 0
    assert counted == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_numbers_one_by_one_all_together_and_for_any_chunk_size(size):
    model = classifier(small_network().double(), classes=5)
    all_of_them = [
        Subject(
            random_picture(seed=i, dtype=torch.float64).pixels,
            Score("softmax", i),
            {name: noise_map(seed=10 * i + j, side=12) for j, name in enumerate("ab")},
        )
        for i in range(3)
    ]
    together = values(score_maps(model, all_of_them, SMALL, budget=Budget(size)))
    for i, each in enumerate(all_of_them):
        for name in each.maps:
            for key, metric in SMALL.items():
                alone = Subject(each.pixels, each.score, {name: each.maps[name]})
                found = score_maps(model, [alone], {key: metric}).measured[0][name][key].value
                assert together[i, name, key] == pytest.approx(found, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (torch.full((3, SIDE, SIDE), torch.nan), "not finite"),
        (torch.zeros(SIDE, SIDE), "zero"),
        (torch.ones(SIDE, SIDE), "same everywhere"),
        (torch.ones(3, 5, 5), "5x5"),
    ],
)
def test_a_map_without_order_has_the_reason_in_its_place_and_the_others_their_numbers(values, words):
    model = plain(Linear())
    spoilt = subject(photo(), {"bad": values, "good": noise_map()})
    found = score_maps(model, [spoilt, subject(photo(), {"bad": values})], SMALL)
    for maps in found.measured:
        for measured in maps["bad"].values():
            assert math.isnan(measured.value)
            assert words in measured.reason
    assert all(np.isfinite(measured.value) and not measured.reason for measured in found.measured[0]["good"].values())
    assert found.passes == passes(SMALL.values(), shape=(3, SIDE, SIDE), maps=1)


def test_a_map_may_rank_by_one_thing_and_not_by_another():
    same_size = torch.where(noise_map(channels=1) > 0, 1.0, -1.0)
    metrics = {"signed": Aopc(ranked="signed"), "importance": Aopc()}
    found = score_maps(plain(Linear()), [subject(photo(), {"map": same_size})], metrics).measured[0]["map"]
    assert np.isfinite(found["signed"].value)
    assert "same everywhere" in found["importance"].reason


def test_a_grey_fill_is_the_models_own_mean():
    model, pixels, values = plain(Linear()), photo(), noise_map()
    model.mean, model.std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    found = score_maps(model, [subject(pixels, {"map": values})], {"deletion": Deletion(steps=16, fill="grey")})
    grey = torch.tensor(model.mean, dtype=pixels.dtype)[:, None, None].expand_as(pixels)
    expected = slow_scores(model, pixels, values, grey, list(range(0, 65, 4)), LOGIT)
    assert found.measured[0]["map"]["deletion"].curves["deletion"].values == pytest.approx(expected, abs=1e-9)


def test_a_photo_whose_logits_are_not_finite_does_not_take_the_others_with_it():
    class Spoilt(nn.Module):
        def forward(self, x):
            total = x.sum(dim=(1, 2, 3))
            return torch.stack([torch.where(total > 150, torch.nan, total), torch.zeros_like(total)], dim=1)

    dark, bright = 0.2 * photo(), 0.9 + 0.1 * photo()
    pair = [subject(pixels, {"map": noise_map()}) for pixels in (dark, bright)]
    found = score_maps(plain(Spoilt().double()), pair, SMALL).measured
    assert all(np.isfinite(each.value) for each in found[0]["map"].values())
    assert all("not finite" in each.reason for each in found[1]["map"].values())


def test_a_network_that_ends_in_softmax_gives_the_same_numbers():
    class Ending(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = Linear()

        def forward(self, x):
            return self.network(x).softmax(dim=1)

    found = [values(score_maps(plain(network), subjects(score=SOFTMAX), SMALL)) for network in (Linear(), Ending())]
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_maps_of_other_tools_are_taken_as_arrays_without_channels():
    values = noise_map(channels=1)
    pair = subject(photo(), {"tensor": values, "array": values[0].numpy()})
    found = score_maps(plain(Linear()), [pair], SMALL).measured[0]
    for key in SMALL:
        assert found["tensor"][key].value == found["array"][key].value


def test_one_channel_photos_are_measured():
    pixels = photo(channels=1)
    found = score_maps(plain(Linear(channels=1)), [subject(pixels, {"map": noise_map(channels=1)})], SMALL)
    assert all(np.isfinite(each.value) for each in found.measured[0]["map"].values())


def test_photos_maps_and_network_are_as_before():
    network = Linear().train()
    case = subjects(count=1)[0]
    before = [each.clone() for each in (case.pixels, *case.maps.values())]
    score_maps(plain(network), [case], SMALL)
    assert network.training
    assert network.weight.requires_grad
    assert network.weight.grad is None
    assert all(torch.equal(now, then) for now, then in zip((case.pixels, *case.maps.values()), before, strict=True))
