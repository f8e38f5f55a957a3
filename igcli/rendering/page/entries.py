"""A page of texts or molecules: HTML without any script, so that it can be read with scripts forbidden, and by ear.

Each entry is a ``<details>`` of its own, which the keyboard opens and the browser's search finds. Everything from
outside is escaped here; control characters and direction overrides are shown as escapes. What stands in an entry:
``text_entry.py`` and ``molecule_entry.py``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from igcli.rendering.numbers import score_text
from igcli.rendering.page.content import PAGE_ROOM, Cell, CurvePage, Origin, Table
from igcli.rendering.page.markup import filled, page_asset, policy_hash
from igcli.text.tokens import visible

_POLICY_WITHOUT_SCRIPT = (
    "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
)
#: So many entries are open from the start.
_OPEN = 5
_STEPS = 10
_WIDE, _HIGH = 640, 150  # units of a drawing
_LONGEST_TITLE = 160


@dataclass(frozen=True)
class ListEntry:
    """One text or molecule.

    Attributes
    ----------
    title, seen
        Plain text: what it is; what was predicted and explained.
    body
        Markup.
    """

    title: str
    seen: str
    body: str


@dataclass(frozen=True)
class ListPage:
    """A page of entries, which are made one at a time.

    Attributes
    ----------
    failures
        Sentences on what could not be shown.
    room
        Characters of all entries together; those beyond are counted only, except for the first.
    """

    title: str
    origin: Origin
    entries: Iterable[ListEntry]
    failures: Sequence[str] = ()
    room: int = PAGE_ROOM


def list_page_parts(page: ListPage) -> Generator[str, None, int]:
    """The page in pieces, one per entry, to be written one after another; returns how many found no room."""
    style = page_asset("page.css") + page_asset("list.css")
    words = {
        "policy": _POLICY_WITHOUT_SCRIPT.format(style=policy_hash(style)),
        "title": isolated(page.title),
        "style": style,
        "caveat": f'<aside class="notice" aria-label="Caveat">{isolated(page.origin.caveat)}</aside>'
        if page.origin.caveat
        else "",
        "facts": "".join(f"<dt>{escape(name)}</dt><dd>{isolated(value)}</dd>" for name, value in _facts(page.origin)),
    }
    head, tail = page_asset("list.html").split("{{entries}}")
    yield filled(head, words)
    left, refused = page.room, 0
    for number, entry in enumerate(page.entries):
        text = _entry_markup(entry, number)
        if refused or (number and len(text) > left):
            refused += 1
            continue
        left -= len(text)
        yield text
    failures = [*page.failures]
    if refused:
        failures.append(f"{refused} more: the page would be larger than a browser opens. Their files are complete.")
    if failures:
        items = "".join(f"<li>{isolated(reason)}</li>" for reason in failures)
        yield f'<section id="failures"><h2>Not shown</h2><ul>{items}</ul></section>\n'
    yield filled(tail, words)
    return refused


def isolated(text: str) -> str:
    """A text from outside as markup, kept from reversing what stands around it."""
    return f"<bdi>{escape(visible(text))}</bdi>"


def strength(value: float, largest: float) -> str:
    """The classes of a number's background: white for 0, the full colour for ``±largest``."""
    step = round(_STEPS * min(abs(value) / largest, 1.0)) if largest else 0
    return f"{'raises' if value > 0 else 'lowers'} step-{step}"


def table_markup(table: Table) -> str:
    """A table with its first column as heads of rows; numbers are texts already."""
    head = "".join(f'<th scope="col">{isolated(name)}</th>' for name in table.columns)
    rows = ""
    for first, *rest in table.rows:
        cells = "".join(f"<td>{_cell_markup(each)}</td>" for each in rest)
        rows += f'<tr><th scope="row">{_cell_markup(first)}</th>{cells}</tr>'
    note = f'<p class="muted small">{isolated(table.note)}</p>' if table.note else ""
    markup = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f"{scrolled(table.title, f'<table>{_caption(table.title)}{markup}</table>')}{note}\n"


def scrolled(title: str, markup: str) -> str:
    """Markup that scrolls by itself where it is wider than the page, by the keyboard too."""
    said = escape(visible(title), quote=True)
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{said}">{markup}</div>'


def _caption(title: str) -> str:
    return f"<caption>{isolated(title)}</caption>"


def folded(summary: str, markup: str) -> str:
    """A part of an entry that is closed at first."""
    return f'<details class="part"><summary>{escape(summary)}</summary>{markup}</details>\n'


def score_curve(curve: CurvePage, said: str, *, kind: str) -> str:
    """The score of this kind along the path as a drawing, ``said`` in words; nothing where only the ends are known."""
    if len(curve.alphas) < 3:
        return ""
    low, high = min(*curve.scores, 0.0), max(*curve.scores, 0.0)
    scale = (high - low) or 1.0
    points = " ".join(
        f"{_WIDE * alpha:.1f},{_HIGH * (high - score) / scale:.1f}"
        for alpha, score in zip(curve.alphas, curve.scores, strict=True)
    )
    lines = "".join(f'<line x1="0" x2="{_WIDE}" y1="{y}" y2="{y}" class="grid"/>' for y in (0, _HIGH))
    line = f'<polyline points="{points}" class="line score"/>'
    # The drawing is stretched to the width there is; its numbers stand outside, so that they keep their size.
    svg = f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" aria-hidden="true">{lines}{line}</svg>'
    ends = "".join(f"<span>{score_text(score, kind)}</span>" for score in (high, low))
    alphas = "".join(f"<span>{alpha}</span>" for alpha in ("α = 0", "0.5", "1"))
    label = escape(visible(said), quote=True)
    plot = f'<div class="plot" role="img" aria-label="{label}"><div>{ends}</div>{svg}<div>{alphas}</div></div>'
    return f'<figure class="curve">{plot}<figcaption class="muted small">{isolated(said)}</figcaption></figure>\n'


def _entry_markup(entry: ListEntry, number: int) -> str:
    title = entry.title if len(entry.title) <= _LONGEST_TITLE else f"{entry.title[: _LONGEST_TITLE - 1]}…"
    is_open = " open" if number < _OPEN else ""
    return (
        f'<details class="entry card" id="entry-{number + 1}"{is_open}><summary><h2>{isolated(title)}</h2>'
        f"<p>{isolated(entry.seen)}</p></summary>\n{entry.body}</details>\n"
    )


def _cell_markup(cell: Cell | str | float | None) -> str:
    if isinstance(cell, Cell):
        return f"{isolated(cell.text)} <small>{isolated(cell.detail)}</small>" if cell.detail else isolated(cell.text)
    return isolated("–" if cell is None else str(cell))


def _facts(origin: Origin) -> Iterator[tuple[str, str]]:
    network = origin.network
    facts = {
        "network": network.name,
        "weights": network.weights,
        "SHA-256 of the weights": network.sha256,
        **origin.settings,
        "versions": ", ".join(f"{name} {version}" for name, version in origin.versions.items()),
        "command": origin.command,
    }
    yield from ((name, str(value)) for name, value in facts.items() if value)
