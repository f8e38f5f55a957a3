"""The ways to show an attribution with its photo, in a registry.

A style paints a photo with a normalised map. Which channels are joined how is a property of the style; what counts as
full brightness is the caller's :class:`~igcli.rendering.scaling.Scale`. Importing this module loads neither numpy nor
Pillow, so that ``ig --help`` can list the styles.

Source: ``lit`` is the display of arXiv 1611.02639 (photo times importance); ``signed`` that of its authors' sheets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal, get_args

from igcli.errors import UsageError
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
    coloured
        The legend with another table of colours, ``{}`` for its name: ``paint`` takes it as ``table``, (256, 3). Empty
        where the colours are the photo's own.
    """

    paint: Paint
    aggregation: Aggregation
    legend: str
    coloured: str = ""

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


def style_of(name: str) -> Style:
    """A style by its name; ``heat:viridis`` is the style ``heat`` in the colours of matplotlib's ``viridis``.

    Raises
    ------
    UsageError
        There is no such style or colour map, or the one cannot be shown in the other.
    """
    base, colon, colour_map = name.partition(":")
    style = STYLES[base]
    if not colon:
        return style
    if not style.coloured:
        fit = ", ".join(each for each, one in STYLES.items() if one.coloured)
        raise UsageError(f"The style {base!r} shows no colour map. Those that do: {fit}.")
    return _in_colours(style, colour_map)


@lru_cache(maxsize=32)  # a page keeps the table of a paint function
def _in_colours(style: Style, colour_map: str) -> Style:
    table = colours.matplotlib_table(colour_map, diverging=style.signed)
    paint: Paint = partial(style.paint, table=table)  # type: ignore[call-arg]
    return replace(style, paint=paint, legend=style.coloured.format(colour_map))


def _style(
    name: str, *, summary: str, aggregation: Aggregation, legend: str, coloured: str = ""
) -> Callable[[Paint], Paint]:
    """Register a paint function as a style; with the legend ``coloured`` it takes a table of colours."""

    def register(paint: Paint) -> Paint:
        STYLES(name, summary=summary)(Style(paint, aggregation, legend, coloured))
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
    coloured="Towards the end of the colour map {}: ever more important, for or against the class; grey is the photo.",
)
def heat(photo: np.ndarray, strength: np.ndarray, table: np.ndarray | None = None) -> np.ndarray:
    """Heat colours, the more opaque the more important, so that the photo stays recognisable."""
    opacity = 0.95 * strength[..., None]
    # The table's dark start is left out: there, a faint importance would look like a shadow in the photo.
    glow = colours.apply(colours.heat_table() if table is None else table, 0.3 + 0.7 * strength)
    grey = dimmed(photo, 0.55, colour=False)
    return np.asarray(grey * (1 - opacity) + glow * opacity)


@_style(
    "signed",
    summary="Green for the class, red against it, over the dimmed photo.",
    aggregation="signed-sum",
    legend="Green pixels raise the score, red pixels lower it; the brighter, the more. Grey is the photo.",
    coloured="The end of the colour map {} raises the score, its beginning lowers it; the stronger, the more. "
    "Grey is the photo.",
)
def signs(photo: np.ndarray, strength: np.ndarray, table: np.ndarray | None = None) -> np.ndarray:
    """Green and red light over the grey photo."""
    opacity = np.abs(strength)[..., None]
    light = colours.apply(colours.diverging_table() if table is None else table, (strength + 1) / 2)
    # The own table passes through black: its colours are already weighted by the strength.
    weighted = light if table is None else light * opacity
    return np.asarray(dimmed(photo, 0.3, colour=False) * (1 - opacity) + weighted)


@_style(
    "map",
    summary="The bare importance map, nothing of the photo.",
    aggregation="abs-sum",
    legend="From black through crimson and orange to pale yellow: ever more important, for or against the class.",
    coloured="From the beginning of the colour map {} to its end: ever more important, for or against the class.",
)
def bare(
    photo: np.ndarray,  # noqa: ARG001 - a paint function's signature
    strength: np.ndarray,
    table: np.ndarray | None = None,
) -> np.ndarray:
    """Heat colours alone."""
    return colours.apply(colours.heat_table() if table is None else table, strength)


def dimmed(photo: np.ndarray, level: float = 0.35, *, colour: bool = True) -> np.ndarray:
    """The photo at a share of its brightness, in colour or grey (Rec. 601 luma), as (H, W, 3) float32."""
    if not colour:
        photo = np.repeat((photo @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    return np.asarray(photo * np.float32(level), np.float32)
