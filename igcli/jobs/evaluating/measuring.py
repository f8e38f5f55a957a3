"""Measuring a group of photos by all metrics: what to measure, the measuring, and what it costs.

Maps are made once, and only what no card has yet is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Explanation
from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.maps import MapLike
from igcli.evaluation.metrics.metric import Measured, Metric
from igcli.evaluation.randomising import randomised
from igcli.images.picture import Picture
from igcli.jobs.evaluating.card import Card, Photo
from igcli.jobs.evaluating.maps import OtherMaps
from igcli.jobs.evaluating.photo_context import PhotoContext, measured_by
from igcli.jobs.outputs.record import image_entry
from igcli.jobs.plan import Job
from igcli.lazy import torch
from igcli.models.classifier import Classifier


@dataclass(frozen=True)
class EvaluationPlan:
    """What is to be measured.

    Attributes
    ----------
    methods
        Names in ``METHODS``; none when another tool's maps are measured.
    controls
        Names in ``CONTROLS``.
    metrics
        By name in ``METRICS``, each with its parameters.
    given
        What was read from the options that give a need, by the need's name: ``"mask"``, a ``GroundTruth``.
    given_digest
        Another one where that was read from other files, or from the same after they were changed.
    others
        Another tool's maps.
    """

    methods: tuple[str, ...]
    controls: tuple[str, ...]
    metrics: Mapping[str, Metric]
    given: Mapping[str, Any] = field(default_factory=dict)
    given_digest: str = ""
    others: OtherMaps | None = None

    def check(self) -> None:
        """Raise ``UsageError`` for metrics that lack what they need."""
        for name in self.methods:
            METHODS[name]
        for name, metric in self.metrics.items():
            for need in metric.needed():
                if need.option and need.name not in self.given:
                    raise UsageError(f"{name} needs {need.summary}: give {need.option}.")
                if need.makes_maps and self.others is not None:
                    raise UsageError(
                        f"{name} cannot be measured of another tool's maps: it needs {need.summary}. Leave it out."
                    )

    def on_mosaics(self) -> dict[str, Metric]:
        """The metrics that are measured on mosaics."""
        return {name: metric for name, metric in self.metrics.items() if metric.is_on_mosaics()}

    def on_photos(self) -> dict[str, Metric]:
        """The metrics that are measured on the photos."""
        return {name: metric for name, metric in self.metrics.items() if not metric.is_on_mosaics()}


class Measurer:
    """Measures groups of photos; ``on_points`` is called with the gradients and passes as they are done.

    Metrics say what they need and ask for it; see :class:`~igcli.evaluation.context.Context`.
    """

    def __init__(
        self, job: Job, evaluation_plan: EvaluationPlan, *, on_points: Callable[[int], None] | None = None
    ) -> None:
        self.job, self.evaluation_plan, self._on_points = job, evaluation_plan, on_points
        self.effort = Effort()
        self.refused_boxes: list[Exclusion] = []
        self._randomised: dict[tuple[int, int], Classifier] = {}

    def measure(self, photos: Sequence[Photo]) -> None:
        """Make the maps of the photos and fill their cards."""
        self.make_maps(photos)
        for photo in photos:
            if photo.card is not None:
                self._measure(photo, photo.card, self.evaluation_plan.on_photos())

    def measure_mosaic(self, photo: Photo, name: str, metric: Metric, area: Area) -> None:
        """Fill the maps and the card of a mosaic, whose object lies in ``area``."""
        self.make_maps([photo])
        if photo.card is not None:
            self._measure(photo, photo.card, {name: metric}, located=area)

    def _measure(self, photo: Photo, card: Card, metrics: Mapping[str, Metric], *, located: Area | None = None) -> None:
        missing = {name: (metric, card.missing(name, metric, photo.maps)) for name, metric in metrics.items()}
        asked = {name: each for name, each in missing.items() if each[1]}
        context = PhotoContext(self, photo, card, asked, located)
        for name, (metric, maps) in asked.items():
            card.note(name, metric, measured_by(metric, context, maps))

    def make_maps(self, photos: Sequence[Photo]) -> None:
        """The maps of all methods and controls that are not there yet, and cards for photos that have none."""
        asked = [p for p in photos if p.card is None or not set(self.evaluation_plan.methods) <= set(p.maps)]
        methods = [name for name in self.evaluation_plan.methods if any(name not in photo.maps for photo in asked)]
        for outcome, photo in zip(self._explain([p.picture for p in asked], asked, methods), asked, strict=True):
            if not isinstance(outcome, Explanation):
                photo.failure = str(outcome)
                continue
            photo.card = photo.card or self._card(photo, outcome)
            for name, result in outcome.results.items():
                photo.maps[name] = result.values
                photo.card.completeness[name] = result.completeness
                photo.card.gradients[name] = result.gradient_evaluations
        for photo in photos:
            seed = self.job.plan.wanted.settings.seed
            photo.maps.update(
                {name: CONTROLS[name](photo.picture.pixels, seed) for name in self.evaluation_plan.controls}
            )

    def _card(self, photo: Photo, explanation: Explanation) -> Card:
        against = explanation.score.against
        rival = None if against is None else self.job.model.labels.find(against)
        score = Score(explanation.score.kind, explanation.target.index, rival)
        image, target = image_entry(photo.picture), asdict(explanation.target)
        return Card(image, target, score, photo.fingerprint, self.evaluation_plan.given_digest)

    def _explain(
        self,
        pictures: Sequence[Picture],
        photos: Sequence[Photo],
        methods: Sequence[str],
        *,
        model: Classifier | None = None,
    ) -> list[object]:
        """One outcome per picture, of the class on the photo's card, or of the one asked for."""
        targets = [photo.card.target["index"] if photo.card else photo.target for photo in photos]
        wanted = replace(self.job.plan.wanted, methods=tuple(methods))
        with self.effort.of_gradients():
            found = explain(
                model or self.job.model,
                pictures,
                wanted,
                targets=targets,
                budget=self.job.budget,
                on_points=self._count_gradients,
            )
        return [outcomes[0] for outcomes in found]

    def maps_of(
        self, photo: Photo, pictures: Sequence[Picture], names: Sequence[str], *, model: Classifier | None = None
    ) -> dict[str, list[MapLike] | Measured]:
        """The named maps of pictures like the photo's, for the photo's class; or why there are none."""
        methods = [name for name in names if name in self.evaluation_plan.methods]
        seed = self.job.plan.wanted.settings.seed
        found: dict[str, list[MapLike] | Measured] = {
            name: [CONTROLS[name](picture.pixels, seed) for picture in pictures]
            for name in names
            if name in self.evaluation_plan.controls
        }
        if methods:
            outcomes = self._explain(pictures, [photo] * len(pictures), methods, model=model)
            sound = [outcome for outcome in outcomes if isinstance(outcome, Explanation)]
            for name in methods:
                if len(sound) == len(outcomes):
                    found[name] = [outcome.results[name].values for outcome in sound]
                else:
                    found[name] = Measured.missing("The network's numbers are not finite for a changed photo.")
        return found

    def _count_gradients(self, count: int) -> None:
        self.effort.gradients += count
        self._report(count)

    def randomised(self, *, seed: int, top: int) -> Classifier:
        """The network with random weights; made once."""
        if (seed, top) not in self._randomised:
            self._randomised[seed, top] = randomised(self.job.classifier, seed=seed, top=top)
        return self._randomised[seed, top]

    def count_passes(self, count: int) -> None:
        """Count passes through the network, forward only."""
        self.effort.passes += count
        self._report(count)

    def _report(self, count: int) -> None:
        if self._on_points is not None:
            self._on_points(count)


@dataclass
class Effort:
    """Seconds and passes so far.

    Attributes
    ----------
    gradients, gradient_seconds
        For maps.
    passes, pass_seconds
        Forward only, for metrics; all that is done around them is in the time.
    """

    gradients: int = 0
    gradient_seconds: float = 0.0
    passes: int = 0
    pass_seconds: float = 0.0
    _sampled: int = 0
    _sampled_seconds: float = 0.0

    @property
    def bare_seconds(self) -> float:
        """Seconds for as many passes alone, estimated from the samples; 0 without samples."""
        return self.passes * self._sampled_seconds / self._sampled if self._sampled else 0.0

    @contextmanager
    def of_gradients(self) -> Iterator[None]:
        """Count the time of the block as that of gradients."""
        began = time.perf_counter()
        yield
        self.gradient_seconds += time.perf_counter() - began

    @contextmanager
    def of_passes(self) -> Iterator[None]:
        """Count the time of the block as that of forward passes."""
        began = time.perf_counter()
        yield
        self.pass_seconds += time.perf_counter() - began

    def sample(self, model: Classifier, pixels: torch.Tensor, size: int) -> None:
        """Time one forward pass of ``size`` pictures alone, as a sample of what passes cost now."""
        chunk = pixels.to(model.device, model.dtype).expand(size, *pixels.shape)
        chunk = chunk.contiguous(memory_format=torch.channels_last)
        with model.frozen(), torch.no_grad():
            began = time.perf_counter()
            model(chunk).cpu()
        self._sampled += size
        self._sampled_seconds += time.perf_counter() - began
