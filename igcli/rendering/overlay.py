"""An attribution drawn on the picture that the model saw, at the model's size.

For the original photo's size see ``full_size.py``; for a sheet with labels and scores, ``panel.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from igcli.lazy import np
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES, Drawn

if TYPE_CHECKING:
    from PIL import Image

    from igcli.images.picture import Picture
    from igcli.lazy import torch
    from igcli.rendering.scaling import Values


class HasValues(Protocol):
    """What is asked of an attribution: its map."""

    @property
    def values(self) -> torch.Tensor:
        """(C, H, W), signed."""


def overlay(
    picture: Picture, attribution: Values | HasValues, *, style: str = "lit", scale: Scale | None = None
) -> Image.Image:
    """The picture with the attribution drawn on it, as an RGB image of the same size.

    >>> overlay(photo, result).save("cat.png")  # doctest: +SKIP

    Takes and raises what :func:`draw` does.
    """
    return draw(picture, attribution, style=style, scale=scale).image


def draw(picture: Picture, attribution: Values | HasValues, *, style: str = "lit", scale: Scale | None = None) -> Drawn:
    """The overlay together with its ceiling, aggregation, and whether there was anything to draw.

    Parameters
    ----------
    picture
        What the model saw.
    attribution
        An attribution, or its bare map (C, H, W) of the picture's height and width.
    style
        A name in :data:`~igcli.rendering.styles.STYLES`.
    scale
        What counts as full brightness; the 99th percentile if not given.

    Raises
    ------
    UsageError
        If there is no such style.
    NumericalError
        If the map has values that are not finite.
    """
    photo = np.asarray(picture.image())
    return STYLES[style].draw(photo, map_of(attribution), scale=scale or Scale())


def map_of(attribution: Values | HasValues) -> Values:
    """The map of an attribution, or the map itself."""
    # Tensors are asked first: they have a method called ``values``.
    if hasattr(attribution, "detach") or isinstance(attribution, np.ndarray):
        return cast("Values", attribution)
    return cast("HasValues", attribution).values
