"""Frames into one file: GIF, WebP or APNG, by the file's ending. Bytes out; nothing is written here.

All three keep every frame and the same times. GIF frames share 255 colours, so that nothing flickers; WebP is lossy
and smallest; APNG is exact.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.errors import UsageError
from igcli.lazy import np
from igcli.registry import Registry
from igcli.rendering.numbers import digits_for
from igcli.rendering.strip import colours_used

if TYPE_CHECKING:
    from PIL import Image

    from igcli.rendering.film import Film

Encoder = Callable[["Sequence[Image.Image]", "Timing"], bytes]

#: Ending of a file to what writes it.
ANIMATIONS: Registry[Encoder] = Registry("animation format")

_COLOURS = 255  # of a GIF: the 256th lets the frame before show through
_SAMPLES = 12  # frames that the palette is made from
_SAMPLE_SIDE = 160
_SHORTEST = 20  # ms; browsers slow down whatever claims to be faster


@dataclass(frozen=True)
class Timing:
    """When frames change.

    Attributes
    ----------
    fps
        Frames a second, up to 50. What is kept is the nearest multiple of 10 ms, GIF's unit, in every format.
    hold
        How much longer the last frame stays, in seconds.
    loop
        How often it plays; 0 is without end.
    """

    fps: float = 10.0
    hold: float = 1.5
    loop: int = 0

    def __post_init__(self) -> None:
        if not 0.1 <= self.fps <= 50:
            raise UsageError(f"The frames per second must lie between 0.1 and 50, not {self.fps:g}.")
        if not 0 <= self.hold <= 600:
            raise UsageError(f"The last frame can stay 0 to 600 seconds longer, not {self.hold:g}.")
        if not 0 <= self.loop <= 65535:
            raise UsageError(f"The number of loops must lie between 0 (without end) and 65535, not {self.loop}.")

    def durations(self, count: int) -> list[int]:
        """How long each of ``count`` frames stays, in ms: multiples of 10, at least 20."""
        each = max(_SHORTEST, round(100 / self.fps) * 10)
        return [each] * (count - 1) + [each + round(self.hold * 100) * 10]


def encode(frames: Sequence[Image.Image], *, ending: str, timing: Timing | None = None) -> bytes:
    """The frames as one file.

    Parameters
    ----------
    frames
        RGB images of one size, at least two, no two neighbours alike (``draw_frames`` sees to that).
    ending
        A name in ``ANIMATIONS``: ``".gif"``, ``".webp"`` or ``".png"``, in any case.

    Raises
    ------
    UsageError
        For another ending, or fewer than two frames.
    """
    if len(frames) < 2:
        raise UsageError("An animation needs at least 2 frames.")
    if len({frame.size for frame in frames}) != 1:
        raise ValueError("the frames differ in size")
    return ANIMATIONS[ending.lower()](frames, timing or Timing())


def frame_files(film: Film, frames: Sequence[Image.Image]) -> Iterator[tuple[str, bytes]]:
    """The frames as a folder of PNGs: file names that sort in order and contain α, and the bytes."""
    digits, width = digits_for(film.alphas), len(str(len(frames) - 1))
    for number, (alpha, frame) in enumerate(zip(film.alphas.tolist(), frames, strict=True)):
        buffer = io.BytesIO()
        frame.save(buffer, "PNG")
        yield f"{number:0{width}d}_alpha_{alpha:.{digits}f}.png", buffer.getvalue()


@ANIMATIONS(".gif", summary="255 colours, the same for all frames; opens everywhere")
def gif(frames: Sequence[Image.Image], timing: Timing) -> bytes:
    """Animated GIF; each frame holds what differs from the one before."""
    from PIL import Image

    palette = _palette(frames)
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    # The block counts repetitions after the first time; 0 is without end.
    loop = {} if timing.loop == 1 else {"loop": max(timing.loop - 1, 0)}
    return _saved(indexed, timing, "GIF", **loop)


@ANIMATIONS(".webp", summary="lossy, quality 85; the smallest")
def webp(frames: Sequence[Image.Image], timing: Timing) -> bytes:
    """Animated WebP."""
    # The method is passed because Pillow's default has changed; lossless would take minutes.
    return _saved(frames, timing, "WEBP", quality=85, method=4, lossless=False, loop=timing.loop)


@ANIMATIONS(".png", summary="APNG, exact to the pixel; the largest")
def apng(frames: Sequence[Image.Image], timing: Timing) -> bytes:
    """Animated PNG."""
    return _saved(frames, timing, "PNG", loop=timing.loop, default_image=False)


def _saved(frames: Sequence[Image.Image], timing: Timing, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    durations = timing.durations(len(frames))
    frames[0].save(buffer, kind, save_all=True, append_images=list(frames[1:]), duration=durations, **options)
    return buffer.getvalue()


def _palette(frames: Sequence[Image.Image]) -> Image.Image:
    """A picture whose palette suits all frames; the strip's colours are in it as they are."""
    from PIL import Image

    fixed = colours_used()
    chosen = np.unique(np.linspace(0, len(frames) - 1, _SAMPLES).round().astype(int))
    tiles = [frames[i].resize((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.NEAREST) for i in chosen]
    montage = Image.new("RGB", (_SAMPLE_SIDE, _SAMPLE_SIDE * len(tiles)))
    for row, tile in enumerate(tiles):
        montage.paste(tile, (0, row * _SAMPLE_SIDE))
    room = _COLOURS - len(fixed)
    found = montage.quantize(room, method=Image.Quantize.MEDIANCUT, kmeans=1).getpalette() or []
    colours = np.tile(fixed[0], (_COLOURS, 1))
    picked = np.array(found[: 3 * room], np.uint8).reshape(-1, 3)
    colours[: len(picked)] = picked
    colours[room:] = fixed
    holder = Image.new("P", (1, 1))
    holder.putpalette(colours.tobytes())
    return holder
