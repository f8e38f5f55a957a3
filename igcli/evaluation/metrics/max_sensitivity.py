"""Max-sensitivity: how much the map changes when the photo hardly does (Yeh et al. 2019, arXiv 1901.09392, eq. 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.evaluation.context import Context
from igcli.evaluation.controls import photo_seed
from igcli.evaluation.maps import MapLike, as_map, flaw
from igcli.evaluation.metrics.metric import METRICS, Measured, Metric
from igcli.lazy import torch

#: Makes the maps (one each) of pictures (C, H, W) for one class, held fixed.
Mapper = Callable[[Sequence["torch.Tensor"]], Sequence[MapLike]]


@METRICS("max-sensitivity", summary="the largest relative change of the map when the photo is slightly changed")
@dataclass(frozen=True, kw_only=True)
class MaxSensitivity(Metric):
    """max ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖ over uniform δ in [−r, r], Frobenius norm; 0 at best.

    Attributes
    ----------
    samples
        How many δ are tried.
    radius
        r, in pixel units: 1 is the whole range. Changed photos are not clipped. The notebook of arXiv 2010.12697 takes
        0.05 in normalised units, which is about 0.011 of an ImageNet network's range.
    seed
        Each photo has its own δ, the same for every method.
    """

    direction = "lower"
    needs = ("method",)

    samples: int = 10
    radius: float = 0.05
    seed: int = 0

    def check(self) -> None:
        """Raise ``UsageError`` for no samples or no radius."""
        if self.samples < 1 or not 0 < self.radius < float("inf"):
            raise UsageError("The sensitivity needs at least 1 sample and a radius above 0.")

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """Of the same methods' maps of the photo, slightly changed."""
        remade = context.remade(names, self.changed(context.pixels))
        return {
            name: found if isinstance(found, Measured) else self.measure(context.maps[name], found)
            for name, found in remade.items()
        }

    def changed(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """The photo (C, H, W) + δ, one for each sample."""
        generator = torch.Generator().manual_seed(photo_seed(pixels, self.seed))
        noise = torch.rand((self.samples, *pixels.shape), generator=generator, dtype=torch.float32).to(pixels)
        return list(pixels + self.radius * (2 * noise - 1))

    def measure(self, values: MapLike, changed: Sequence[MapLike]) -> Measured:
        """Compare the map of the photo with those of :meth:`changed`, made by the same method for the same class."""
        complaint = flaw(values)
        if complaint:
            return Measured.missing(complaint)
        own = as_map(values)
        found = torch.stack([as_map(each) for each in changed])
        if not bool(torch.isfinite(found).all()):
            return Measured.missing("A map of a slightly changed photo has values that are not finite.")
        return Measured(float((found - own).flatten(1).norm(dim=1).max() / own.norm()))

    def of(self, mapper: Mapper, pixels: torch.Tensor) -> Measured:
        """Make the maps, all at once, and compare them."""
        values, *changed = mapper([pixels, *self.changed(pixels)])
        return self.measure(values, changed)

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With radius and norm."""
        return (
            f"largest ‖change of the map‖ / ‖map‖ (Frobenius) over {self.samples} uniform changes of every value "
            f"of the photo by up to {self.radius:g} of its range, not clipped, class held fixed, {score} score, "
            f"{size[1]}x{size[0]}"
        )
