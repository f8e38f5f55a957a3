"""An evaluation by several processes or a cluster: each measures cards of its share, and the first joins the cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from igcli.attribution.budget import Budget
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.mosaics import MosaicPlan
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.evaluation import Checking, Evaluation, Step
from igcli.jobs.evaluating.measuring import EvaluationPlan, Measurer
from igcli.jobs.item import Item, Outcome
from igcli.jobs.plan import Job
from igcli.jobs.pool import PoolSize


@dataclass(frozen=True)
class Share:
    """What a worker says of one photo or mosaic.

    Attributes
    ----------
    step
        What became of it; its card and maps are written.
    effort
        What has been done since the last one.
    refused
        Boxes that could not be used since the last one.
    """

    step: Step
    effort: Effort
    refused: tuple[Exclusion, ...] = ()


@dataclass(frozen=True)
class ShareWork:
    """Measures items and writes their cards; can be pickled.

    Attributes
    ----------
    photos
        How many there are in all: items from this number on are of ``mosaics``.
    batch_size
        As it was asked for; ``None`` for what suits the device.
    """

    evaluation_plan: EvaluationPlan
    checking: Checking
    photos: int
    mosaics: Sequence[MosaicPlan] = ()
    batch_size: int | None = None

    def __call__(
        self,
        job: Job,
        items: Sequence[Item],
        *,
        pool_size: PoolSize | None = None,
        on_points: Callable[[int], None] | None = None,
    ) -> Iterator[Outcome[Share]]:
        """Measure the items, photos before mosaics; their outcomes in the same order."""
        budget = Budget.of_passes(job.model, self.batch_size)
        measurer = Measurer(job, self.evaluation_plan, pass_budget=budget, on_points=on_points)
        photos = [item for item in items if item.number < self.photos]
        plans = [self.mosaics[item.number - self.photos] for item in items[len(photos) :]]
        evaluation = Evaluation(job, self.evaluation_plan, measurer, items=photos, plans=plans)
        for item, step in zip(items, evaluation.measure(self.checking), strict=True):
            share = Share(step, measurer.effort, tuple(measurer.refused_boxes))
            measurer.effort, measurer.refused_boxes = Effort(), []
            yield Outcome(item, (share,), gradients=share.effort.gradients + share.effort.passes)


def spread_steps(
    evaluation: Evaluation,
    engine: Callable[[Iterable[Item]], Iterator[Outcome[Share]]],
    measurer: Measurer,
    checking: Checking,
) -> Iterator[Step]:
    """Let ``engine`` measure what is missing, then fill the columns from all cards; steps as they are done.

    What its workers have done is added to the effort and the boxes of ``measurer``.
    """
    evaluation.begin()
    items = evaluation.all_items
    todo = {item.number: item for item in items if evaluation.lacks(item, checking)}
    yield from (Step(str(item.found.path), known=True) for item in items if item.number not in todo)
    failed: set[int] = set()
    for outcome in engine(todo.values()) if todo else ():
        number, name = outcome.item.number, str(outcome.item.found.path)
        steps = [Step(name, failure=reason) for reason in outcome.failures]  # its process died
        for share in outcome.results:
            measurer.take(share.effort, share.refused)
            steps.append(share.step)
        failed |= {number for step in steps if step.failure}
        yield from steps
    for item in items:
        if item.number not in failed and not evaluation.join(item):
            yield Step(str(item.found.path), failure=_GONE)


_GONE = "Its card has been changed or removed while the run went on: run the same command again."
