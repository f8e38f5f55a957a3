"""How far a map is from the exact integral: an estimate from how much the gradient changes between points.

Completeness measures the error of the map's sum; errors of opposite sign cancel in it. The map itself is off because
the gradient jumps, pixel by pixel, wherever the network changes its linear piece. If on average the squared jumps
amount to v(α) a unit of path, neighbouring gradients differ by v times their distance, and a cell of width h with its
point in the middle is off by h³ v / 12 in the mean square: a jump lies anywhere in it. Smooth change is taken for
jumps too, so that the estimate errs on the side of caution.
"""

from __future__ import annotations

from igcli.lazy import np, torch


class MapError:
    """Watches the gradients go by, in rising order.

    Parameters
    ----------
    displacement
        Δ = x − x′, (C, H, W).
    """

    def __init__(self, displacement: torch.Tensor) -> None:
        self._displacement = displacement
        self._alphas: list[float] = []
        self._weights: list[float] = []
        self._changes: list[float] = []  # squared, from the point before
        self._last: torch.Tensor | None = None

    def add(self, alphas: torch.Tensor, weights: torch.Tensor, gradients: torch.Tensor) -> None:
        """Note points (N,), their weights (N,), and the gradients there (N, C, H, W); weight 0 does not count."""
        counts = (weights != 0).nonzero().flatten()
        if not len(counts):
            return
        if len(counts) < len(weights):
            gradients = gradients[counts]
        maps = gradients[:, 0] * self._displacement[0]
        for channel in range(1, gradients.shape[1]):  # without a product of the whole gradients' size
            maps.addcmul_(gradients[:, channel], self._displacement[channel])
        known = maps if self._last is None else torch.cat([self._last, maps])
        self._changes += torch.linalg.vector_norm(known.diff(dim=0), dim=(1, 2)).cpu().double().square().tolist()
        self._alphas += alphas[counts].cpu().double().tolist()
        self._weights += weights[counts].cpu().double().tolist()
        self._last = maps[-1:].clone()

    def estimate(self, values: torch.Tensor) -> float:
        """The error of the finished map (C, H, W), summed over channels, as a share of its norm; NaN if unknown."""
        norm = float(values.sum(dim=0).norm())
        if len(self._alphas) < 2 or not norm:
            return float("nan")
        density = np.array(self._changes) / np.diff(self._alphas)
        around = (np.concatenate([density[:1], density]) + np.concatenate([density, density[-1:]])) / 2
        return float(np.sqrt((np.abs(self._weights) ** 3 * around).sum() / 12)) / norm
