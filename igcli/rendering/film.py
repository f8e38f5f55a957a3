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
from igcli.rendering.styles import STYLES, style_of

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
        What the model saw; it may be sharper than the frames (see :func:`sharper_photo`).
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
        The width of the picture in pixels, up to the photo's own; that of the frames if not given.
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
        if style_of(self.style).aggregation != "abs-sum":
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
    size = size_of(film, look)
    width = 2 * size[0] + _GAP if look.side_by_side else size[0]
    caption = Caption(film.label, film.score_kind, NORMALIZATIONS[look.normalize])
    strip = Strip(film.trace, caption, width=width, side=size[0], alphas=film.alphas)
    paint = painter(film, look, size)
    ground = Image.new("RGB", (width, size[1] + strip.height), PAPER)
    if look.side_by_side:
        ground.paste(enlarged(film.photo.convert("RGB"), size), (0, 0))
    drawn = []
    for alpha, frame in zip(film.alphas.tolist(), film.frames, strict=True):
        painted, blank = paint(frame)
        image = ground.copy()
        image.paste(painted, (width - size[0], 0))
        image.paste(strip.draw(alpha, note="no gradient at this α" if blank else ""), (0, size[1]))
        drawn.append(image)
    return drawn


def painter(film: Film, look: Look, size: tuple[int, int]) -> Callable[[np.ndarray], tuple[Image.Image, bool]]:
    """A function from one frame (H, W) to its picture of ``size``, and whether the frame was all zero."""
    from PIL import Image

    photo = np.asarray(enlarged(film.photo.convert("RGB"), size))
    style = style_of(look.style)
    shared = _ceiling(film.frames, look.percentile) if look.normalize == "path" else None

    def paint(frame: np.ndarray) -> tuple[Image.Image, bool]:
        # The ceiling is taken before enlarging: the size of the picture does not change its brightness.
        ceiling = shared or _ceiling(frame, look.percentile)
        grown = np.asarray(enlarged(Image.fromarray(np.asarray(frame, np.float32)), size))
        scale = Scale(maximum=ceiling) if ceiling else Scale(look.percentile)
        drawn = style.draw(photo, grown[None], scale=scale)
        return drawn.image, drawn.blank

    return paint


def size_of(film: Film, look: Look) -> tuple[int, int]:
    """Width and height of the painted picture, in pixels, in the proportions of the frames.

    Raises
    ------
    UsageError
        If more is asked for than the photo has.
    """
    height, width = film.frames.shape[-2:]
    factor = math.ceil(SMALLEST / width)
    if look.size is None:
        return width * factor, height * factor
    largest = max(width * factor, min(film.photo.width, film.photo.height * width // height))
    if look.size > largest:
        raise UsageError(f"A size of {look.size} is more than this photo has: use {largest} or less.")
    return look.size, in_proportion(look.size, (width, height))


def in_proportion(width: int, size: tuple[int, int]) -> int:
    """The height that goes with a width, for a picture of the proportions of ``size`` (width, height)."""
    return max(1, round(width * size[1] / size[0]))


def sharper_photo(original: Image.Image, placement: Placement, *, size: tuple[int, int]) -> Image.Image:
    """The part of the upright original that the model saw, in the proportions of ``size``, its width and height.

    It has at most so many pixels, and no more than the original has there.
    """
    from PIL import Image

    left, top, right, bottom = placement.box
    across = min(right - left, (bottom - top) * size[0] / size[1])
    width = max(1, min(size[0], math.floor(across)))
    whole = (round(left), round(top), round(right), round(bottom))
    # Cropped first: the box may reach beyond the photo, where crop() fills with black.
    return original.convert("RGB").crop(whole).resize((width, in_proportion(width, size)), Image.Resampling.LANCZOS)


def enlarged(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image in another size: whole factors keep each pixel a square, all else is smooth."""
    from PIL import Image

    if image.size == size:
        return image
    factor, rest = divmod(size[0], image.width)
    if not rest and size[1] == factor * image.height and image.width < SMALLEST:
        return image.resize(size, Image.Resampling.NEAREST)
    # Positive weights only for a map: it must not turn negative between two pixels.
    smooth = Image.Resampling.BILINEAR if image.mode == "F" else Image.Resampling.LANCZOS
    return image.resize(size, smooth)


def _ceiling(values: np.ndarray, percentile: float) -> float:
    """What is shown at full brightness, or 0 where there is nothing to show (or nothing finite: the style refuses)."""
    if not np.isfinite(values).all():
        return 0.0
    return float(np.percentile(values, percentile)) or float(values.max())
