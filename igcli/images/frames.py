"""How many frames a picture has, counted without decoding any, up to a limit."""

from __future__ import annotations

from igcli.images.tiff import count_directories

MOST_FRAMES = 1000
"""No more are counted: a file of a few megabytes can hold hundreds of thousands of empty ones."""


def count_frames(data: bytes, kind: str | None) -> int | None:
    """The frames of a TIFF or GIF, ``MOST_FRAMES`` where there are that many or more; ``None`` for other formats.

    Those state the number in their headers, and Pillow gives it once they are open.
    """
    if kind == "TIFF":
        return count_directories(data, most=MOST_FRAMES)
    return _gif_frames(data) if kind == "GIF" else None


def frames_note(frames: int) -> str:
    """The note on a picture of several frames."""
    return f"first of {frames} frames" if frames < MOST_FRAMES else f"first of {MOST_FRAMES} or more frames"


def _gif_frames(data: bytes) -> int:
    """The image blocks of a GIF (GIF89a specification, from section 12), skipping from one to the next."""
    frames = 0
    try:
        at = 13 + _palette(data[10])
        while frames < MOST_FRAMES:
            kind = data[at]
            if kind == _IMAGE:
                frames += 1
                at += 11 + _palette(data[at + 9])
            elif kind == _EXTENSION:
                at += 2
            else:
                break
            while data[at]:
                at += data[at] + 1
            at += 1
    except IndexError:  # cut off
        pass
    return max(1, frames)


_IMAGE, _EXTENSION = 0x2C, 0x21


def _palette(flags: int) -> int:
    """The bytes of the colour table that a flag byte announces."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
