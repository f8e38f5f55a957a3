"""Masks as ground truth: a picture for each photo, of its original size.

Which of its pixels show the object is said in ``mask_pixels``; they go through the photo's resize and crop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from igcli.errors import ImageError
from igcli.evaluation.exclusions import Exclusion, ambiguous, counted, resized, unseen
from igcli.evaluation.ground_truth.annotation import AnnotationError, named
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.mask_pixels import HALF, read_mask
from igcli.evaluation.ground_truth.names import Ambiguous, Match, pair
from igcli.images.finding import find_images
from igcli.images.fit import FITS
from igcli.images.options import ReadOptions, View
from igcli.images.picture import Picture, Placement
from igcli.images.source import Found
from igcli.lazy import np


@dataclass(frozen=True)
class Masks:
    """The masks found for some photos.

    Attributes
    ----------
    photos
        Each photo's mask, or the masks it could have; photos without one are missing.
    view
        The model's, by which the photos are read.
    notes
        What in the folder is not used.
    """

    source: Path
    photos: Mapping[Path, Path | Ambiguous]
    view: View
    options: ReadOptions
    notes: tuple[str, ...] = ()

    def area(self, picture: Picture, *, label: str | None = None) -> Area | Exclusion:
        """Where a picture's object is; a mask speaks of one object, whatever the ``label``.

        Returns
        -------
        Area or Exclusion
            An exclusion where there is no mask, or several; where it cannot be read, has another size than the photo,
            or is dark throughout; and where what it marks is not seen.
        """
        mask = self.photos.get(picture.path) if picture.path is not None else None
        if mask is None:
            sentence = f"{picture.name}: no picture in {self.source} has its name; save its mask under the same stem."
            return Exclusion(picture.name, "no mask for it", sentence)
        if isinstance(mask, Ambiguous):
            return ambiguous(picture, mask, self.source)
        try:
            pixels = read_mask(mask, self.options)
        except ImageError as error:
            return Exclusion(picture.name, "mask cannot be read", f"{picture.name}: {error}")
        if pixels.size != picture.original_size:
            return resized(picture, pixels.size, mask)
        if not pixels.object.any():
            sentence = (
                f"{picture.name}: in {mask} no pixel shows an object (the lightest is {pixels.lightest} of 255); "
                f"{_REMEDY}."
            )
            return Exclusion(picture.name, "empty mask", sentence)
        inside = _share_inside(pixels.object, picture.placement)
        crop = None if picture.source is None else picture.source.crop
        whole = pixels.image()
        part = whole if crop is None else whole.crop(crop.edges(whole.size))
        seen, _ = FITS[picture.placement.fit](part, self.view)
        shown = np.asarray(seen) > HALF
        return Area(shown, inside) if shown.any() else unseen(picture, inside)


_REMEDY = "draw the object white on black"


def read_masks(
    source: Path, *, photos: Sequence[Path], view: View | None = None, options: ReadOptions | None = None
) -> Masks:
    """Find the masks in a folder and its sub-folders, which may mirror those of the photos; none is read yet.

    Parameters
    ----------
    photos
        All photos that are to be evaluated, by the paths that their pictures will have. Which mask belongs to which
        is said in :func:`~igcli.evaluation.ground_truth.names.pair`; endings may differ.
    view, options
        As the photos are read.

    Raises
    ------
    AnnotationError
        For a folder that is missing or has no pictures in it.
    """
    if not source.is_dir():
        raise AnnotationError(f"{source} is no folder; give the folder that holds the masks.")
    found = find_images([str(source)], recursive=True)
    for item in found:
        if not isinstance(item, Found):
            raise AnnotationError(item.reason)
    masks = [item for item in found if isinstance(item, Found)]
    paired = pair(photos, [named(item.relative.as_posix()) for item in masks])
    chosen = {photo: at if isinstance(at, Ambiguous) else masks[at.entry].path for photo, at in paired.items()}
    unused = len(masks) - sum(isinstance(mask, Path) for mask in chosen.values())
    by_name = sum(isinstance(at, Match) and at.by_name for at in paired.values())
    notes = [f"{unused} of the {counted(len(masks), 'mask')} in {source} not used"] if unused else []
    if by_name:
        notes.append(f"{counted(by_name, 'photo')} found by file name alone: {source} has them in other folders")
    return Masks(source, chosen, view or View(), options or ReadOptions(), tuple(notes))


def _share_inside(light: np.ndarray, placement: Placement) -> float:
    """The share of the light pixels (h, w) of the original whose centres lie in the crop."""
    left, top, right, bottom = placement.box
    rows, columns = (np.arange(side) + 0.5 for side in light.shape)
    within = light[(rows >= top) & (rows < bottom)][:, (columns >= left) & (columns < right)]
    return float(within.sum() / light.sum())
