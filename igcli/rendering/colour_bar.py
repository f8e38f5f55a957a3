"""A bar below a map: which colour is which value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from igcli.lazy import np
from igcli.rendering.text import Pen, text_width, write
from igcli.rendering.tiles import INK, PAPER, SMALL

if TYPE_CHECKING:
    from PIL import Image

    from igcli.rendering.styles import Drawn, Style

_MARGIN, _HEIGHT = 10, 12
_TICKS = Pen(12, INK)
_GREY, _WHITE = 96, 255


def with_colour_bar(drawn: Drawn, style: Style, *, caption: str, clipped: bool) -> Image.Image:
    """The picture with a bar below it, on white, as RGB; of its width, and 58 pixels higher.

    Parameters
    ----------
    caption
        What the values are, in a few words; shortened to the width.
    clipped
        Values beyond the ends are possible, and the numbers there say so.
    """
    from PIL import Image, ImageDraw

    width, height = drawn.image.size
    whole = Image.new("RGB", (width, height + 58), PAPER)
    whole.paste(drawn.image, (0, 0))
    draw = ImageDraw.Draw(whole)
    inner, top = width - 2 * _MARGIN, height + 8
    if drawn.blank:
        write(draw, (_MARGIN, top), "zero everywhere", pen=_TICKS, width=inner)
    else:
        whole.paste(Image.fromarray(_bar(style, inner)), (_MARGIN, top))
        low = "0" if not style.signed else f"{'≤ ' * clipped}{-drawn.ceiling:.2g}".replace("-", "−")
        high = f"{'≥ ' * clipped}{drawn.ceiling:.2g}"
        ticks = top + _HEIGHT + 3
        write(draw, (_MARGIN, ticks), low, pen=_TICKS)
        write(draw, (width - _MARGIN, ticks), high, pen=_TICKS, anchor="ra")
        if style.signed and text_width(low, pen=_TICKS) + text_width(high, pen=_TICKS) + 40 < inner:
            write(draw, (width / 2, ticks), "0", pen=_TICKS, anchor="ma")
    write(draw, (_MARGIN, top + _HEIGHT + 20), caption, pen=SMALL, width=inner)
    return whole


def _bar(style: Style, width: int) -> np.ndarray:
    """The style's colours from nothing to full, over grey; over white where the photo itself is what is seen."""
    strength = np.tile(np.linspace(-1.0 if style.signed else 0.0, 1.0, width, dtype=np.float32), (_HEIGHT, 1))
    ends = (np.full((1, 1, 3), level, np.uint8) for level in (0, _WHITE))
    black, white = (np.asarray(style.paint(end, np.ones((1, 1), np.float32)), float) for end in ends)
    level = _WHITE if (white - black).mean() > _WHITE / 2 else _GREY
    painted = style.paint(np.full((_HEIGHT, width, 3), level, np.uint8), strength)
    return np.asarray(np.rint(np.clip(painted, 0, 255)), np.uint8)
