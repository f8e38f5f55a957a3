"""An evaluation from photos to tables: what is on cards and in kept maps already is not computed again.

In the output folder: ``photos/<stem>.json`` is the card of a photo, ``maps/<stem>.npz`` its maps, ``mosaics/`` the same
for the mosaics of the focus metric. After an interruption all files are whole; the same command, also with more metrics
or methods, resumes there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from igcli.errors import ImageError
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.mosaics import Mosaic, MosaicPlan, listing, read_mosaics
from igcli.images.source import Found
from igcli.jobs.evaluating.card import Card, Photo, load_card
from igcli.jobs.evaluating.clusters import cluster_of
from igcli.jobs.evaluating.maps import digest_of, load_maps, save_maps
from igcli.jobs.evaluating.measuring import EvaluationPlan, Measurer
from igcli.jobs.evaluating.table import Column
from igcli.jobs.files import inside, write_whole
from igcli.jobs.item import Item, file_stamp, owner_of, photo_sha256
from igcli.jobs.outputs.record import to_json
from igcli.jobs.pipeline import group_size
from igcli.jobs.plan import Job
from igcli.jobs.shared_files import SharedFiles
from igcli.lazy import np
from igcli.partial_files import remove_partials


@dataclass(frozen=True)
class Step:
    """One photo or mosaic that is done: measured now, known from an earlier run, or failed for this reason."""

    name: str
    known: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Checking:
    """What is taken from earlier runs, and what must not change during this one.

    Attributes
    ----------
    fresh
        Take nothing: begin again.
    verify
        Take only what was made of the same bytes; size and time of a file are compared anyway.
    shared
        Files that all photos share.
    """

    fresh: bool = False
    verify: bool = False
    shared: SharedFiles | None = None


class Evaluation:
    """The photos and mosaics of one evaluation.

    Parameters
    ----------
    items, plans
        What to measure.
    """

    def __init__(
        self,
        job: Job,
        evaluation_plan: EvaluationPlan,
        measurer: Measurer,
        *,
        items: Sequence[Item],
        plans: Sequence[MosaicPlan],
    ) -> None:
        self._job, self._plan, self._measurer = job, evaluation_plan, measurer
        self._items, self._mosaic_plans = items, plans
        self._shared: SharedFiles | None = None
        settings = {name: value for name, value in job.plan.settings.items() if name != "methods"}
        self._settings = hashlib.sha256(to_json(settings).encode()).hexdigest()
        size = (job.classifier.view.height, job.classifier.view.width)
        self.columns = [
            Column(
                name,
                metric,
                metric.protocol(size=size, score=job.plan.wanted.settings.score),
                evaluation_plan.measured_controls,
            )
            for name, metric in evaluation_plan.metrics.items()
        ]

    def steps(self, checking: Checking | None = None) -> Iterator[Step]:
        """Measure what ``checking`` does not take as known.

        Raises
        ------
        OutputError
            When a file cannot be written.
        OutOfMemory
            When a single picture does not fit into the device's memory.
        """
        self.begin()
        yield from self.measure(checking or Checking())

    def begin(self) -> None:
        """Remove what an interruption left half written, and list the mosaics; before anything is measured."""
        folders = {Path(kind) / item.stem.parent for kind in ("photos", "maps") for item in self._items}
        for folder in folders | {Path("mosaics")}:
            remove_partials(self._job.plan.output / folder)
        if self._on_mosaics:
            table = listing(self._mosaic_plans).encode("utf-8", "replace")
            write_whole(self._job.plan.output / "mosaics" / "mosaics.csv", table)

    def measure(self, checking: Checking) -> Iterator[Step]:
        """As :meth:`steps`, after :meth:`begin`: the photos in order, then the mosaics."""
        self._shared = checking.shared
        if self._on_photos:
            group = group_size(self._job)
            for start in range(0, len(self._items), group):
                yield from self._photos(self._items[start : start + group], checking)
        for column in self._on_mosaics:
            for plan in self._mosaic_plans:
                yield self._mosaic(plan, column, checking)

    @property
    def all_items(self) -> list[Item]:
        """The photos, then the mosaics as items, which are numbered after them."""
        names = [Path(plan.name) for plan in self._mosaic_plans]
        mosaics = [Item(n, Found(name, name), name) for n, name in enumerate(names, len(self._items))]
        return [*self._items, *mosaics]

    def lacks(self, item: Item, checking: Checking) -> bool:
        """Whether one of :attr:`all_items` must be measured, or its card be checked."""
        if item.number >= len(self._items):
            plan = self._mosaic_plans[item.number - len(self._items)]
            photos = [self._unread_mosaic(plan, column, checking) for column in self._on_mosaics]
            return checking.verify or not all(photo.complete for photo in photos)
        try:
            return not self._unread(item, checking).complete
        except ImageError:
            return True  # whoever measures it says why

    def join(self, item: Item) -> bool:
        """Add what is on the card of one of :attr:`all_items` to the columns; false if it is not all there."""
        if item.number >= len(self._items):
            plan = self._mosaic_plans[item.number - len(self._items)]
            found = [(self._unread_mosaic(plan, column, Checking()), column) for column in self._on_mosaics]
            if not all(photo.complete for photo, _ in found):
                return False
            for photo, column in found:
                self._known_mosaic(photo, plan, column)
            return True
        try:
            photo = self._unread(item, Checking())
        except ImageError:
            return False
        if photo.complete and photo.card is not None:
            self._add(item, photo.card, photo.names)
        return photo.complete

    @property
    def _on_photos(self) -> list[Column]:
        return [column for column in self.columns if not column.metric.is_on_mosaics()]

    @property
    def _on_mosaics(self) -> list[Column]:
        return [column for column in self.columns if column.metric.is_on_mosaics()]

    def _photos(self, items: Sequence[Item], checking: Checking) -> Iterator[Step]:
        prepared = [self._prepared(item, checking) for item in items]
        asked = [photo for photo in prepared if isinstance(photo, Photo) and not photo.complete]
        self._measurer.measure(asked)
        for item, photo in zip(items, prepared, strict=True):
            path = str(item.found.path)
            if isinstance(photo, str) or photo.card is None:
                yield Step(path, failure=photo if isinstance(photo, str) else photo.failure)
                continue
            if not photo.complete:
                self._keep(photo, "photos", "maps")
            self._add(item, photo.card, photo.names)
            yield Step(path, known=photo.complete)

    def _add(self, item: Item, card: Card, names: Sequence[str]) -> None:
        cluster = cluster_of(item.found, self._plan.cluster) if self._plan.cluster else None
        for column in self._on_photos:
            column.add(card, names, cluster=cluster)

    def _prepared(self, item: Item, checking: Checking) -> Photo | str:
        """A photo with all that is known of it, read only if something is missing; or why it cannot be read."""
        try:
            photo = self._unread(item, checking)
            if not photo.complete:
                photo.set_picture(self._job.picture(item.found))
        except ImageError as error:
            return str(error)
        if photo.card is not None and not photo.complete:
            kept = load_maps(self._path("maps", item.stem, "npz"))
            photo.maps.update({name: kept[name] for name in self._plan.methods if name in kept})
        return photo

    def _unread(self, item: Item, checking: Checking) -> Photo:
        """A photo with its card, and another tool's maps of it; raises ``ImageError`` where these cannot be read."""
        others = {} if self._plan.others is None else self._plan.others.of(item.found.relative)
        mark = self._mark(owner_of(item.found), file_stamp(item.found), digest_of(others))
        card = None if checking.fresh else self._known("photos", item.stem, mark)
        if card is not None and checking.verify and card.image.get("sha256") != photo_sha256(item.found):
            card = None
        bases = [*self._plan.methods, *others, *self._plan.controls]
        names = list(self._plan.named(bases))
        wanted = dict.fromkeys(names)
        known = card is not None and not any(card.missing(c.name, c.metric, wanted) for c in self._on_photos)
        photo = Photo(item.stem.as_posix(), item.found.target, mark, bases, names, card=card, complete=known)
        photo.maps.update(others)
        return photo

    def _mark(self, *parts: object) -> str:
        """A hash of all that a photo's maps depend on: the settings and these parts."""
        return hashlib.sha256(repr((self._settings, *parts)).encode("utf-8", "replace")).hexdigest()

    def _known(self, folder: str, stem: Path, mark: str) -> Card | None:
        return load_card(self._path(folder, stem, "json"), fingerprint=mark, given_digest=self._plan.given_digest)

    def _unread_mosaic(self, plan: MosaicPlan, column: Column, checking: Checking) -> Photo:
        """A mosaic with its card."""
        bases = [*self._plan.methods, *self._plan.controls]
        names = list(self._plan.named(bases))
        stem, tile = Path(plan.name).with_suffix(""), _tile(column)
        sources = [file_stamp(Found(each.photo, each.photo)) for each in plan.tiles]
        mark = self._mark(plan, sources, *([tile] if tile else []))
        card = None if checking.fresh else self._known("mosaics", stem, mark)
        known = card is not None and not card.missing(column.name, column.metric, dict.fromkeys(names))
        return Photo(stem.as_posix(), plan.target, mark, bases, names, card=card, complete=known)

    def _mosaic(self, plan: MosaicPlan, column: Column, checking: Checking) -> Step:
        photo = self._unread_mosaic(plan, column, checking)
        if photo.complete and not checking.verify:
            return self._known_mosaic(photo, plan, column)
        view, fit = self._job.classifier.view, self._job.plan.fit
        reading = self._job.plan.reading
        (mosaic,) = read_mosaics([plan], view, tile=_tile(column) or None, fit=fit or view.fit, options=reading)
        if isinstance(mosaic, Exclusion):
            return Step(plan.name, failure=mosaic.sentence)
        if photo.card is not None and photo.card.image.get("sha256") != mosaic.picture.sha256:
            photo = replace(photo, card=None, complete=False)  # of other photos under the same names
        if photo.complete:
            return self._known_mosaic(photo, plan, column)
        return self._measure_mosaic(photo, mosaic, column)

    def _known_mosaic(self, photo: Photo, plan: MosaicPlan, column: Column) -> Step:
        if photo.card is not None:
            column.add(photo.card, photo.names)
        return Step(plan.name, known=True)

    def _measure_mosaic(self, photo: Photo, mosaic: Mosaic, column: Column) -> Step:
        photo.set_picture(mosaic.picture)
        self._measurer.measure_mosaic(photo, column.name, column.metric, mosaic.area)
        if photo.card is None:
            return Step(mosaic.plan.name, failure=photo.failure)
        write_whole(self._path("mosaics", Path(photo.name), "png"), mosaic.png())
        self._keep(photo, "mosaics", "")
        column.add(photo.card, photo.names)
        return Step(mosaic.plan.name)

    def _keep(self, photo: Photo, cards: str, maps: str) -> None:
        """Write the maps, then the card, which says that they are there."""
        if self._shared is not None:
            self._shared.check()
        if maps and self._plan.methods:
            own = {name: np.asarray(photo.maps[name], np.float32) for name in self._plan.methods}
            path = self._path(maps, Path(photo.name), "npz")
            save_maps(path, {**load_maps(path), **own} if photo.resumed else own)
        if photo.card is not None:
            photo.card.save(self._path(cards, Path(photo.name), "json"))

    def _path(self, folder: str, stem: Path, ending: str) -> Path:
        output = self._job.plan.output
        return inside(output, output / folder / stem.parent / f"{stem.name}.{ending}")


def _tile(column: Column) -> int:
    """The side of a mosaic's tiles in pixels; 0 for half the input's."""
    return int(getattr(column.metric, "tile", 0))
