"""Text on pictures that cannot break the picture.

File names and labels come from outside. Line breaks, direction overrides, stacked marks and characters without a
glyph are replaced before anything is measured or drawn. ``fonts.py`` chooses the font of each character.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from igcli.rendering.fonts import VARIABLE, base, face_of, runs

if TYPE_CHECKING:
    from PIL import ImageDraw

_ELLIPSIS = "…"
_LONGEST = 2000  # characters read; no line is that long
_MOST_MARKS = 3  # above and below one letter, as scripts have them; more would leave the line
_SPELT = {"α": "alpha", "×": "x", "−": "-", "–": "-", "—": "-", "·": "|", "→": "->", "≤": "<=", "≥": ">=", "’": "'"}


@dataclass(frozen=True)
class Pen:
    """How text looks: size in pixels, colour, weight."""

    size: int = 14
    colour: tuple[int, int, int] = (32, 35, 40)
    bold: bool = False


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
    xy
        Where the anchor goes, in pixels.
    width
        Shorten the text to this many pixels.
    anchor
        Pillow's two letters: ``"la"`` puts the left end of the ascender at ``xy``.
    """
    shown = clean(text, bold=pen.bold) if width is None else fit_text(text, width, pen=pen)
    first, parts = base(bold=pen.bold).at(pen.size), runs(shown, bold=pen.bold)
    if all(face == base(bold=pen.bold) for face, _ in parts):
        draw.text(xy, shown, fill=pen.colour, font=first, anchor=anchor)
        return
    # Several fonts stand on the line that the first one's letters stand on.
    down = first.getbbox("H", anchor=f"l{anchor[1]}")[3] - first.getbbox("H", anchor="ls")[3]
    left = xy[0] - {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * _length(shown, pen)
    for face, part in parts:
        draw.text((left, xy[1] + down), part, fill=pen.colour, font=face.at(pen.size), anchor="ls")
        left += face.at(pen.size).getlength(part)


def text_width(text: str, *, pen: Pen) -> float:
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

    White space becomes one space, marks that do not combine with a letter are dropped, and a character without a glyph
    is spelt out (α: alpha), loses its accent, or becomes "?".
    """
    # Composed first, so that only marks that do not combine are dropped: stacked, they would leave the line.
    composed = unicodedata.normalize("NFC", text[:_LONGEST])
    kept = unicodedata.normalize("NFC", "".join(char for char in composed if not _is_dropped(char)))
    named, marks, shown = os.environ.get(VARIABLE, ""), _MOST_MARKS, []
    for char in kept:
        is_mark = unicodedata.category(char) == "Mn"
        marks = marks + 1 if is_mark else 0
        if marks <= _MOST_MARKS:
            shown.append(_drawable(char, bold, named))
    return " ".join("".join(shown).split())


def _is_dropped(char: str) -> bool:
    """Control characters, direction overrides, and marks that go with any letter: those of a script are its letters."""
    category = unicodedata.category(char)
    if char.isspace() or category not in ("Cc", "Cf", "Mn", "Me"):
        return False
    return category != "Mn" or unicodedata.name(char, "").startswith(("COMBINING", "VARIATION"))


@lru_cache(maxsize=8192)
def _drawable(char: str, bold: bool, _named: str) -> str:  # noqa: FBT001 - the key of a cache
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category not in ("Cs", "Co", "Cn") and face_of(char, bold=bold) is not None:
        return char
    if category == "Mn":
        return ""
    if char in _SPELT:
        return _SPELT[char]
    bare = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return bare if bare.isprintable() and bare else "?"


def _length(text: str, pen: Pen) -> float:
    return sum(face.at(pen.size).getlength(part) for face, part in runs(text, bold=pen.bold))


def _shortened(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    tail = kept - head
    return text[:head].rstrip() + _ELLIPSIS + (text[-tail:].lstrip() if tail else "")
