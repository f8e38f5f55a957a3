"""Options of commands over large folders: true classes, crops, and which photos to work on; and what they do."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from igcli.attribution.targets import true_class
from igcli.cli.grouped import grouped
from igcli.cli.param_type import ParamType
from igcli.cli.path_types import NamedPath
from igcli.cli.photo_arguments import Subset
from igcli.cli.predicting import predicted
from igcli.cli.session import Session
from igcli.errors import LabelError, UsageError
from igcli.images.source import Found, shown
from igcli.jobs.choice import Choice, Criterion, sampled, spread_over
from igcli.jobs.detections import read_detections
from igcli.jobs.plan import Job
from igcli.jobs.runs.run import RunOptions
from igcli.models.labels import Labels

#: Photos on one page, at most.
MOST_PAGES = 2000
#: Unknown classes that are said one by one.
_NAMED = 3


class CriterionType(ParamType):
    """``wrong``, or ``below:`` and a probability."""

    name = "wrong|below:P"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A :class:`Criterion`."""
        if value == "wrong":
            return Criterion()
        kind, _, limit = str(value).partition(":")
        try:
            if kind == "below" and 0 < float(limit) <= 1:
                return Criterion(float(limit))
        except ValueError:
            pass
        return self.fail(f"{value!r} is neither 'wrong' nor 'below:' and a probability, as in below:0.6.", param, ctx)


@dataclass(frozen=True)
class Selection:
    """Which photos to work on, and what is known of them.

    Attributes
    ----------
    truth
        ``"folder"`` if the folder that a photo lies in is its true class.
    only
        Which predictions are wanted; ``None`` for all.
    subset
        How many photos, at most; ``None`` for all.
    crops
        A detector's file of boxes.
    crop_confidence
        The least confidence of a box; ``None`` for what the file recommends.
    """

    truth: str | None
    only: Criterion | None
    subset: int | None
    crops: Path | None
    crop_confidence: float | None

    def __post_init__(self) -> None:
        if self.crop_confidence is not None and self.crops is None:
            raise click.UsageError("--crop-confidence is about the boxes of --crops: add that, or leave it out.")

    @property
    def settings(self) -> dict[str, str]:
        """What records depend on."""
        return {} if self.truth is None else {"truth": self.truth}


selection_options = grouped(
    "selection",
    Selection,
    click.option("--truth", type=click.Choice(["folder"]),
                 help="A photo's folder is its true class. Lists of photos say it in a column truth or label."),
    click.option("--only", type=CriterionType(),
                 help="Predict all photos; explain those that are wrong, or less probable than P."),
    click.option("--subset", cls=Subset, type=click.IntRange(1), metavar="N",
                 help="Work on N of the photos, drawn by seed (--sample N too). Where true classes are known, as many "
                      "of each; a larger subset contains every smaller one."),
    click.option("--crops", type=NamedPath(exists=True, dir_okay=False), metavar="FILE",
                 help="Cut each photo to a detector's box: MegaDetector's JSON. Of several boxes the most confident "
                      "one; a photo without any is used whole."),
    click.option("--crop-confidence", type=click.FloatRange(0, 1), metavar="P",
                 help="The least confidence of a box of --crops. [default: what the file calls typical, else 0.2]"),
)  # fmt: skip


def begin_selection(run: Session, selection: Selection, *, seed: int) -> None:
    """Give photos their boxes and true classes; draw the subset, if it does not depend on predictions."""
    if selection.truth is not None:
        run.change(_named_by_folder)
    if selection.crops is not None:
        change, notes = read_detections(selection.crops, run.found, least=selection.crop_confidence)
        run.change(change)
        for note in notes:
            run.console.note(note)
    elif cropped := sum(found.crop is not None for found in run.found):
        run.console.note(f"{cropped} of {len(run.found)} photos are cut to the box that the list has of them.")
    if selection.only is not None and selection.only.below is None and not spread_over(run.found):
        raise UsageError(
            "--only wrong needs the true classes: add --truth folder, or give a list with a column truth or label."
        )
    if selection.subset is not None and selection.only is None:
        photos = {number: item for number, item in enumerate(run.inputs) if isinstance(item, Found)}
        run.choose(_subset(run, Choice(frozenset(photos)), selection, seed=seed))


def finish_selection(
    run: Session, job: Job, selection: Selection, options: RunOptions | None = None, *, keep: bool = True
) -> None:
    """Check the true classes against the network's; with ``--only``, predict all and choose.

    Parameters
    ----------
    keep
        Whether predictions are kept in the output folder; else in a temporary one.
    """
    _check_truth(run, job, selection)
    if selection.only is None or not run.found:
        return
    if selection.only.below is not None and job.model.regression:
        raise UsageError("--only below:P is about probabilities, and this network estimates numbers: leave it out.")
    with tempfile.TemporaryDirectory() as folder:
        plan = job.plan if keep else replace(job.plan, output=Path(folder))
        with predicted(run, replace(job, plan=plan), options or RunOptions()) as all_of_them:
            records = all_of_them.numbered()
            numbers = frozenset(number for number, record in records if selection.only.fits(record))
            failed = {n: tuple(reasons) for n, (_, reasons) in all_of_them.failures.items()}
            accuracy = {"accuracy": all_of_them.accuracy.record} if all_of_them.accuracy else {}
    failures = {number: said for number, said in failed.items() if isinstance(run.inputs[number], Found)}
    facts = {"of": len(run.found), "only": str(selection.only), "photos": len(numbers)}
    choice = Choice(numbers, failures, {"choice": facts, **accuracy})
    words = "predicted wrongly" if selection.only.below is None else f"below {selection.only.below:g}"
    run.console.note(f"{len(numbers)} of {len(run.found)} photos are {words}.")
    if selection.subset is not None:
        choice = _subset(run, choice, selection, seed=job.plan.wanted.settings.seed)
    run.choose(choice)


def check_page(photos: int) -> None:
    """Raise ``UsageError`` for more photos (times classes) than a page can show."""
    if photos > MOST_PAGES:
        raise UsageError(
            f"A report of {photos:,} maps would be too large to open (at most {MOST_PAGES:,}): add --sample 500, or "
            "--only wrong."
        )


def _subset(run: Session, choice: Choice, selection: Selection, *, seed: int) -> Choice:
    count = selection.subset or 0
    photos = {n: item for n in choice.numbers if isinstance(item := run.inputs[n], Found)}
    numbers = sampled(photos, count, seed=seed)
    classes = spread_over([photos[number] for number in numbers])
    spread = f", as many of each of {classes} classes as there are" if classes > 1 else ""
    run.console.note(f"A subset of {len(numbers)} of {len(photos)} photos, drawn by --seed {seed}{spread}.")
    known = choice.facts.get("choice", {"of": len(photos)})
    facts = {**choice.facts, "choice": {**known, "subset": count, "seed": seed, "photos": len(numbers)}}
    return replace(choice, numbers=numbers, facts=facts)


def _named_by_folder(found: Found) -> Found:
    if found.truth is not None:
        return found
    return replace(found, truth=os.path.basename(os.path.dirname(os.path.abspath(found.path))) or None)  # noqa: PTH100, PTH119, PTH120


def _check_truth(run: Session, job: Job, selection: Selection) -> None:
    """Say which true classes the network does not have; ``UsageError`` where they are asked for and cannot be used."""
    names = Counter(found.truth for found in run.found if found.truth is not None)
    asked = selection.truth is not None or selection.only == Criterion()
    if not names:
        return
    if job.model.regression or job.model.multi_label:
        what = "estimates numbers" if job.model.regression else "gives each class a probability of its own"
        sentence = f"This network {what}: no prediction of it is right or wrong by one true class."
        if asked:
            raise UsageError(f"{sentence} Leave --truth and --only wrong out.")
        run.console.note(sentence)
        return
    unknown = {name: count for name, count in names.items() if true_class(name, job.model.labels).index is None}
    labels = job.model.labels
    if len(unknown) == len(names) and asked:
        raise UsageError(
            f"None of the true classes ({_some(names)}) is one of the network's.{_near(next(iter(unknown)), labels)}"
        )
    for name in list(unknown)[:_NAMED]:
        left = f"{unknown[name]} photo{'s' * (unknown[name] > 1)} count neither as right nor as wrong"
        run.console.warn(f"No class is called {shown(name)!r}: {left}.{_near(name, labels)}")
    if len(unknown) > _NAMED:
        rest = sum(list(unknown.values())[_NAMED:])
        run.console.warn(f"{len(unknown) - _NAMED} more true classes are none of the network's ({rest} photos).")


def _near(name: str, labels: Labels) -> str:
    """The classes with similar names, as a sentence; empty without any."""
    try:
        labels.find(name)
    except LabelError as error:
        _, near, names = str(error).partition("The closest names: ")
        return f" {near}{names}" if near else ""
    return ""


def _some(names: Iterable[str]) -> str:
    first = [shown(name) for name in names]
    return ", ".join(first[:_NAMED]) + (", ..." if len(first) > _NAMED else "")
