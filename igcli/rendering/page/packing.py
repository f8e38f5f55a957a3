"""Maps and frames as few bytes, which ``decode.js`` unpacks again: the two files change together.

All is raw deflate. Maps are float32, byte plane after byte plane, or 8 bits of the square root; frames are levels of
the square root, each frame as the difference from the one before.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.lazy import np
from igcli.rendering.scaling import absolute, signed

if TYPE_CHECKING:
    from igcli.rendering.scaling import Values

#: How a map can be packed.
CODINGS = ("float32", "root8")

#: Levels of a frame, and by how much it is shrunk: from fine to coarse.
_GRADES = ((255, 1), (127, 1), (63, 1), (31, 1), (23, 1), (15, 1), (63, 2), (31, 2), (15, 2))


@dataclass(frozen=True)
class PackedMap:
    """A map (2, H, W): importance and signed sum, in ``unit``."""

    data: bytes
    coding: str
    unit: float


@dataclass(frozen=True)
class PackedFrames:
    """Frames (F, H, W) as levels of the square root; ``tops`` are the values of the highest level."""

    data: bytes
    levels: int
    tops: tuple[float, ...]
    size: tuple[int, int]


def pack_map(values: Values, *, exact: bool = True) -> PackedMap:
    """Pack what the styles need of an attribution (C, H, W): its importance and its signed sum.

    Parameters
    ----------
    exact
        In single precision. Otherwise in 8 bits, finer near zero.

    Raises
    ------
    NumericalError
        If a value is NaN or infinite.
    """
    both = np.stack([absolute(values), signed(values)])
    top = float(both[0].max())
    if not exact:
        unit = top or 1.0
        roots = np.sqrt(np.abs(both) / unit)
        levels = np.rint(roots * np.sign(both) * np.array([255, 127])[:, None, None]).astype(np.int16)
        return PackedMap(_deflate(levels.astype(np.uint8).tobytes()), "root8", unit)
    # A power of two: what is left is the same number, and lies where float32 loses nothing to under- or overflow.
    unit = float(2.0 ** np.frexp(top)[1]) if top else 1.0
    planes = (both / unit).astype("<f4").reshape(-1).view(np.uint8).reshape(-1, 4).T
    return PackedMap(_deflate(planes.tobytes()), "float32", unit)


def pack_frames(frames: np.ndarray, *, room: int) -> PackedFrames:
    """Pack frames (F, H, W), nowhere negative, as finely as ``room`` characters of base64 allow.

    If nothing fits, the coarsest grade is taken.
    """
    for packed in _grades(np.asarray(frames, np.float64)):
        if 4 * len(packed.data) <= 3 * room:
            break
    return packed


def _grades(frames: np.ndarray) -> Iterator[PackedFrames]:
    for levels, factor in _GRADES:
        if factor > 1 and any(side % factor or side < 32 for side in frames.shape[1:]):
            continue
        count, height, width = frames.shape[0], frames.shape[1] // factor, frames.shape[2] // factor
        means = frames.reshape(count, height, factor, width, factor).mean(axis=(2, 4))
        tops = means.max(axis=(1, 2))
        roots = np.sqrt(means / np.where(tops, tops, 1.0)[:, None, None])
        steps = np.diff(np.rint(roots * levels).astype(np.uint8), axis=0, prepend=np.uint8(0))  # modulo 256
        yield PackedFrames(
            _deflate(steps.tobytes(), zlib.Z_HUFFMAN_ONLY), levels, tuple(tops.tolist()), (height, width)
        )


def _deflate(data: bytes, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, strategy=strategy)
    return packer.compress(data) + packer.flush()
