"""Boxes as ground truth: a file in Pascal VOC XML, COCO JSON or CSV, and which of its boxes belong to a photo.

Edges are pixels of the upright original, as ``read_image`` makes it: after the photo's EXIF rotation, unless that is
switched off. Boxes that were drawn on the photo as it lies in the file are recognised by the size that goes with
them, where the file gives it, and refused. Each format has its module; geometry is in ``placing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from igcli.evaluation.exclusions import Exclusion, ambiguous, counted, resized, unseen
from igcli.evaluation.ground_truth.annotation import Annotated, AnnotationError, Box
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.coco import read_coco
from igcli.evaluation.ground_truth.names import Ambiguous, pair
from igcli.evaluation.ground_truth.placing import boxes_mask, clipped, share_inside
from igcli.evaluation.ground_truth.table import read_table
from igcli.evaluation.ground_truth.voc import read_voc
from igcli.images.picture import Picture
from igcli.models.labels import plain_label


@dataclass(frozen=True)
class Boxes:
    """The boxes of the photos that they were read for.

    Attributes
    ----------
    photos
        The entry of each photo, or the entries it could have; photos without one are missing.
    notes
        What in the file is not used.
    """

    source: Path
    photos: Mapping[Path, Annotated | Ambiguous]
    notes: tuple[str, ...] = ()

    def area(self, picture: Picture, *, label: str | None = None) -> Area | Exclusion:
        """Where a picture's object is.

        When any of the photo's boxes is called as the class that is explained, in whatever case and with spaces or
        underscores, only such boxes are used; otherwise all are. Boxes reaching beyond the photo are cut at its edge,
        those outside it, or without an area, are refused.

        Returns
        -------
        Area or Exclusion
            An exclusion where the file has no entry for the photo, or an ambiguous one; where it has no object, no
            usable box, or none inside the crop.
        """
        said = self.photos.get(picture.path) if picture.path is not None else None
        if isinstance(said, Ambiguous):
            return ambiguous(picture, said, self.source)
        if said is None or not said.boxes:
            return self._without(picture, said)
        if said.size is not None and said.size != picture.original_size:
            return resized(picture, said.size, self.source)
        called, notes = _called(said.boxes, label)
        boxes, refused, cut = _possible(called, picture)
        if not boxes:
            why = f"{picture.name}: none of its boxes can be used. {refused[0].sentence}"
            return Exclusion(picture.name, "no usable box", why)
        mask = boxes_mask(boxes, picture.placement, shape=(picture.pixels.shape[-2], picture.pixels.shape[-1]))
        inside = share_inside(boxes, picture.placement.box)
        if not mask.any():
            return unseen(picture, inside)
        if cut:
            notes = (*notes, f"{counted(cut, 'box')} cut at the photo's edge")
        return Area(mask, inside, notes, refused)

    def _without(self, picture: Picture, said: Annotated | None) -> Exclusion:
        if said is None:
            sentence = f"{picture.name}: nothing in {self.source} belongs to it; check the names there."
            return Exclusion(picture.name, "no boxes for it", sentence)
        sentence = f"{picture.name}: {self.source} has no object in it; draw a box to have it count."
        return Exclusion(picture.name, "no object in it", sentence)


def read_boxes(source: Path, *, photos: Sequence[Path]) -> Boxes:
    """Read a file of boxes.

    Parameters
    ----------
    source
        A folder with Pascal VOC XML files, at any depth, or a single one; COCO JSON; or CSV.
    photos
        All photos that are to be evaluated, by the paths that their pictures will have. Which box belongs to which is
        said in :func:`~igcli.evaluation.ground_truth.names.pair`.

    Raises
    ------
    AnnotationError
        For a file that cannot be understood; it names the line.
    """
    annotated, strays = _read(source)
    paired = pair(photos, [each.photo for each in annotated])
    found = {photo: at if isinstance(at, Ambiguous) else annotated[at.entry] for photo, at in paired.items()}
    matches = [at for at in paired.values() if not isinstance(at, Ambiguous)]
    notes = []
    if strays:
        notes.append(f"{counted(strays, 'annotation')} of images that {source} does not list")
    if len(matches) < len(annotated):
        unused = len(annotated) - len(matches)
        notes.append(f"{unused} of the {counted(len(annotated), 'photo')} in {source} not used")
    if by_name := sum(match.by_name for match in matches):
        notes.append(f"{counted(by_name, 'photo')} found by file name alone: {source} has them in other folders")
    return Boxes(source, found, tuple(notes))


def _read(source: Path) -> tuple[list[Annotated], int]:
    """What is said about photos, each once, and how many annotations belong to none."""
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.suffix.lower() == ".xml" and file.is_file())
        if not files:
            raise AnnotationError(f"{source} has no .xml files in it; name the folder of the annotations.")
        return [read_voc(file, folder=source) for file in files], 0
    ending = source.suffix.lower()
    if ending == ".xml":
        return [read_voc(source)], 0
    if ending == ".json":
        return read_coco(source)
    if ending == ".csv":
        return read_table(source), 0
    if not source.exists():
        raise AnnotationError(f"{source} does not exist; check the spelling and the folder.")
    raise AnnotationError(
        f"{source} is no file of boxes by its ending; give a folder of .xml, or a .json or .csv file."
    )


def _called(boxes: tuple[Box, ...], label: str | None) -> tuple[tuple[Box, ...], tuple[str, ...]]:
    """The boxes of the class that is explained, if any is called so, else all; and what was done."""
    own = tuple(box for box in boxes if label and box.label and plain_label(box.label) == plain_label(label))
    if own and len(own) < len(boxes):
        return own, (f"{len(own)} of {counted(len(boxes), 'box')}, those called {label!r}",)
    if label and not own and any(box.label for box in boxes):
        return boxes, (f"none of the boxes is called {label!r}: all of them used",)
    return boxes, ()


def _possible(boxes: tuple[Box, ...], picture: Picture) -> tuple[list[Box], tuple[Exclusion, ...], int]:
    """The boxes cut at the photo's edges, those refused, and how many were cut by more than rounding."""
    width, height = picture.original_size
    kept, refused, cut = [], [], 0
    for box in boxes:
        flaw = box.flaw()
        part = clipped(box, (0.0, 0.0, float(width), float(height))) if flaw is None else None
        if part is not None:
            kept.append(part)
            # A pixel more is the difference between formats that count from 0 and from 1.
            cut += max(-box.left, -box.top, box.right - width, box.bottom - height) > 1
        else:
            outside = f"{box.source}: the box lies outside the photo, which is {width} x {height} pixels; correct it."
            refused.append(flaw or Exclusion(box.source, "box outside the photo", outside))
    return kept, tuple(refused), cut
