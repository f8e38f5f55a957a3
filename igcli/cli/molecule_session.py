"""A run of ``ig molecule``: what is said of each molecule, and how many failed."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import NoReturn

import click

from igcli.cli.console import Console
from igcli.cli.options import Streams
from igcli.cli.session import percent
from igcli.inputs import Missing, TextInput
from igcli.jobs.item import Item, Outcome, items_of
from igcli.jobs.outputs.molecules import MoleculeFiles, write_molecule
from igcli.jobs.outputs.record import Done, Record, new_record
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job
from igcli.jobs.runs.lock import lock_of_photo
from igcli.jobs.runs.ownership import Ownership
from igcli.jobs.runs.run import Engine, Run, RunOptions
from igcli.molecules.reading import read_entries
from igcli.rendering.numbers import score_text

#: More failures than this are counted on the terminal, and named in the file alone.
_NAMED = 20


@dataclass(frozen=True)
class MoleculeInputs:
    """Which molecules.

    Attributes
    ----------
    given
        SMILES, files, or ``-``.
    column
        Of tables, the column of SMILES.
    """

    given: tuple[str, ...]
    column: str | None = None

    def entries(self) -> Iterator[TextInput | Missing]:
        """Each molecule in order, unparsed; read as they are asked for."""
        return read_entries(self.given, column=self.column, stdin=sys.stdin.buffer)

    @property
    def is_one(self) -> bool:
        """Whether they are one SMILES, and no list."""
        entries = self.entries() if len(self.given) == 1 and self.given != ("-",) else iter(())
        return isinstance(first := next(entries, None), TextInput) and not first.source


class MoleculeSession(ExitStack):
    """The console, and the counts of a run."""

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self.console = self.enter_context(Console(streams))
        self.json = streams.json
        self.done = self.failures = 0

    def items(self, inputs: MoleculeInputs) -> Iterator[Item]:
        """The molecules as items, as they are asked for; parts of the inputs that are none are failures."""
        for number, found in enumerate(inputs.entries()):
            if isinstance(found, Missing):
                self.fail(found.argument, found.reason)
            else:
                yield Item(number, found, found.relative.with_suffix(""))

    def write_one(self, job: Job, inputs: MoleculeInputs, *, files: MoleculeFiles, overwrite: bool) -> None:
        """Explain one molecule."""
        entries = [each for each in inputs.entries() if isinstance(each, TextInput)]
        (item,) = items_of(entries)
        with lock_of_photo(job.plan.output, item.stem, kind="molecule"):
            ours = overwrite or Ownership(job.plan.output).is_of(item.stem, item.found)
            for outcome in process(job, [replace(item, ours=ours)], self._writer(job, files)):
                self.tell(outcome)

    def write_all(self, job: Job, inputs: MoleculeInputs, *, files: MoleculeFiles, overwrite: bool) -> None:
        """Explain a list of molecules; what is done already is skipped."""
        entries = list(inputs.entries())
        if not entries:
            return
        with Run(job.plan, entries, kind="molecule", settings={}, options=RunOptions(overwrite=overwrite)) as run:
            for number, missing in enumerate(each for each in entries if isinstance(each, Missing)):
                self.fail(missing.argument, missing.reason, named=number < _NAMED)
            if run.tally.skipped:
                self.done += run.tally.skipped
                self.console.note(f"{run.tally.skipped} done before")
            work: Engine = functools.partial(process, job, write=self._writer(job, files))
            for outcome in run.outcomes(work):
                self.tell(outcome)

    def tell(self, outcome: Outcome[Done]) -> None:
        """Print what was found of one molecule."""
        self.done += not outcome.failures
        for done in outcome.results:
            self.console.say(done.record, *_lines(done))
            if done.caveat:
                self.console.warn(f"{_name(done)}: {done.caveat}")
        for reason in outcome.failures:
            self.fail(str(outcome.item.found.path), reason, named=self.failures < _NAMED)

    def fail(self, name: str, reason: str, *, named: bool = True) -> None:
        """Count a failure, and say it unless there have been too many to name."""
        self.failures += 1
        if named:
            self.console.fail(f"{name}: {reason}")
        if self.json:
            self.console.say(new_record(input={"path": name}, error=reason))

    def finish(self) -> NoReturn:
        """End: status 1 if anything failed, or nothing was there."""
        if not self.done and not self.failures:
            self.console.fail("There are no molecules.")
            raise click.exceptions.Exit(1)
        if self.done + self.failures > 1:
            self.console.note(f"{self.done} explained, {self.failures} failed")
        raise click.exceptions.Exit(1 if self.failures else 0)

    @staticmethod
    def _writer(job: Job, files: MoleculeFiles) -> functools.partial[Done]:
        return functools.partial(write_molecule, methods=job.plan.wanted.methods, wanted=files)


def _name(done: Done) -> str:
    molecule = done.record["molecule"]
    return str(molecule["name"] or molecule["smiles"])


def _lines(done: Done) -> Sequence[str]:
    """One line for each method: what was seen, where the score comes from, how exact that is, the file."""
    record = done.record
    target, score = record["target"], record["score"]
    seen = f"{_name(done)}  {target['label']} {percent(target['probability'])}"
    start = f"F(0) {score_text(score['at_baseline'], score['kind'])}"
    lines = []
    for result in record["results"]:
        sums = record["molecule"]["contributions"][result["method"]]["sums"]
        parts = ", ".join(f"{name.replace('_', ' ')} {value:+.3f}" for name, value in sums.items())
        line = [seen, result["method"], start, parts, *_gap(result)]
        if (file := done.files.get(result["method"])) is not None:
            line.append(f"-> {file}")
        lines.append("  ".join(line))
    return lines


def _gap(result: Record) -> list[str]:
    """The completeness gap, of methods that promise completeness."""
    completeness = result["completeness"]
    if completeness["within_tolerance"] is None:
        return []
    over = "" if completeness["within_tolerance"] else " (over the tolerance: more --max-steps)"
    return [f"gap {percent(completeness['relative_gap'])}{over}"]
