"""Words with their numbers: in a terminal, as a PNG, as a fragment of HTML.

Green is for words that raise the score, red for those that lower it; the strongest has the full colour. Whatever is in
a text, no control character reaches the terminal and no markup the page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from igcli.rendering.numbers import score_text
from igcli.rendering.text import Pen, text_width, write
from igcli.text.scored import ScoredText
from igcli.text.tokens import Token, visible

if TYPE_CHECKING:
    from PIL import Image

_RAISES, _LOWERS = (64, 184, 96), (235, 87, 87)
_WHITE = (255, 255, 255)
#: More numbers than this for one word are a table, one row per word.
_BESIDE = 1


def terminal_lines(text: ScoredText, *, colour: bool, width: int) -> list[str]:
    """A head, the words with their numbers beneath, or one column per method, and what the numbers sum to.

    Parameters
    ----------
    colour
        Whether words have a background in colour (escape sequences of 256 colours).
    width
        Of the terminal, in characters.
    """
    lines = [heading_of(text)]
    lines += _interlinear(text, colour, width) if len(text.numbers) <= _BESIDE else _table(text, colour)
    return [*lines, *sums_of(text)]


def heading_of(text: ScoredText) -> str:
    """What is explained: ``→ than 53.1 %``; or the class."""
    score, arrow = text.score, "→ " if text.next_word else ""
    against = f" against {visible(score.against)}" if score.against else ""
    rise = f"{score_text(score.at_image, score.kind)}, from {score_text(score.at_baseline, score.kind)}"
    start = "in the mean over the baselines" if text.means else "at the baseline"
    return f"{arrow}{visible(text.target.label)}{against}  {score.kind} {rise} {start}"


def sums_of(text: ScoredText) -> list[str]:
    """What each method's numbers sum to, next to the score's rise."""
    lines = []
    for name, gap in text.gaps.items():
        total, rise = sum(text.numbers[name]), text.score.rise
        top = max(abs(total), abs(rise))
        words = f"{name}: the words sum to {number_text(total, top)}, the score rises by {number_text(rise, top)}"
        if name == "gradient":
            words = f"{name}: sizes, which sum to nothing"
        elif gap.within_tolerance is False:
            words += f" (gap {gap.relative_gap:.1%}{gap.words}, not within the tolerance: try --steps auto, or more "
            words += "--max-steps)"
        elif gap.within_tolerance and gap.words:
            words += f" (gap {gap.relative_gap:.1%}{gap.words})"
        if name in text.means:
            words += f": {text.means[name].words}"
        lines.append(words)
    return lines


def html_fragment(text: ScoredText) -> str:
    """A ``<figure>`` with the words of the first method, each with its number as a title; no script, no style sheet."""
    values = text.numbers[text.first]
    top = largest_size(values)
    spans: list[str] = []
    for token, value in zip(text.tokens, values, strict=True):
        red, green, blue = tint(value, top)
        space = " " if token.spaced and spans else ""
        spans.append(
            f'{space}<span style="background:rgb({red},{green},{blue});color:#111;border-radius:3px;padding:0 2px" '
            f'title="{value:+.4g}">{escape(visible(token.shown))}</span>'
        )
    notes = "".join(f"<br>{escape(line)}" for line in sums_of(text))
    head = escape(heading_of(text))
    return f'<figure class="ig-text"><p>{"".join(spans)}</p>\n<figcaption>{head}{notes}</figcaption></figure>\n'


def words_image(text: ScoredText, *, width: int = 900) -> Image.Image:
    """The words in lines, tinted, each with its number of the first method beneath; RGB."""
    from PIL import Image, ImageDraw

    word, number, small = Pen(18), Pen(11, colour=(90, 95, 105)), Pen(13)
    values, margin, height = text.numbers[text.first], 20, 50
    top = largest_size(values)
    cells = []
    for token, value in zip(text.tokens, values, strict=True):
        shown, figure = shown_word(token), number_text(value, top)
        cells.append((shown, figure, value, max(text_width(shown, pen=word), text_width(figure, pen=number)) + 8))
    lines: list[list[tuple[str, str, float, float]]] = [[]]
    used = 0.0
    for cell in cells:
        if used + cell[3] > width - 2 * margin and lines[-1]:
            lines, used = [*lines, []], 0.0
        lines[-1].append(cell)
        used += cell[3] + 4
    notes = sums_of(text)
    image = Image.new("RGB", (width, margin * 2 + 30 + height * len(lines) + 20 * len(notes)), _WHITE)
    draw = ImageDraw.Draw(image)
    write(draw, (margin, margin - 4), heading_of(text), pen=replace(small, bold=True), width=width - 2 * margin)
    y = margin + 26
    for line in lines:
        x = float(margin)
        for shown, figure, value, wide in line:
            draw.rounded_rectangle((x, y, x + wide, y + 26), 4, fill=tint(value, top))
            write(draw, (x + wide / 2, y + 13), shown, pen=word, anchor="mm", width=min(wide, width - 2 * margin))
            write(draw, (x + wide / 2, y + 29), figure, pen=number, anchor="ma")
            x += wide + 4
        y += height
    for note in notes:
        write(draw, (margin, y + 4), note, pen=small, width=width - 2 * margin)
        y += 20
    return image


def tint(value: float, top: float) -> tuple[int, int, int]:
    """The background of a number: white for 0, the full colour for ``±top``."""
    share = min(abs(value) / top, 1.0) if top else 0.0
    red, green, blue = (
        round(white + share * (full - white))
        for white, full in zip(_WHITE, _RAISES if value > 0 else _LOWERS, strict=True)
    )
    return red, green, blue


def number_text(value: float, top: float) -> str:
    """A signed number with four decimals, or as many digits as the largest, ``top``, needs to be seen."""
    return f"{value:+.4f}" if top >= 0.005 or not top else f"{value:+.2e}"


def _interlinear(text: ScoredText, colour: bool, width: int) -> Iterator[str]:  # noqa: FBT001
    values = text.numbers[text.first]
    top, upper, lower, used = largest_size(values), "", "", 0
    for token, value in zip(text.tokens, values, strict=True):
        shown, number = shown_word(token), number_text(value, top)
        cell = max(_columns(shown), len(number))
        if used and used + cell + 2 > width:
            yield from (upper.rstrip(), lower.rstrip())
            upper, lower, used = "", "", 0
        upper += _painted(shown, value, top, colour) + " " * (cell - _columns(shown) + 2)
        lower += number.ljust(cell + 2)
        used += cell + 2
    yield from (upper.rstrip(), lower.rstrip())


def _table(text: ScoredText, colour: bool) -> Iterator[str]:  # noqa: FBT001
    """One row per word, one column per method (arXiv 1611.02639, Fig. 9 and 10)."""
    wide = max(_columns(shown_word(token)) for token in text.tokens)
    heads = [name.rjust(max(len(name), 9)) for name in text.numbers]
    yield "  ".join([" " * wide, *heads])
    tops = [largest_size(values) for values in text.numbers.values()]
    for row, token in enumerate(text.tokens):
        shown = shown_word(token)
        values = [column[row] for column in text.numbers.values()]
        first = _painted(shown, values[0], tops[0], colour) + " " * (wide - _columns(shown))
        yield "  ".join(
            [first, *(number_text(v, top).rjust(len(head)) for v, top, head in zip(values, tops, heads, strict=True))]
        )


def shown_word(token: Token) -> str:
    """A word as it is printed; one that the model does not know in brackets."""
    shown = visible(token.shown)
    return shown if token.known else f"[{shown}]"


def _painted(shown: str, value: float, top: float, colour: bool) -> str:  # noqa: FBT001
    if not colour:
        return shown
    red, green, blue = (round(level / 255 * 5) for level in tint(value, top))
    return f"\x1b[38;5;16;48;5;{16 + 36 * red + 6 * green + blue}m{shown}\x1b[0m"


def largest_size(values: Sequence[float]) -> float:
    """Of the values, without their signs; 0 of none."""
    return max(map(abs, values), default=0.0)


def _columns(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
