"""The adaptive path, in rounds: look, deal out, walk, refine.

1. Look: the score at six points between the ends, forward only.
2. Deal out: 22 points, the denser the more the score moves (``profile.density``), each weighing as much as the part of
   the path it stands for (``cells.Cells``).
3. Walk: the gradient at every point. Score and slope come along, and with them, between each point and the next, how
   much the score grows beyond what the two gradients say. These residuals sum to the completeness gap.
4. Refine: while the gap exceeds the tolerance, put points where the residuals are largest.

Every gradient is used, whatever its weight became; no result is scaled to hide its gap. Several pictures go through
each round together, so that chunks are full.

Limits: completeness bounds the error of the map's sum, not of the map: opposite errors in two places cancel. The look
can miss a rise that is over between two of its points; the share of points that is dealt out evenly, and the
residuals, are the remedy. Walks of one picture for several classes take different points, and so share no forward
pass. The paths of one picture that are averaged over, from several baselines or to noisy copies, share their points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from igcli.attribution.adaptive.cells import Cells
from igcli.attribution.adaptive.kept import Kept
from igcli.attribution.adaptive.profile import LOOK, density
from igcli.attribution.budget import Budget
from igcli.attribution.quadrature import Nodes
from igcli.attribution.result import Completeness, ScoreEnds, Settings
from igcli.attribution.scores import PROBABILITIES
from igcli.attribution.sweep import Walk, look_along, sweep
from igcli.errors import NumericalError
from igcli.lazy import np
from igcli.models.classifier import Classifier

#: Points dealt out before any gradient is known: on photographs enough for two maps in three.
FIRST_POINTS = 22

#: The gap is measured a little differently here than on the finished map: aim below the tolerance.
_AIM = 0.98


@dataclass
class Course:
    """Walks whose maps are averaged over, on points that they share.

    Attributes
    ----------
    walks
        Their nodes are those that their consumers ask for; those of the quadrature are found here. A walk that does
        not integrate is walked once.
    ends
        F at both ends of each walk.
    cells
        What the path is divided into, once it was looked at; ``None`` where nothing integrates.
    """

    walks: Sequence[Walk]
    ends: Sequence[ScoreEnds]
    settings: Settings
    cells: Cells | None = None
    kept: list[Kept] = field(default_factory=list)

    @property
    def integrating(self) -> list[Walk]:
        """The walks that use the points dealt out."""
        return [walk for walk in self.walks if walk.integrates]

    @property
    def mean_ends(self) -> tuple[float, float]:
        """F at 0 and 1, the mean over the integrating walks."""
        own = [ends for walk, ends in zip(self.walks, self.ends, strict=True) if walk.integrates]
        return sum(e.at_baseline for e in own) / len(own), sum(e.at_image for e in own) / len(own)

    def deal_out(self, scores: np.ndarray) -> None:
        """The first points, from the scores (walks, looks) between the ends."""
        own = [ends for walk, ends in zip(self.walks, self.ends, strict=True) if walk.integrates]
        alphas = np.array([0.0, *LOOK, 1.0])
        probability = self.settings.score in PROBABILITIES
        each = [
            density(alphas, np.array([e.at_baseline, *row, e.at_image]), probability=probability)
            for e, row in zip(own, scores, strict=True)
        ]
        self.cells = Cells.dealt(min(FIRST_POINTS, self.settings.max_steps), np.mean(each, axis=0))
        self.kept = [Kept() for _ in own]

    def errands(self) -> list[Walk]:
        """The points that have not been visited yet, as walks to keep."""
        if self.cells is None:
            return []
        errands = []
        for walk, kept in zip(self.integrating, self.kept, strict=True):
            wanted = self.cells.nodes.including(walk.nodes.alphas).alphas
            new = wanted[~np.isin(wanted, list(kept.scores))]
            errands.append(Walk(walk.path, walk.score, Nodes(new, np.zeros(len(new))), [kept]))
        return errands

    def refine(self) -> bool:
        """Put further points where they are needed; whether there are any."""
        if self.cells is None or any(walk.failure for walk in self.walks):
            return False
        scores, slopes = (
            np.mean([[values[alpha] for alpha in self.cells.alphas.tolist()] for values in each], axis=0)
            for each in ([kept.scores for kept in self.kept], [kept.slopes for kept in self.kept])
        )
        ends = self.mean_ends
        residuals = self.cells.residuals(scores, slopes, ends=ends)
        rise = ends[1] - ends[0]
        tolerance = _AIM * self.settings.tolerance
        if Completeness.of(rise - residuals.sum(), rise, tolerance=tolerance).within_tolerance:
            return False
        before = len(self.cells)
        self.cells = self.cells.refined(residuals, min(max(2, before // 8), self.settings.max_steps - before))
        return len(self.cells) > before

    def weigh(self) -> None:
        """Give the walks their points with what these count in the end."""
        for walk in self.integrating:
            if self.cells is not None:
                walk.nodes = self.cells.nodes.including(walk.nodes.alphas)


def travel(
    model: Classifier, courses: Sequence[Course], *, budget: Budget, on_points: Callable[[int], None] | None = None
) -> None:
    """Bring every walk's consumers what they ask for, on points that are found on the way.

    Afterwards ``walk.nodes`` are the points and weights used, ``walk.taken`` and ``walk.looked`` what they cost; a walk
    that had to be given up says why in ``walk.failure``.

    Raises
    ------
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    _look(model, courses, budget)
    once = [walk for course in courses for walk in course.walks if not walk.integrates]
    pending = list(courses)
    while pending:
        errands = [course.errands() for course in pending]
        sweep(model, [*once, *(walk for each in errands for walk in each)], budget=budget, on_points=on_points)
        once = []
        for course, each in zip(pending, errands, strict=True):
            for walk, errand in zip(course.integrating, each, strict=False):
                walk.failure, walk.taken = walk.failure or errand.failure, walk.taken + errand.taken
        pending = [course for course in pending if course.refine()]
    again = []
    for course in courses:
        course.weigh()
        for walk, kept in zip(course.integrating, course.kept, strict=False):
            if walk.failure is None and not kept.complete:
                again.append(walk)
            elif walk.failure is None:
                _replay(walk, kept, model)
    sweep(model, again, budget=budget, on_points=on_points)


def _look(model: Classifier, courses: Sequence[Course], budget: Budget) -> None:
    walks = [walk for course in courses for walk in course.integrating]
    if not walks:
        return
    logits = look_along(model, [walk.path for walk in walks], np.array(LOOK), budget=budget)
    scores = iter(
        walk.score.of(row).numpy() if bool(row.isfinite().all()) else None
        for walk, row in zip(walks, logits, strict=True)
    )
    for course in courses:
        own = []
        for walk in course.integrating:
            walk.looked = len(LOOK)
            found = next(scores)
            if found is None:
                walk.failure = NumericalError(
                    "The network's logits are not finite along the path: nothing was drawn. Check the weights, or run "
                    "in float32."
                )
            else:
                own.append(found)
        if own and len(own) == len(course.integrating):
            course.deal_out(np.stack(own))


def _replay(walk: Walk, kept: Kept, model: Classifier) -> None:
    path = walk.path.to(model.device, model.dtype)
    for consumer in walk.consumers:
        consumer.start(path, walk.nodes)
    for chunk in kept.chunks(walk.nodes):
        for consumer in walk.consumers:
            consumer.take(chunk)
