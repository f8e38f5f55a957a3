"""The blur path: from the blurred picture to the picture, by less and less blur (Xu et al. 2020, arXiv 2004.03383).

L(σ) is the picture after the heat equation has run for σ²/2: a Gaussian blur of standard deviation σ that is reflected
at the border, where the authors' code takes zeros from beyond it, which darkens the border. The discrete cosine
transform diagonalises it: frequency (k, l) of an H × W picture is damped by exp(−λ σ²/2), λ = (πk/H)² + (πl/W)². The
authors take even σ; here α is the arc length, which puts more points where fine detail comes in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from igcli.attribution.path import Path
from igcli.attribution.paths.bent import BentPath, Components, at_even_speed
from igcli.attribution.paths.kind import PATHS, PathKind
from igcli.errors import UsageError
from igcli.lazy import np, torch
from igcli.sample import Layout

#: The side, in pixels, for which σ is given: for another one it grows in proportion.
SIDE = 224

#: Where the length of the path is measured: so many values of σ, denser towards 0.
_GRID = 513


@PATHS("blur", summary="from the blurred photo to the photo; blur:SIGMA, in pixels at a side of 224, 50 if not given")
class Blur(PathKind):
    """The standard deviation of the blur at the start; in proportion to the shorter side, of which it is 50/224."""

    number_name, default, spatial, own_start = "SIGMA", 50.0, True, "blurred"

    def check(self) -> None:
        """Raise ``UsageError`` for a blur that is none."""
        if not 0 < self.number < math.inf:
            raise UsageError(f"The blur at the start of a blur path is above 0 pixels, not {self.number:g}.")

    def path(self, baseline: torch.Tensor, end: torch.Tensor, layout: Layout, further: tuple[object, ...]) -> Path:
        """Transform all trailing matrices; ``baseline`` is of no use here."""
        sigma = self.number * min(end.shape[-2:]) / SIDE
        components = BlurComponents.of(end.double().cpu(), sigma=sigma)
        start = components.blurred(sigma).to(end)
        return BentPath(start, end, layout, further, components=components).to(end.device, end.dtype)


@dataclass(frozen=True, eq=False)
class BlurComponents(Components):
    """The cosine transform of matrices (..., H, W), and how the blur runs.

    Attributes
    ----------
    rows, columns
        (H, H) and (W, W): the orthonormal bases, one row per frequency.
    spectrum
        (..., H, W): the transform.
    decays
        λ over H and over W, float64 on the CPU.
    sigmas, lengths
        The blur from the start to 0, and the path's length up to each.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    spectrum: torch.Tensor
    decays: tuple[torch.Tensor, ...]
    sigmas: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, values: torch.Tensor, *, sigma: float) -> BlurComponents:
        """Transform ``values`` (..., H, W), float64 on the CPU, for a path that begins at the blur ``sigma``."""
        rows, columns = (cosines(side) for side in values.shape[-2:])
        decays = tuple((math.pi * torch.arange(side, dtype=torch.float64) / side) ** 2 for side in values.shape[-2:])
        spectrum = rows @ values @ columns.T
        sigmas = sigma * np.linspace(1, 0, _GRID) ** 2
        return cls(rows, columns, spectrum, decays, sigmas, _lengths(spectrum, decays, sigmas))

    def coefficients(self, alphas: np.ndarray) -> torch.Tensor:
        """(N, ..., H, W)."""
        sigmas = at_even_speed(alphas, self.sigmas, self.lengths)
        first, *rest = self._damping(np.concatenate([self.sigmas[:1], sigmas]))
        return torch.stack([(damping - first) * self.spectrum for damping in rest])

    def sums(self, coefficients: torch.Tensor) -> torch.Tensor:
        """(N, ..., H, W)."""
        return self.rows.T @ coefficients @ self.columns

    def blurred(self, sigma: float) -> torch.Tensor:
        """The matrices themselves, blurred."""
        (damping,) = self._damping(np.array([sigma]))
        return self.sums(damping * self.spectrum)

    def to(self, device: torch.device, dtype: torch.dtype) -> BlurComponents:
        """The same on another device, in another precision."""
        kind = torch.promote_types(dtype, torch.float32)
        rows, columns, spectrum = (each.to(kind).to(device) for each in (self.rows, self.columns, self.spectrum))
        return self if spectrum is self.spectrum else replace(self, rows=rows, columns=columns, spectrum=spectrum)

    def _damping(self, sigmas: np.ndarray) -> torch.Tensor:
        """(N, H, W): what is left of each frequency."""
        halves = torch.from_numpy(sigmas**2 / 2)[:, None]
        down, across = (torch.exp(-halves * decay).to(self.spectrum.dtype) for decay in self.decays)
        return (down[:, :, None] * across[:, None, :]).to(self.spectrum.device)


def cosines(side: int) -> torch.Tensor:
    """The orthonormal cosine basis (side, side), float64, one row per frequency: what is reflected at the borders."""
    places = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    basis = torch.cos(math.pi * torch.arange(side, dtype=torch.float64)[:, None] * places)
    basis *= math.sqrt(2 / side)
    basis[0] = 1 / math.sqrt(side)
    return basis


def _lengths(spectrum: torch.Tensor, decays: tuple[torch.Tensor, ...], sigmas: np.ndarray) -> np.ndarray:
    """The path's length from the first of ``sigmas`` to each, by the trapezoid rule.

    ‖∂L/∂σ‖² = Σ (λ σ)² exp(−λ σ²) |spectrum|².
    """
    down, across = decays
    power = spectrum.square().reshape(-1, *spectrum.shape[-2:]).sum(dim=0) * (down[:, None] + across) ** 2
    left, right = (torch.exp(-torch.from_numpy(sigmas**2)[:, None] * decay) for decay in decays)
    speeds = sigmas * ((left @ power) * right).sum(dim=1).sqrt().numpy()
    steps = (speeds[1:] + speeds[:-1]) / 2 * -np.diff(sigmas)
    return np.concatenate([[0.0], np.cumsum(steps)])
