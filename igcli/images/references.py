"""Reference photos: a folder of pictures of other classes, which some methods compare a photo with."""

from __future__ import annotations

from pathlib import Path

from igcli.errors import UsageError
from igcli.images.finding import find_images
from igcli.images.source import Found, shown
from igcli.inputs import Missing
from igcli.lazy import np

MOST_REFERENCES = 64
"""So many pictures of a folder are read, evenly spread over it."""


def reference_files(folder: str) -> list[Found]:
    """The pictures of a folder and its sub-folders in their order, or ``MOST_REFERENCES`` of them.

    Raises
    ------
    UsageError
        For a folder that is missing or has no pictures.
    """
    if not Path(folder).is_dir():
        raise UsageError(f"{shown(folder)} is not a folder: --references takes a folder of photos of other classes.")
    inputs = find_images([folder], recursive=True)
    found = [item for item in inputs if isinstance(item, Found)]
    if not found:
        reasons = [item.reason for item in inputs if isinstance(item, Missing)]
        raise UsageError(f"--references: {reasons[0] if reasons else f'{shown(folder)} has no images in it.'}")
    if len(found) <= MOST_REFERENCES:
        return found
    return [found[place] for place in np.linspace(0, len(found) - 1, MOST_REFERENCES).round().astype(int).tolist()]
