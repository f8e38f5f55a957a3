"""A folder of photographs as baselines, read as the model sees photos.

They are kept, as all photos of a run start from them; their number and their memory are bounded.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import ImageError, UsageError
from igcli.images.finding import find_images
from igcli.images.options import View
from igcli.images.reading import read_image
from igcli.images.source import Found, shown
from igcli.lazy import np

if TYPE_CHECKING:
    from igcli.images.options import ReadOptions
    from igcli.images.picture import Picture
    from igcli.lazy import torch

#: References of one folder, and their bytes, float32.
MOST, MOST_BYTES = 200, 1 << 28

_LOG = logging.getLogger("igcli.images")


def baseline_files(folder: Path, *, seed: int) -> list[Found]:
    """At most ``MOST`` of the pictures directly in the folder, drawn and ordered by the seed.

    Raises
    ------
    UsageError
        When there are none.
    """
    found = find_images([str(folder)])
    files = [each for each in found if isinstance(each, Found)]
    if not files:
        reasons = [each.reason for each in found if not isinstance(each, Found)]
        raise UsageError(f"As a baseline, {reasons[0]}")
    order = np.random.default_rng(seed).permutation(len(files))
    if len(files) > MOST:
        _LOG.warning(
            "%s: %d of its %d pictures, drawn by --seed %d, are baselines", shown(folder), MOST, len(files), seed
        )
    return [files[i] for i in order[:MOST].tolist()]


def read_baseline_folder(folder: Path, picture: Picture, view: View, *, seed: int) -> tuple[torch.Tensor, ...]:
    """The pixels (C, H, W) of the folder's pictures in a model's view, placed as ``picture`` was, in random order.

    A picture that cannot be read is passed over, with a warning that names it. The tensors are kept until another
    folder is read or files are added to this one: do not change them.

    Raises
    ------
    UsageError
        When there are none, or none that can be read.
    """
    changed = folder.stat().st_mtime_ns
    return _read(folder, view, picture.placement.fit, picture.options, seed, changed)


@lru_cache(maxsize=2)
def _read(
    folder: Path, view: View, fit: str, options: ReadOptions, seed: int, _changed: int
) -> tuple[torch.Tensor, ...]:
    room = max(2, MOST_BYTES // (4 * view.channels * view.width * view.height))
    references: list[torch.Tensor] = []
    for file in baseline_files(folder, seed=seed):
        if len(references) == room:
            _LOG.warning(
                "%s: only %d of its pictures are baselines, as more would not fit into memory", shown(folder), room
            )
            break
        try:
            references.append(read_image(file, view=view, fit=fit, options=options, warn=False).pixels)
        except ImageError as error:
            _LOG.warning("%s is no baseline: %s", shown(file.path), error)
    if not references:
        raise UsageError(f"None of the pictures in {shown(folder)} can be read: name another folder as the baseline.")
    return tuple(references)
