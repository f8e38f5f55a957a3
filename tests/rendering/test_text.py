from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from igcli.rendering import fonts, text
from igcli.rendering.text import Pen, clean, fit_text, text_width, wrap, write

PEN = Pen(14)


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch):
    """No font but DejaVu, whatever this machine has."""
    monkeypatch.setattr(fonts, "system_faces", lambda **_: ())
    fonts._face_of.cache_clear()
    text._drawable.cache_clear()
    yield
    fonts._face_of.cache_clear()
    text._drawable.cache_clear()


@pytest.fixture
def pillows_font(monkeypatch):
    """As on a machine whose matplotlib brings no fonts."""
    caches = (fonts._dejavu, fonts._face_of, text._drawable)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(fonts, "find_spec", lambda _name: None)
    yield
    for cache in caches:
        cache.cache_clear()


def ink(line: str, *, width: float | None = None) -> np.ndarray:
    """Where a line written at (10, 10) has dark pixels."""
    canvas = Image.new("RGB", (300, 40), "white")
    write(ImageDraw.Draw(canvas), (10, 10), line, pen=PEN, width=width)
    return np.asarray(canvas).min(axis=2) < 128


def test_text_is_drawn_right_of_and_below_its_anchor():
    rows, columns = np.nonzero(ink("Integrated gradients"))
    assert rows.min() >= 10
    assert columns.min() >= 9
    assert columns.max() > 100


def test_a_width_is_kept_to():
    assert np.nonzero(ink("Integrated gradients " * 9, width=90))[1].max() <= 102


@pytest.mark.parametrize("line", ["α = 0.2", "Ångström", "Žluťoučký kůň", "Жар-птица", "Ελλάδα", "50 % · …", "−1 × 2"])
def test_letters_of_many_alphabets_are_kept(line):
    assert clean(line) == unicodedata.normalize("NFC", line)


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("  edges  ", "edges"),
        ("bell\x07null\x00", "bellnull"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2066isolated\u2069\u200b", "isolated"),
        ("not UTF-8: \udce9", "not UTF-8: ?"),
        ("cat 🙂", "cat ?"),
        ("猫.jpg", "?.jpg"),
        ("z\u0338\u0322\u031ba", "za"),
        ("cafe\u0301", "café"),
        ("private \ue000", "private ?"),
        ("", ""),
    ],
)
def test_what_cannot_be_drawn_is_replaced(given_text, shown):
    assert clean(given_text) == shown


@pytest.mark.usefixtures("pillows_font")
@pytest.mark.parametrize(
    ("given_text", "shown"),
    [("α = 0.2", "alpha = 0.2"), ("café", "cafe"), ("−1 × 2", "-1 x 2"), ("Жар", "???"), ("a…b", "a…b")],
)
def test_pillows_own_font_spells_out_what_it_lacks(given_text, shown):
    assert "DejaVu" not in fonts.base().at(12).getname()[0]
    assert clean(given_text) == shown


def test_the_font_has_the_letters_that_it_is_said_to_have():
    assert isinstance(fonts.base().at(12), ImageFont.FreeTypeFont)
    assert fonts.base().at(12).getmask("α").size != (0, 0)
    assert bytes(fonts.base().at(12).getmask("α")) != bytes(fonts.base().at(12).getmask("\U0010ffff"))


def test_bold_is_wider():
    assert text_width("military uniform", pen=replace(PEN, bold=True)) > text_width("military uniform", pen=PEN)


def test_short_text_is_not_shortened():
    assert fit_text("cat.jpg", 500, pen=PEN) == "cat.jpg"


def test_long_text_keeps_both_ends():
    short = fit_text("IMG_2024_holiday_in_the_mountains_0815.jpg", 120, pen=PEN)
    head, tail = short.split("…")
    assert "IMG_2024_holiday_in_the_mountains_0815.jpg".startswith(head)
    assert tail.endswith(".jpg")
    assert 100 < text_width(short, pen=PEN) <= 120


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(20, 200))
def test_fitted_text_is_never_too_wide_and_always_one_line(line, width):
    short = fit_text(line, width, pen=PEN)
    assert text_width(short, pen=PEN) <= width
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Cf") for char in short)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_cleaning_twice_is_cleaning_once(line):
    assert clean(clean(line)) == clean(line)


def test_wrapping_loses_no_word_where_there_is_room():
    sentence = "Green pixels raise the score and red pixels lower it"
    lines = wrap(sentence, 130, pen=PEN, lines=9)
    assert " ".join(lines) == sentence
    assert len(lines) > 1
    assert all(text_width(line, pen=PEN) <= 130 for line in lines)


def test_wrapping_stops_at_the_last_line_and_shows_that_it_did():
    lines = wrap("word " * 100, 130, pen=PEN, lines=2)
    assert len(lines) == 2
    assert "…" in lines[1]


def test_a_word_without_spaces_is_shortened():
    assert all(text_width(line, pen=PEN) <= 100 for line in wrap("x" * 500 + " end", 100, pen=PEN))


def test_wrapping_nothing_gives_no_line():
    assert wrap(" \n", 100, pen=PEN) == []
