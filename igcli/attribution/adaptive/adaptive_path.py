"""The adaptive path, in rounds: probe, place points, take gradients, refine.

1. Probe: the score at six points between the ends, forward only.
2. Place: 23 points, the denser the more the score moves (``profile.density``), each weighing as much as the part of
   the path it stands for (``cells.Cells``). Of several classes the first counts half.
3. Take the gradient at every point. Score and slope come along, and with them, between each point and the next, how
   much the score grows beyond what the two gradients say. These residuals sum to the completeness gap.
4. Refine: while the gap exceeds the tolerance, put points where the residuals are largest. Then, where a tolerance of
   the map is set and its estimated error exceeds it, where the gradient changes most (``kept_map``).

Every gradient counts, whatever its weight became; no result is scaled to hide its gap. Several samples go through
each round together, so that chunks are full. Gradients are kept until their weights are known, as long as they fit into
``MOST_BYTES``; for a path that needs more room they are all taken a second time.

Limits: completeness bounds the error of the map's sum, not of the map: opposite errors in two places cancel. The probe
can miss a rise that is over between two of its points; the share of points that is placed evenly, and the residuals,
are the remedy. Paths of one sample for several classes share the probe and the first points, which go forward once for
all of them; each is refined for itself. So a map depends a little on the classes explained along with it, by about as
much as it is off. The paths of one sample that are averaged over, from several baselines or to noisy copies, share all
points. On a path that bends, the slope of a gradient that was not kept is that over the part that its point stood for
first, so that the finished map's gap can exceed the tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from igcli.attribution.adaptive.cells import Cells
from igcli.attribution.adaptive.gradient_buffer import GradientBuffer
from igcli.attribution.adaptive.kept_map import kept_map_error
from igcli.attribution.adaptive.profile import PROBE_ALPHAS, density
from igcli.attribution.budget import Budget
from igcli.attribution.completeness import Completeness
from igcli.attribution.network import probe
from igcli.attribution.quadrature import Nodes
from igcli.attribution.result import ScoreEnds, Settings
from igcli.attribution.scores import PROBABILITIES
from igcli.attribution.sweep import MOST_TOGETHER, PathRun, sweep
from igcli.errors import NumericalError
from igcli.lazy import np
from igcli.models.model import Model

#: Points placed before any gradient is known: on photographs enough for one map in two.
FIRST_POINTS = 23

#: Gradients kept at once, by all paths together.
MOST_BYTES = 1 << 30

#: Points that a path is expected to take when room is shared out: on photographs nine in ten take no more.
_EXPECTED = 34

#: The gap is measured a little differently here than on the finished map: aim below the tolerance.
_AIM = 0.98


def first_points(settings: Settings) -> int:
    """How many points are placed first."""
    return min(FIRST_POINTS, settings.max_steps)


@dataclass
class AdaptivePath:
    """Paths whose maps are averaged over, on points that they share.

    Attributes
    ----------
    runs
        With the score at their ends. Their nodes are those that their consumers name; those of the quadrature are found
        here.
    cells
        The parts that the path is divided into, once it was probed; ``None`` before, and where that failed.
    map_errors
        The estimated error of the integrated map by the number of points, where it was asked for.
    """

    runs: Sequence[PathRun]
    settings: Settings
    cells: Cells | None = None
    buffers: list[GradientBuffer] = field(default_factory=list)
    map_errors: dict[int, float] = field(default_factory=dict)

    @property
    def ends(self) -> list[ScoreEnds]:
        """The score at both ends of each path."""
        return [run.ends for run in self.runs]

    @property
    def bytes_per_point(self) -> int:
        """Of one gradient of each path."""
        return sum(run.path.end.numel() * run.path.end.element_size() for run in self.runs)

    def density(self, scores: Sequence[np.ndarray]) -> np.ndarray:
        """How densely points are needed, the mean over its paths, from each path's scores at ``PROBE_ALPHAS``."""
        alphas = np.array([0.0, *PROBE_ALPHAS, 1.0])
        probability = self.settings.score in PROBABILITIES
        each = [
            density(alphas, np.array([ends.at_baseline, *own, ends.at_image]), probability=probability)
            for ends, own in zip(self.ends, scores, strict=True)
        ]
        mean: np.ndarray = np.mean(each, axis=0)
        return mean

    def pending(self) -> list[PathRun]:
        """The points without a gradient so far, as runs that fill the buffers."""
        if self.cells is None:
            return []
        pending = []
        for run, buffer in zip(self.runs, self.buffers, strict=True):
            wanted = self.cells.nodes.including(run.nodes.alphas)
            new = wanted.only(~np.isin(wanted.alphas, list(buffer.scores)))
            pending.append(PathRun(run.path, run.score, new, [buffer]))
        return pending

    def refine(self) -> bool:
        """Put further points where they are needed; whether there are any."""
        if self.cells is None or any(run.failure for run in self.runs) or len(self.cells) >= self.settings.max_steps:
            return False
        nodes = self.cells.nodes
        scores, slopes = (
            np.mean([[buffer.scores[alpha] for alpha in nodes.alphas.tolist()] for buffer in self.buffers], axis=0),
            np.mean([buffer.slopes_over(nodes) for buffer in self.buffers], axis=0),
        )
        at_baseline = sum(ends.at_baseline for ends in self.ends) / len(self.ends)
        at_image = sum(ends.at_image for ends in self.ends) / len(self.ends)
        residuals = self.cells.residuals(scores, slopes, ends=(at_baseline, at_image))
        rise = at_image - at_baseline
        tolerance, floor = _AIM * self.settings.tolerance, _AIM * self.settings.floor
        span = float(np.ptp([*scores, at_baseline, at_image]))
        gap = Completeness.of(rise - residuals.sum(), rise, tolerance=tolerance, span=span, floor=floor)
        before = len(self.cells)
        count = max(2, before // 8)
        if gap.within_tolerance:
            count, residuals = self._missing(nodes, residuals)
        self.cells = self.cells.refined(residuals, min(count, self.settings.max_steps - before))
        return len(self.cells) > before

    def _missing(self, nodes: Nodes, residuals: np.ndarray) -> tuple[int, np.ndarray]:
        """How many points the tolerance of the map asks for now, and how much each part needs them.

        The error falls about as fast as points are added. Where gradients could not be kept it is taken to, from where
        it was last known, and the residuals say where points are needed.
        """
        if (tolerance := self.settings.map_tolerance) is None:
            return 0, residuals
        points = len(nodes)
        if all(buffer.complete for buffer in self.buffers):
            self.map_errors[points], residuals = kept_map_error(self.buffers, nodes)
        elif not self.map_errors:
            return 0, residuals
        known = max(self.map_errors)
        over = self.map_errors[known] * known / points / (_AIM * tolerance)
        if over <= 1:
            return 0, residuals
        most = max(2, points // 2)
        return min(max(2, math.ceil(points * (over - 1) / 2)), most) if math.isfinite(over) else most, residuals

    def weigh(self) -> None:
        """Give the runs their points with the weights that these have in the end."""
        for run in self.runs:
            if self.cells is not None:
                run.nodes = self.cells.nodes.including(run.nodes.alphas)


def refine_paths(
    model: Model,
    paths: Sequence[AdaptivePath],
    *,
    others: Sequence[PathRun] = (),
    budget: Budget,
    on_points: Callable[[int], None] | None = None,
) -> None:
    """Bring every run's consumers the gradients that they need, at points that are found on the way.

    Afterwards ``run.nodes`` are the points and weights used, and the run's evaluations are counted; one that had to be
    given up says why in ``run.failure``.

    Parameters
    ----------
    others
        Runs whose points are known, to go along with the first round.

    Raises
    ------
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    _place(model, paths, budget)
    for group, most in _groups(paths):
        _refine_group(model, group, most, others, budget, on_points)
        others = ()
    if others:
        sweep(model, others, budget=budget, on_points=on_points)


def _groups(paths: Sequence[AdaptivePath]) -> Iterator[tuple[list[AdaptivePath], int]]:
    """Adaptive paths whose gradients can be kept together, and how many of each run there is room for.

    One is never taken apart, since its runs share their points: if there are very many, nothing is kept.
    """
    group: list[AdaptivePath] = []
    size = 0
    exact = any(path.settings.map_tolerance is not None for path in paths)
    expected = max(path.settings.max_steps for path in paths) if exact else _EXPECTED
    for path in paths:
        if not path.runs:
            continue
        if group and (size + path.bytes_per_point) * expected > MOST_BYTES:
            yield group, MOST_BYTES // size
            group, size = [], 0
        group.append(path)
        size += path.bytes_per_point
    if group:
        yield group, MOST_BYTES // size


def _refine_group(
    model: Model,
    paths: Sequence[AdaptivePath],
    most: int,
    others: Sequence[PathRun],
    budget: Budget,
    on_points: Callable[[int], None] | None,
) -> None:
    for path in paths:
        if path.cells is not None:
            path.buffers = [GradientBuffer(most) for _ in path.runs]
    unfinished = list(paths)
    while unfinished:
        pending = [path.pending() for path in unfinished]
        sweep(model, [*others, *(run for each in pending for run in each)], budget=budget, on_points=on_points)
        others = ()
        for path, each in zip(unfinished, pending, strict=True):
            for run, part in zip(path.runs, each, strict=False):  # nothing is pending where the probe has failed
                run.failure = run.failure or part.failure
                run.gradient_evaluations += part.gradient_evaluations
        unfinished = [path for path in unfinished if path.refine()]
    again = []
    for path in paths:
        path.weigh()
        for run, buffer in zip(path.runs, path.buffers, strict=False):
            if run.failure is None and not buffer.complete:
                again.append(run)
            elif run.failure is None:
                _replay(run, buffer, model)
    sweep(model, again, budget=budget, on_points=on_points)


def _place(model: Model, paths: Sequence[AdaptivePath], budget: Budget) -> None:
    """The first points, from the scores at ``PROBE_ALPHAS``: classes of one sample share both.

    As many classes share points as share a pass in the sweep.
    """
    if not (ways := {run.path.between: run.path for path in paths for run in path.runs}):
        return
    logits = dict(zip(ways, probe(model, list(ways.values()), np.array(PROBE_ALPHAS), budget=budget), strict=True))
    densities: dict[tuple[object, ...], list[tuple[AdaptivePath, np.ndarray]]] = {}
    for path in paths:
        found = [logits[run.path.between] for run in path.runs]
        for run, own in zip(path.runs, found, strict=True):
            run.forward_evaluations = len(PROBE_ALPHAS)
            if not bool(own.isfinite().all()):
                run.failure = NumericalError.on_the_path()
        if path.runs and not any(run.failure for run in path.runs):
            scores = [run.score.of(own).numpy() for run, own in zip(path.runs, found, strict=True)]
            sample = tuple(run.path.between for run in path.runs)
            densities.setdefault(sample, []).append((path, path.density(scores)))
    for each in densities.values():
        for start in range(0, len(each), MOST_TOGETHER):
            classes = each[start : start + MOST_TOGETHER]
            first, *others = (needed for _, needed in classes)
            shared = (first + np.mean(others, axis=0)) / 2 if others else first
            for path, _ in classes:
                path.cells = Cells.placed(first_points(path.settings), shared)


def _replay(run: PathRun, buffer: GradientBuffer, model: Model) -> None:
    path = run.path.to(model.device, model.dtype)
    for consumer in run.consumers:
        consumer.start(path, run.nodes)
    for chunk in buffer.release(path, run.nodes):
        for consumer in run.consumers:
            consumer.take(chunk)
