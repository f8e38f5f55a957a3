"""Interior gradients: the importance of every pixel at points along the path (arXiv 1611.02639, eq. 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable

from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk, Consumer
from igcli.lazy import np


class InteriorImportance(Consumer):
    """P(γ(α)) = Σ_c |∂F/∂x_c(γ(α))| at chosen points.

    Parameters
    ----------
    alphas
        The points in [0, 1], or ``None`` for every point that the sweep visits anyway.

    Attributes
    ----------
    frame_alphas
        (F,) float64, rising.
    frames
        (F, H, W) float32 of a picture, in score units per pixel unit; of any sample its shape without the axis that is
        summed over.
    """

    integrates = False

    def __init__(self, alphas: Iterable[float] | None = None) -> None:
        self._all = alphas is None
        self.alphas = () if alphas is None else tuple(sorted({float(a) for a in alphas}))

    def start(self, path: Path, nodes: Nodes) -> None:
        """Make room for the frames."""
        self.frame_alphas = nodes.alphas if self._all else np.asarray(self.alphas)
        self._position = {alpha: i for i, alpha in enumerate(self.frame_alphas.tolist())}
        self._nodes = nodes.alphas.tolist()
        self._layout = path.layout
        shape = self._layout.importance(path.end[None]).shape[1:]
        self.frames = np.zeros((len(self.frame_alphas), *shape), dtype=np.float32)

    def take(self, chunk: Chunk) -> None:
        """Keep the importance at those of the chunk's points that were asked for."""
        for i in range(len(chunk.alphas)):
            position = self._position.get(self._nodes[chunk.start + i])
            if position is not None:
                self.frames[position] = self._layout.importance(chunk.gradients[i : i + 1])[0].float().cpu().numpy()
