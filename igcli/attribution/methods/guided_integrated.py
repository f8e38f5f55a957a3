"""Guided integrated gradients: a path that puts off steep values (Kapishnikov et al. 2021, arXiv 2106.09788).

Every value has its own progress t from the baseline (0) to the sample (1). At each step the whole must come
nearer to the sample by one N-th of the L1 distance, and the values with the smallest gradients go first; none may stray
from the straight path's progress by more than a fixed distance.
"""

from __future__ import annotations

from igcli.attribution.accumulation import RunningSum
from igcli.attribution.methods.method import METHODS, OwnPath
from igcli.attribution.network import gradient_of, network_logits
from igcli.attribution.path import Path
from igcli.errors import NumericalError
from igcli.lazy import torch

#: The share of the values that moves at once, and how far from the straight path a value may be, as in the paper.
FRACTION = 0.25
DISTANCE = 0.02


@METHODS(
    "guided-integrated", summary="integrated gradients along a path that puts off steep pixels (authors: 200 steps)"
)
class GuidedIntegrated(OwnPath):
    """Σ over steps of ∂F/∂x ⊙ (how far each value moves); one gradient per step, one after another.

    No promise of completeness: a value may move by twice ``distance`` on one gradient, however many steps there are.
    """

    fraction = FRACTION
    distance = DISTANCE

    def finish(self) -> torch.Tensor:
        """Follow the path; signed, in score units."""
        path, steps = self.context.path, self.context.steps
        moved = RunningSum(path.displacement)
        progress = torch.zeros_like(path.displacement)
        for step in range(1, steps + 1):
            steepness = self._gradient(torch.lerp(path.baseline, path.end, progress))
            after = advance(
                progress, steepness.abs(), path, goal=step / steps, fraction=self.fraction, distance=self.distance
            )
            moved.add(steepness * path.displacement * (after - progress))
            progress = after
        return moved.value()

    def _gradient(self, values: torch.Tensor) -> torch.Tensor:
        context = self.context
        model = context.model.optimised()

        def work(_start: int, _stop: int) -> torch.Tensor:
            point = values[None].clone().requires_grad_()
            logits = network_logits(model, point, [(context.path, 1)])
            return gradient_of(context.score.of(logits).sum(), point)[0]

        with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
            (steepness,) = context.budget.chunks(1, work)
        self.gradient_evaluations += 1
        if not bool(torch.isfinite(steepness).all()):
            raise NumericalError("The network's gradients are not finite along the guided path. Check the weights.")
        return steepness


def advance(
    progress: torch.Tensor,
    steepness: torch.Tensor,
    path: Path,
    *,
    goal: float,
    fraction: float = FRACTION,
    distance: float = DISTANCE,
) -> torch.Tensor:
    """The progress after the step that brings the whole to ``goal`` on [0, 1].

    Parameters
    ----------
    progress
        In [0, 1], as it is, for every value.
    steepness
        |∂F/∂x| there.
    goal
        The share of the L1 distance from the baseline to the sample that is covered afterwards.
    """
    size = path.displacement.abs().double()
    slowest, fastest = max(goal - distance, 0.0), min(goal + distance, 1.0)
    ahead = (1 - goal) * size.sum()
    progress = progress.clamp_min(slowest).to(steepness)
    waiting = steepness.masked_fill(progress >= fastest, torch.inf).masked_fill(size == 0, torch.inf)
    while True:
        left = (size * (1 - progress.double())).sum() - ahead
        threshold = waiting.flatten().kthvalue(1 + int(fraction * (waiting.numel() - 1))).values
        chosen = (waiting <= threshold) & torch.isfinite(waiting)
        room = (size * (fastest - progress.double()))[chosen].sum()
        if not bool(left > 0) or not bool(room > 0):
            return progress
        share = min((left / room).item(), 1.0)
        progress = torch.where(chosen, progress + share * (fastest - progress), progress)
        if share < 1:
            return progress
        waiting = waiting.masked_fill(chosen, torch.inf)
