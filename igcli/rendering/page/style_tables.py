"""The styles as tables of colours for ``paint.js``, so that the styles are implemented in Python only.

A page can paint every style in which a pixel's colour depends on its own importance, and linearly on its own pixel of
the photo. Such a style is sampled here at 256 strengths, over black and over each of the photo's three colours.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from igcli.errors import UsageError
from igcli.lazy import np
from igcli.rendering.styles import STYLES, dimmed, style_of

if TYPE_CHECKING:
    from igcli.rendering.styles import Paint, Style

LEVELS = 256
_STEPS = 64  # of a table, to one step of a colour
_TRIALS = 8  # rows of random pixels by which a table is tried


def painted_styles(shown: str = "") -> dict[str, Style]:
    """The styles that a page can paint, by name; ``shown`` after the one whose colours it replaces."""
    styles = dict(STYLES.items())
    if shown and shown not in styles:
        base = shown.partition(":")[0]
        styles = {key: style_of(key) for name in styles for key in ((name, shown) if name == base else (name,))}
    return {name: style for name, style in styles.items() if _table(style.paint, signed=style.signed) is not None}


def check_style(name: str) -> None:
    """Raise ``UsageError`` for a style that does not exist, or that a page cannot paint."""
    style_of(name)
    if name not in painted_styles(name):
        raise UsageError(
            f"A page cannot paint the style {name!r}: its colours do not follow from each pixel alone. "
            f"Choose from: {', '.join(painted_styles())}."
        )


def tables_of(styles: dict[str, Style]) -> bytes:
    """The tables of these styles, and that of a map without importance: int16, (S + 1, 256, 4, 3), in 64ths.

    The colour over a black pixel comes first, then what full red, green and blue of the photo add to it.
    """
    tables = [_table(style.paint, signed=style.signed) for style in styles.values()]
    blank = _table(_blank, signed=False)
    return b"".join(np.rint(table * _STEPS).astype("<i2").tobytes() for table in (*tables, blank) if table is not None)


def _blank(photo: np.ndarray, strength: np.ndarray) -> np.ndarray:  # noqa: ARG001 - a paint function's signature
    return dimmed(photo)


@cache
def _table(paint: Paint, *, signed: bool) -> np.ndarray | None:
    """(256, 4, 3), or ``None`` where random pixels are painted in other colours than the table's."""
    strengths = np.linspace(-1.0 if signed else 0.0, 1.0, LEVELS, dtype=np.float32)
    photo = np.zeros((4, LEVELS, 3), np.uint8)
    for channel in range(3):
        photo[1 + channel, :, channel] = 255
    table = np.asarray(paint(photo, np.tile(strengths, (4, 1))), np.float64).transpose(1, 0, 2)
    table[:, 1:] -= table[:, :1]
    random = np.random.default_rng(0)
    chosen = random.integers(LEVELS, size=(_TRIALS, LEVELS))
    trial = random.integers(256, size=(_TRIALS, LEVELS, 3), dtype=np.uint8)
    expected = table[chosen, 0] + np.einsum("hwp,hwpc->hwc", trial / 255, table[chosen, 1:])
    return table if np.abs(paint(trial, strengths[chosen]) - expected).max() < 1 else None
