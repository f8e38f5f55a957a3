"""The registry of ways from a photo of any shape to the model's square: ``crop``, ``squash``, ``pad`` and variants.

``crop`` is torchvision's ``Resize`` followed by ``CenterCrop`` on PIL images, bit for bit, because the published
weights were evaluated so. Each entry also says where its square lies in the original, by which ``igcli.rendering`` maps
results back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.images.picture import Placement
from igcli.registry import Registry

if TYPE_CHECKING:
    from PIL import Image

    from igcli.images.options import View

    Fit = Callable[[Image.Image, View], tuple[Image.Image, Placement]]

FITS: Registry[Fit] = Registry("fit")


@FITS("crop", summary="Shrink the shorter side, keep the middle; what the network was evaluated with.")
def crop(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Shorter side to ``view.resize``, then the middle square of ``view.size``, black where there is no photo."""
    width, height = _resized(image, view)
    left, top = _middle(width, view.size), _middle(height, view.size)
    window = Window((width, height), left, top, view.size, view.interpolation)
    return window.of(image), window.placement("crop", image.size)


@FITS("crop-down", summary="The same with the middle rounded down, as Hugging Face's processors have it.")
def crop_down(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Shorter side to ``view.resize``, then the middle square, one pixel up or left where it is not exact."""
    width, height = _resized(image, view)
    window = Window((width, height), *_middle_down(width, height, view.size), view.size, view.interpolation)
    return window.of(image), window.placement("crop-down", image.size)


@FITS("squash-crop", summary="Distort into a square of --resize, keep its middle, as some of Hugging Face's have it.")
def squash_crop(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Both sides to ``view.resize``, then the middle square of ``view.size``."""
    square = (view.resize, view.resize)
    window = Window(square, *_middle_down(*square, view.size), view.size, view.interpolation)
    return window.of(image), window.placement("squash-crop", image.size)


@FITS("squash", summary="Use the whole photo, distorted into a square.")
def squash(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Both sides to ``view.size``."""
    window = Window((view.size, view.size), 0, 0, view.size, view.interpolation)
    return window.of(image), window.placement("squash", image.size)


@FITS("pad", summary="Use the whole photo, undistorted, with black bars.")
def pad(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Longer side to ``view.size``, the rest black, half on each side."""
    scale = view.size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = -((view.size - width) // 2), -((view.size - height) // 2)
    window = Window((width, height), left, top, view.size, view.interpolation)
    return window.of(image), window.placement("pad", image.size)


@dataclass(frozen=True)
class Window:
    """A square of ``side`` pixels at (``left``, ``top``) of the photo resized to ``resized``; it may reach beyond."""

    resized: tuple[int, int]
    left: int
    top: int
    side: int
    interpolation: str = "bilinear"

    def of(self, image: Image.Image) -> Image.Image:
        """The window's pixels, interpolated with antialiasing; black beyond the photo."""
        from PIL import Image

        how = Image.Resampling[self.interpolation.upper()]
        width, height = self.resized
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.side, width), min(self.top + self.side, height)
        if width * height <= _WHOLE:
            visible = image.resize(self.resized, how).crop((left, top, right, bottom))
        else:
            # A strip of 1 x 60,000 would become 256 x 15,360,000. Resizing only the visible part gives the same pixels
            # except for the rounding of the filter's weights, and so is only done where it must be.
            x, y = image.width / width, image.height / height
            box = (left * x, top * y, min(right * x, image.width), min(bottom * y, image.height))
            visible = image.resize((right - left, bottom - top), how, box=box)
        if visible.size == (self.side, self.side):
            return visible
        square = Image.new(image.mode, (self.side, self.side))
        square.paste(visible, (left - self.left, top - self.top))
        return square

    def placement(self, fit: str, original: tuple[int, int]) -> Placement:
        """The window in pixels of the original."""
        x, y = original[0] / self.resized[0], original[1] / self.resized[1]
        box = (self.left * x, self.top * y, (self.left + self.side) * x, (self.top + self.side) * y)
        return Placement(fit, box)


_WHOLE = 64_000_000
"""Pixels up to which the whole photo is resized before its window is cut out."""


def _resized(image: Image.Image, view: View) -> tuple[int, int]:
    """Width and height of the photo with ``view.resize`` as its shorter side."""
    short, long = min(image.size), max(image.size)
    long = int(view.resize * long / short)  # torchvision truncates here, and rounds where the middle begins
    return (view.resize, long) if image.width <= image.height else (long, view.resize)


def _middle_down(width: int, height: int, window: int) -> tuple[int, int]:
    """Left and top of a centred window, rounded down."""
    return (width - window) // 2, (height - window) // 2


def _middle(side: int, window: int) -> int:
    """Where a centred window begins; torchvision pads first when the window is the larger one."""
    return -((window - side) // 2) if window > side else round((side - window) / 2.0)
