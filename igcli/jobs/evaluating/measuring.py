"""A group of photos through all metrics: maps are made once, and only what no card has yet is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation
from igcli.attribution.scores import Score
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.countable import Located, left_out
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.left_out import Omission
from igcli.evaluation.maps import MapLike
from igcli.evaluation.measured import Measured
from igcli.evaluation.metrics import Completeness, CurveMetric, Localisation, MaxSensitivity, Randomisation
from igcli.evaluation.randomising import randomised
from igcli.evaluation.scoring import Subject, score_maps
from igcli.images.picture import Picture
from igcli.jobs.evaluating.card import Card
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.inquiry import Inquiry
from igcli.jobs.evaluating.photo import Photo
from igcli.jobs.job import Job
from igcli.jobs.record import image_entry
from igcli.models.classifier import Classifier


class Measurer:
    """Measures groups of photos; ``on_points`` hears of gradients and passes as they are taken."""

    def __init__(self, job: Job, inquiry: Inquiry, *, on_points: Callable[[int], None] | None = None) -> None:
        self._job, self._inquiry, self._on_points = job, inquiry, on_points
        self.effort = Effort()
        self.refused_boxes: list[Omission] = []
        self._randomised: dict[Randomisation, Classifier] = {}

    def measure(self, photos: Sequence[Photo]) -> None:
        """Fill the photos' maps and cards."""
        self.make_maps(photos)
        sound = [photo for photo in photos if photo.card is not None]
        self._measure_curves(sound)
        self._measure_completeness(sound)
        self._measure_sensitivity(sound)
        self._measure_localisation(sound)
        self._measure_randomisation(sound)

    def make_maps(self, photos: Sequence[Photo]) -> None:
        """The maps of all methods and controls that are not there yet, and cards for photos that have none."""
        asked = [p for p in photos if p.card is None or not set(self._inquiry.methods) <= set(p.maps)]
        methods = [name for name in self._inquiry.methods if any(name not in photo.maps for photo in asked)]
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
            seed = self._job.wanted.settings.seed
            photo.maps.update({name: CONTROLS[name](photo.picture.pixels, seed) for name in self._inquiry.controls})

    def _card(self, photo: Photo, explanation: Explanation) -> Card:
        against = explanation.score.against
        rival = None if against is None else self._job.model.labels.find(against)
        score = Score(explanation.score.kind, explanation.target.index, rival)
        image, target = image_entry(photo.picture), asdict(explanation.target)
        return Card(image, target, score, photo.fingerprint, self._inquiry.truth_digest)

    def _explain(
        self,
        pictures: Sequence[Picture],
        photos: Sequence[Photo],
        methods: Sequence[str],
        *,
        model: Classifier | None = None,
    ) -> list[object]:
        """One outcome a picture: the class on the photo's card, or the one asked for."""
        targets = [photo.card.target["index"] if photo.card else photo.target for photo in photos]
        wanted = replace(self._job.wanted, methods=tuple(methods))
        with self.effort.of_gradients():
            found = explain(
                model or self._job.model,
                pictures,
                wanted,
                targets=targets,
                budget=self._job.budget,
                on_points=self._taken,
            )
        return [outcomes[0] for outcomes in found]

    def _measure_curves(self, photos: Sequence[Photo]) -> None:
        """Those that replace pixels: one job list for all photos with the same gaps."""
        curves = self._inquiry.of_kind(CurveMetric)
        for photo in photos:
            card = _sound(photo)
            gaps = {name: set(card.missing(name, metric, photo.maps)) for name, metric in curves.items()}
            metrics = {name: curves[name] for name, missing in gaps.items() if missing}
            maps = {name: values for name, values in photo.maps.items() if any(name in gap for gap in gaps.values())}
            if not metrics:
                continue
            subject = Subject(photo.picture.pixels, card.score, maps)
            self.effort.sample(self._job.model, photo.picture.pixels, self._job.budget.size)
            with self.effort.of_passes():
                scores = score_maps(
                    self._job.model, [subject], metrics, budget=self._job.budget, on_passes=self._passed
                )
            for name, metric in metrics.items():
                card.note(name, metric, {each: values[name] for each, values in scores.measured[0].items()})

    def _measure_completeness(self, photos: Sequence[Photo]) -> None:
        for name, metric in self._inquiry.of_kind(Completeness).items():
            for photo in photos:
                card = _sound(photo)
                found = {each: metric.measure(card.completeness.get(each)) for each in photo.maps}
                card.note(name, metric, found)

    def _measure_sensitivity(self, photos: Sequence[Photo]) -> None:
        for name, metric in self._inquiry.of_kind(MaxSensitivity).items():
            for photo in photos:
                card = _sound(photo)
                missing = card.missing(name, metric, photo.maps)
                if not missing:
                    continue
                changed = metric.changed(photo.picture.pixels)
                maps = self._maps_of(photo, [replace(photo.picture, pixels=pixels) for pixels in changed], missing)
                card.note(
                    name, metric, {each: _if_found(found, metric, photo.maps[each]) for each, found in maps.items()}
                )

    def _measure_localisation(self, photos: Sequence[Photo]) -> None:
        for name, metric in self._inquiry.of_kind(Localisation).items():
            asked = [photo for photo in photos if _sound(photo).missing(name, metric, photo.maps)]
            located, places = [], []
            for photo in asked:
                area = self._locate(photo)
                if isinstance(area, Omission):
                    self._leave_out(photo, name, metric, area)
                else:
                    located.append(Located(photo.picture, area, _sound(photo).score))
                    places.append(photo)
            with self.effort.of_passes():
                why = left_out(
                    self._job.model, located, metric.conditions, budget=self._job.budget, on_passes=self._passed
                )
            for photo, each, omission in zip(places, located, why, strict=True):
                if omission is not None:
                    self._leave_out(photo, name, metric, omission)
                    continue
                values = {name: metric.measure(values, each.area.mask) for name, values in photo.maps.items()}
                _sound(photo).note(name, metric, values)

    def _measure_randomisation(self, photos: Sequence[Photo]) -> None:
        for name, metric in self._inquiry.of_kind(Randomisation).items():
            if metric not in self._randomised:
                self._randomised[metric] = randomised(self._job.model, seed=metric.seed, top=metric.top)
            for photo in photos:
                card = _sound(photo)
                missing = card.missing(name, metric, photo.maps)
                if not missing:
                    continue
                maps = self._maps_of(photo, [photo.picture], missing, model=self._randomised[metric])
                values = {
                    each: found if isinstance(found, Measured) else metric.measure(photo.maps[each], found[0])
                    for each, found in maps.items()
                }
                card.note(name, metric, values)

    def _maps_of(
        self, photo: Photo, pictures: Sequence[Picture], names: Sequence[str], *, model: Classifier | None = None
    ) -> dict[str, list[MapLike] | Measured]:
        """The named maps of pictures like the photo's, for the photo's class; or why there are none."""
        methods = [name for name in names if name in self._inquiry.methods]
        seed = self._job.wanted.settings.seed
        found: dict[str, list[MapLike] | Measured] = {
            name: [CONTROLS[name](picture.pixels, seed) for picture in pictures]
            for name in names
            if name in self._inquiry.controls
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

    def _locate(self, photo: Photo) -> Area | Omission:
        if self._inquiry.truth is None:
            raise ValueError("the inquiry was not checked: it has no ground truth")
        area = self._inquiry.truth.area(photo.picture, label=_sound(photo).target["label"])
        if isinstance(area, Area):
            self.refused_boxes += area.refused
        return area

    def _leave_out(self, photo: Photo, name: str, metric: Localisation, omission: Omission) -> None:
        reason = f"Left out: {omission.reason}."
        _sound(photo).note(name, metric, {each: Measured.missing(reason) for each in photo.maps})

    def _taken(self, count: int) -> None:
        self.effort.gradients += count
        self._tell(count)

    def _passed(self, count: int) -> None:
        self.effort.passes += count
        self._tell(count)

    def _tell(self, count: int) -> None:
        if self._on_points is not None:
            self._on_points(count)


def _sound(photo: Photo) -> Card:
    """The card of a photo that was not given up."""
    if photo.card is None:
        raise ValueError(f"{photo.name} has no card")
    return photo.card


def _if_found(found: list[MapLike] | Measured, metric: MaxSensitivity, own: MapLike) -> Measured:
    return found if isinstance(found, Measured) else metric.measure(own, found)
