"""Which font draws which character: DejaVu Sans, then the file that the user names, then the system's fonts.

Characters that DejaVu Sans lacks (Chinese, Japanese, Korean, Devanagari, ...) are searched for in the file that
:data:`VARIABLE` names and in the fonts that matplotlib finds on this machine. An environment variable is used so that
worker processes inherit it.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

VARIABLE = "IGCLI_FONT"
"""Names the font file for characters that DejaVu Sans lacks."""

#: Families that are taken before others of the system, where they are there: text faces with many characters.
_PREFERRED = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans",
    "Yu Gothic", "IPAexGothic", "Noto Sans CJK KR", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic",
    "NanumGothic", "Noto Sans CJK TC", "Microsoft JhengHei", "Noto Sans Devanagari", "Noto Sans Thai",
    "Nirmala UI", "Leelawadee UI", "Kohinoor Devanagari", "Noto Sans", "Segoe UI", "Segoe UI Symbol",
    "Noto Emoji", "Arial Unicode MS", "Droid Sans Fallback", "FreeSans", "Unifont",
)  # fmt: skip
#: Fonts whose glyphs only show that there is none.
_PLACEHOLDERS = ("LastResort", "Last Resort", "AdobeBlank", "Adobe Blank")


@dataclass(frozen=True)
class Face:
    """A font file, and which face in it; an empty path is Pillow's own font."""

    path: str = ""
    index: int = 0

    def at(self, size: int) -> FreeTypeFont | ImageFont:
        """The font in pixels."""
        return _opened(self, size)


def base(*, bold: bool = False) -> Face:
    """DejaVu Sans as matplotlib ships it, or Pillow's own font (which has no Greek and no accents)."""
    path = _dejavu(bold=bold)
    return Face(str(path)) if path else Face()


def face_of(char: str, *, bold: bool = False) -> Face | None:
    """The face that draws the character; ``None`` where no font at hand has it."""
    return base(bold=bold) if char.isascii() else _face_of(char, bold, os.environ.get(VARIABLE, ""))


def runs(text: str, *, bold: bool = False) -> list[tuple[Face, str]]:
    """The text cut into pieces that a single font each can draw; characters that none has go to the base font."""
    first = base(bold=bold)
    faces = ((face_of(char, bold=bold) or first, char) for char in text)
    return [(face, "".join(char for _, char in group)) for face, group in groupby(faces, key=lambda pair: pair[0])]


def families(text: str, *, bold: bool = False) -> list[str]:
    """The families besides DejaVu Sans that matplotlib needs for the text, in the order of their characters."""
    faces = dict.fromkeys(face_of(char, bold=bold) for char in text)
    return [_registered(face) for face in faces if face is not None and face != base(bold=bold)]


def lacking(texts: Iterable[str]) -> str:
    """The characters of the texts that no font at hand has, each once, sorted."""
    chars = set().union(*map(set, texts))
    return "".join(sorted(char for char in chars if _is_drawn(char) and face_of(char) is None))


def check_font(path: Path) -> None:
    """Raise ``OSError`` where the file is no font that can be drawn with at any size."""
    _opened.__wrapped__(Face(str(path)), 24)
    if not _characters(str(path), 0)[0]:
        raise OSError("it has no characters")


def _is_drawn(char: str) -> bool:
    """Whether the character has a shape of its own, so that a font could help."""
    return char.isprintable() and not char.isspace()


@lru_cache(maxsize=8192)
def _face_of(char: str, bold: bool, named: str) -> Face | None:  # noqa: FBT001 - the key of a cache
    first = base(bold=bold)
    if _draws(first, char):
        return first
    others = (Face(named),) if named else ()
    return next((face for face in (*others, *system_faces(bold=bold)) if _has(face, char)), None)


def _has(face: Face, char: str) -> bool:
    starts, ends = _characters(face.path, face.index)
    number = bisect(starts, ord(char)) - 1
    return number >= 0 and ord(char) <= ends[number] and _opens(face)


@cache
def _opens(face: Face) -> bool:
    """Whether the face can be drawn at any size, unlike the bitmaps of coloured emoji."""
    try:
        face.at(24)
    except OSError:
        return False
    return True


@cache
def _characters(path: str, index: int) -> tuple[Sequence[int], Sequence[int]]:
    """The first and the last character of each range that a font covers; none if it cannot be read."""
    from matplotlib.ft2font import FT2Font

    where: dict[str, Any] = {"face_index": index} if index else {}
    try:
        chars = sorted(FT2Font(path, **where).get_charmap())
    except (OSError, RuntimeError, TypeError, ValueError):
        return (), ()
    starts = [char for before, char in zip([-2, *chars], chars, strict=False) if char != before + 1]
    ends = [char for char, after in zip(chars, [*chars[1:], -2], strict=True) if after != char + 1]
    return array("l", starts), array("l", ends)  # of thousands of fonts, perhaps


def _draws(face: Face, char: str) -> bool:
    """Whether the glyph differs from that of a character which is never assigned; needs no matplotlib."""
    from PIL import ImageFont

    # The basic layout: the other one draws a mark that has no letter on a circle of its own.
    plain = ImageFont.Layout.BASIC
    font = ImageFont.truetype(face.path, 24, layout_engine=plain) if face.path else face.at(24)
    glyph, missing = (font.getmask(each) for each in (char, "\U0010ffff"))
    return glyph.size != missing.size or bytes(glyph) != bytes(missing)


@lru_cache(maxsize=2)
def system_faces(*, bold: bool = False) -> tuple[Face, ...]:
    """The upright faces on this machine as matplotlib lists them, those of preferred families first."""
    from matplotlib.font_manager import fontManager

    rank = {family: number for number, family in enumerate(_PREFERRED)}
    upright = [
        entry
        for entry in fontManager.ttflist
        if entry.style == "normal" and not entry.name.startswith(_PLACEHOLDERS) and entry.name != "DejaVu Sans"
    ]
    wanted = 700 if bold else 400
    upright.sort(key=lambda entry: (rank.get(entry.name, len(rank)), entry.name, abs(_weight(entry) - wanted)))
    return tuple(Face(entry.fname, getattr(entry, "index", 0)) for entry in upright)


def _weight(entry: Any) -> int:
    from matplotlib.font_manager import weight_dict

    return entry.weight if isinstance(entry.weight, int) else weight_dict.get(entry.weight, 400)


@cache
def _registered(face: Face) -> str:
    """A family of this face alone, known to matplotlib from now on: by its own family, bold text would get another."""
    from matplotlib.font_manager import FontEntry, fontManager

    own = f"igcli {face.path} {face.index}"
    index: dict[str, Any] = {"index": face.index} if face.index else {}  # older versions know no others
    fontManager.ttflist.append(FontEntry(fname=face.path, name=own, style="normal", weight=400, **index))
    return own


@lru_cache(maxsize=128)
def _opened(face: Face, size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.truetype(face.path, size, face.index) if face.path else ImageFont.load_default(size=size)


@lru_cache(maxsize=2)
def _dejavu(*, bold: bool) -> Path | None:
    # The file alone: importing matplotlib would cost more than drawing the sheet.
    spec = find_spec("matplotlib")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / f"DejaVuSans{'-Bold' if bold else ''}.ttf"
        if path.is_file():
            return path
    return None
