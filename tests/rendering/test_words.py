from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from igcli.attribution.completeness import Completeness
from igcli.attribution.result import ScoreEnds
from igcli.attribution.targets import RankedClass
from igcli.rendering.words import html_fragment, number_text, sums_of, terminal_lines, tint, words_image
from igcli.text.scored import ScoredText
from igcli.text.tokens import Token

EXACT = Completeness(0.0, 0.0, within_tolerance=True)


def scored(words, numbers, **more):
    tokens = tuple(Token(word, 0, word, **more) for word in words)
    score = ScoreEnds("softmax", 0.53, 0.01)
    target = RankedClass(6, "than", 0.53)
    return ScoredText(tokens, {"integrated": tuple(numbers)}, target, True, score, {"integrated": EXACT})


TEXT = scored(["the", "shareholders", "claimed", "more"], [-0.1814, -0.1363, 0.1890, 0.6487])


def test_each_words_number_stands_beneath_it():
    head, words, numbers, sums = terminal_lines(TEXT, colour=False, width=100)
    assert head == "→ than  softmax 53.0 %, from 1.0 % at the baseline"
    assert words.split() == ["the", "shareholders", "claimed", "more"]
    assert [float(each) for each in numbers.split()] == [-0.1814, -0.1363, 0.1890, 0.6487]
    for word, number in zip(words.split(), numbers.split(), strict=True):
        assert words.index(word) == numbers.index(number)
    assert "sum to +0.5200, the score rises by +0.5200" in sums


def test_lines_are_no_wider_than_the_terminal():
    long = scored(["word"] * 50, [0.01] * 50)
    lines = terminal_lines(long, colour=False, width=40)[1:-1]
    assert max(map(len, lines)) <= 40
    assert sum(line.count("word") for line in lines) == 50


def test_wide_letters_take_two_columns():
    _, words, numbers, _ = terminal_lines(scored(["日本語日本語", "b"], [0.1, 0.2]), colour=False, width=100)
    assert words.index("b") + 6 == numbers.index("+0.2")


def test_colour_is_added_to_the_same_words():
    plain, coloured = (terminal_lines(TEXT, colour=colour, width=100) for colour in (False, True))
    assert "\x1b[" not in "".join(plain)
    assert coloured[1].count("\x1b[38;5;16;48;5;") == 4
    assert coloured[2:] == plain[2:]


def test_a_gap_in_units_of_the_range_says_so():
    gap = Completeness.of(-0.0070, -0.0068, tolerance=0.01, span=0.05)
    (line,) = sums_of(replace(TEXT, gaps={"integrated": gap}))
    assert "(gap 0.4% of the score's range)" in line


def test_several_methods_are_a_table():
    both = replace(
        TEXT, numbers={**TEXT.numbers, "input-x-gradient": (0.0007, -0.0021, 0.0054, -0.0009)},
        gaps={**TEXT.gaps, "input-x-gradient": EXACT},
    )  # fmt: skip
    lines = terminal_lines(both, colour=False, width=100)
    assert lines[1].split() == ["integrated", "input-x-gradient"]
    assert lines[5].split() == ["more", "+0.6487", "-0.0009"]


def test_no_control_character_of_a_text_is_printed():
    nasty = scored(["\x1b[2J", "a\x07", "\u202eevil", "\x9b1m"], [0.1, 0.2, 0.3, 0.4])
    for colour in (False, True):
        shown = "".join(terminal_lines(nasty, colour=colour, width=80))
        shown = shown.replace("\x1b[38;5;16;48", "").replace("\x1b[0m", "")
        assert all(char.isprintable() for char in shown)


def test_a_word_that_the_model_does_not_know_is_in_brackets():
    assert "[zebra]" in terminal_lines(scored(["zebra"], [0.1], known=False), colour=False, width=80)[1]


def test_the_fragment_is_html_that_no_text_can_break():
    fragment = html_fragment(scored(["<script>", '"&"', "\x1b"], [0.1, -0.2, 0.0]))

    class Reader(HTMLParser):
        tags, texts, titles = [], [], []

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)
            self.titles.append(dict(attrs).get("title"))

        def handle_data(self, data):
            self.texts.append(data)

    reader = Reader()
    reader.feed(fragment)
    assert set(reader.tags) == {"figure", "p", "span", "figcaption", "br"}
    assert "".join(reader.texts).startswith('<script> "&" \\x1b')
    assert [title for title in reader.titles if title] == ["+0.1", "-0.2", "+0"]


def test_the_picture_is_green_where_the_score_rises_and_red_where_it_falls():
    image = np.asarray(words_image(scored(["raises", "lowers"], [1.0, -1.0]))).astype(int)
    greenish = (image[..., 1] - image[..., 0]) > 60
    reddish = (image[..., 0] - image[..., 1]) > 60
    assert greenish.sum() > 500
    assert reddish.sum() > 500
    assert np.argwhere(greenish)[:, 1].mean() < np.argwhere(reddish)[:, 1].mean()


@pytest.mark.parametrize("count", [1, 5, 400])
def test_a_picture_grows_downwards_with_its_words(count):
    image = words_image(scored(["word"] * count, [0.1] * count))
    assert image.width == 900
    assert image.height > 50 * (count * 60 // 900)


def test_the_strongest_word_has_the_full_colour():
    assert tint(0.0, 1.0) == (255, 255, 255)
    assert tint(2.0, 2.0) == (64, 184, 96)
    assert tint(-2.0, 2.0) == (235, 87, 87)
    assert tint(0.0, 0.0) == (255, 255, 255)


def test_small_numbers_keep_their_digits():
    assert number_text(0.12345, 1.0) == "+0.1235"
    assert number_text(0.000012345, 0.0001) == "+1.23e-05"
