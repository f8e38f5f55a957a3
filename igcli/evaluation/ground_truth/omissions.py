"""Why a photo has no area: the reasons that boxes and masks share, each with its sentence."""

from __future__ import annotations

from pathlib import Path

from igcli.evaluation.ground_truth.names import Ambiguous
from igcli.evaluation.left_out import Omission
from igcli.images.picture import Picture


def ambiguous(picture: Picture, found: Ambiguous, source: Path) -> Omission:
    """Names do not tell what belongs to it."""
    if found.photos:
        which = f"what {source} says could also be meant for {_some(found.others)}"
    else:
        which = f"several entries in {source} could be its own: {_some(found.others)}"
    sentence = f"{picture.name}: {which}; tell them apart by their folders."
    return Omission(picture.name, "ambiguous name", sentence)


def resized(picture: Picture, size: tuple[int, int], source: Path) -> Omission:
    """Its boxes or its mask were drawn on a photo of another ``size`` (width, height)."""
    width, height = picture.original_size
    turned = size == (height, width) and "rotated by EXIF" in picture.notes
    remedy = (
        "they were drawn before its EXIF rotation: draw them on the upright photo, or use --no-exif-rotate"
        if turned
        else "draw them on this very photo"
    )
    sentence = (
        f"{picture.name} is {width} x {height} pixels, but {source} speaks of {size[0]} x {size[1]} for it; {remedy}."
    )
    return Omission(picture.name, "drawn at another size", sentence)


def unseen(picture: Picture, inside: float) -> Omission:
    """No pixel of the model's shows the object, of which a share ``inside`` lies in the crop."""
    if inside > 0:
        sentence = f"{picture.name}: its object is smaller than a pixel of what the model sees; use a larger input."
        return Omission(picture.name, "object smaller than a pixel", sentence)
    sentence = f"{picture.name}: its object lies outside the part that the model sees; try --fit pad."
    return Omission(picture.name, "object outside the crop", sentence)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
