"""The spectral path: singular components of x − x′, from the largest to the smallest (arXiv 2605.19607).

Of each channel Δ = Σ_i σ_i u_i v_iᵀ. Component i comes in over a window of width ω, the earlier the larger it is:
start_i = (1 − ω)(1 − σ_i / σ_1), φ_i(t) = clip((t − start_i) / ω, 0, 1), γ = x′ + Σ_i φ_i σ_i u_i v_iᵀ. With ω = 1 that
is the straight path. The paper takes even t, at which a tenth to a fifth of the points lie where hardly anything moves;
here α is the arc length, so that t goes fast there. The integral is the same. The first component is most of the way,
and a score can rise after it: few even points say little then, and ``--steps auto`` puts its own where the score rises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from igcli.attribution.path import Path
from igcli.attribution.paths.bent import BentPath, Components, at_even_speed
from igcli.attribution.paths.kind import PATHS, PathKind
from igcli.errors import UsageError
from igcli.lazy import np, torch
from igcli.sample import Layout


@PATHS(
    "spectral", summary="singular components one after another, the largest first; spectral:OVERLAP, 0.4 if not given"
)
class Spectral(PathKind):
    """The overlap ω in (0, 1]: 1 is the straight path, near 0 one component comes in after another."""

    number_name, default, spatial = "OVERLAP", 0.4, True

    def check(self) -> None:
        """Raise ``UsageError`` for an overlap out of (0, 1]."""
        if not 0 < self.number <= 1:
            raise UsageError(f"The overlap of a spectral path is above 0 and at most 1, not {self.number:g}.")

    def path(self, baseline: torch.Tensor, end: torch.Tensor, layout: Layout, further: tuple[object, ...]) -> Path:
        """Decompose the difference of all trailing matrices."""
        components = SingularComponents.of(end.double().cpu() - baseline.double().cpu(), overlap=self.number)
        bent = BentPath(baseline, end, layout, further, components=components)
        return bent.to(end.device, end.dtype)


@dataclass(frozen=True, eq=False)
class SingularComponents(Components):
    """The decomposition of matrices (..., H, W), K = min(H, W).

    Attributes
    ----------
    left, right
        (..., H, K) and (..., K, W).
    sizes
        (..., K): the singular values.
    starts
        The same shape, float64 on the CPU: when each comes in.
    overlap
        ω: how long each takes.
    times, lengths
        The length of the path up to each time in [0, 1].
    """

    left: torch.Tensor
    right: torch.Tensor
    sizes: torch.Tensor
    starts: torch.Tensor
    overlap: float
    times: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, displacement: torch.Tensor, *, overlap: float) -> SingularComponents:
        """Decompose ``displacement`` (..., H, W), float64 on the CPU."""
        left, sizes, right = torch.linalg.svd(displacement, full_matrices=False)
        largest = sizes[..., :1].clamp_min(torch.finfo(sizes.dtype).tiny)  # of a channel that does not move
        starts = (1 - overlap) * (1 - sizes / largest)
        return cls(left, right, sizes, starts, overlap, *_lengths(sizes, starts, overlap))

    def coefficients(self, alphas: np.ndarray) -> torch.Tensor:
        """(N, ..., K)."""
        times = torch.from_numpy(at_even_speed(alphas, self.times, self.lengths))
        shares = (times.reshape(-1, *[1] * self.starts.ndim) - self.starts) / self.overlap
        return shares.clamp(0, 1).to(self.sizes.dtype).to(self.sizes.device) * self.sizes

    def sums(self, coefficients: torch.Tensor) -> torch.Tensor:
        """(N, ..., H, W)."""
        return (self.left * coefficients[..., None, :]) @ self.right

    def to(self, device: torch.device, dtype: torch.dtype) -> SingularComponents:
        """The same on another device, in another precision."""
        kind = torch.promote_types(dtype, torch.float32)
        left, right, sizes = (each.to(kind).to(device) for each in (self.left, self.right, self.sizes))
        return self if sizes is self.sizes else replace(self, left=left, right=right, sizes=sizes)


def _lengths(sizes: torch.Tensor, starts: torch.Tensor, overlap: float) -> tuple[np.ndarray, np.ndarray]:
    """Times at which a component begins or is complete, and the path's length up to each.

    Between them the speed is √(Σ σ_i²) / ω, over the components that are coming in.
    """
    begins, squares = starts.flatten().numpy(), sizes.flatten().numpy() ** 2
    events = np.concatenate([begins, begins + overlap])
    order = np.argsort(events, kind="stable")
    times = np.concatenate([[0.0], np.minimum(events[order], 1.0), [1.0]])
    # rounding must not leave a speed where nothing moves
    moving = np.maximum(np.cumsum(np.concatenate([squares, -squares])[order]), 0.0)
    moving[moving < 1e-12 * squares.sum()] = 0.0
    speeds = np.concatenate([[0.0], np.sqrt(moving) / overlap])
    return times, np.concatenate([[0.0], np.cumsum(speeds * np.diff(times))])
