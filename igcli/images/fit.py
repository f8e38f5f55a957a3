"""The registry of ways from a photo of any shape to that of the model's input: ``crop``, ``squash``, ``pad``, variants.

``crop`` is torchvision's ``Resize`` followed by ``CenterCrop`` on PIL images, bit for bit, because the published
weights were evaluated so; to a rectangle that the photo covers, timm's. Each entry also says where its part lies in the
original, by which ``igcli.rendering`` maps results back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.images.extent import sides
from igcli.images.picture import Placement
from igcli.registry import Registry

if TYPE_CHECKING:
    from PIL import Image

    from igcli.images.options import View

    Fit = Callable[[Image.Image, View], tuple[Image.Image, Placement]]

FITS: Registry[Fit] = Registry("fit")


@FITS("crop", summary="Shrink the shorter side, keep the middle; what the network was evaluated with.")
def crop(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """As ``view.resize`` says, then the middle of ``view.size``, black where there is no photo."""
    width, height = _resized(image, view)
    left, top = _middle(width, view.width), _middle(height, view.height)
    window = Window((width, height), left, top, (view.width, view.height), view.interpolation)
    return window.of(image), window.placement("crop", image.size)


@FITS("crop-down", summary="The same with the middle rounded down, as Hugging Face's processors have it.")
def crop_down(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """As ``view.resize`` says, then the middle of ``view.size``, one pixel up or left where it is not exact."""
    window = _middle_down(_resized(image, view), view)
    return window.of(image), window.placement("crop-down", image.size)


@FITS("squash-crop", summary="Distort to the size of --resize, keep its middle, as some of Hugging Face's have it.")
def squash_crop(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Both sides to ``view.resize``, then the middle of ``view.size``."""
    window = _middle_down(sides(view.resize), view)
    return window.of(image), window.placement("squash-crop", image.size)


@FITS("squash", summary="Use the whole photo, distorted to the input's shape.")
def squash(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """Both sides to ``view.size``."""
    size = (view.width, view.height)
    window = Window(size, 0, 0, size, view.interpolation)
    return window.of(image), window.placement("squash", image.size)


@FITS("pad", summary="Use the whole photo, undistorted, with black bars.")
def pad(image: Image.Image, view: View) -> tuple[Image.Image, Placement]:
    """As large as ``view.size`` allows, the rest black, half on each side."""
    scale = min(view.width / image.width, view.height / image.height)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = -((view.width - width) // 2), -((view.height - height) // 2)
    window = Window((width, height), left, top, (view.width, view.height), view.interpolation)
    return window.of(image), window.placement("pad", image.size)


@dataclass(frozen=True)
class Window:
    """``size`` pixels (width, height) at (``left``, ``top``) of the photo resized to ``resized``; may reach beyond."""

    resized: tuple[int, int]
    left: int
    top: int
    size: tuple[int, int]
    interpolation: str = "bilinear"

    def of(self, image: Image.Image) -> Image.Image:
        """The window's pixels, interpolated with antialiasing; black beyond the photo."""
        from PIL import Image

        how = Image.Resampling[self.interpolation.upper()]
        width, height = self.resized
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.size[0], width), min(self.top + self.size[1], height)
        if width * height <= _WHOLE:
            visible = image.resize(self.resized, how).crop((left, top, right, bottom))
        else:
            # A strip of 1 x 60,000 would become 256 x 15,360,000. Resizing only the visible part gives the same pixels
            # except for the rounding of the filter's weights, and so is only done where it must be.
            x, y = image.width / width, image.height / height
            box = (left * x, top * y, min(right * x, image.width), min(bottom * y, image.height))
            visible = image.resize((right - left, bottom - top), how, box=box)
        if visible.size == self.size:
            return visible
        whole = Image.new(image.mode, self.size)
        whole.paste(visible, (left - self.left, top - self.top))
        return whole

    def placement(self, fit: str, original: tuple[int, int]) -> Placement:
        """The window in pixels of the original."""
        x, y = original[0] / self.resized[0], original[1] / self.resized[1]
        box = (self.left * x, self.top * y, (self.left + self.size[0]) * x, (self.top + self.size[1]) * y)
        return Placement(fit, box)


_WHOLE = 64_000_000
"""Pixels up to which the whole photo is resized before its window is cut out."""


def _resized(image: Image.Image, view: View) -> tuple[int, int]:
    """The photo's width and height with ``view.resize`` as its shorter side, or just covering both of its sides."""
    width, height = image.size
    if not isinstance(view.resize, int):
        ratio = min(width / view.resize[0], height / view.resize[1])
        return max(view.resize[0], round(width / ratio)), max(view.resize[1], round(height / ratio))
    short, long = min(image.size), max(image.size)
    long = int(view.resize * long / short)  # torchvision truncates here, and rounds where the middle begins
    return (view.resize, long) if width <= height else (long, view.resize)


def _middle_down(resized: tuple[int, int], view: View) -> Window:
    """A centred window, its corner rounded down."""
    size = (view.width, view.height)
    return Window(resized, (resized[0] - size[0]) // 2, (resized[1] - size[1]) // 2, size, view.interpolation)


def _middle(side: int, window: int) -> int:
    """Where a centred window begins; torchvision pads first when the window is the larger one."""
    return -((window - side) // 2) if window > side else round((side - window) / 2.0)
