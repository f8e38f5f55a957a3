"""A run of ``ig molecule``: which molecules, what is said of each, and what is written."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from igcli.attribution.completeness import Completeness
from igcli.attribution.sample_mean import SampleMean
from igcli.cli.font_option import font_settings
from igcli.cli.list_session import MOST_LISTED, ListSession
from igcli.cli.session import percent
from igcli.inputs import Missing, TextInput, bounded_list
from igcli.jobs.item import Outcome, items_of
from igcli.jobs.outputs.molecules import start_name, write_molecule
from igcli.jobs.outputs.record import Done, Record
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job
from igcli.jobs.runs.lock import lock_of_photo
from igcli.jobs.runs.ownership import Ownership
from igcli.jobs.runs.run import Run, RunOptions
from igcli.molecules.reading import is_table, read_entries
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
    def has_table(self) -> bool:
        """Whether one of the files is a table."""
        return any(map(is_table, self.given))

    @property
    def is_one(self) -> bool:
        """Whether they are one SMILES, and no list."""
        entries = self.entries() if len(self.given) == 1 and self.given != ("-",) else iter(())
        return isinstance(first := next(entries, None), TextInput) and not first.source


class MoleculeSession(ListSession):
    """What is said of each molecule, and what is written."""

    unit, nothing = "molecule", "There are no molecules."

    def write_one(self, job: Job, inputs: MoleculeInputs, *, report: bool, overwrite: bool) -> None:
        """Explain one molecule."""
        entries = [each for each in inputs.entries() if isinstance(each, TextInput)]
        (item,) = items_of(entries)
        with lock_of_photo(job.plan.output, item.stem, kind="molecule"):
            ours = overwrite or Ownership(job.plan.output).is_of(item.stem, item.found)
            records = []
            for outcome in process(job, [replace(item, ours=ours)], self._writer(job)):
                self.tell(outcome)
                records += [done.record for done in outcome.results]
        if report:
            self.write_page(job.plan.output, records)

    def write_all(self, job: Job, inputs: MoleculeInputs, *, report: bool, overwrite: bool) -> None:
        """Explain a list of molecules; what is done already is skipped."""
        entries = bounded_list(inputs.entries(), most=MOST_LISTED, unit=self.unit)
        if not entries:
            return
        options = RunOptions(overwrite=overwrite)
        with Run(job.plan, entries, kind="molecule", settings=font_settings(), options=options) as run:
            for number, missing in enumerate(each for each in entries if isinstance(each, Missing)):
                self.fail(missing.argument, missing.reason, named=number < _NAMED)
            self.skip(run.tally.skipped)
            work = functools.partial(process, write=self._writer(job))
            for outcome in run.outcomes(self.engine(job, work)):
                self.tell(outcome)
            if report:
                self.write_page(job.plan.output, run.records(), failures=self.sentences)

    def tell(self, outcome: Outcome[Done]) -> None:
        """Print what was found of one molecule."""
        self.done += not outcome.failures
        for done in outcome.results:
            self.console.say(done.record, *_lines(done))
            if done.caveat:
                self.console.warn(f"{_name(done)}: {done.caveat}")
        for reason in outcome.failures:
            self.fail(str(outcome.item.found.path), reason, named=self.failures < _NAMED)

    @staticmethod
    def _writer(job: Job) -> functools.partial[Done]:
        return functools.partial(write_molecule, methods=job.plan.wanted.methods)


def _name(done: Done) -> str:
    molecule = done.record["molecule"]
    return str(molecule["name"] or molecule["smiles"])


def _lines(done: Done) -> Sequence[str]:
    """One line for each method: what was seen, where the score comes from, how exact that is, the file."""
    record = done.record
    target, score = record["target"], record["score"]
    seen = f"{_name(done)}  {target['label']} {percent(target['probability'])}"
    start = (
        f"{start_name(record['results'][0]['settings']['baseline'])} {score_text(score['at_baseline'], score['kind'])}"
    )
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
    """The completeness gap, of methods that promise completeness; of a mean over baselines, its standard errors."""
    if (mean := SampleMean.of(result["extras"], result["steps"])) is not None:
        return [mean.words]
    found = Completeness(**result["completeness"])
    if found.within_tolerance is None:
        return []
    over = "" if found.within_tolerance else " (over the tolerance: try --steps auto, or more --max-steps)"
    return [f"gap {percent(found.relative_gap)}{found.words}{over}"]
