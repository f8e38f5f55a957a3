"""Which font draws which character; a font made here stands for those of a system, which may have none."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image, ImageDraw

from igcli.rendering import fonts, text
from igcli.rendering.fonts import VARIABLE, Face, base, check_font, face_of, families, lacking, runs, system_faces
from igcli.rendering.plots import PlotContext, heading, render
from igcli.rendering.text import Pen, clean, text_width, wrap, write

PEN = Pen(20)
STIX = Path(mpl.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"  # has U+2317, which DejaVu Sans lacks


def box(path: Path, family: str, chars: str) -> Path:
    """A font in which each of these characters is a black square as wide as the font is large."""
    builder = FontBuilder(1000, isTTF=True)
    names = {ord(char): f"box{ord(char):x}" for char in chars}
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (1000, 800), (1000, 0)):
        pen.lineTo(corner)
    pen.closePath()
    glyph = pen.glyph()
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), **dict.fromkeys(names.values(), glyph)})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture
def named(tmp_path, monkeypatch) -> Path:
    """A font file that the user names, with a cat, two kana and a vowel sign."""
    path = box(tmp_path / "box.ttf", "Igcli Box", "猫コネि")
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch):
    """No font of the system, whatever this machine has."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(fonts, "system_faces", lambda **_: ())
    _forget()
    yield
    _forget()


def _forget() -> None:
    fonts._face_of.cache_clear()
    text._drawable.cache_clear()


def ink(line: str, **how: object) -> np.ndarray:
    """Where a line written at (10, 10), or at the right end for other anchors, is dark."""
    canvas = Image.new("RGB", (300, 60), "white")
    xy = (290, 10) if how.get("anchor") == "ra" else (10, 10)
    write(ImageDraw.Draw(canvas), xy, line, pen=PEN, **how)
    return np.asarray(canvas).min(axis=2) < 128


def test_without_a_font_a_character_is_a_question_mark_and_is_listed():
    assert clean("猫 cat") == "? cat"
    assert lacking(["猫 cat", "α Жар", "コ猫", "\udce9\ue000\x07"]) == "コ猫"


@pytest.mark.usefixtures("named")
def test_a_named_font_draws_what_dejavu_lacks_and_nothing_else():
    assert clean("猫 cat α") == "猫 cat α"
    assert lacking(["猫 cat", "犬"]) == "犬"
    assert [part for _, part in runs("a猫コb")] == ["a", "猫コ", "b"]
    assert face_of("α") == base()


@pytest.mark.usefixtures("named")
def test_its_glyphs_stand_on_the_line_of_the_letters():
    rows, columns = np.nonzero(ink("猫猫"))
    letter = np.nonzero(ink("H"))[0].max()
    assert rows.max() == letter  # both end on the baseline
    assert columns.max() - columns.min() + 1 == 2 * PEN.size  # two squares as wide as the font is large
    assert rows.max() - rows.min() + 1 == 0.8 * PEN.size


@pytest.mark.usefixtures("named")
def test_pieces_follow_each_other_and_end_where_they_are_measured():
    assert text_width("H猫H", pen=PEN) == pytest.approx(2 * text_width("H", pen=PEN) + PEN.size)
    columns = np.nonzero(ink("猫", anchor="ra"))[1]
    assert (columns.min(), columns.max()) == (290 - PEN.size, 289)


@pytest.mark.usefixtures("named")
def test_lines_are_broken_by_the_fonts_that_draw_them():
    space = text_width("猫 猫", pen=PEN) - 2 * PEN.size
    assert wrap("猫猫 猫猫 猫", 3 * PEN.size + space, pen=PEN) == ["猫猫", "猫猫 猫"]
    assert wrap("猫猫 猫", 3 * PEN.size, pen=PEN) == ["猫猫", "猫"]


@pytest.mark.usefixtures("named")
def test_marks_of_a_script_are_letters_and_a_pile_of_them_is_cut():
    assert clean("猫ि") == "猫ि"
    assert clean("猫" + "\u0941" * 9) == "猫"  # no font has this one
    assert clean("a\u0338\u0322") == "a"


def test_many_marks_above_one_letter_are_cut():
    many = "ש" + "\u05b8" * 9  # DejaVu has Hebrew points
    assert clean(many) == many[:4]
    assert clean(clean(many)) == clean(many)


def test_a_font_of_the_system_is_found_by_its_characters(tmp_path, monkeypatch):
    first, second = box(tmp_path / "1.ttf", "One", "猫"), box(tmp_path / "2.ttf", "Two", "猫コ")
    broken = tmp_path / "0.ttf"
    broken.write_bytes(b"no font")
    faces = tuple(Face(str(path)) for path in (broken, first, second))
    monkeypatch.setattr(fonts, "system_faces", lambda **_: faces)
    assert face_of("猫") == faces[1]
    assert face_of("コ") == faces[2]
    assert face_of("犬") is None


@pytest.mark.skipif(not STIX.is_file(), reason="this matplotlib ships no STIX")
def test_matplotlibs_own_list_is_what_the_system_has(monkeypatch):
    monkeypatch.undo()
    _forget()
    monkeypatch.delenv(VARIABLE, raising=False)
    faces = system_faces()
    assert str(STIX) in [face.path for face in faces]
    assert not any("LastResort" in face.path for face in faces)
    assert face_of("⌗") is not None
    assert clean("⌗") == "⌗"


def test_preferred_families_come_first(monkeypatch, tmp_path):
    monkeypatch.undo()
    entry = font_manager.FontEntry
    listed = [
        entry(fname=path, name=name, style=style, weight=weight)
        for path, name, style, weight in (
            ("Aardvark", "Aardvark", "normal", 400),
            ("CJK italic", "Noto Sans CJK SC", "italic", 400),
            ("CJK bold", "Noto Sans CJK SC", "normal", "bold"),
            ("CJK", "Noto Sans CJK SC", "normal", 400),
        )
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    assert [face.path for face in system_faces.__wrapped__(bold=False)] == ["CJK", "CJK bold", "Aardvark"]
    assert [face.path for face in system_faces.__wrapped__(bold=True)] == ["CJK bold", "CJK", "Aardvark"]


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_plot_uses_the_named_font_too(named, ending, recwarn):
    assert families("α") == []
    assert len(families("猫 αコ", bold=True)) == 1
    drawn = render(
        lambda figure: heading(figure, "猫 $x$", PlotContext("コ"), "path", count=1), size=(4, 1), ending=ending
    )
    assert not [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)]
    assert ending != ".png" or _has_a_square(drawn)


def _has_a_square(png: bytes) -> bool:
    """Whether there is a dark block of 12 x 12 pixels, which no letter of this size has."""
    dark = np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128
    return np.lib.stride_tricks.sliding_window_view(dark, (12, 12)).all(axis=(2, 3)).any()


def test_what_is_no_font_is_refused(tmp_path, named):
    check_font(named)
    (tmp_path / "words.txt").write_text("words")
    with pytest.raises(OSError, match="format"):
        check_font(tmp_path / "words.txt")
