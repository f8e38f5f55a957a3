"""Occlusion: what the score loses when a patch is covered (Zeiler and Fergus 2013, arXiv 1311.2901), by Captum."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.lazy import torch
from igcli.sample import Layout

#: Patches that fit along the shorter side; each overlaps the next by half.
PATCHES = 14


@METHODS("occlusion", summary="what the score loses when a patch shows the baseline: forward passes only (Captum)")
class Occlusion(FromCaptum):
    """F(x) − F(x with a patch of the baseline), the mean over the patches that cover a value."""

    from_baseline = True
    gradients = 0
    changes_activations = False
    pixelwise = False

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, ...), in score units; each value along the axis that is summed over gets an equal part."""
        budget, baseline = self.context.budget, self.context.path.baseline[None]
        window, strides, joined = patches(self.context.path.layout, tuple(pixels.shape[1:]))

        def work(start: int, stop: int) -> torch.Tensor:
            with torch.no_grad():
                found: torch.Tensor = (
                    captum_attr()
                    .Occlusion(network)
                    .attribute(
                        pixels.detach(),
                        window,
                        strides=strides,
                        baselines=baseline,
                        perturbations_per_eval=stop - start,
                    )
                )
            return found / joined

        return next(budget.chunks(budget.size, work))


def patches(layout: Layout, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Size and step of what is covered at once, and how many values along the summed axis share what it loses.

    The summed axis is covered whole, and a patch of places along the others. Values that count by themselves have no
    neighbours: they are covered one by one.
    """
    axis = None if layout.packed else layout.axes[0]
    if axis is None:
        return (1,) * len(shape), (1,) * len(shape), 1
    side = max(1, min((size for place, size in enumerate(shape) if place != axis), default=1) // PATCHES)
    window = tuple(size if place == axis else side for place, size in enumerate(shape))
    strides = tuple(size if place == axis else max(1, side // 2) for place, size in enumerate(shape))
    return window, strides, shape[axis]
