"""What ``findings.py`` measures: one function for each finding of the papers, and how its numbers are summarised.

Sources: [GoC] arXiv 1611.02639, [SIG] arXiv 2010.12697.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import igcli
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.similarity import similarity

PHI = 0.9
Record = dict[str, Any]
Rows = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Photo:
    """A photograph on disk and the index of its label."""

    path: Path
    label: int


@dataclass(frozen=True)
class Network:
    """A model and the photographs that it is measured on."""

    name: str
    model: igcli.Classifier
    photos: Sequence[Photo]

    def read(self, photo: Photo) -> igcli.Picture:
        return igcli.read_image(photo.path, view=self.model.view)

    def outputs(self, photo: Photo) -> torch.Tensor:
        """The logits (K,) of a photo."""
        with torch.no_grad():
            return self.model(self.read(photo).pixels[None])[0].double()

    def spread(self, count: int) -> list[Photo]:
        """``count`` photos at even distances."""
        photos = self.photos
        return [photos[i * len(photos) // count] for i in range(min(count, len(photos)))]


@dataclass(frozen=True)
class Finding:
    """How one finding is measured and summarised.

    Attributes
    ----------
    measure
        The record of one photo, or of one pair of photos.
    rows
        What the table says of all records: the parts, and the value of each.
    count
        On how many photographs or pairs; ``None`` for all.
    """

    measure: Callable[..., Record]
    rows: Callable[[Sequence[Record]], Rows]
    count: int | None = None


def scores(network: Network, photo: Photo) -> Record:
    """[GoC] Fig. 2: where the softmax and the pre-softmax score of the top class saturate along the path from black."""
    pixels, alphas = network.read(photo).pixels, torch.linspace(0, 1, 51)
    with torch.no_grad():
        logits = torch.cat([network.model(part[:, None, None, None] * pixels) for part in alphas.split(5)]).double()
    top = int(logits[-1].argmax())
    curves = {"softmax": logits.softmax(dim=1)[:, top].numpy(), "logit": logits[:, top].numpy()}
    return {name: _alpha_star(alphas.numpy(), curve) for name, curve in curves.items()}


def layers(network: Network, photo: Photo) -> Record:
    """[GoC] Fig. 12: how far a layer's activations along the path are from those at the photo."""
    picture = network.read(photo)
    found = igcli.layer_distances(
        network.model, _straight(picture), np.linspace(0, 1, 26), budget=igcli.Budget.of(network.model)
    )
    return {"alphas": found.alphas.tolist(), "layers": list(found.layers), "cosine": np.array(found.cosine).tolist()}


def aopc(network: Network, photo: Photo) -> Record:
    """[GoC] Fig. 5: how far the score falls as the most important pixels turn black, by both rankings."""
    picture = network.read(photo)
    target = int(network.outputs(photo).argmax())
    maps = {name: _map(network, picture, name, target) for name in ("integrated", "gradient")}
    maps |= {name: CONTROLS[name](picture.pixels, 0) for name in CONTROLS}
    metrics = {
        ranked: igcli.configured(("aopc",), {"aopc.ranked": ranked})["aopc"] for ranked in ("importance", "signed")
    }
    subject = igcli.Subject(picture.pixels, igcli.Score("softmax", target), maps)
    (found,) = igcli.score_maps(network.model, [subject], metrics).measured
    return {name: {ranked: own[ranked].value for ranked in metrics} for name, own in found.items()}


def mosaics(network: Network, pair: tuple[Photo, Photo]) -> Record:
    """[GoC] localisation, for lack of boxes: two photos side by side, each one's class explained."""
    pixels = [network.read(photo).pixels for photo in pair]
    width = pixels[0].shape[2]
    middle = slice(width // 4, width // 4 + width // 2)
    mosaic = igcli.Picture(torch.cat([each[:, :, middle] for each in pixels], dim=2))
    targets = [int(network.outputs(photo).argmax()) for photo in pair]
    halves = slice(0, width // 2), slice(width // 2, width)
    shares: Record = {}
    for method in ("integrated", "gradient"):
        own = []
        for target, half in zip(targets, halves, strict=True):
            importance = _map(network, mosaic, method, target).abs().sum(dim=0)
            own.append(float(importance[:, half].sum() / importance.sum()))
        shares[method] = float(np.mean(own))
    return shares


def left_right(network: Network, photo: Photo) -> Record:
    """[SIG] norms and shares of the parts before and after the score has made 90 % of its rise."""
    found = igcli.attribute(network.model, network.read(photo), method="left-integrated", steps=64, rule="right")
    return dict(found.extras)


def mistakes(network: Network, photo: Photo) -> Record:
    """[GoC] Fig. 6 as a count: photos whose label is not among the five likeliest, both classes explained."""
    logits = network.outputs(photo)
    if photo.label in logits.topk(5).indices.tolist():
        return {"mistaken": False}
    picture = network.read(photo)
    one, two = (_map(network, picture, "integrated", target) for target in (int(logits.argmax()), photo.label))
    found = similarity(one, two)
    return {
        "mistaken": True,
        "spearman": found.spearman,
        "cosine": found.cosine,
        "places_in_common": found.places_in_common,
    }


def split_quality(network: Network, photo: Photo) -> Record:
    """[SIG] ABPC and sensitivity of the left part, the right part and the whole, by the notebook's protocol."""
    picture, logits = network.read(photo), network.outputs(photo)
    with torch.no_grad():
        grey = network.model(torch.full_like(picture.pixels, 0.5)[None])[0].double()
    target = int(logits.argmax())
    if not float(logits[target] - grey[target]) > 5:
        return {"rises": False}
    methods = ("left-integrated", "right-integrated", "integrated")
    settings = igcli.Settings(score="logit", baseline="grey", steps=200, rule="right", phi=0.95)
    wanted = igcli.Wanted(methods, (target,), settings)

    def maps(pictures: Sequence[igcli.Picture]) -> dict[str, list[torch.Tensor]]:
        found = [explained for (explained,) in igcli.explain(network.model, pictures, wanted)]
        return {name: [each.results[name].values for each in found] for name in methods}

    abpc = igcli.configured(("abpc",), {"abpc.floor": True, "abpc.fill": "grey"})["abpc"]
    sensitivity = igcli.configured(("max-sensitivity",), {"max-sensitivity.radius": 0.0112})["max-sensitivity"]
    all_maps = maps([picture, *(igcli.Picture(changed) for changed in sensitivity.changed(picture.pixels))])
    own = {name: each[0] for name, each in all_maps.items()}
    subject = igcli.Subject(picture.pixels, igcli.Score("logit", target), own)
    (areas,) = igcli.score_maps(network.model, [subject], {"abpc": abpc}).measured
    return {
        "rises": True,
        "abpc": {name: areas[name]["abpc"].value for name in methods},
        "sensitivity": {name: _largest_change(each) for name, each in all_maps.items()},
        "norm_ratio": float(own["right-integrated"].norm() / own["left-integrated"].norm()),
    }


def _map(network: Network, picture: igcli.Picture, method: str, target: int) -> torch.Tensor:
    return igcli.attribute(network.model, picture, method=method, target=target, steps=50).values


def _straight(picture: igcli.Picture) -> Any:
    from igcli.attribution.path import Path as Line

    return Line(torch.zeros_like(picture.pixels), picture.pixels, picture.layout)


def _alpha_star(alphas: np.ndarray, curve: np.ndarray) -> float | None:
    """The first α at which the score has made ``PHI`` of its rise; ``None`` if it does not rise."""
    rise = curve[-1] - curve[0]
    return float(alphas[np.argmax(curve > curve[0] + PHI * rise)]) if rise > 1e-3 else None


def _largest_change(maps: Sequence[torch.Tensor]) -> float:
    own, *changed = maps
    return max(float((each - own).norm() / own.norm()) for each in changed)


def interval(values: Sequence[float], statistic: Callable[..., Any] = np.mean) -> str:
    """The statistic with its 95 % bootstrap interval over photos."""
    own = np.array([value for value in values if value is not None and np.isfinite(value)])
    drawn = np.random.default_rng(0).integers(0, len(own), (2000, len(own)))
    low, high = np.percentile(statistic(own[drawn], axis=1), (2.5, 97.5))
    return f"{statistic(own):.3f} [{low:.3f}, {high:.3f}]"


def _scores_rows(records: Sequence[Record]) -> Rows:
    for score in ("softmax", "logit"):
        stars = [each[score] for each in records if each[score] is not None]
        yield f"median α* of the {score} score", interval(stars, np.median)
        for limit in (0.2, 0.5):
            yield f"share of photos with α* before {limit} ({score})", interval([star < limit for star in stars])


def _mistakes_rows(records: Sequence[Record]) -> Rows:
    wrong = [each for each in records if each["mistaken"]]
    yield "photos whose label is not in the top five", f"{len(wrong)} of {len(records)}"
    for key in ("spearman", "cosine", "places_in_common") if wrong else ():
        yield f"maps of both labels: {key.replace('_', ' ')}", interval([each[key] for each in wrong])


def _aopc_rows(records: Sequence[Record]) -> Rows:
    for ranked in ("importance", "signed"):
        for method in records[0]:
            yield f"AOPC by {ranked}: {method}", interval([each[method][ranked] for each in records])
        better = [each["integrated"][ranked] - each["gradient"][ranked] for each in records]
        yield f"AOPC by {ranked}: integrated minus gradient", interval(better)
        yield f"AOPC by {ranked}: integrated better", f"{sum(b > 0 for b in better)} of {len(better)}"


def _mosaics_rows(records: Sequence[Record]) -> Rows:
    for method in ("integrated", "gradient"):
        yield f"share on the own half: {method}", interval([each[method] for each in records])
    higher = [each["integrated"] > each["gradient"] for each in records]
    yield "integrated higher than gradient", f"{sum(higher)} of {len(higher)}"


def _left_right_rows(records: Sequence[Record]) -> Rows:
    for key in ("alpha_star", "right_over_left", "left_share", "right_share"):
        yield f"left and right: median {key.replace('_', ' ')}", interval([each[key] for each in records], np.median)
    larger = [each["right_over_left"] > 1 for each in records]
    yield "left and right: the right part is the larger one", f"{sum(larger)} of {len(larger)}"


def _layers_rows(records: Sequence[Record]) -> Rows:
    for number, layer in enumerate(records[0]["layers"], start=1):
        cosine = np.median([each["cosine"][number - 1] for each in records], axis=0)
        far = [alpha for alpha, own in zip(records[0]["alphas"], cosine, strict=True) if own >= 0.01]
        yield f"layer {number}: the median cosine distance stays below 0.01 after α", f"{max(far):.2f} ({layer})"


def _split_quality_rows(records: Sequence[Record]) -> Rows:
    rising = [each for each in records if each["rises"]]
    yield "split quality: photos whose logit rises by more than 5", f"{len(rising)} of {len(records)}"
    for key in ("abpc", "sensitivity"):
        for method in rising[0][key]:
            yield f"{key}: {method}", interval([each[key][method] for each in rising])
    yield "norm of right over left, median", interval([each["norm_ratio"] for each in rising], np.median)


FINDINGS: dict[str, Finding] = {
    "scores": Finding(scores, _scores_rows),
    "layers": Finding(layers, _layers_rows, 60),
    "aopc": Finding(aopc, _aopc_rows, 150),
    "mosaics": Finding(mosaics, _mosaics_rows, 100),
    "left-right": Finding(left_right, _left_right_rows, 100),
    "split-quality": Finding(split_quality, _split_quality_rows, 18),
    "mistakes": Finding(mistakes, _mistakes_rows),
}
