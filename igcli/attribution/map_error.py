"""How far a map is from the exact integral: an estimate from how much the gradient changes between points.

Completeness measures the error of the map's sum; errors of opposite sign cancel in it. The map itself is off because
the gradient jumps, value by value, wherever the network changes its linear piece. A point stands for its cell, the part
of the path that its weight covers. If on average the squared jumps amount to v(α) per unit of path and are independent,
 neighbouring gradients differ by v times their distance in the mean square, and what lies between them is
off by v (l³ + r³) / 3, where l and r are the way from the one point to the edge between their cells and from there to
the other: a jump lies anywhere in it. Gradients count as the path goes there: times γ′, which on the straight path is
x − x′, and elsewhere the mean over the two cells.

Where the gradient changes smoothly instead, errors of the two halves of a cell cancel, and the estimate is too large.
Where it jumps once and for all, between two points, it is as often too small as too large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk
from igcli.lazy import np, torch


class MapError:
    """Follows the gradients along a path, in rising order; the error is that of the map summed over its axis.

    Parameters
    ----------
    nodes
        All points that will be added; those of weight 0 do not count.
    """

    def __init__(self, path: Path, nodes: Nodes) -> None:
        self._velocity, self._nodes, self._layout = path.velocity, nodes, path.layout
        self._changes: list[float] = []  # squared, from the point before
        self._last: tuple[torch.Tensor, ...] = ()

    def add(self, chunk: Chunk) -> None:
        """Note the gradients of the chunk's points."""
        counts = chunk.nodes.weights[chunk.start : chunk.start + len(chunk.gradients)].nonzero()[0]
        if not len(counts):
            return
        gradients, every = chunk.gradients, len(counts) == len(chunk.gradients)
        chosen = slice(None) if every else torch.from_numpy(counts).to(gradients.device)
        gradients = gradients[chosen]
        if self._velocity is not None:
            (maps,) = self._with_last(self._layout.products(gradients, self._velocity))
            differences = maps.diff(dim=0)
        else:
            weights = chunk.weights[chosen].reshape(-1, *[1] * (gradients.ndim - 1))
            known, velocities = self._with_last(gradients, chunk.moves[chosen] / weights)
            differences = self._layout.products(known.diff(dim=0), (velocities[:-1] + velocities[1:]) / 2)
        changes = torch.linalg.vector_norm(differences.flatten(1), dim=1)
        self._changes += changes.cpu().double().square().tolist()

    def _with_last(self, *values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Rows that go on from those of the last chunk, of which the last one is put before them."""
        joined = tuple(map(torch.cat, zip(self._last, values, strict=True))) if self._last else values
        self._last = tuple(each[-1:].clone() for each in values)
        return joined

    def estimate(self) -> float:
        """The expected L2 distance of the map, summed over its axis, from the exact one; NaN if unknown."""
        return float(np.sqrt(self.squares().sum()))

    def squares(self) -> np.ndarray:
        """(N + 1,): what each part between two of the N points that count adds to the squared distance; NaN if unknown.

        The first part is that from 0 to the first point, the last that from the last point to 1.
        """
        counts = self._nodes.weights != 0
        alphas, edges = self._nodes.alphas[counts], np.cumsum(np.concatenate([[0.0], self._nodes.weights[counts]]))
        if len(alphas) < 2:
            return np.full(len(alphas) + 1, np.nan)
        jumps = np.array(self._changes) / np.diff(alphas)  # v, between each point and the next
        jumps = np.concatenate([jumps[:1], jumps, jumps[-1:]])
        left, right = np.abs(alphas - edges[:-1]), np.abs(edges[1:] - alphas)
        cubes = np.concatenate([[0.0], right**3]) + np.concatenate([left**3, [0.0]])
        squares: np.ndarray = jumps * cubes / 3
        return squares


def relative_error(errors: Sequence[float], sums: torch.Tensor) -> float:
    """How far the mean of several paths' maps is expected to be off, relative to its norm.

    Parameters
    ----------
    errors
        The expected distance of each path's map; they are taken for independent.
    sums
        The mean map, summed over its axis.
    """
    norm, error = float(sums.norm()), math.hypot(*errors) / len(errors)
    if not error:
        return 0.0  # of a map of nothing, too
    return error / norm if norm else math.nan
