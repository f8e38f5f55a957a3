"""Left and right integrated gradients: before and after the score saturates (arXiv 2010.12697, §3).

The path is split at α* = the first point with F(γ(α)) > F(x′) + φ (F(x) − F(x′)). The points before α* go to the left
part, α* itself and all that follow to the right one, each with the whole of its weight: the two parts share no point
and miss none, so that they add up to ``integrated``. The points arrive in rising order, so the split is decided
during the sweep and no gradient is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from igcli.attribution.completeness import SMALLEST_RISE
from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.path_integral import PathIntegral
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk
from igcli.attribution.views.saturation import first_passed
from igcli.lazy import np, torch


class Split(Method):
    """Both parts of the integral, and where they meet.

    A score that falls along the path is split where it has passed φ of its fall. One that does not move is never
    saturated: all is left, and there is no α*.
    """

    def start(self, path: Path, nodes: Nodes) -> None:
        """Begin with two sums of zero, on the left."""
        self._left, self._right = PathIntegral(path), PathIntegral(path)
        self._alpha_star: float | None = None
        self._alphas = nodes.alphas

    def take(self, chunk: Chunk) -> None:
        """Add the chunk's weighted gradients to the part they belong to."""
        passed = self._first_passed(chunk)
        for part, here in ((self._left, slice(None, passed)), (self._right, slice(passed, None))):
            part.add(chunk, here)

    def extras(self) -> Mapping[str, float]:
        """α*, the norms' ratio, and the share of the score's rise that each part sums to; NaN where undefined."""
        left, right = self.parts()
        rise, nothing = self.context.ends.rise, float("nan")
        moves, norm = abs(rise) >= SMALLEST_RISE, left.norm().item()
        # A score that moves and passes φ at no point passes it at the end of the path.
        star = (1.0 if self._alpha_star is None else self._alpha_star) if moves else nothing
        return {
            "alpha_star": star,
            "right_over_left": right.norm().item() / norm if norm else nothing,
            "left_share": left.sum().item() / rise if moves else nothing,
            "right_share": right.sum().item() / rise if moves else nothing,
        }

    def parts(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Left and right map."""
        return self._left.value(), self._right.value()

    def _first_passed(self, chunk: Chunk) -> int:
        """The position in the chunk from which on its points belong to the right part."""
        if self._alpha_star is not None:
            return 0
        ends = self.context.ends
        # Points of weight 0 are there for others: they do not decide, so that the map does not depend on who shares
        # the sweep.
        own = np.flatnonzero(chunk.weights.cpu().double().numpy())
        scores = chunk.scores.cpu().double().numpy()[own]
        passed = first_passed(
            scores, at_baseline=ends.at_baseline, at_image=ends.at_image, phi=self.context.settings.phi
        )
        if passed is None:
            return len(chunk.alphas)
        first = int(own[passed])
        self._alpha_star = float(self._alphas[chunk.start + first])
        return first


@METHODS("left-integrated", summary="integrated gradients up to where the score has passed phi of its rise")
class LeftIntegrated(Split):
    """∫ ∂F/∂x(γ(α)) ⊙ γ′(α) dα over α < α*: while the score rises."""

    def finish(self) -> torch.Tensor:
        """The left part, in score units."""
        return self.parts()[0]


@METHODS("right-integrated", summary="integrated gradients from there on, where the score is saturated")
class RightIntegrated(Split):
    """∫ ∂F/∂x(γ(α)) ⊙ γ′(α) dα over α ≥ α*: on the plateau."""

    def finish(self) -> torch.Tensor:
        """The right part, in score units."""
        return self.parts()[1]
