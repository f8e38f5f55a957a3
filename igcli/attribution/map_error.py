"""How far a map is from the exact integral: an estimate from how much the gradient changes between points.

Completeness measures the error of the map's sum; errors of opposite sign cancel in it. The map itself is off because
the gradient jumps, value by value, wherever the network changes its linear piece. A point stands for its cell, the part
of the path that its weight covers. If on average the squared jumps amount to v(α) per unit of path and are independent,
 neighbouring gradients differ by v times their distance in the mean square, and what lies between them is
off by v (l³ + r³) / 3, where l and r are the way from the one point to the edge between their cells and from there to
the other: a jump lies anywhere in it.

Where the gradient changes smoothly instead, errors of the two halves of a cell cancel, and the estimate is too large.
Where it jumps once and for all, between two points, it is as often too small as too large.
"""

from __future__ import annotations

from igcli.attribution.quadrature import Nodes
from igcli.lazy import np, torch
from igcli.sample import Layout


class MapError:
    """Follows the gradients along a path, in rising order.

    Parameters
    ----------
    displacement
        Δ = x − x′.
    nodes
        All points that will be added; those of weight 0 do not count.
    layout
        How the values lie in Δ: the error is that of the map summed over their axis.
    """

    def __init__(self, displacement: torch.Tensor, nodes: Nodes, layout: Layout) -> None:
        self._displacement, self._nodes, self._layout = displacement, nodes, layout
        self._changes: list[float] = []  # squared, from the point before
        self._last: torch.Tensor | None = None

    def add(self, start: int, gradients: torch.Tensor) -> None:
        """Note the gradients (N, ...) at the points from the position ``start`` on."""
        counts = self._nodes.weights[start : start + len(gradients)].nonzero()[0]
        if not len(counts):
            return
        if len(counts) < len(gradients):
            gradients = gradients[torch.from_numpy(counts).to(gradients.device)]
        maps = self._layout.products(gradients, self._displacement)
        known = maps if self._last is None else torch.cat([self._last, maps])
        changes = torch.linalg.vector_norm(known.diff(dim=0).flatten(1), dim=1)
        self._changes += changes.cpu().double().square().tolist()
        self._last = maps[-1:].clone()

    def estimate(self) -> float:
        """The expected L2 distance of the map, summed over its axis, from the exact one; NaN if unknown."""
        counts = self._nodes.weights != 0
        alphas, edges = self._nodes.alphas[counts], np.cumsum(np.concatenate([[0.0], self._nodes.weights[counts]]))
        if len(alphas) < 2:
            return float("nan")
        jumps = np.array(self._changes) / np.diff(alphas)  # v, between each point and the next
        jumps = np.concatenate([jumps[:1], jumps, jumps[-1:]])
        left, right = np.abs(alphas - edges[:-1]), np.abs(edges[1:] - alphas)
        cubes = np.concatenate([[0.0], right**3]) + np.concatenate([left**3, [0.0]])
        return float(np.sqrt((jumps * cubes).sum() / 3))
