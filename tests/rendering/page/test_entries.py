"""Pages of texts and molecules: what stands in them, what no text can break, and what a browser makes of them."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rendering.page.pages import ORIGIN, page_html

from igcli.attribution.completeness import Completeness
from igcli.attribution.result import ScoreEnds
from igcli.attribution.targets import RankedClass
from igcli.jobs.outputs.list_report import room_words
from igcli.molecules.contributions import Contributions, PairContribution
from igcli.rendering.page.content import CurvePage
from igcli.rendering.page.entries import ListEntry, ListPage, list_page_parts, strength
from igcli.rendering.page.molecule_entry import ShownMolecule, molecule_entry
from igcli.rendering.page.text_entry import text_entry
from igcli.text.scored import ScoredText
from igcli.text.tokens import Token

EXACT, OFF = Completeness(0.0, 0.001, within_tolerance=True), Completeness(0.1, 0.2, within_tolerance=None)
CURVE = CurvePage((0.0, 0.5, 1.0), (0.01, 0.4, 0.53))
NASTY = ["</script>", "<img src=x onerror=alert(1)>", "\u202eevil", "\x1b[2J", "\"&'", "שלום", "\ud800", "{{style}}"]
SVG = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'><script>alert(1)</script>"
    b"<rect width='40' height='30' style='fill:#ff0000'/></svg>"
)


def text_of(words, *columns, name="texts.txt:3", known=True):
    tokens = tuple(Token(word, 0, word, True, known) for word in words)
    numbers = {f"method-{place}": tuple(column) for place, column in enumerate(columns)}
    ends = ScoreEnds("softmax", 0.53, 0.01)
    gaps = {method: EXACT if place == 0 else OFF for place, method in enumerate(numbers)}
    return text_entry(
        ScoredText(tokens, numbers, RankedClass(6, "than</p>", 0.53), True, ends, gaps), name=name, curve=CURVE
    )


def molecule_of(atoms=("C0", "O1", "N2"), title="ethanol", **more):
    values = np.arange(1.0, len(atoms) + 1)
    found = Contributions(values, (PairContribution(0, 1, 1, -0.5), PairContribution(0, 2, 2, 0.25)))
    given = {
        "title": title, "smiles": "CO", "label": "SR-MMP", "score": ScoreEnds("sigmoid", 0.9, 0.4), "atoms": atoms,
        "contributions": {"integrated": found}, "gaps": {"integrated": EXACT}, "drawings": {"integrated": SVG},
        "curve": CURVE,
    }  # fmt: skip
    return molecule_entry(ShownMolecule(**{**given, **more}))


def page_of(*entries, **more):
    return ListPage("A page", ORIGIN, entries, **more)


class Parsed(HTMLParser):
    """Tags, attributes and texts of a page, without what is in its head."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(page_html(page).decode().partition("<body>")[2])

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def test_words_stand_with_their_numbers_sums_and_the_scores_ends():
    text = Parsed(page_of(text_of(["fine", "film"], [0.5, -0.02]))).text
    assert "fine +0.5000" in text
    assert "film -0.0200" in text
    assert "53.0 %, from 1.0 % at the baseline" in text
    assert "the words sum to +0.4800, the score rises by +0.5200" in text
    assert "texts.txt:3: fine film" in text


def test_several_methods_are_a_table_with_heads_of_rows_and_columns():
    parsed = Parsed(page_of(text_of(["fine", "film"], [0.5, -0.02], [0.25, 0.125])))
    assert parsed.attributes.count(("scope", "col")) == 3
    assert parsed.attributes.count(("scope", "row")) == 2
    assert "+0.1250" in parsed.text


def test_a_molecule_has_its_drawing_sums_shares_and_matrix():
    parsed = Parsed(page_of(molecule_of()))
    (image,) = [value for name, value in parsed.attributes if name == "src"]
    assert base64.b64decode(image.removeprefix("data:image/svg+xml;base64,")) == SVG
    assert dict(parsed.attributes)["alt"]
    assert "F = 90.0 %, F(0) = 40.0 %" in parsed.text
    assert "+6 1200% of the rise" in parsed.text  # the atoms' sum, and the rise is 0.5
    for number in ("-0.5", "+0.25", "C0", "O1", "N2"):
        assert number in parsed.text
    cells = re.findall(r'<td class="(\w+) step-\d+">([^<]*)</td>', molecule_of().body)
    matrix = [[1.0, -0.25, 0.125], [-0.25, 2.0, np.nan], [0.125, np.nan, 3.0]]  # a pair's half on either side
    expected = [value for row in matrix for value in row if np.isfinite(value)]
    assert [float(text) for _, text in cells] == pytest.approx(expected, abs=0.06)
    assert [kind for kind, _ in cells] == ["raises" if value > 0 else "lowers" for value in expected]


def test_of_a_large_molecule_the_strongest_pairs_are_listed():
    large = molecule_of(atoms=tuple(f"C{place}" for place in range(60)), drawings={})
    text = Parsed(page_of(large)).text
    assert "The 2 strongest of 2 pairs" in text
    assert "too large to be drawn" in text
    assert text.index("C0, C1") < text.index("C0, C2")


def test_no_text_title_or_smiles_can_break_the_page():
    numbers = [0.1] * len(NASTY)
    entries = [text_of(NASTY, numbers, numbers, name=NASTY[0]), molecule_of(title="</svg><script>", smiles="<b>\x00")]
    parsed = Parsed(page_of(*entries, failures=["<i>\u2066no"]))
    plain = Parsed(
        page_of(text_of(["a"] * len(NASTY), numbers, numbers), molecule_of(title="a", smiles="b"), failures=["x"])
    )
    assert parsed.tags == plain.tags
    assert "script" not in parsed.tags
    for escape in ("\\u202eevil", "\\x1b[2J", "\\ud800", "\\x00", "\\u2066no", "{{style}}", "</script>"):
        assert escape in parsed.text
    assert all(char.isprintable() or char == "\n" for char in page_html(page_of(*entries)).decode())


def test_the_policy_allows_no_script_and_nothing_from_elsewhere():
    text = page_html(page_of(molecule_of())).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "style=" not in text.partition("<body>")[2]  # such attributes would be ignored
    assert b'content="igcli"' in page_html(page_of())[:4096]  # as of every report, so that it may be replaced


def test_a_page_has_no_more_than_its_room_and_says_how_many_are_left_out():
    entries = [ListEntry(f"title {number}", "seen", "x" * 1000) for number in range(50)]
    page = page_of(*entries, room=10_500)
    text = page_html(page).decode()
    assert text.count('class="entry card"') == 9
    assert "41 more" in text
    assert page_html(page_of(ListEntry("one", "seen", "x" * 1000), room=10)).count(b"entry card") == 1


def test_those_who_write_a_page_hear_how_many_entries_found_no_room():
    counts = []

    def parts(page):
        counts.append((yield from list_page_parts(page)))

    entries = [ListEntry(f"title {number}", "seen", "x" * 1000) for number in range(50)]
    for room in (10_500, 1_000_000):
        list(parts(page_of(*entries, room=room)))
    assert counts == [41, 0]
    assert room_words(41).startswith(" (41 without room on the page, which ends at 40 MB")
    assert room_words(0) == ""


def test_entries_are_made_one_at_a_time():
    made = []

    def entries():
        for number in range(3):
            made.append(number)
            yield ListEntry(str(number), "seen", "body")

    parts = list_page_parts(ListPage("A page", ORIGIN, entries()))
    next(parts)
    next(parts)
    assert made == [0]


def test_colours_have_ten_steps_to_each_side_of_zero():
    assert [strength(value, 2.0) for value in (-2.0, -0.2, 0.0, 0.2, 2.0, 4.0)] == [
        "lowers step-10", "lowers step-1", "lowers step-0", "raises step-1", "raises step-10", "raises step-10",
    ]  # fmt: skip
    assert strength(0.0, 0.0).endswith("step-0")


def test_in_a_browser_words_have_colours_entries_open_by_the_keyboard_and_scripts_do_not_run(visit):
    entries = [text_of(["up", "down", "zero"], [0.5, -0.5, 0.0]), *[molecule_of(title=f"m {n}") for n in range(6)]]
    page = visit(page_of(*entries), color_scheme="light")
    colours = page.locator(".word").evaluate_all("all => all.map((each) => getComputedStyle(each).backgroundColor)")
    up, down, zero = ([float(n) for n in re.findall(r"[\d.]+", colour)] for colour in colours)
    assert up[1] > up[0]
    assert down[0] > down[1]
    assert zero[-1] == 0.0  # transparent
    last = page.locator("#entry-7")
    assert not last.evaluate("each => each.open")
    last.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert last.evaluate("each => each.open")
    image = last.locator("img")
    assert image.evaluate("each => each.decode().then(() => each.naturalWidth)") == 40


def test_in_a_browser_hostile_words_are_words(visit):
    page = visit(page_of(text_of(NASTY, [0.1] * len(NASTY)), molecule_of(title="<script>alert(1)</script>")))
    assert page.locator(".word").count() == len(NASTY)
    assert page.locator("script, img[onerror]").count() == 0
    assert "<script>alert(1)</script>" in page.locator("#entry-2 h2").text_content()


@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser_nothing_is_wider_than_the_screen(visit, width):
    many = molecule_of(atoms=tuple(f"C{place}" for place in range(40)))
    page = visit(page_of(text_of(["word" * 80, "b"], [0.1, 0.2]), many), width=width)
    for summary in page.locator(".part > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 360])
def test_curves_and_captions_are_readable_at_every_width(visit, width):
    page = visit(page_of(text_of(["fine"], [0.5]), molecule_of()), width=width)
    assert page.locator(".plot span").first.evaluate("each => each.getBoundingClientRect().height") > 12
    assert page.locator(".plot svg").first.bounding_box()["height"] == 150
    for caption in page.locator("figcaption, caption bdi").all():
        assert caption.evaluate("each => each.scrollWidth <= each.clientWidth"), caption.text_content()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_gap_of_a_molecule_says_its_unit_and_how_small_it_is():
    gap = Completeness(0.0004, 0.45, within_tolerance=True, relative_to="range", floor=0.001)
    page = Parsed(page_of(molecule_of(gaps={"integrated": gap})))
    assert "45.00% of the score's range, but only 0.0004 of the score" in page.text
