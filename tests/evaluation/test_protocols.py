"""Each protocol equal to what the source's code does, written out here in normalised units, one picture at a time."""

import numpy as np
import pytest
import torch
from evaluation.known import noise_map, photo
from scipy.ndimage import gaussian_filter
from toys import small_network

from igcli.attribution.scores import Score
from igcli.evaluation.metrics.metric import METRICS, configured
from igcli.evaluation.protocols import PROTOCOLS
from igcli.evaluation.scoring import Subject, score_maps
from igcli.images.options import View
from igcli.models.classifier import Classifier
from igcli.models.labels import Labels

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE = 12


@pytest.fixture
def network():
    return small_network().double().eval()


def measured(network, name, pixels, values, explained, **other):
    """The numbers by a protocol, with as many steps as this small photo has pixels in rows."""
    published = PROTOCOLS[name]
    metrics = [each for each in published.metrics if each != "max-sensitivity"]
    parameters = {key: value for key, value in published.parameters.items() if key.partition(".")[0] in metrics}
    model = Classifier(network, Labels("abcde"), view=View(size=SIDE, resize=SIDE), mean=MEAN, std=STD)
    subject = Subject(pixels, explained, {"map": values})
    return score_maps(model, [subject], configured(metrics, {**parameters, **other})).measured[0]["map"]


def normalised(pixels):
    mean, std = (torch.tensor(each, dtype=torch.float64)[:, None, None] for each in (MEAN, STD))
    return (pixels - mean) / std


def blurred(picture, sigma):
    impulse = np.zeros((11, 11))
    impulse[5, 5] = 1
    kernel = torch.zeros(3, 3, 11, 11, dtype=torch.float64)
    for channel in range(3):
        kernel[channel, channel] = torch.from_numpy(gaussian_filter(impulse, sigma))
    return torch.nn.functional.conv2d(picture[None], kernel, padding=5)[0]


def curve(network, start, finish, order, target):
    """The probability as a row's number of pixels at a time changes from start to finish."""
    picture, scores = start.clone(), []
    for step in range(SIDE + 1):
        with torch.no_grad():
            scores.append(network(picture[None]).softmax(dim=1)[0, target].item())
        for place in order[step * SIDE : (step + 1) * SIDE]:
            row, column = divmod(place, SIDE)
            picture[:, row, column] = finish[:, row, column]
    return np.array(scores)


def auc(scores):
    return (scores.sum() - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["rise", "idg"])
def test_rise_and_idg_differ_in_the_ranking_alone(network, name, seed):
    pixels, values = photo(seed=seed, side=SIDE), noise_map(seed=seed, side=SIDE)
    total = values.sum(dim=0)
    saliency = (total if name == "rise" else total.abs()).flatten().tolist()
    order = sorted(range(len(saliency)), key=lambda place: (-saliency[place], place))
    picture = normalised(pixels)
    gone = curve(network, picture, torch.zeros_like(picture), order, seed)
    come = curve(network, blurred(picture, 5), picture, order, seed)
    steps = {"deletion.steps": SIDE, "insertion.steps": SIDE}
    found = measured(network, name, pixels, values, Score("logit", seed), **steps)
    assert found["deletion"].value == pytest.approx(auc(gone), abs=1e-10)
    assert found["insertion"].value == pytest.approx(auc(come), abs=1e-10)


def test_mas_starts_from_a_wider_blur(network):
    pixels, values = photo(side=SIDE), noise_map(side=SIDE)
    saliency = values.sum(dim=0).abs().flatten()
    order = sorted(range(len(saliency)), key=lambda place: (-saliency[place], place))
    picture = normalised(pixels)
    target = network(picture[None]).argmax().item()
    moved = np.concatenate([[0], saliency[order].reshape(SIDE, SIDE).sum(dim=1).cumsum(dim=0) / saliency.sum()])
    come = curve(network, blurred(picture, 11), picture, order, target)
    share = np.maximum.accumulate(np.clip((come - come[0]) / (come[-1] - come[0]), 0, 1))
    aligned = np.clip(share - np.abs(moved - share), 0, 1)
    insertion = auc((aligned - aligned.min()) / (aligned.max() - aligned.min()))
    gone = curve(network, picture, torch.zeros_like(picture), order, target)
    share = np.minimum.accumulate(np.clip((gone - gone[-1]) / (gone[0] - gone[-1]), 0, 1))
    aligned = np.clip(share + np.abs(1 - moved - share), 0, 1)
    deletion = auc((aligned - aligned.min()) / (aligned.max() - aligned.min()))
    steps = {f"{name}.steps": SIDE for name in ("mas", "mas-insertion", "mas-deletion")}
    found = measured(network, "mas", pixels, values, Score("logit", target), **steps)
    assert found["mas-insertion"].value == pytest.approx(insertion, abs=1e-10)
    assert found["mas-deletion"].value == pytest.approx(deletion, abs=1e-10)
    assert found["mas"].value == pytest.approx(insertion - deletion, abs=1e-10)


def test_expanded_ig_sums_what_lies_above_0_at_nine_stops_of_the_logit(network):
    pixels, values = photo(seed=1, side=10), noise_map(seed=1, side=10)
    picture = normalised(pixels)

    def logit(of):
        with torch.no_grad():
            return network(of[None])[0, target].item()

    target = max(range(5), key=lambda each: (network(picture[None]) - network(0 * picture[None]))[0, each].item())
    at_photo, at_grey = logit(picture), logit(torch.zeros_like(picture))
    order = values.sum(dim=0).flatten().argsort(descending=True).tolist()
    total = 0.0
    for share in range(1, 10):
        kept = []
        for gone in (order[::-1][: 10 * share], order[: 10 * share]):
            changed = picture.clone().flatten(1)
            changed[:, gone] = 0
            kept.append(np.clip((logit(changed.reshape(3, 10, 10)) - at_grey) / (at_photo - at_grey), 0, 1))
        total += max(kept[0] - kept[1], 0)
    found = measured(network, "expanded-ig", pixels, values, Score("logit", target))
    assert found["abpc"].value == pytest.approx(total / 10, abs=1e-10)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_names_metrics_and_parameters_that_exist(name):
    published = PROTOCOLS[name]
    chosen = configured(published.metrics, published.parameters)
    assert set(chosen) <= set(METRICS)
    assert published.source
    assert all(sentence.endswith(".") for sentence in published.differs)
