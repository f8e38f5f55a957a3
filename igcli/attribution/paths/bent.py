"""Paths on which some components of x − x′ come in before others.

The components are orthonormal, so that how far the path goes can be measured on their coefficients: the path is run
through at even speed ‖γ′(α)‖, and even points are spaced by arc length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from igcli.attribution.path import Path
from igcli.lazy import np, torch


class Components:
    """x − x′ as the sum of orthonormal components, whose coefficients grow along the path.

    All tensors are float32 at least.
    """

    def coefficients(self, alphas: np.ndarray) -> torch.Tensor:
        """(N, ...): those of γ(α) − x′ at α (N,) float64; 0 at α = 0."""
        raise NotImplementedError

    @cached_property
    def total(self) -> torch.Tensor:
        """The coefficients at α = 1, those of x − x′; to the bit what ``coefficients`` returns there."""
        return self.coefficients(np.ones(1))[0]

    def sums(self, coefficients: torch.Tensor) -> torch.Tensor:
        """(N, ...): the components times coefficients (N, ...), in the values' shape."""
        raise NotImplementedError

    def to(self, device: torch.device, dtype: torch.dtype) -> Components:
        """The same on another device, in another precision; itself where nothing changes."""
        raise NotImplementedError


@dataclass(frozen=True)
class BentPath(Path):
    """The straight path and, at each point, how far it departs from that.

    Attributes
    ----------
    components
        Their coefficients c(α) give γ(α) = x′ + α (x − x′) + Σ (c(α) − α c(1)) · component: at both ends nothing is
        added, so that rounding in the components moves neither.
    """

    components: Components = field(kw_only=True)

    def at(self, alphas: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """The counterfactuals (N, ...) at ``alphas`` (N,); exact at both ends. Written into ``out`` if given."""
        widths = alphas.detach().cpu().double().numpy()
        return super().at(alphas, out=out).add_(self._departures(self.components.coefficients(widths), widths))

    @property
    def velocity(self) -> None:
        """Not the same everywhere."""
        return None

    def moves(self, lower: np.ndarray, upper: np.ndarray) -> torch.Tensor:
        """γ(upper) − γ(lower), (N, ...), for N pairs in [0, 1], float64."""
        before, after = self.components.coefficients(np.concatenate([lower, upper])).chunk(2)
        return super().moves(lower, upper).add_(self._departures(after - before, upper - lower))

    def _departures(self, coefficients: torch.Tensor, widths: np.ndarray) -> torch.Tensor:
        """By how much moves over parts of ``widths`` (N,), with these coefficients, differ from the straight path's."""
        share = torch.from_numpy(widths).to(coefficients.dtype).to(coefficients.device)
        straight = share.reshape(-1, *[1] * (coefficients.ndim - 1)) * self.components.total
        return self.components.sums(coefficients - straight).to(self.end.dtype)

    @property
    def between(self) -> tuple[int, ...]:
        """The same for all paths along the very same points, as long as their tensors live."""
        return *super().between, id(self.components)

    def to(self, device: torch.device, dtype: torch.dtype) -> BentPath:
        """The same path on another device, in another precision."""
        moved = super().to(device, dtype)
        components = self.components.to(device, dtype)
        return BentPath(moved.baseline, moved.end, moved.layout, moved.further, components=components)


def at_even_speed(alphas: np.ndarray, times: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The times (N,) at which the share α of the path's length is covered.

    Parameters
    ----------
    alphas
        (N,), in [0, 1].
    times, lengths
        (M,): times from start to end, and the length from the start to each of them, which never falls.
    """
    if not lengths[-1] > 0:
        return np.asarray(times[0] + alphas * (times[-1] - times[0]))
    found: np.ndarray = np.interp(alphas * lengths[-1], lengths, times)
    return found
