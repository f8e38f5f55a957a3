"""The frames of an animation over α: the photo painted with the importance at γ(α), and a strip with α and the curves.

``strip.py`` draws the strip; ``animation.py`` turns frames into a file.

Source: arXiv 1611.02639, Fig. 3: each frame shows the relative distribution, the trend below carries the magnitude.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.errors import UsageError
from igcli.lazy import np
from igcli.rendering.scaling import Scale
from igcli.rendering.strip import PAPER, Caption, Strip
from igcli.rendering.styles import STYLES

if TYPE_CHECKING:
    from PIL import Image

    from igcli.attribution.views.trace import Trace
    from igcli.images.picture import Placement

#: How frames are normalised, in the words that are written on them.
NORMALIZATIONS = {"frame": "each frame by its own range", "path": "all frames by one range"}

#: Narrower pictures are enlarged by a whole factor, so that the strip below stays legible.
SMALLEST = 224

_GAP = 4  # between the photo and the painted picture


@dataclass(frozen=True)
class Film:
    """All that an animation or a sheet shows of one picture.

    Attributes
    ----------
    photo
        What the model saw, square; it may be sharper than the frames (see :func:`sharper_photo`).
    alphas
        (F,), rising.
    frames
        (F, H, W) importance at each: Σ_c |∂F/∂x_c|, nowhere negative.
    trace
        The curves, at these points or more.
    score_kind
        A name in ``SCORES``.
    """

    photo: Image.Image
    alphas: np.ndarray
    frames: np.ndarray
    trace: Trace
    label: str
    score_kind: str = "softmax"

    def __post_init__(self) -> None:
        if len(self.alphas) != len(self.frames) or not len(self.alphas):
            raise ValueError(f"{len(self.alphas)} points do not fit {len(self.frames)} frames")
        if not (np.diff(self.alphas) > 0).all():
            raise ValueError("the points of a film must rise")


@dataclass(frozen=True)
class Look:
    """How frames are drawn.

    Attributes
    ----------
    style
        A name in ``STYLES`` that shows an importance.
    normalize
        ``"frame"``: full brightness is the 99th percentile of each frame; ``"path"``: of all frames together.
    size
        The side of the picture in pixels, up to the photo's own; that of the frames if not given.
    percentile
        Of full brightness, instead of the 99th.
    """

    style: str = "lit"
    normalize: str = "frame"
    side_by_side: bool = False
    size: int | None = None
    percentile: float = 99.0

    def check(self) -> None:
        """Raise ``UsageError`` for settings that no film can be drawn with."""
        if STYLES[self.style].aggregation != "abs-sum":
            fit = ", ".join(name for name, style in STYLES.items() if style.aggregation == "abs-sum")
            raise UsageError(f"Interior gradients are shown by their size, and {self.style!r} needs a sign. Use {fit}.")
        if self.normalize not in NORMALIZATIONS:
            raise UsageError(f"Frames are normalised by {' or by '.join(NORMALIZATIONS)}, not by {self.normalize!r}.")
        if self.size is not None and self.size < SMALLEST:
            raise UsageError(f"At {self.size} pixels the text would not be legible: use a size of {SMALLEST} or more.")
        Scale(self.percentile)


def draw_frames(film: Film, look: Look | None = None) -> list[Image.Image]:
    """Draw every frame, as RGB images of one size.

    No two frames are alike: each carries its own α.

    Raises
    ------
    UsageError
        For settings that are not valid, or a size beyond the photo's own.
    NumericalError
        If a frame has values that are not finite.
    """
    from PIL import Image

    look = look or Look()
    look.check()
    side = side_of(film, look)
    width = 2 * side + _GAP if look.side_by_side else side
    caption = Caption(film.label, film.score_kind, NORMALIZATIONS[look.normalize])
    strip = Strip(film.trace, caption, width=width, side=side, alphas=film.alphas)
    paint = painter(film, look, side)
    ground = Image.new("RGB", (width, side + strip.height), PAPER)
    if look.side_by_side:
        ground.paste(fit_square(film.photo.convert("RGB"), side), (0, 0))
    drawn = []
    for alpha, frame in zip(film.alphas.tolist(), film.frames, strict=True):
        painted, blank = paint(frame)
        image = ground.copy()
        image.paste(painted, (width - side, 0))
        image.paste(strip.draw(alpha, note="no gradient at this α" if blank else ""), (0, side))
        drawn.append(image)
    return drawn


def painter(film: Film, look: Look, side: int) -> Callable[[np.ndarray], tuple[Image.Image, bool]]:
    """A function from one frame (H, W) to its picture of ``side`` pixels, and whether the frame was all zero."""
    from PIL import Image

    photo = np.asarray(fit_square(film.photo.convert("RGB"), side))
    style = STYLES[look.style]
    shared = _ceiling(film.frames, look.percentile) if look.normalize == "path" else None

    def paint(frame: np.ndarray) -> tuple[Image.Image, bool]:
        # The ceiling is taken before enlarging: the size of the picture does not change its brightness.
        ceiling = shared or _ceiling(frame, look.percentile)
        grown = np.asarray(fit_square(Image.fromarray(np.asarray(frame, np.float32)), side))
        scale = Scale(maximum=ceiling) if ceiling else Scale(look.percentile)
        drawn = style.draw(photo, grown[None], scale=scale)
        return drawn.image, drawn.blank

    return paint


def side_of(film: Film, look: Look) -> int:
    """The side of the painted picture, in pixels.

    Raises
    ------
    UsageError
        If more is asked for than the photo has.
    """
    own: int = film.frames.shape[-1]
    enlarged = own * math.ceil(SMALLEST / own)
    if look.size is None:
        return enlarged
    largest = max(enlarged, min(film.photo.size))
    if look.size > largest:
        raise UsageError(f"A size of {look.size} is more than this photo has: use {largest} or less.")
    return look.size


def sharper_photo(original: Image.Image, placement: Placement, *, size: int) -> Image.Image:
    """The part of the upright original that the model saw, square, with up to ``size`` pixels of its own detail."""
    from PIL import Image

    left, top, right, bottom = placement.box
    shorter = min(right - left, bottom - top)
    side = max(1, min(size, math.floor(shorter)))
    whole = (round(left), round(top), round(right), round(bottom))
    # Cropped first: the box may reach beyond the photo, where crop() fills with black.
    return original.convert("RGB").crop(whole).resize((side, side), Image.Resampling.LANCZOS)


def fit_square(image: Image.Image, side: int) -> Image.Image:
    """A square image with ``side`` pixels: whole factors keep each pixel a square, all else is smooth."""
    from PIL import Image

    if image.size == (side, side):
        return image
    if side % image.width == 0 and image.width < SMALLEST:
        return image.resize((side, side), Image.Resampling.NEAREST)
    # Positive weights only for a map: it must not turn negative between two pixels.
    smooth = Image.Resampling.BILINEAR if image.mode == "F" else Image.Resampling.LANCZOS
    return image.resize((side, side), smooth)


def _ceiling(values: np.ndarray, percentile: float) -> float:
    """What is shown at full brightness, or 0 where there is nothing to show (or nothing finite: the style refuses)."""
    if not np.isfinite(values).all():
        return 0.0
    return float(np.percentile(values, percentile)) or float(values.max())
