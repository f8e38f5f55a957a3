"""Maps and frames in few bytes, which ``decode.js`` unpacks again: the two files change together.

All are levels of the square root, in raw deflate: level q of n stands for top · q·|q| / n². Maps are int16, frames
uint8, each frame as the difference from the one before.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from igcli.lazy import np
from igcli.rendering.page.content import FramesPage
from igcli.rendering.scaling import importance_map, signed_map

if TYPE_CHECKING:
    from igcli.rendering.scaling import Values

#: Levels of a frame, and by how much it is shrunk: from fine to coarse.
_GRADES = ((255, 1), (127, 1), (63, 1), (31, 1), (23, 1), (15, 1), (63, 2), (31, 2), (15, 2))


def pack_map(values: Values, *, levels: int) -> tuple[bytes, float]:
    """Pack what the styles need of an attribution (C, H, W): its importance and its signed sum, (2, H, W).

    Returns
    -------
    tuple[bytes, float]
        The packed levels, and the importance that the highest stands for.

    Raises
    ------
    NumericalError
        If a value is NaN or infinite.
    """
    both = np.stack([importance_map(values), signed_map(values)])
    top = float(both[0].max())
    roots = np.copysign(np.sqrt(np.abs(both) / (top or 1.0)), both)
    return deflate(np.rint(roots * levels).astype("<i2").tobytes()), top


def pack_frames(alphas: Sequence[float], frames: np.ndarray, *, room: int) -> FramesPage:
    """Pack frames (F, H, W), nowhere negative, as finely as ``room`` characters of base64 allow.

    If nothing fits, the coarsest grade is taken.
    """
    for packed in _grades(tuple(alphas), np.asarray(frames, np.float64)):
        if 4 * len(packed.data) <= 3 * room:
            break
    return packed


def _grades(alphas: tuple[float, ...], frames: np.ndarray) -> Iterator[FramesPage]:
    for levels, factor in _GRADES:
        if factor > 1 and any(side % factor or side < 32 for side in frames.shape[1:]):
            continue
        count, height, width = frames.shape[0], frames.shape[1] // factor, frames.shape[2] // factor
        means = frames.reshape(count, height, factor, width, factor).mean(axis=(2, 4))
        tops = means.max(axis=(1, 2))
        roots = np.sqrt(means / np.where(tops, tops, 1.0)[:, None, None])
        steps = np.diff(np.rint(roots * levels).astype(np.uint8), axis=0, prepend=np.uint8(0))  # modulo 256
        data = deflate(steps.tobytes(), zlib.Z_HUFFMAN_ONLY)
        yield FramesPage(alphas, data, levels, tuple(tops.tolist()), width=width, height=height)


def deflate(data: bytes, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """Raw deflate, without a header."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, strategy=strategy)
    return packer.compress(data) + packer.flush()
