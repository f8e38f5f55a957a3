"""The adaptive path, in rounds: look, deal out, walk, refine.

1. Look: the score at six points between the ends, forward only.
2. Deal out: 23 points, the denser the more the score moves (``profile.density``), each weighing as much as the part of
   the path it stands for (``cells.Cells``).
3. Walk: the gradient at every point. Score and slope come along, and with them, between each point and the next, how
   much the score grows beyond what the two gradients say. These residuals sum to the completeness gap.
4. Refine: while the gap exceeds the tolerance, put points where the residuals are largest.

Every gradient counts, whatever its weight became; no result is scaled to hide its gap. Several pictures go through
each round together, so that chunks are full. Gradients are kept until their weights are known, as long as they fit into
``MOST_BYTES``; a path that needs more of them is walked again, at twice the price.

Limits: completeness bounds the error of the map's sum, not of the map: opposite errors in two places cancel. The look
can miss a rise that is over between two of its points; the share of points that is dealt out evenly, and the
residuals, are the remedy. Walks of one picture for several classes share the look; their points differ, and so they
share no other forward pass. The paths of one picture that are averaged over, from several baselines or to noisy copies,
share their points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from igcli.models.model import Model

#: Points dealt out before any gradient is known: on photographs enough for one map in two.
FIRST_POINTS = 23

#: Gradients kept at once, by all walks together.
MOST_BYTES = 1 << 30

#: Points that a walk is expected to take when room is shared out: on photographs nine in ten take no more.
_EXPECTED = 34

#: The gap is measured a little differently here than on the finished map: aim below the tolerance.
_AIM = 0.98


def first_points(settings: Settings) -> int:
    """How many points are dealt out first."""
    return min(FIRST_POINTS, settings.max_steps)


@dataclass
class Course:
    """Walks whose maps are averaged over, on points that they share.

    Attributes
    ----------
    walks
        Their nodes are those that their consumers ask for; those of the quadrature are found here.
    ends
        F at both ends of each walk.
    cells
        What the path is divided into, once it was looked at; ``None`` before, and where that failed.
    """

    walks: Sequence[Walk]
    ends: Sequence[ScoreEnds]
    settings: Settings
    cells: Cells | None = None
    kept: list[Kept] = field(default_factory=list)

    def deal_out(self, scores: Sequence[np.ndarray], *, most: int) -> None:
        """The first points, from each walk's scores at ``LOOK``; of each walk, ``most`` gradients may be kept."""
        alphas = np.array([0.0, *LOOK, 1.0])
        probability = self.settings.score in PROBABILITIES
        each = [
            density(alphas, np.array([ends.at_baseline, *own, ends.at_image]), probability=probability)
            for ends, own in zip(self.ends, scores, strict=True)
        ]
        self.cells = Cells.dealt(first_points(self.settings), np.mean(each, axis=0))
        self.kept = [Kept(most) for _ in self.walks]

    def errands(self) -> list[Walk]:
        """The points that have not been visited yet, as walks to keep."""
        if self.cells is None:
            return []
        errands = []
        for walk, kept in zip(self.walks, self.kept, strict=True):
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
        at_baseline = sum(ends.at_baseline for ends in self.ends) / len(self.ends)
        at_image = sum(ends.at_image for ends in self.ends) / len(self.ends)
        residuals = self.cells.residuals(scores, slopes, ends=(at_baseline, at_image))
        rise = at_image - at_baseline
        tolerance = _AIM * self.settings.tolerance
        if Completeness.of(rise - residuals.sum(), rise, tolerance=tolerance).within_tolerance:
            return False
        before = len(self.cells)
        self.cells = self.cells.refined(residuals, min(max(2, before // 8), self.settings.max_steps - before))
        return len(self.cells) > before

    def weigh(self) -> None:
        """Give the walks their points with what these count in the end."""
        for walk in self.walks:
            if self.cells is not None:
                walk.nodes = self.cells.nodes.including(walk.nodes.alphas)


def travel(
    model: Model,
    courses: Sequence[Course],
    *,
    beside: Sequence[Walk] = (),
    budget: Budget,
    on_points: Callable[[int], None] | None = None,
) -> None:
    """Bring every walk's consumers what they ask for, on points that are found on the way.

    Afterwards ``walk.nodes`` are the points and weights used, ``walk.taken`` and ``walk.looked`` what they cost; a walk
    that had to be given up says why in ``walk.failure``.

    Parameters
    ----------
    beside
        Walks whose points are known, to go along with the first round.

    Raises
    ------
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    for bunch, most in _bunches(courses):
        _travel(model, bunch, most, beside, budget, on_points)
        beside = ()
    if beside:
        sweep(model, beside, budget=budget, on_points=on_points)


def _bunches(courses: Sequence[Course]) -> Iterator[tuple[list[Course], int]]:
    """Courses whose gradients can be kept together, and how many of each walk there is room for.

    A course is never taken apart, since its walks share their points: if there are very many, nothing is kept.
    """
    going = [course for course in courses if course.walks]
    if not going:
        return
    gradient = going[0].walks[0].path.pixels  # pictures of one network are of one size
    room = MOST_BYTES // (gradient.numel() * gradient.element_size())
    bunch, walks = [going[0]], len(going[0].walks)
    for course in going[1:]:
        if (walks + len(course.walks)) * _EXPECTED > room:
            yield bunch, room // walks
            bunch, walks = [], 0
        bunch.append(course)
        walks += len(course.walks)
    yield bunch, room // walks


def _travel(
    model: Model,
    courses: Sequence[Course],
    most: int,
    beside: Sequence[Walk],
    budget: Budget,
    on_points: Callable[[int], None] | None,
) -> None:
    _look(model, courses, most, budget)
    pending = list(courses)
    while pending:
        errands = [course.errands() for course in pending]
        sweep(model, [*beside, *(errand for each in errands for errand in each)], budget=budget, on_points=on_points)
        beside = ()
        for course, each in zip(pending, errands, strict=True):
            for walk, errand in zip(course.walks, each, strict=False):  # no errands where the look has failed
                walk.failure, walk.taken = walk.failure or errand.failure, walk.taken + errand.taken
        pending = [course for course in pending if course.refine()]
    again = []
    for course in courses:
        course.weigh()
        for walk, kept in zip(course.walks, course.kept, strict=False):
            if walk.failure is None and not kept.complete:
                again.append(walk)
            elif walk.failure is None:
                _replay(walk, kept, model)
    sweep(model, again, budget=budget, on_points=on_points)


def _look(model: Model, courses: Sequence[Course], most: int, budget: Budget) -> None:
    """The score at ``LOOK`` of all walks, forward only, and what follows from it; classes of one picture share it."""
    paths = {walk.path.between: walk.path for course in courses for walk in course.walks}
    logits = dict(zip(paths, look_along(model, list(paths.values()), np.array(LOOK), budget=budget), strict=True))
    for course in courses:
        scores = []
        for walk in course.walks:
            found = logits[walk.path.between]
            walk.looked = len(LOOK)
            scores.append(walk.score.of(found).numpy())
            if not bool(found.isfinite().all()):
                walk.failure = NumericalError.on_the_path()
        if not any(walk.failure for walk in course.walks):
            course.deal_out(scores, most=most)


def _replay(walk: Walk, kept: Kept, model: Model) -> None:
    path = walk.path.to(model.device, model.dtype)
    for consumer in walk.consumers:
        consumer.start(path, walk.nodes)
    for chunk in kept.release(walk.nodes):
        for consumer in walk.consumers:
            consumer.take(chunk)
