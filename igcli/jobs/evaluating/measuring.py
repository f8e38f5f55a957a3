"""Measuring a group of photos by all metrics: what to measure, the measuring, and what it costs.

Maps are made once, and only what no card has yet is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Explanation, Settings
from igcli.errors import UsageError
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.map_views import MapView, Unchanged, view_of, viewed_names
from igcli.evaluation.maps import MapLike
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.metric import Measured, Metric
from igcli.evaluation.randomising import randomised
from igcli.evaluation.scoring import passes
from igcli.images.picture import Picture
from igcli.jobs.evaluating.card import Card, Photo
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.maps import OtherMaps
from igcli.jobs.evaluating.photo_context import PhotoContext, measured_by
from igcli.jobs.outputs.record import image_entry
from igcli.jobs.plan import Job
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
    views
        What is measured of each map: the map itself, views of it, or both.
    cluster
        The column of the list that says which cluster a photo is of; empty where each is on its own.
    """

    methods: tuple[str, ...]
    controls: tuple[str, ...]
    metrics: Mapping[str, Metric]
    given: Mapping[str, Any] = field(default_factory=dict)
    given_digest: str = ""
    others: OtherMaps | None = None
    views: tuple[MapView, ...] = (Unchanged(),)
    cluster: str = ""

    def named(self, bases: Iterable[str]) -> dict[str, tuple[str, MapView]]:
        """What is measured, by name: the views of these maps."""
        return viewed_names(bases, self.views)

    @property
    def measured_controls(self) -> tuple[str, ...]:
        """The names under which controls are measured."""
        return tuple(self.named(self.controls))

    def check(self) -> None:
        """Raise ``UsageError`` for metrics that lack what they need."""
        for name in self.methods:
            METHODS[name]
        for name, metric in self.metrics.items():
            if self.cluster and metric.is_on_mosaics():
                raise UsageError(f"{name} is measured on mosaics of photos of several clusters: leave --cluster out.")
            for need in metric.needed():
                if need.option and need.name not in self.given:
                    raise UsageError(f"{name} needs {need.summary}: give {need.option}.")
                if need.makes_maps and self.others is not None:
                    raise UsageError(
                        f"{name} cannot be measured of another tool's maps: it needs {need.summary}. Leave it out."
                    )

    def passes(self, photos: int, *, shape: Sequence[int], bases: int, explained: str) -> int:
        """About how many forward passes the metrics that replace pixels take, of maps of so many names per photo."""
        curves = [metric for metric in self.metrics.values() if isinstance(metric, CurveMetric)]
        return passes(curves, shape=shape, maps=bases * len(self.views), photos=photos, explained=explained)

    def on_mosaics(self) -> dict[str, Metric]:
        """The metrics that are measured on mosaics."""
        return {name: metric for name, metric in self.metrics.items() if metric.is_on_mosaics()}

    def on_photos(self) -> dict[str, Metric]:
        """The metrics that are measured on the photos."""
        return {name: metric for name, metric in self.metrics.items() if not metric.is_on_mosaics()}


class Measurer:
    """Measures groups of photos.

    Metrics say what they need and ask for it; see :class:`~igcli.evaluation.context.Context`.

    Parameters
    ----------
    pass_budget
        For passes that are forward only; by default of what was measured, or suits the device.
    on_points
        Called with the gradients and passes as they are done.
    """

    def __init__(
        self,
        job: Job,
        evaluation_plan: EvaluationPlan,
        *,
        pass_budget: Budget | None = None,
        on_points: Callable[[int], None] | None = None,
    ) -> None:
        self.job, self.evaluation_plan, self._on_points = job, evaluation_plan, on_points
        self.pass_budget = pass_budget or Budget.of_passes(job.model)
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
        wanted = dict.fromkeys(photo.names)
        missing = {name: (metric, card.missing(name, metric, wanted)) for name, metric in metrics.items()}
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
            self._add_views(photo)

    def _add_views(self, photo: Photo) -> None:
        """Add the views of the maps that are there."""
        named = self.evaluation_plan.named(photo.bases)
        for name, (base, view) in named.items():
            if base in photo.maps and name not in photo.maps:
                photo.maps[name] = view_of(base, view, photo.maps[base], photo.picture.pixels)

    def _card(self, photo: Photo, explanation: Explanation) -> Card:
        score = self.job.score_of(explanation)
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
        if not methods:  # the class alone, which a folder as the baseline has nothing to do with
            wanted = replace(wanted, settings=replace(wanted.settings, baseline=Settings.baseline))
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
        named = {name: each for name, each in self.evaluation_plan.named(photo.bases).items() if name in names}
        bases = list(dict.fromkeys(base for base, _ in named.values()))
        own = self._maps_of(photo, pictures, bases, model=model)
        found: dict[str, list[MapLike] | Measured] = {}
        for name, (base, view) in named.items():
            if (maps := own.get(base)) is None:
                continue
            if not isinstance(maps, Measured):
                pairs = zip(maps, pictures, strict=True)
                maps = [view_of(base, view, values, picture.pixels) for values, picture in pairs]
            found[name] = maps
        return found

    def _maps_of(
        self, photo: Photo, pictures: Sequence[Picture], names: Sequence[str], *, model: Classifier | None
    ) -> dict[str, list[MapLike] | Measured]:
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

    def take(self, effort: Effort, refused: Iterable[Exclusion]) -> None:
        """Count what another measurer has done, and the boxes that it could not use."""
        self.effort.add(effort)
        self.refused_boxes += refused
        self._report(effort.gradients + effort.passes)

    def _report(self, count: int) -> None:
        if self._on_points is not None:
            self._on_points(count)
