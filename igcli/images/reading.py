"""``read_image``: from a path to the Picture that the model sees.

The steps live beside this file: bytes to an image in ``decoding``, modes to RGB in ``modes``, the model's square in
``fit``. Finding files is in ``finding``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import ImageError
from igcli.images.decoding import decode, pillow
from igcli.images.fit import FITS
from igcli.images.modes import to_rgb
from igcli.images.options import ReadOptions
from igcli.images.picture import Picture
from igcli.images.view import View
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ReadOptions", "View", "read_image", "read_upright"]


def read_image(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    view: View | None = None,
    fit: str = "crop",
    options: ReadOptions | None = None,
) -> Picture:
    """Read a photo as a model sees it.

    Parameters
    ----------
    path
        A picture in one of the raster formats of ``decoding.FORMATS``; of several frames the first is read.
    size
        The side of the model's square input, with the usual 256 : 224 of resize to crop. Short for a ``view``.
    view
        The input that the model was trained on; 224 pixels cut from 256 by default.
    fit
        A name in ``FITS``: how the photo is brought to a square.
    options
        What to do about rotation, transparency, size and damage.

    Returns
    -------
    Picture
        ``pixels`` (3, H, W), or (1, H, W) for a one-channel view, float32 in [0, 1].

    Raises
    ------
    ImageError
        For a file that is missing or cannot be read, and for what is in it.
    UsageError
        For a fit of another name.
    """
    path, options, view = Path(path), options or ReadOptions(), view or View()
    if size is not None:
        view = replace(view, size=size, resize=round(size * 256 / 224))
    place, name = FITS[fit], _shown(path)
    data = _bytes_of(path, name)
    decoded = decode(data, options, name=name)
    with pillow(name, max_pixels=None, tolerant=True):  # the limit was for the file; Pillow counts crops too
        upright, notes = to_rgb(decoded.image, options, name=name)
        square, placement = place(upright if view.channels == 3 else upright.convert("L"), view)
    return Picture(
        pixels=_pixels(square),
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        original_size=upright.size,
        placement=placement,
        notes=(*decoded.notes, *notes),
    )


def read_upright(path: str | os.PathLike[str], *, options: ReadOptions | None = None) -> Image.Image:
    """The whole photo, upright and in RGB: what a result can be mapped back onto.

    Raises what :func:`read_image` does.
    """
    path, options = Path(path), options or ReadOptions()
    name = _shown(path)
    decoded = decode(_bytes_of(path, name), options, name=name)
    with pillow(name, max_pixels=None, tolerant=True):
        return to_rgb(decoded.image, options, name=name)[0]


def _bytes_of(path: Path, name: str) -> bytes:
    """All of the file, read once."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise ImageError(f"{name} is a folder; name the pictures in it.")
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):  # /dev/zero never ends
            raise ImageError(f"{name} is a device, not a file; save the picture to a file first.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist; check the spelling and the folder.") from None
    except PermissionError:
        raise ImageError(f"{name} may not be read; change its permissions, or copy it.") from None
    except (OSError, ValueError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise ImageError(f"{name} cannot be read ({reason}); check the path and the disk.") from error
    if not data:
        raise ImageError(f"{name} is empty (zero bytes); copy or download it again.")
    return data


def _pixels(square: Image.Image) -> torch.Tensor:
    """(C, H, W) float32 in [0, 1], the numbers of torchvision's ``ToTensor``."""
    values = np.array(square, dtype=np.uint8).reshape(square.height, square.width, -1)
    return torch.from_numpy(values).permute(2, 0, 1).contiguous().float().div(255)


def _shown(path: Path) -> str:
    """The path as it can be printed on one line, whatever is in its name."""
    text = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
