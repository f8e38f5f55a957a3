"""A text's part of a page: its words with their numbers, what these sum to, a table of methods, the score's curve."""

from __future__ import annotations

from igcli.rendering.page.content import CurvePage, Table
from igcli.rendering.page.entries import ListEntry, isolated, score_curve, strength, table_markup
from igcli.rendering.words import heading_of, largest_size, number_text, shown_word, sums_of
from igcli.text.scored import ScoredText


def text_entry(text: ScoredText, *, name: str, curve: CurvePage) -> ListEntry:
    """The words of the first method in colour, and of several methods a table.

    Parameters
    ----------
    name
        Where the text stands: ``reviews.csv:3``.
    """
    written = "".join(" " * (token.spaced and place > 0) + token.shown for place, token in enumerate(text.tokens))
    title = f"{name}: {written}" if name and not written.startswith(name) else written
    sums = "".join(f"<li>{isolated(line)}</li>" for line in sums_of(text))
    body = f'<p class="words" dir="auto">{_spans(text)}</p>\n<ul class="muted">{sums}</ul>\n'
    if len(text.numbers) > 1:
        body += _methods(text)
    return ListEntry(title, heading_of(text), body + score_curve(curve, _said(text), kind=text.score.kind))


def _spans(text: ScoredText) -> str:
    values = text.numbers[text.first]
    top = largest_size(values)
    return " ".join(
        f'<span class="word {strength(value, top)}{"" if token.known else " unknown"}">{isolated(shown_word(token))} '
        f"<small>{number_text(value, top)}</small></span>"
        for token, value in zip(text.tokens, values, strict=True)
    )


def _methods(text: ScoredText) -> str:
    """One row per word, one column per method (arXiv 1611.02639, Fig. 9 and 10)."""
    tops = {name: largest_size(values) for name, values in text.numbers.items()}
    rows = tuple(
        (shown_word(token), *(number_text(values[row], tops[name]) for name, values in text.numbers.items()))
        for row, token in enumerate(text.tokens)
    )
    return table_markup(Table("The numbers of each method", ("word", *text.numbers), rows))


def _said(text: ScoredText) -> str:
    return f"Along the path from the baseline to the text: {heading_of(text)}."
