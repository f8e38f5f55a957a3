import numpy as np
import pytest
import torch
from evaluation.known import LOGIT, SOFTMAX, Linear, noise_map, photo, plain, subject
from toys import classifier, small_network

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.metrics.diffid import DiffId, DiffIdDeletion, DiffIdInsertion
from igcli.evaluation.scoring import Subject, score_maps
from igcli.images.options import View
from igcli.models.classifier import Classifier
from igcli.models.labels import Labels

ALL = {"diffid": DiffId(), "insertion": DiffIdInsertion(), "deletion": DiffIdDeletion()}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def measured(model, pixels, values, score=SOFTMAX, metrics=ALL, **options):
    return score_maps(model, [subject(pixels, {"map": values}, score)], metrics, **options).measured[0]["map"]


def column(values):
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


def slow(network, pixels, values, target, *, soft=True):
    """As the protocol is worded: in normalised units, one ratio and one picture after another."""
    photo = (pixels - column(MEAN)) / column(STD)
    flat, sizes = photo.flatten(), values.abs().flatten().tolist()
    most_first = sorted(range(len(sizes)), key=lambda i: (-sizes[i], i))

    def probabilities(picture):
        with torch.no_grad():
            return network(picture.reshape(1, *photo.shape)).softmax(dim=1)[0]

    kept = {"deletion": [], "insertion": []}
    for ratio in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        count = int(len(sizes) * ratio)
        for name, order in (("deletion", most_first), ("insertion", most_first[::-1])):
            picture = flat.clone()
            picture[order[:count]] = flat[order[count:]].mean()
            found = probabilities(picture)
            if soft:
                kept[name].append(min(max(found[target].item() / probabilities(flat)[target].item(), 0), 1))
            else:
                kept[name].append(float(found.argmax().item() == target))
    insertion, deletion = np.mean(kept["insertion"]), np.mean(kept["deletion"])
    return {"diffid": insertion - deletion, "insertion": insertion, "deletion": deletion}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("soft", [True, False])
def test_equals_a_plain_loop_over_normalised_values(seed, soft):
    network = small_network().double()
    model = Classifier(network, Labels("abcde"), view=View(size=12, resize=12), mean=MEAN, std=STD)
    pixels, values = photo(seed=seed, side=12), noise_map(seed=seed, side=12)
    metrics = ALL if soft else {name: type(each)(score="top-class") for name, each in ALL.items()}
    target = model(pixels[None]).argmax().item()
    found = measured(model, pixels, values, Score("softmax", target), metrics)
    with model.frozen():
        expected = slow(network, pixels, values, target, soft=soft)
    assert {name: each.value for name, each in found.items()} == pytest.approx(expected, abs=1e-10)


def test_a_case_by_hand():
    # Ten values 1 to 10 in one row, weights 1: the logit is 55 / 55 = 1 times what is left; ranked as the values are.
    class Sum(torch.nn.Module):
        def forward(self, x):
            total = x.sum(dim=(1, 2, 3))
            return torch.stack([total, -torch.ones_like(total)], dim=1)

    pixels = torch.arange(1, 11, dtype=torch.float64).reshape(1, 1, 10) / 55
    # With k of ten replaced by the mean m of the others, the sum is 10 · m: 10 · (11 + k) / 2 / 55 without the k least,
    # 10 · (11 − k) / 2 / 55 without the k largest; each divided by the photo's sum of 1 and clipped to [0, 1].
    metrics = {name: type(each)(score="logit") for name, each in ALL.items()}
    found = measured(plain(Sum()), pixels, pixels.clone(), LOGIT, metrics)
    assert found["insertion"].value == pytest.approx(1)
    assert found["deletion"].value == pytest.approx(np.mean([(11 - k) / 11 for k in range(1, 10)]))
    assert found["diffid"].value == pytest.approx(5 / 11)


def test_of_a_linear_model_the_values_are_known_in_closed_form():
    # Weights that sum to 0 over all values: the colour that replaces them has no part in the logit's sum then, but for
    # the weights at its places: logit = Σ over the others w·x + m · Σ over the replaced w.
    network, pixels = Linear(), photo()
    weight = network.weight.detach().flatten()
    values, flat = weight * pixels.flatten(), pixels.flatten()
    order = values.abs().argsort(descending=True, stable=True)
    kept = {True: [], False: []}
    for least_first in kept:
        own = order.flip(0) if least_first else order
        for part in range(1, 10):
            gone, left = own[: 192 * part // 10], own[192 * part // 10 :]
            logit = values[left].sum() + flat[left].mean() * weight[gone].sum()
            kept[least_first].append((logit / values.sum()).clamp(0, 1).item())
    found = measured(
        plain(network), pixels, values.reshape(3, 8, 8), LOGIT, {n: type(m)(score="logit") for n, m in ALL.items()}
    )
    assert found["insertion"].value == pytest.approx(np.mean(kept[True]), abs=1e-10)
    assert found["deletion"].value == pytest.approx(np.mean(kept[False]), abs=1e-10)


def test_a_map_of_what_matters_is_best_and_one_of_what_does_not_is_worst():
    class Bright(torch.nn.Module):
        """Only a fifth of the values matters: those of the second channel's upper rows."""

        def forward(self, x):
            total = 6 * x[:, 1, :4].mean(dim=(1, 2)) - 2
            return torch.stack([total, torch.zeros_like(total)], dim=1)

    mask = torch.zeros(3, 8, 8, dtype=torch.float64)
    mask[1, :4] = 1
    pixels = 0.2 * photo() + 0.75 * mask
    model, tiny = plain(Bright()), 1e-3 * noise_map().abs()
    maps = {"best": mask + tiny, "worst": 1 - mask + tiny, **{f"random {i}": noise_map(seed=i) for i in range(8)}}
    found = score_maps(model, [subject(pixels, maps, SOFTMAX)], ALL).measured[0]
    for name in (name for name in maps if name.startswith("random")):
        assert found["best"]["diffid"].value > found[name]["diffid"].value > found["worst"]["diffid"].value
    assert found["best"]["insertion"].value == pytest.approx(1, abs=0.05)


def test_the_sign_of_a_map_does_not_matter_and_a_map_without_channels_counts_for_each():
    model = classifier(small_network().double(), classes=5)
    pixels, values = photo(side=12), noise_map(side=12)
    assert measured(model, pixels, values)["diffid"].value == measured(model, pixels, -values)["diffid"].value
    one = noise_map(side=12, channels=1)
    maps = {"without": one[0], "one": one, "three": one.expand(3, -1, -1)}
    found = score_maps(model, [subject(pixels, maps, SOFTMAX)], ALL).measured[0]
    assert len({each["diffid"].value for each in found.values()}) == 1


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_same_for_every_batch_size(size):
    model = classifier(small_network().double(), classes=5)
    subjects = [Subject(photo(seed=i, side=12), SOFTMAX, {"map": noise_map(seed=i, side=12)}) for i in range(3)]
    together = score_maps(model, subjects, ALL, budget=Budget(size)).measured
    for case, found in zip(subjects, together, strict=True):
        alone = score_maps(model, [case], ALL).measured[0]["map"]
        assert {n: m.value for n, m in found["map"].items()} == pytest.approx({n: m.value for n, m in alone.items()})


def test_the_published_protocol_has_nine_shares_and_no_ends():
    most_last, most_first = DiffId().routes(3 * 224 * 224)
    assert most_first.counts == (0, 15052, 30105, 45158, 60211, 75264, 90316, 105369, 120422, 135475)
    assert (most_last.order.least_first, most_first.order.least_first) == (True, False)
    assert most_first.order.fill == "remaining-mean"
    assert most_first.order.ranked == "value"


def test_a_score_that_is_not_above_0_has_no_shares():
    network = Linear()
    network.weight.data.neg_()
    found = measured(plain(network), photo(), noise_map(), LOGIT, {"diffid": DiffId(score="")})["diffid"]
    assert np.isnan(found.value)
    assert "not above 0" in found.reason


def test_one_part_is_no_share():
    with pytest.raises(UsageError):
        DiffId(steps=1)


def test_other_metrics_cannot_fill_with_what_is_left():
    from igcli.evaluation.metrics.deletion_insertion import Deletion

    with pytest.raises(UsageError, match="it is for diffid"):
        Deletion(fill="remaining-mean")
