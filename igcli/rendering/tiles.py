"""Pictures in tiles on one sheet of paper: title, captions, a warning in its own colour, a footer below a rule.

Shared by the panel of one photo (``panel.py``), the comparison of maps (``comparison.py``) and the sheet of a film
(``sheet.py``), which decide what stands where.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.rendering.text import Pen, wrap, write

if TYPE_CHECKING:
    from PIL import Image

PAPER = (252, 252, 251)
RULE = (222, 223, 225)
INK = (32, 35, 40)
MUTED = (104, 109, 118)
_WARNING_PAPER = (255, 243, 214)

BODY, SMALL, HEADING = Pen(13), Pen(12, MUTED), Pen(13, MUTED)
_TITLE, _WARNING = Pen(18, bold=True), Pen(13, (122, 74, 0))

MARGIN = 24
LINE = 20
SMALLEST_TILE = 224


@dataclass(frozen=True)
class Spacing:
    """Pixels below the tiles.

    Attributes
    ----------
    line
        From line to line of the footer.
    warning
        Above and below the text of the warning, together with the gap that follows it.
    footer
        Between the rule and the footer.
    end
        Below the footer, from the top of a line that would follow it.
    """

    line: int = LINE
    warning: tuple[int, int] = (10, 20)
    footer: int = 12
    end: int = 28


class TileSheet:
    """A sheet with its title, warning and footer drawn; the caller adds the tiles.

    Parameters
    ----------
    width
        Of the sheet, in pixels.
    bottom
        Where the tiles end and the warning, or the rule above the footer, begins.
    footer
        Texts and how they look; each starts a line and is wrapped.
    """

    def __init__(
        self,
        *,
        width: int,
        bottom: int,
        title: str,
        warning: str = "",
        footer: Sequence[tuple[str, Pen]] = (),
        spacing: Spacing | None = None,
    ) -> None:
        from PIL import Image, ImageDraw

        spacing, self.inner = spacing or Spacing(), width - 2 * MARGIN
        warned = wrap(warning, self.inner - 24, pen=_WARNING)
        lines = [(line, pen) for text, pen in footer for line in wrap(text, self.inner, pen=pen)]
        above, below = spacing.warning
        rule = bottom + (LINE * len(warned) + above + below if warned else 0)
        height = rule + (spacing.line * len(lines) + spacing.end if lines else 14)
        self.image = Image.new("RGB", (width, height), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.write((MARGIN, MARGIN - 4), title, pen=_TITLE, width=self.inner)
        if warned:
            box = (MARGIN, bottom, MARGIN + self.inner - 1, bottom + LINE * len(warned) + 15)
            self.draw.rounded_rectangle(box, radius=5, fill=_WARNING_PAPER)
        for number, line in enumerate(warned):
            self.write((MARGIN + 12, bottom + above + LINE * number), line, pen=_WARNING)
        if lines:
            self.draw.line((MARGIN, rule, MARGIN + self.inner - 1, rule), fill=RULE)
        for number, (line, pen) in enumerate(lines):
            self.write((MARGIN, rule + spacing.footer + spacing.line * number), line, pen=pen)

    def write(
        self, xy: tuple[float, float], text: str, *, pen: Pen, width: float | None = None, anchor: str = "la"
    ) -> None:
        """One line of text, as in ``text.write``."""
        write(self.draw, xy, text, pen=pen, width=width, anchor=anchor)

    def tile(self, picture: Image.Image, xy: tuple[int, int], size: tuple[int, int]) -> None:
        """A picture in the middle of a tile, enlarged by whole factors (each pixel a square) or fitted smoothly."""
        from PIL import Image, ImageOps

        enlarged = size[0] % picture.width == 0 and (size[0] // picture.width) * picture.height == size[1]
        resampling = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
        shown = ImageOps.contain(picture.convert("RGB"), size, resampling)
        self.image.paste(shown, (xy[0] + (size[0] - shown.width) // 2, xy[1] + (size[1] - shown.height) // 2))


def tile_size(picture: Image.Image) -> tuple[int, int]:
    """The picture's own size, or the smallest multiple of it that is at least 224 pixels wide."""
    factor = max(1, math.ceil(SMALLEST_TILE / picture.width))
    return picture.width * factor, picture.height * factor
