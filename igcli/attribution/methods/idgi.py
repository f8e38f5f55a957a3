"""Important direction gradient integration (Yang, Wang, Bilgic 2023, arXiv 2303.14242).

Between one point of the path and the next the score changes by F(γ(α_{j+1})) − F(γ(α_j)). That change is given to the
values in proportion to their squared gradients at the beginning of the interval.
"""

from __future__ import annotations

from igcli.attribution.accumulation import RunningSum
from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


@METHODS("idgi", summary="the score's changes along the path, each divided by the squares of the gradient there")
class ImportantDirections(Method):
    """Σ over j of (F_{j+1} − F_j) · g_j² / ‖g_j‖²; no gradients beyond those of the sweep.

    The sum over the values is F(x) − F(x′) whatever the gradients are, since the changes telescope: that it agrees says
    nothing about the map, so the method is not among the complete ones. The displacement does not matter, and in
    each interval all values get the sign of the score's change.

    The points are those of the quadrature; their weights do not count. What the score changes before the first of them
    is divided by the first gradient. With ``rule="trapezoid"`` the intervals are the authors' own.
    """

    def start(self, path: Path, nodes: Nodes) -> None:
        """Begin with the score at the baseline, and no point."""
        self._sum = RunningSum(path.end)
        self._shares: torch.Tensor | None = None  # of the last point: its interval is not over
        self._score = self.context.ends.at_baseline  # where that interval begins

    def take(self, chunk: Chunk) -> None:
        """Divide the changes of the score up to the chunk's last point."""
        own = chunk.weights != 0  # points for others alone must not change the map
        if not bool(own.any()):
            return
        shares = _squares(chunk.gradients[own])
        scores = chunk.scores[own].cpu().double().tolist()
        for share, score in zip(shares, scores, strict=True):
            self._close(share if self._shares is None else self._shares, score)
            self._shares = share
        self._shares = shares[-1].clone()  # not a view of the whole chunk

    def finish(self) -> torch.Tensor:
        """Signed, in score units."""
        if self._shares is not None:
            self._close(self._shares, self.context.ends.at_image)
        return self._sum.value()

    def _close(self, shares: torch.Tensor, score: float) -> None:
        self._sum.add(shares * (score - self._score))
        self._score = score


def _squares(gradients: torch.Tensor) -> torch.Tensor:
    """g² / ‖g‖² of each gradient (N, ...), which sums to 1; 0 for a gradient of 0."""
    sizes = gradients.abs().flatten(1).amax(dim=1).clamp_min(torch.finfo(gradients.dtype).tiny)
    squares = (gradients / sizes.reshape(-1, *[1] * (gradients.ndim - 1))).square()  # scaled: squares of 1e-25 are 0
    totals = squares.flatten(1).sum(dim=1)
    return squares / torch.where(totals > 0, totals, 1).reshape(-1, *[1] * (gradients.ndim - 1))
