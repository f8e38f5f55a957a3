"""Mosaics for the focus metric: two photos of a class and two of others, so that labels alone are ground truth.

A 2 x 2 grid, two quadrants of the target class and two of other classes, shuffled (Arias-Duart et al. 2021, arXiv
2109.15035). Here they are planned and put together; the share of the map on the target's quadrants is a metric.

The authors' tiles have the size of the network's input, and their mosaics therefore twice its sides, which only
networks without a fixed input size take. By default a tile has half the input's sides instead, and shows what the
model would see of the photo: it is read at that size at once, not shrunk a second time.
"""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from igcli.errors import ImageError, UsageError
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.photo_classes import PhotoClasses
from igcli.images.extent import extent_of, sides
from igcli.images.options import ReadOptions, View
from igcli.images.picture import Picture, Placement
from igcli.images.reading import read_image
from igcli.lazy import np, torch
from igcli.models.labels import Labels
from igcli.tables import csv_text

T = TypeVar("T")

QUADRANTS = ("top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True)
class Tile:
    """A photo in a mosaic, and the index of its class."""

    photo: Path
    target: int


@dataclass(frozen=True)
class MosaicPlan:
    """One mosaic before its photos are read.

    Attributes
    ----------
    name
        Of the mosaic's file: ``mosaic-0001.png``. The same sources, seed and number give the same mosaic.
    target, label
        The class to explain, two of whose photos are in it.
    tiles
        In the order of ``QUADRANTS``.
    """

    name: str
    target: int
    label: str
    tiles: tuple[Tile, Tile, Tile, Tile]

    @property
    def own(self) -> tuple[bool, ...]:
        """Which of the four show the target class."""
        return tuple(tile.target == self.target for tile in self.tiles)


@dataclass(frozen=True)
class Mosaic:
    """A picture of four photos, and which of its pixels show the target class.

    The picture's ``path`` is the plan's name, under which there is no file; its ``sha256`` is of the four files' ones,
    so that it changes with them.
    """

    plan: MosaicPlan
    picture: Picture
    area: Area

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file, without loss."""
        file = io.BytesIO()
        self.picture.image().save(file, "PNG")
        return file.getvalue()


def plan_mosaics(classes: PhotoClasses, labels: Labels, *, count: int, seed: int = 0) -> list[MosaicPlan]:
    """Choose classes and photos for ``count`` mosaics.

    Every class with two photos is the target in turn, in shuffled order; a class's photos, and the other classes, are
    used in shuffled order until all were used, then shuffled again. A larger ``count`` begins with the same mosaics.

    Raises
    ------
    UsageError
        For a count below one, fewer than two classes, or none with two photos.
    """
    targets = [target for target, photos in classes.photos.items() if len(photos) > 1]
    if count < 1:
        raise UsageError(f"{count} mosaics were asked for; ask for at least one.")
    if len(classes.photos) < 2 or not targets:
        raise UsageError(_too_few(classes, labels))
    rng = random.Random(seed)  # noqa: S311 - nothing here is secret
    turn = _Shuffled(targets, rng)
    others = {target: _Shuffled([other for other in classes.photos if other != target], rng) for target in targets}
    photos = {target: _Shuffled(own, rng) for target, own in classes.photos.items()}
    plans = []
    for number in range(1, count + 1):
        (target,) = turn.draw(1)
        tiles = [Tile(photo, target) for photo in photos[target].draw(2)]
        companions = others[target].draw(2)
        foreign = [Tile(photo, other) for other in companions for photo in photos[other].draw(3 - len(companions))]
        tiles += foreign if len(foreign) == 2 else foreign * 2  # of two classes, one may have a single photo
        first, second, third, fourth = _shuffled(tiles, rng)
        plans.append(MosaicPlan(f"mosaic-{number:04d}.png", target, labels[target], (first, second, third, fourth)))
    return plans


def read_mosaics(
    plans: Sequence[MosaicPlan],
    view: View,
    *,
    tile: int | None = None,
    fit: str = "crop",
    options: ReadOptions | None = None,
) -> Iterator[Mosaic | Exclusion]:
    """Put the mosaics together one at a time; one of whose photos cannot be read is an exclusion in its place.

    Parameters
    ----------
    view
        The model's. Its ratio of crop to resize is kept in the tiles.
    tile
        A tile's shorter side in pixels: half of the view's by default (of an odd side, the right and lower tiles lose
        a row); that of the view for mosaics as the authors made them, of twice its sides.
    fit, options
        As for any photo.

    Raises
    ------
    UsageError
        For a tile under one pixel.
    """
    if tile is not None and tile < 1:
        raise UsageError(f"The mosaics' tiles are {tile} pixels wide; give a number from 1 upwards.")
    size = mosaic_size((view.width, view.height), tile or 0)
    half = ((size[0] + 1) // 2, (size[1] + 1) // 2)
    shrunk = [max(1, round(r * h / v)) for r, h, v in zip(sides(view.resize), half, sides(view.size), strict=True)]
    # of a rectangle, too, a single number is the photo's shorter side
    resize = min(shrunk) if isinstance(view.resize, int) else extent_of(shrunk)
    small = replace(view, size=half, resize=resize)
    for plan in plans:
        yield _read(plan, small, size=size, fit=fit, options=options)


def mosaic_size(size: tuple[int, int], tile: int) -> tuple[int, int]:
    """A mosaic's width and height, for an input of ``size`` and tiles with a shorter side of ``tile`` pixels, or 0."""
    if not tile:
        return size
    width, height = (2 * max(1, round(tile * side / min(size))) for side in size)
    return width, height


def listing(plans: Sequence[MosaicPlan]) -> str:
    """The plans as CSV: name, target's index and label, and the four photos, the target's own ones marked by ``*``."""
    return csv_text(["mosaic", "target", "label", *QUADRANTS], map(_row, plans))


def _row(plan: MosaicPlan) -> list[object]:
    photos = [f"{'*' if own else ''}{tile.photo}" for tile, own in zip(plan.tiles, plan.own, strict=True)]
    return [plan.name, plan.target, plan.label, *photos]


def _read(
    plan: MosaicPlan, view: View, *, size: tuple[int, int], fit: str, options: ReadOptions | None
) -> Mosaic | Exclusion:
    try:
        pictures = [read_image(tile.photo, view=view, fit=fit, options=options) for tile in plan.tiles]
    except ImageError as error:
        return Exclusion(plan.name, "photo cannot be read", f"{plan.name}: {error}")
    return _joined(plan, pictures, size=size)


def _joined(plan: MosaicPlan, pictures: Sequence[Picture], *, size: tuple[int, int]) -> Mosaic:
    """The four in their quadrants, and the target's quadrants as an area."""
    first, second, third, fourth = (picture.pixels for picture in pictures)
    grid = torch.cat([torch.cat([first, second], dim=2), torch.cat([third, fourth], dim=2)], dim=1)
    width, height = size
    mask = np.repeat(np.repeat(np.array(plan.own).reshape(2, 2), first.shape[-2], axis=0), first.shape[-1], axis=1)
    notes = [note for picture in pictures for note in picture.notes]
    picture = Picture(
        pixels=grid[:, :height, :width].contiguous(),
        path=Path(plan.name),
        sha256=hashlib.sha256("".join(str(picture.sha256) for picture in pictures).encode()).hexdigest(),
        original_size=size,
        placement=Placement("squash", (0.0, 0.0, float(width), float(height))),
        notes=("mosaic of four photos", *dict.fromkeys(notes)),
    )
    return Mosaic(plan, picture, Area(mask[:height, :width]))


def _too_few(classes: PhotoClasses, labels: Labels) -> str:
    names = ", ".join(labels[target] for target in list(classes.photos)[:3])
    found = f"only photos of {names} were found" if names else "no photos of the model's classes were found"
    why = f" ({classes.excluded[0].sentence})" if classes.excluded else ""
    return f"Mosaics need two classes, one of them with two photos: {found}{why}. Add sub-folders of further classes."


class _Shuffled(Generic[T]):
    """Items in shuffled order, each once before any comes again."""

    def __init__(self, items: Sequence[T], rng: random.Random) -> None:
        self._items, self._rng = items, rng
        self._left: list[T] = []

    def draw(self, number: int) -> list[T]:
        """``number`` different items, or as many as there are."""
        drawn: list[T] = []
        while len(drawn) < min(number, len(self._items)):
            if not self._left:
                self._left = _shuffled(self._items, self._rng)
            item = next(item for item in self._left if item not in drawn)
            self._left.remove(item)
            drawn.append(item)
        return drawn


def _shuffled(items: Sequence[T], rng: random.Random) -> list[T]:
    """By ``random()`` alone, whose numbers stay the same in every version of Python."""
    return sorted(items, key=lambda _: rng.random())
