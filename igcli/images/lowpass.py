"""A disc low-pass of a finished map (FORGrad, Muzellec et al. 2024, arXiv 2307.09591): fine noise is taken out.

Published: φ_σ = |F⁻¹(F(|a|) · w_σ)|, with w_σ = 1 within σ cycles per picture of the zero frequency and 0 outside.
No gradient is needed. The transform takes the picture for periodic: what lies at one edge shows faintly at the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.sample import importance

#: What arXiv 2307.09591 recommends where nothing was measured.
PUBLISHED_CYCLES = 15


@dataclass(frozen=True)
class Lowpass:
    """Which waves of a map are kept, and of which form of the map.

    Attributes
    ----------
    cycles
        The cut-off σ, at least 1. A wave with y cycles over the picture's height and x over its width is kept if
        y² + x² ≤ σ². On a picture that is no square, equal cycles are longer waves along the longer side.
    of
        ``"absolute"``, as published: the sizes |a|, summed over the channels, and the absolute value of the result.
        ``"signed"``: the map summed over the channels. That keeps the map's sum, as the filter keeps the mean.

    Raises
    ------
    UsageError
        For a cut-off below 1 or not finite, and for another form.
    """

    cycles: float = PUBLISHED_CYCLES
    of: Literal["absolute", "signed"] = "absolute"

    def __post_init__(self) -> None:
        if not 1 <= self.cycles < float("inf"):
            raise UsageError(f"A low-pass keeps waves up to a number of cycles from 1 upwards, not {self.cycles}.")
        if self.of not in ("absolute", "signed"):
            raise UsageError(f"A low-pass is of the absolute or of the signed map, not {self.of!r}.")

    def filtered(self, values: torch.Tensor) -> torch.Tensor:
        """The low-passed map.

        Parameters
        ----------
        values
            (C, H, W), signed, finite; not modified.

        Returns
        -------
        torch.Tensor
            (1, H, W) float64 on the CPU; nowhere negative if it is of the absolute map.
        """
        exact = values.detach().cpu().double()
        flat = exact.sum(dim=0) if self.of == "signed" else importance(exact)
        height, width = flat.shape
        down, across = (torch.fft.fftfreq(height) * height).round(), (torch.fft.rfftfreq(width) * width).round()
        disc = down[:, None].square() + across.square() <= self.cycles**2
        # The size is said, as an odd width cannot be read off the transform.
        found: torch.Tensor = torch.fft.irfft2(torch.fft.rfft2(flat) * disc, s=(height, width))
        return (found if self.of == "signed" else found.abs())[None]

    @property
    def name(self) -> str:
        """As names of maps have it: ``lowpass 15``, ``lowpass 15 signed``."""
        return f"lowpass {self.cycles:g}{' signed' if self.of == 'signed' else ''}"

    @property
    def caption(self) -> str:
        """What was done, and what it does to the sum; a sentence."""
        start = f"Low-pass of the {self.of} map at {self.cycles:g} cycles per picture side"
        if self.of == "signed":
            return f"{start}: the sum is kept."
        return f"{start}: it no longer sums to the score; sum and gap are those of the map before."
