"""Guided integrated gradients: a path that puts off steep values (Kapishnikov et al. 2021, arXiv 2106.09788).

Every value has its own progress t from the baseline (0) to the sample (1). At each step the whole must come
nearer to the sample by one N-th of the L1 distance, and the values with the smallest gradients go first; none may stray
from the straight path's progress by more than a fixed distance.
"""

from __future__ import annotations

from collections.abc import Sequence

from igcli.attribution.accumulation import RunningSum
from igcli.attribution.methods.method import METHODS, MethodContext, OwnPath
from igcli.attribution.network import gradient_of, network_logits
from igcli.attribution.path import Path, in_batches
from igcli.errors import NumericalError
from igcli.lazy import torch


@METHODS(
    "guided-integrated", summary="integrated gradients along a path that puts off steep pixels (authors: 200 steps)"
)
class GuidedIntegrated(OwnPath):
    """Σ over steps of ∂F/∂x ⊙ (how far each value moves); one gradient per step, one after another.

    No promise of completeness: a value may move by twice ``guided_distance`` on one gradient, however many steps there
    are.
    """

    path = "straight"  # of which it takes both ends

    def __init__(self, context: MethodContext) -> None:
        super().__init__(context)
        self._progress = torch.zeros_like(context.path.displacement)
        self._moved = RunningSum(context.path.displacement)
        self._failure: NumericalError | None = None

    @classmethod
    def follow(cls, methods: Sequence[OwnPath]) -> None:
        """Follow the paths of several samples and classes side by side."""
        several = [method for method in methods if isinstance(method, GuidedIntegrated)]
        for group in in_batches([method.context.path for method in several]):
            _follow_in_one_batch([several[i] for i in group])

    def finish(self) -> torch.Tensor:
        """Signed, in score units."""
        if not self.gradient_evaluations:
            self.follow([self])
        if self._failure is not None:
            raise self._failure
        return self._moved.value()

    @property
    def fails(self) -> bool:
        """Whether the path had to be given up."""
        return self._failure is not None

    @property
    def point(self) -> torch.Tensor:
        """Where the path has come to."""
        return torch.lerp(self.context.path.baseline, self.context.path.end, self._progress)

    def move(self, steepness: torch.Tensor, *, goal: float) -> None:
        """Use the gradient at the point for the step that brings the whole to ``goal``."""
        self.gradient_evaluations += 1
        if not bool(torch.isfinite(steepness).all()):
            self._failure = NumericalError(
                "The network's gradients are not finite along the guided path. Check the weights."
            )
            return
        path, settings = self.context.path, self.context.settings
        after = advance(
            self._progress,
            steepness.abs(),
            path,
            goal=goal,
            fraction=settings.guided_fraction,
            distance=settings.guided_distance,
        )
        self._moved.add(steepness * path.displacement * (after - self._progress))
        self._progress = after


def _follow_in_one_batch(methods: Sequence[GuidedIntegrated]) -> None:
    """All steps of paths whose points fit into one batch."""
    context = methods[0].context
    model, steps, here = context.model.optimised(), context.steps, list(methods)

    def work(start: int, stop: int) -> torch.Tensor:
        some = here[start:stop]
        points = torch.stack([method.point for method in some]).requires_grad_()
        logits = network_logits(model, points, [(method.context.path, 1) for method in some])
        scores = [method.context.score.of(logits[i : i + 1]) for i, method in enumerate(some)]
        return gradient_of(torch.cat(scores).sum(), points)

    with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        for step in range(1, steps + 1):
            gradients = torch.cat(list(context.budget.chunks(len(here), work)))
            for method, steepness in zip(here, gradients, strict=True):
                method.move(steepness, goal=step / steps)
            here[:] = [method for method in here if not method.fails]
            if not here:
                return


def advance(
    progress: torch.Tensor,
    steepness: torch.Tensor,
    path: Path,
    *,
    goal: float,
    fraction: float,
    distance: float,
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
    fraction
        The share of the values that moves at once, those with the smallest gradients.
    distance
        How far from the straight path's progress a value may be.
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
