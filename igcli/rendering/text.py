"""Text on pictures: a font that every installation has, and text that cannot break the picture.

File names and labels come from outside. Line breaks, direction overrides, stacked marks and characters without a
glyph are replaced before anything is measured or drawn. Where text goes is ``panel.py``'s business.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

_ELLIPSIS = "…"
_LONGEST = 2000  # characters looked at; no line is that long
_SPELT = {"α": "alpha", "×": "x", "−": "-", "–": "-", "—": "-", "·": "|", "→": "->", "≤": "<=", "≥": ">=", "’": "'"}


@dataclass(frozen=True)
class Pen:
    """How text looks: size in pixels, colour, weight."""

    size: int = 14
    colour: tuple[int, int, int] = (32, 35, 40)
    bold: bool = False

    def bolder(self) -> Pen:
        """The same pen, in bold."""
        return replace(self, bold=True)


@lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> FreeTypeFont | ImageFont:
    """DejaVu Sans as matplotlib ships it, or Pillow's own font (which has no Greek and no accents)."""
    from PIL import ImageFont

    path = _dejavu(bold=bold)
    return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size=size)


def write(
    draw: ImageDraw.ImageDraw,
    xy: tuple[float, float],
    text: str,
    *,
    pen: Pen,
    width: float | None = None,
    anchor: str = "la",
) -> None:
    """Draw one line of cleaned text.

    Parameters
    ----------
    draw
        What to draw on.
    xy
        Where the anchor goes, in pixels.
    text
        Any string.
    pen
        How it looks.
    width
        Shorten the text to this many pixels.
    anchor
        Pillow's two letters: ``"la"`` puts the left end of the ascender at ``xy``.
    """
    shown = clean(text, bold=pen.bold) if width is None else fit_text(text, width, pen=pen)
    draw.text(xy, shown, fill=pen.colour, font=font(pen.size, bold=pen.bold), anchor=anchor)


def measure(text: str, *, pen: Pen) -> float:
    """The width of one line of cleaned text, in pixels."""
    return _length(clean(text, bold=pen.bold), pen)


def fit_text(text: str, width: float, *, pen: Pen) -> str:
    """The cleaned text if it is at most ``width`` pixels wide, else its two ends with "…" between."""
    whole = clean(text, bold=pen.bold)
    if _length(whole, pen) <= width:
        return whole
    fits, too_many = 0, len(whole)
    while too_many - fits > 1:
        kept = (fits + too_many) // 2
        if _length(_shortened(whole, kept), pen) <= width:
            fits = kept
        else:
            too_many = kept
    return _shortened(whole, fits)


def wrap(text: str, width: float, *, pen: Pen, lines: int = 4) -> list[str]:
    """The cleaned text in at most ``lines`` lines of ``width`` pixels, broken at spaces; the last may be shortened."""
    words = clean(text, bold=pen.bold).split()
    if not words:
        return []
    done: list[str] = []
    line = ""
    for position, word in enumerate(words):
        longer = f"{line} {word}" if line else word
        if _length(longer, pen) <= width or not line:
            line = longer
        elif len(done) == lines - 1:
            return [*done, fit_text(" ".join([line, *words[position:]]), width, pen=pen)]
        else:
            done.append(fit_text(line, width, pen=pen))
            line = word
    return [*done, fit_text(line, width, pen=pen)]


def clean(text: str, *, bold: bool = False) -> str:
    """One line that can be drawn: no control characters, no direction overrides, nothing without a glyph.

    White space becomes one space, marks that no letter takes up are dropped, and a character without a glyph is
    spelt out (α: alpha), loses its accent, or becomes "?".
    """
    # Composed first, so that only the marks that no letter takes up are dropped: stacked, they would leave the line.
    composed = unicodedata.normalize("NFC", text[:_LONGEST])
    return " ".join("".join(_drawable(char, bold=bold) for char in composed).split())


@lru_cache(maxsize=8192)
def _drawable(char: str, *, bold: bool) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Mn", "Me"):
        return ""
    if category not in ("Cs", "Co", "Cn") and _has_glyph(char, bold=bold):
        return char
    if char in _SPELT:
        return _SPELT[char]
    bare = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return bare if bare.isprintable() and bare else "?"


def _has_glyph(char: str, *, bold: bool) -> bool:
    if char.isascii():
        return True
    face = font(24, bold=bold)
    glyph, missing = (face.getmask(each) for each in (char, "\U0010ffff"))  # the last is never assigned
    return glyph.size != missing.size or bytes(glyph) != bytes(missing)


def _length(text: str, pen: Pen) -> float:
    return font(pen.size, bold=pen.bold).getlength(text)


def _shortened(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    tail = kept - head
    return text[:head].rstrip() + _ELLIPSIS + (text[-tail:].lstrip() if tail else "")


@lru_cache(maxsize=2)
def _dejavu(*, bold: bool) -> Path | None:
    # The file alone: importing matplotlib would cost more than drawing the sheet.
    spec = find_spec("matplotlib")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / f"DejaVuSans{'-Bold' if bold else ''}.ttf"
        if path.is_file():
            return path
    return None
