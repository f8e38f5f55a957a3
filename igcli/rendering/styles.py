"""The ways to show an attribution with its photo, in a registry.

A style paints a photo with a normalised map. Which channels are joined how is a property of the style; what counts as
full brightness is the caller's :class:`~igcli.rendering.scaling.Scale`. Importing this module loads neither numpy nor
Pillow, so that ``ig --help`` can list the styles.

Source: ``lit`` is the display of arXiv 1611.02639 (photo times importance); ``signed`` that of its authors' sheets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from igcli.lazy import np
from igcli.registry import Registry
from igcli.rendering import colours
from igcli.rendering.scaling import Scale, importance_map, normalise, signed_map

if TYPE_CHECKING:
    from PIL import Image

    from igcli.rendering.scaling import Values

Paint = Callable[["np.ndarray", "np.ndarray"], "np.ndarray"]
"""(photo (H, W, 3) uint8, map (H, W)) -> (H, W, 3) in 0..255. The map is in [0, 1], or in [-1, 1] if signed."""

Aggregation = Literal["abs-sum", "signed-sum"]


@dataclass(frozen=True)
class Drawn:
    """A picture and the numbers that a legend or a record needs.

    Attributes
    ----------
    image
        RGB.
    ceiling
        The map's value that is shown at full brightness.
    aggregation
        How the channels were joined.
    blank
        The attribution is zero everywhere and the image is only the dimmed photo: worth a warning.
    """

    image: Image.Image
    ceiling: float
    aggregation: Aggregation
    blank: bool


@dataclass(frozen=True)
class Style:
    """One way to show an attribution.

    Attributes
    ----------
    aggregation
        How the map is made from the channels.
    legend
        What the colours mean, in one sentence.
    """

    paint: Paint
    aggregation: Aggregation
    legend: str

    @property
    def signed(self) -> bool:
        """Whether it distinguishes evidence for the class from evidence against it."""
        return self.aggregation == "signed-sum"

    def draw(self, photo: np.ndarray, values: Values, *, scale: Scale) -> Drawn:
        """Paint one photo.

        Parameters
        ----------
        photo
            (H, W, 3) uint8; not modified.
        values
            (C, H, W) attribution, signed.

        Raises
        ------
        NumericalError
            If a value is NaN or infinite.
        """
        from PIL import Image

        scaled = normalise((signed_map if self.signed else importance_map)(values), scale)
        if photo.shape != (*scaled.values.shape, 3):
            raise ValueError(f"a photo of shape {photo.shape} does not fit a map of shape {scaled.values.shape}")
        painted = dimmed(photo) if scaled.blank else self.paint(photo, scaled.values)
        image = Image.fromarray(np.rint(np.clip(painted, 0, 255)).astype(np.uint8))
        return Drawn(image, ceiling=scaled.ceiling, aggregation=self.aggregation, blank=scaled.blank)


def _check_kind(style: Style) -> None:
    """Raise ``TypeError`` for what cannot be a style."""
    if not isinstance(style, Style):
        raise TypeError("a style is an igcli.rendering.styles.Style")
    if style.aggregation not in get_args(Aggregation):
        raise TypeError(f"a style's aggregation is one of {', '.join(get_args(Aggregation))}")


STYLES: Registry[Style] = Registry("style", check=_check_kind)


def _style(name: str, *, summary: str, aggregation: Aggregation, legend: str) -> Callable[[Paint], Paint]:
    """Register a paint function as a style."""

    def register(paint: Paint) -> Paint:
        STYLES(name, summary=summary)(Style(paint, aggregation, legend))
        return paint

    return register


@_style(
    "lit",
    summary="The photo's own pixels, lit by their importance.",
    aggregation="abs-sum",
    legend="Each pixel of the photo is as bright as it is important, for or against the class; black is unimportant.",
)
def lit(photo: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Photo times importance."""
    return np.asarray(photo * strength[..., None])


@_style(
    "heat",
    summary="A heat map blended over the greyed photo.",
    aggregation="abs-sum",
    legend="From violet through orange to yellow: ever more important, for or against the class; grey is the photo.",
)
def heat(photo: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Heat colours, the more opaque the more important, so that the photo stays recognisable."""
    opacity = 0.95 * strength[..., None]
    # The table's dark start is left out: there, a faint importance would look like a shadow in the photo.
    glow = colours.apply(colours.heat_table(), 0.3 + 0.7 * strength)
    grey = dimmed(photo, 0.55, colour=False)
    return np.asarray(grey * (1 - opacity) + glow * opacity)


@_style(
    "signed",
    summary="Green for the class, red against it, over the dimmed photo.",
    aggregation="signed-sum",
    legend="Green pixels raise the score, red pixels lower it; the brighter, the more. Grey is the photo.",
)
def signs(photo: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Green and red light over the grey photo."""
    # The table passes through black, so its colours are already weighted by the strength.
    light = colours.apply(colours.diverging_table(), (strength + 1) / 2)
    return np.asarray(dimmed(photo, 0.3, colour=False) * (1 - np.abs(strength)[..., None]) + light)


@_style(
    "map",
    summary="The bare importance map, nothing of the photo.",
    aggregation="abs-sum",
    legend="From black through crimson and orange to pale yellow: ever more important, for or against the class.",
)
def bare(photo: np.ndarray, strength: np.ndarray) -> np.ndarray:  # noqa: ARG001 - a paint function's signature
    """Heat colours alone."""
    return colours.apply(colours.heat_table(), strength)


def dimmed(photo: np.ndarray, level: float = 0.35, *, colour: bool = True) -> np.ndarray:
    """The photo at a share of its brightness, in colour or grey (Rec. 601 luma), as (H, W, 3) float32."""
    if not colour:
        photo = np.repeat((photo @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    return np.asarray(photo * np.float32(level), np.float32)
