"""What metrics can ask for about one photo; and the call of a metric, whose errors become reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from igcli.attribution.completeness import Completeness
from igcli.attribution.scores import Score
from igcli.errors import IgError, UsageError, first_line
from igcli.evaluation.context import NEEDS, Context
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.area import Area, GroundTruth
from igcli.evaluation.ground_truth.conditions import Conditions, Located, excluded
from igcli.evaluation.maps import MapLike
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.metric import Measured, Metric
from igcli.evaluation.perturbation import score_pictures
from igcli.evaluation.scoring import Subject, score_maps
from igcli.jobs.evaluating.card import Card
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from igcli.jobs.evaluating.card import Photo
    from igcli.jobs.evaluating.measuring import Measurer

_NOT_FINITE = "The network's numbers are not finite for a changed photo."


@dataclass
class PhotoContext:
    """What metrics can ask for about one photo: see :class:`~igcli.evaluation.context.Context`.

    Attributes
    ----------
    asked
        Metric to the maps that have no number by it yet.
    located
        Where the object is, if that is known already: on a mosaic.
    """

    measurer: Measurer
    photo: Photo
    card: Card
    asked: Mapping[str, tuple[Metric, Sequence[str]]]
    located: Area | Exclusion | None = None
    _replaced: dict[str, dict[str, Measured]] | None = field(default=None, init=False)

    @property
    def pixels(self) -> torch.Tensor:
        """The photo (3, H, W) in [0, 1], as the model sees it."""
        return self.photo.picture.pixels

    @property
    def score(self) -> Score:
        """The score that is explained."""
        return self.card.score

    @property
    def maps(self) -> Mapping[str, MapLike]:
        """All maps of the photo, by name."""
        return self.photo.maps

    def completeness(self, name: str) -> Completeness | None:
        """The completeness of a method's map; ``None`` where it promises none."""
        return self.card.completeness.get(name)

    def scores(self, pictures: Sequence[torch.Tensor]) -> np.ndarray:
        """The score of each picture, by forward passes, which are counted."""
        job = self.measurer.job
        with self.measurer.effort.of_passes():
            _, found = score_pictures(
                job.classifier, pictures, [self.score] * len(pictures), budget=self.measurer.pass_budget
            )
        self.measurer.count_passes(len(pictures))
        return found

    def replaced(self, metric: CurveMetric) -> Mapping[str, Measured]:
        """The numbers of a metric that replaces pixels; all such metrics and maps share their forward passes."""
        if self._replaced is None:
            self._replaced = self._score_replaced()
        return next(self._replaced[name] for name, (each, _) in self.asked.items() if each is metric)

    def area(self) -> Area | Exclusion:
        """The object's area by the boxes or masks; read once, so that errors in them are counted once."""
        if self.located is None:
            truth: GroundTruth | None = self.measurer.evaluation_plan.given.get("mask")
            if truth is None:
                need = NEEDS["mask"]
                raise UsageError(f"A metric needs {need.summary}: give {need.option}.")
            self.located = truth.area(self.photo.picture, label=self.card.target["label"])
            if isinstance(self.located, Area):
                self.measurer.refused_boxes += self.located.refused
        return self.located

    def excluded(self, area: Area, conditions: Conditions) -> Exclusion | None:
        """Why the area cannot be used, if so; takes two forward passes where the area alone does not decide."""
        job, located = self.measurer.job, Located(self.photo.picture, area, self.score)
        with self.measurer.effort.of_passes():
            (why,) = excluded(
                job.classifier,
                [located],
                conditions,
                budget=self.measurer.pass_budget,
                on_passes=self.measurer.count_passes,
            )
        return why

    def remade(self, names: Sequence[str], pictures: Sequence[torch.Tensor]) -> Mapping[str, list[MapLike] | Measured]:
        """The named maps of other pictures, for the photo's class; their gradients are counted."""
        like = [replace(self.photo.picture, pixels=pixels) for pixels in pictures]
        return self.measurer.maps_of(self.photo, like, names)

    def randomised(self, names: Sequence[str], *, seed: int, top: int) -> Mapping[str, list[MapLike] | Measured]:
        """The named maps of the photo by a network with random weights, which is made once."""
        model = self.measurer.randomised(seed=seed, top=top)
        return self.measurer.maps_of(self.photo, [self.photo.picture], names, model=model)

    def _score_replaced(self) -> dict[str, dict[str, Measured]]:
        metrics = {
            name: metric
            for name, (metric, _) in self.asked.items()
            if "replaced" in metric.needs and isinstance(metric, CurveMetric)
        }
        lacking = {each for name in metrics for each in self.asked[name][1]}
        maps = {name: values for name, values in self.maps.items() if name in lacking}
        job, effort = self.measurer.job, self.measurer.effort
        budget = self.measurer.pass_budget
        effort.sample(job.classifier, self.pixels, budget.size)
        subject = Subject(self.pixels, self.score, maps)
        with effort.of_passes():
            passes = self.measurer.count_passes
            scores = score_maps(job.classifier, [subject], metrics, budget=budget, on_passes=passes)
        by_map = scores.measured[0]
        return {name: {each: values[name] for each, values in by_map.items()} for name in metrics}


def measured_by(metric: Metric, context: Context, names: Sequence[str]) -> dict[str, Measured]:
    """For each named map a number, or the reason why there is none; errors of plug-in metrics are reasons."""
    try:
        found = metric.measured(context, names)
    except IgError:
        raise
    except Exception as error:
        if f"{type(metric).__module__}.".startswith("igcli."):
            raise
        said = f" ({first_line(error)})" if first_line(error) else ""
        return dict.fromkeys(names, Measured.missing(f"The metric raised {type(error).__name__}{said}."))
    return {**found, **{name: _whole(found.get(name)) for name in names}}


def _whole(found: Measured | None) -> Measured:
    if not isinstance(found, Measured):
        return Measured.missing("The metric gave no number for this map.")
    if np.isnan(found.value) and not found.reason:
        return Measured.missing("The metric's number is not a number.")
    return found
