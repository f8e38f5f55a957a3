"""Views of a finished map that are scored next to it, each under a name: ``integrated, lowpass 15``.

A view is made of the map and its photo alone: no gradient is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from igcli.evaluation.maps import MapLike, as_map, flaw
from igcli.images.lowpass import Lowpass
from igcli.images.regions import region_map, regions_of
from igcli.lazy import torch

_BETWEEN = ", "


class MapView(Protocol):
    """A way to look at finished maps."""

    def name(self, base: str) -> str:
        """What is added to the map's name; empty if the view leaves this map as it is."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its numbers must know, in sentences."""
        ...

    def of(self, base: str, values: torch.Tensor, pixels: torch.Tensor) -> MapLike:
        """The view of a map (C, H, W) float64 that has no flaw, by name, and of its photo (C, H, W)."""
        ...


class Unchanged:
    """The map itself."""

    notes = ()

    def name(self, base: str) -> str:
        """Nothing is added."""
        return ""

    def of(self, base: str, values: torch.Tensor, pixels: torch.Tensor) -> MapLike:
        """The map."""
        return values


@dataclass(frozen=True)
class LowpassView:
    """Maps low-passed: ``own`` by their names, ``None`` for no low-pass, all others by ``default``."""

    default: Lowpass
    own: Mapping[str, Lowpass | None] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What it does to the map's sum."""
        form = self.default.of
        sums = "which keeps the sum" if form == "signed" else "which no longer sums to the score"
        return (f"lowpass: the {form} map's waves of at most so many cycles per picture side, {sums}.",)

    def name(self, base: str) -> str:
        """``lowpass 15``."""
        lowpass = self._lowpass(base)
        return "" if lowpass is None else lowpass.name

    def of(self, base: str, values: torch.Tensor, pixels: torch.Tensor) -> MapLike:
        """(1, H, W)."""
        lowpass = self._lowpass(base)
        return values if lowpass is None else lowpass.filtered(values)

    def _lowpass(self, base: str) -> Lowpass | None:
        return self.own.get(base, self.default)


@dataclass(frozen=True)
class RegionsView:
    """Maps as regions of the photo, each with the mean of the map in it; ``form`` says which form ranks a map's."""

    form: Callable[[str], Literal["signed", "absolute"]]
    notes = (
        "regions: the photo's regions by XRAI's choice, each with the mean of the map in it: signed for methods that "
        "sum to the score, else absolute.",
    )

    def name(self, base: str) -> str:
        """``regions``."""
        return "regions"

    def of(self, base: str, values: torch.Tensor, pixels: torch.Tensor) -> MapLike:
        """(H, W)."""
        return region_map(regions_of(values, pixels, of=self.form(base)))


def viewed_names(bases: Iterable[str], views: Sequence[MapView]) -> dict[str, tuple[str, MapView]]:
    """For each map and view the name: that of the map, and what the view adds after a comma."""
    return {_BETWEEN.join(filter(None, (base, view.name(base)))): (base, view) for base in bases for view in views}


def notes_of(views: Iterable[MapView]) -> list[str]:
    """Sentences on what views do to maps, each once."""
    return list(dict.fromkeys(note for view in views for note in view.notes))


def base_of(name: str) -> str:
    """The map's own name, of the name of a view of it."""
    return name.partition(_BETWEEN)[0]


def view_of(base: str, view: MapView, values: MapLike, pixels: torch.Tensor) -> MapLike:
    """The view of a map; the map itself if it has a flaw, which is found again when it is measured."""
    if not view.name(base) or flaw(values, size=(pixels.shape[-2], pixels.shape[-1])):
        return values
    return view.of(base, as_map(values), pixels)
