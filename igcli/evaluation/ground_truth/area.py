"""The Area: which of the pixels that the model sees show the object. Metrics know nothing else of boxes and masks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from igcli.evaluation.exclusions import Exclusion
from igcli.images.picture import Picture

if TYPE_CHECKING:
    from igcli.lazy import np


@dataclass(frozen=True)
class Area:
    """The object in one picture.

    Attributes
    ----------
    mask
        (H, W) bool at the model's resolution, with at least one pixel set.
    inside
        The share of the object, by its area in the original, that lies inside the crop, in (0, 1].
    notes
        How the mask came about: ``"2 of 5 boxes, those called 'cat'"``.
    refused
        Boxes of this photo that could not be used.
    """

    mask: np.ndarray
    inside: float = 1.0
    notes: tuple[str, ...] = ()
    refused: tuple[Exclusion, ...] = ()

    @property
    def covered(self) -> float:
        """The share of the picture's pixels that show the object, in (0, 1]."""
        return float(self.mask.mean())


class GroundTruth(Protocol):
    """Knows where the object is in each photo it was made for: boxes or masks."""

    def area(self, picture: Picture, *, label: str | None = None) -> Area | Exclusion:
        """Where the object is in a picture, or why it cannot be said.

        Parameters
        ----------
        picture
            Its ``path`` says whose boxes or mask are meant, its ``placement`` which part of the photo is seen.
        """
        ...


def ground_truth_digest(source: Path) -> str:
    """A digest of name, size and time of a file, or of all in a folder: it changes when one of them does."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        digest.update(repr((str(path.resolve()), status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()
