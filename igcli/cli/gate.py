"""What ``ig evaluate`` makes of the numbers for others: requirements, differences to earlier ones, Markdown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from igcli.bounded import open_regular
from igcli.cli.cluster_option import cluster_option
from igcli.cli.grouped import grouped
from igcli.cli.param_type import TextType
from igcli.cli.path_types import NamedPath, OutputPath
from igcli.cli.session import Session
from igcli.errors import Occupied, UsageError
from igcli.jobs.evaluating.clusters import check_clusters
from igcli.jobs.evaluating.earlier import EarlierEvaluation, read_earlier
from igcli.jobs.evaluating.evaluated import EarlierComparison, Evaluated
from igcli.jobs.evaluating.markdown import MARK, markdown_of
from igcli.jobs.evaluating.requirement import Requirement, check_all, parsed_requirement
from igcli.jobs.evaluating.writing import NAMES
from igcli.jobs.files import open_to_append, output_error, write_whole
from igcli.jobs.outputs.record import new_record
from igcli.jobs.plan import Job, Plan

if TYPE_CHECKING:
    from igcli.jobs.evaluating.measuring import EvaluationPlan

#: Where GitHub Actions says what the summary of a job is written to.
VARIABLE = "GITHUB_STEP_SUMMARY"

#: The exit status where a requirement is not met.
NOT_MET = 3


@dataclass(frozen=True)
class Gate:
    """What is required of an evaluation, what it is compared with, and for whom it is written.

    Attributes
    ----------
    cluster
        A column of the list of photos.
    earlier
        An earlier ``evaluation.json``, or its folder; read once the run begins.
    """

    cluster: str
    require: tuple[Requirement, ...]
    earlier: Path | None
    markdown: Path | None
    github_summary: bool

    def check(self) -> None:
        """Raise an error for what can be seen to be impossible before anything is loaded."""
        if self.earlier is None and (lacking := [each.text for each in self.require if each.of_difference]):
            raise UsageError(
                f"--require {lacking[0]!r} is about a difference: give --earlier with what to compare with."
            )
        if self.github_summary and not os.environ.get(VARIABLE):
            raise UsageError(
                f"--github-summary writes to the file that ${VARIABLE} names, and it is not set: outside of GitHub "
                "Actions give --markdown FILE.md."
            )
        if self.markdown is not None:
            _check_markdown(self.markdown)

    def prepared(self, job: Job, output: Path, evaluation_plan: EvaluationPlan, run: Session) -> PreparedGate:
        """With the earlier evaluation, and classes as the model calls them."""
        if self.cluster:
            check_clusters(run.found, self.cluster)
        metrics = evaluation_plan.metrics
        bases = (*evaluation_plan.methods, *evaluation_plan.controls)
        maps = None if evaluation_plan.others is not None else list(evaluation_plan.named(bases))
        require = [each.on(job.model.labels, metrics=metrics, maps=maps) for each in self.require]
        earlier = None if self.earlier is None else read_earlier(self.earlier)
        if earlier is not None and earlier.path.resolve() == (output / NAMES[1]).resolve():
            raise UsageError(
                f"{earlier.path} would be replaced by this evaluation: keep a copy of the earlier folder, or choose "
                "another -o."
            )
        return PreparedGate(self, require, earlier)


@dataclass(frozen=True)
class PreparedGate:
    """A gate with all that it needs."""

    gate: Gate
    require: Sequence[Requirement]
    earlier: EarlierEvaluation | None

    def checked(self, found: Evaluated, plan: Plan) -> Evaluated:
        """The same with differences and requirements."""
        compared = None
        if self.earlier is not None:
            differences = self.earlier.differences(found.columns, plan)
            compared = EarlierComparison(self.earlier, differences, self.earlier.changed(plan))
        differences = {} if compared is None else compared.differences
        requirements = check_all(self.require, found.columns, differences)
        return replace(found, cluster=self.gate.cluster, compared=compared, requirements=requirements)

    def write(self, found: Evaluated, plan: Plan) -> list[Path]:
        """Write the Markdown that was asked for; returns the files to name."""
        gate = self.gate
        if gate.markdown is None and not gate.github_summary:
            return []
        text = markdown_of(plan, found)
        if gate.markdown is not None:
            write_whole(gate.markdown, text.encode())
        if gate.github_summary:
            _append(Path(os.environ[VARIABLE]), text)
        return [] if gate.markdown is None else [gate.markdown]

    def say(self, found: Evaluated, run: Session) -> int | None:
        """Say what came of it, each failure on stderr; the exit status that follows from requirements not met."""
        if entries := found.conclusions:
            run.console.say(new_record(**entries), *found.conclusion_lines())
        for each in found.requirements:
            if each.met is None:
                run.fail_whole(each.line)
            elif not each.met:
                run.console.fail(each.line)
        return NOT_MET if any(each.met is False for each in found.requirements) else None


gate_options = grouped(
    "gate",
    Gate,
    cluster_option,
    click.option("--require", multiple=True, type=TextType("REQUIREMENT", parsed_requirement),
                 help='End with status 3 unless this holds, as in "localisation:integrated >= 0.5". May be repeated. '
                      "METRIC:MAP is the mean, METRIC:MAP@CLASS that of a class; low(...) and high(...) are the ends "
                      "of its interval, difference(METRIC:MAP) is now less --earlier; >=, <=, > or <. Status 1 where "
                      "there is no such number."),
    click.option("--earlier", type=NamedPath(exists=True), metavar="FILE|DIR",
                 help="An evaluation.json to compare with, or its folder. Differences are paired, photo by photo; its "
                      "evaluation.csv must lie next to it."),
    click.option("--markdown", type=OutputPath(dir_okay=False), metavar="FILE.md",
                 help="Write the tables as Markdown too."),
    click.option("--github-summary", is_flag=True,
                 help=f"Add the Markdown to the file that ${VARIABLE} names: the summary of a job."),
)  # fmt: skip


def _check_markdown(path: Path) -> None:
    if path.suffix.lower() != ".md":
        raise UsageError(f"--markdown {path} should end in .md.")
    if not path.exists():
        return
    try:
        with open_regular(path) as file:
            ours = file.read(len(MARK)) == MARK.encode()
    except OSError as error:
        raise output_error(path, error) from error
    if not ours:
        raise Occupied(f"{path} is there already, and no ig evaluate has written it: choose another name.")


def _append(path: Path, text: str) -> None:
    descriptor = open_to_append(path)
    try:
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(f"\n{text}")
    except OSError as error:
        raise output_error(path, error) from error
