"""A run over photos or entries of a list: what is missing is done, failures are noted, the index is written last.

``index.jsonl`` has one record per photo and class, in input order; ``failures.jsonl`` what failed and the remedy;
``run.json``, written last, the settings and speed of the run. A run writes them at its end; after an interruption all
files are whole, and the same command resumes where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from igcli.errors import IgError, remedy_of
from igcli.images.list_rows import recordable
from igcli.inputs import Missing
from igcli.jobs.accuracy import Accuracy
from igcli.jobs.choice import Choice
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.files import FOLDER, write_whole
from igcli.jobs.item import Input, Item, Outcome, items_of
from igcli.jobs.outputs.record import Done, Record, new_record, to_json, typed, write_record
from igcli.jobs.plan import Plan
from igcli.jobs.runs.journal import Journal
from igcli.jobs.runs.ledger import Ledger, refuse_strangers
from igcli.jobs.runs.ownership import Ownership
from igcli.jobs.shared_files import SharedFiles
from igcli.partial_files import remove_partials

#: Does the items, in whatever order: ``process`` in this process, or one of ``engines``.
Engine = Callable[[Iterable[Item]], Iterator[Outcome[Done]]]


@dataclass(frozen=True)
class RunOptions:
    """Options of a run over a collection.

    Attributes
    ----------
    overwrite
        Redo all, and replace files that are in the way.
    stop
        End at the first failure.
    verify
        Compare the bytes of photos that are done with those that were explained, and not only size and time.
    drawers
        Threads or processes that read and draw next to the network; ``None`` for what suits its device.
    cluster
        Where Ray runs; ``None`` for this machine.
    choice
        Which of the inputs to work on; ``None`` for all.
    """

    overwrite: bool = False
    stop: bool = False
    verify: bool = False
    drawers: int | None = None
    cluster: Cluster | None = None
    choice: Choice | None = None


@dataclass
class Tally:
    """How far a run is.

    ``seconds`` are those since its beginning; ``busy`` those of them in which the model was at work (of all models
    together, where there are several).
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    gradients: float = 0.0
    busy: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0

    def rate(self, count: float) -> float:
        """``count`` per second."""
        return count / self.seconds if self.seconds > 0 else 0.0


class Stopped(IgError):
    """A photo failed, and the user asked to stop then."""


class Run:
    """One command over a collection of photos.

    Parameters
    ----------
    kind
        What the run is called among others in the same folder: nothing, or ``"interior"``.
    settings
        What the results depend on besides the plan: how they are drawn.
    facts
        Further entries of ``run.json``, which results do not depend on; ``device`` replaces the plan's.

    Attributes
    ----------
    todo
        The items that are not done yet.
    others
        How many photos of earlier runs are in the folder that this run does not have: their files stay, the index does
        not name them.
    accuracy
        Of the predictions of all photos whose true class is known, when the run has ended.

    Raises
    ------
    UsageError
        When the output folder belongs to something else.
    """

    #: What keeps account of what is done, and the file that lists it.
    ledger_type: ClassVar[type[Journal]] = Ledger
    index: ClassVar[str] = "index.jsonl"

    def __init__(
        self,
        plan: Plan,
        inputs: Sequence[Input | Missing],
        *,
        kind: str = "",
        settings: Mapping[str, object],
        options: RunOptions | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self._plan, self._kind = plan, kind
        self._options, self._inputs = options or RunOptions(), len(inputs)
        self._shared = SharedFiles.of(plan.wanted)
        self._settings = self._all_settings(settings)
        self._facts, self.accuracy = facts or {}, Accuracy()
        name = kind or "explain"
        if not self._options.overwrite:
            own = map(self._file, (self.index, "failures.jsonl", "run.json"))
            refuse_strangers(plan.output, name, own, what="run of this kind")
        self._ownership = Ownership(plan.output)
        self._ledger = self.ledger_type(plan.output, name, self._settings, overwrite=self._options.overwrite)
        try:
            self._items = self._planned(inputs)
        except BaseException:
            self._ledger.close()
            raise
        self._failures: dict[int, tuple[str, list[str]]] = {
            number: (item.argument, [item.reason]) for number, item in enumerate(inputs) if isinstance(item, Missing)
        }
        choice = self._options.choice
        for number, sentences in ({} if choice is None else choice.failures).items():
            self._failures[number] = (_shown(inputs[number]), list(sentences))
        self.todo = [item for item in self._items if not self._ledger.is_done(item, verify=self._options.verify)]
        for folder in {(plan.output / item.stem).parent for item in self.todo} | {plan.output, plan.output / FOLDER}:
            remove_partials(folder)
        self.others = self._ledger.count_others(self._items)
        skipped = len(self._items) - len(self.todo)
        self.tally = Tally(total=len(self.todo), failed=len(self._failures), skipped=skipped)

    @property
    def warning(self) -> str:
        """A sentence where no lock can keep a second run out, else empty."""
        return self._ledger.warning

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()

    def outcomes(self, engine: Engine) -> Iterator[Outcome[Done]]:
        """Do what is missing; when all is done, write the records.

        Raises
        ------
        Stopped
            After the first failure, if the options say so.
        IgError
            What concerns not one photo but all: a full disk, no memory.
        """
        tally = self.tally
        tally.began = time.perf_counter()
        if self._options.stop and self._failures:
            raise self._stopped(next(iter(self._failures.values())))
        for outcome in engine(self._begun()) if self.todo else ():
            tally.seconds = time.perf_counter() - tally.began
            tally.gradients += outcome.gradients
            tally.busy += outcome.busy
            if outcome.failures:
                tally.failed += 1
                self._failures[outcome.item.number] = (_shown(outcome.item.found), list(outcome.failures))
                if outcome.occupied:
                    self._ledger.forget(outcome.item)
            else:
                tally.done += 1
                self._shared.check()
                self._ledger.finish(outcome)
            yield outcome
            if outcome.failures and self._options.stop:
                raise self._stopped(self._failures[outcome.item.number])
        self._finish()

    def records(self) -> Iterator[Record]:
        """The records of all photos that are done, in input order."""
        # Read back one by one: those of thousands of photos would not be kept in memory.
        for item in self._done():
            yield from self._ledger.records(item)

    @property
    def failures(self) -> Mapping[int, tuple[str, Sequence[str]]]:
        """What failed, by place among the inputs: the name, and the sentences."""
        return self._failures

    def _all_settings(self, settings: Mapping[str, object]) -> Record:
        return {**self._plan.settings, **settings, **self._shared.settings}

    def _begun(self) -> Iterator[Item]:
        """The items, each noted in the ledger when it is begun."""
        for item in self.todo:
            if item.ours or self._ownership.is_free(item.stem, item.found):
                self._ledger.begin(item)  # from now on files of these names are ours; if some are there, they are not
            yield item

    def _planned(self, inputs: Sequence[Input | Missing]) -> list[Item]:
        numbers = [number for number, item in enumerate(inputs) if not isinstance(item, Missing)]
        named = items_of([item for item in inputs if not isinstance(item, Missing)])
        items = [Item(number, item.found, item.stem) for number, item in zip(numbers, named, strict=True)]
        choice = self._options.choice  # names were given to all: another choice gives a photo no other one
        chosen = items if choice is None else [item for item in items if item.number in choice.numbers]
        return [replace(item, ours=self._is_ours(item)) for item in chosen]

    def _is_ours(self, item: Item) -> bool:
        """Whether files of these names may be replaced: they are of this very photo, or the user has said so."""
        known = self._options.overwrite or self._ledger.is_known(item)
        return known or self._ownership.is_of(item.stem, item.found)

    def _finish(self) -> None:
        """Write the index, the failures and ``run.json``."""
        self.tally.seconds = time.perf_counter() - self.tally.began
        self._ledger.sort(self._items)
        self._write_index()
        write_whole(self._file("failures.jsonl"), (f"{to_json(entry)}\n".encode() for entry in self._failed()))
        if self.todo or not self._file("run.json").exists():  # otherwise it is of the run that did the work
            write_record(self._file("run.json"), self._record())

    def _write_index(self) -> None:
        """List what is done, and count the right predictions."""
        write_whole(self._file(self.index), (f"{to_json(record)}\n".encode() for record in self._counted()))

    def _counted(self) -> Iterator[Record]:
        for item in self._done():
            for place, record in enumerate(self._ledger.records(item)):
                if place == 0:  # the other classes of a photo have the same prediction
                    self.accuracy.take(record)
                yield record

    def _done(self) -> Iterator[Item]:
        return (item for item in self._items if item.number not in self._failures)

    def _failed(self) -> Iterator[Record]:
        for number in sorted(self._failures):
            path, reasons = self._failures[number]
            for sentence in reasons:
                reason, remedy = remedy_of(sentence, about=path)
                yield new_record(path=path, reason=reason, remedy=remedy)

    def _record(self) -> Record:
        tally, choice = self.tally, self._options.choice
        counted = {"accuracy": self.accuracy.record} if self.accuracy else {}
        chosen = {} if choice is None else choice.facts
        return new_record(
            network=self._plan.model,
            command=typed(),
            settings=self._settings,
            inputs=self._inputs,
            done=tally.done,
            failed=tally.failed,
            skipped=tally.skipped,
            gradients=round(tally.gradients),
            seconds=round(tally.seconds, 3),
            photos_per_second=round(tally.rate(tally.done), 3),
            gradients_per_second=round(tally.rate(tally.gradients), 3),
            model_busy=round(tally.rate(tally.busy), 4),
            **{"device": self._plan.model.device, **counted, **chosen, **self._facts},
        )

    def _file(self, name: str) -> Path:
        stem, _, ending = name.partition(".")
        return self._plan.output / (f"{stem}.{self._kind}.{ending}" if self._kind else name)

    def _stopped(self, failure: tuple[str, list[str]]) -> Stopped:
        path, reasons = failure
        return Stopped(f"Stopped at the first failure, {path}: {reasons[0]} Without --on-error stop the rest is done.")


def _shown(found: Input | Missing) -> str:
    return recordable(str(found.argument if isinstance(found, Missing) else found.path))
