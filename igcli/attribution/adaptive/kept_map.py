"""How far the integrated map of the gradients that an adaptive path has kept so far is expected to be off, and where.

What the map error of the finished map is computed from, with the weights that the points have so far.
"""

from __future__ import annotations

from collections.abc import Sequence

from igcli.attribution.adaptive.gradient_buffer import GradientBuffer
from igcli.attribution.map_error import MapError, relative_error
from igcli.attribution.path_integral import PathIntegral
from igcli.attribution.quadrature import Nodes
from igcli.lazy import np, torch


def kept_map_error(buffers: Sequence[GradientBuffer], nodes: Nodes) -> tuple[float, np.ndarray]:
    """The error of the mean map over the buffers' paths, relative to its norm, and what each part adds to its square.

    Parameters
    ----------
    buffers
        Complete, of paths that share the points.
    nodes
        The N points with the weights that they have so far.

    Returns
    -------
    float
        NaN where it is unknown.
    numpy.ndarray
        (N + 1,), as of :meth:`~igcli.attribution.map_error.MapError.squares`, summed over the paths.
    """
    integrals = [PathIntegral(buffer.path) for buffer in buffers]
    errors = [MapError(buffer.path, nodes) for buffer in buffers]
    for buffer, integral, error in zip(buffers, integrals, errors, strict=True):
        for chunk in buffer.chunks(nodes):
            integral.add(chunk)
            error.add(chunk)
    mean = torch.stack([integral.value() for integral in integrals]).mean(dim=0)
    sums = buffers[0].path.layout.sums(mean)
    squares: np.ndarray = np.sum([error.squares() for error in errors], axis=0)
    return relative_error([error.estimate() for error in errors], sums), squares
