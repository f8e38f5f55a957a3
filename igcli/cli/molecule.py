"""``ig molecule``: atoms and bonds coloured by their importance to the prediction; one molecule, or a list."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from igcli.attribution.baselines import is_list
from igcli.attribution.budget import Budget
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.cli import completion
from igcli.cli.font_option import font_option, refuse_font
from igcli.cli.given_options import refuse_given
from igcli.cli.grouped import grouped
from igcli.cli.help import command
from igcli.cli.list_session import MOST_LISTED
from igcli.cli.molecule_session import MoleculeInputs, MoleculeSession
from igcli.cli.options import (
    Streams,
    debug_option,
    output_option,
    quadrature_options,
    refuse_max_steps,
    stream_options,
)
from igcli.cli.spreading import chosen_devices, engine_options
from igcli.errors import UsageError
from igcli.inputs import bounded_list
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.plan import Job, check_reachable
from igcli.models.devices import numbers
from igcli.models.molecule_model import MoleculeModel
from igcli.models.weave import MODULES, load_molecule_model
from igcli.molecules.chemistry import check_installed

#: Methods that serve values of any shape, and what each says of an atom or a pair.
MOLECULE_METHODS = {
    "integrated": "integrated gradients; all numbers sum to F(x) - F(0)",
    "gradient": "the gradient at the molecule itself",
    "input-x-gradient": "the same times the features",
    "left-integrated": "the part of integrated before the score has made 90 % of its rise",
    "right-integrated": "the part after it",
}
#: Points of the path per pass: of molecules of a thousand atoms still under a gigabyte.
AT_ONCE = 32
SCORES = {"probability": "softmax", "logit": "logit"}


@dataclass(frozen=True)
class MoleculeRun:
    """What is done with the molecules, and where it is written.

    Attributes
    ----------
    report
        Add a page of all.
    saturation
        Plot the score along the path, at so many ``points``.
    check
        Group the atoms that one module cannot distinguish, and list what has no gradient.
    """

    output: Path
    overwrite: bool
    report: bool
    saturation: bool
    points: int
    check: bool
    batch_size: int | None
    streams: Streams


def _wanted(method: tuple[str, ...], target: tuple[str, ...], score: str, baseline: str, **settings: Any) -> Wanted:
    if baseline != "zero" and not is_list(baseline):
        raise click.UsageError(f"--baseline is zero, or a file of molecules (.smi, .csv, .sdf), not {baseline!r:.100}.")
    refuse_max_steps(settings["steps"])
    return Wanted(tuple(dict.fromkeys(method)), target, Settings(score=SCORES[score], baseline=baseline, **settings))


_inputs = grouped(
    "inputs",
    MoleculeInputs,
    click.argument("given", nargs=-1, required=True, metavar="SMILES|FILE...", shell_complete=completion.files),
    click.option("--column", metavar="NAME", help="The column of a table that has the SMILES. [default: smiles]"),
)  # fmt: skip
_wanted_options = grouped(
    "wanted",
    _wanted,
    click.option("-m", "--method", multiple=True, default=("integrated",), show_default=True,
                 type=click.Choice(list(MOLECULE_METHODS)), metavar="METHOD",
                 help=f"Method; may be repeated. {'; '.join(f'{n}: {w}' for n, w in MOLECULE_METHODS.items())}."),
    click.option("-t", "--target", multiple=True, default=("top",), show_default=True, metavar="top|all|TASK",
                 help="The task to explain: the most probable one, all, or some by name; may be repeated."),
    click.option("--baseline", default="zero", show_default=True, metavar="zero|FILE",
                 help="Where the path starts. zero: all features 0, as in the paper; FILE (.smi, .csv, .sdf): the mean "
                      "over the features of its molecules (expected gradients), with its standard error."),
    click.option("--score", type=click.Choice(list(SCORES)), default="probability", show_default=True,
                 help="What is explained."),
    *quadrature_options,
)  # fmt: skip
_run_options = grouped(
    "run",
    MoleculeRun,
    output_option,
    click.option("--overwrite", is_flag=True, help="Redo all, and replace files that are in the way."),
    click.option("--report", is_flag=True,
                 help="Add report.html: all molecules on one page. ig report FOLDER makes it later."),
    click.option("--saturation", is_flag=True, help="Plot the score along the path instead, of one or of many."),
    click.option("--points", type=click.IntRange(2, 10001), default=101, show_default=True,
                 help="For --saturation: points on the path."),
    click.option("--check", is_flag=True,
                 help="Instead, group the atoms that a network of one module cannot distinguish, and list parameters "
                      "and features without a gradient; of both bundled networks unless --model names one."),
    click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Points of the path per pass."),
    stream_options,
)  # fmt: skip


@command()
@_run_options
@click.option(
    "--model",
    metavar="w2n2|w1n2|FILE.py:FUNCTION",
    help="A bundled network of Tox21's twelve tasks, or one of your own, which is run. [default: w2n2]",
)
@_wanted_options
@_inputs
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]|mps",
    help="Where to compute; auto takes a GPU when there is one. Of a list, cuda is all GPUs, one process each, and "
    "cuda:0,2 two of them.",
)
@engine_options
@font_option
@debug_option
def molecule(
    *,
    inputs: MoleculeInputs,
    run: MoleculeRun,
    model: str | None,
    wanted: Wanted,
    device: str,
    ray: Cluster | None,
) -> None:
    """Show which atoms a prediction about a molecule depends on.

    Give SMILES, files of them (.smi, one per line with a name; .csv with a column), .sdf files, or - for stdin; .gz
    after the ending too. Atoms and bonds are coloured and numbered; the matrix has all pairs of atoms. The path scales
    all features to 0 and keeps the graph. Needs igcli[molecules].

    \b
    Examples:
      ig molecule "CC(=O)Oc1ccccc1C(=O)O" --target SR-MMP
      ig molecule actives.smi --target all -o maps
      ig molecule table.csv --column structure --saturation -o plots
      ig molecule "CCOC(=O)c1ccccc1" --check
      ig molecule ligands.sdf --model my_net.py:build --score logit
    """
    check_installed()
    if run.saturation + run.check + run.report > 1:
        raise UsageError("--saturation, --check and --report each do something of their own: give one of them.")
    if not run.saturation:
        refuse_given(("points",), "is for the plot along the path: add --saturation.")
    if not inputs.has_table:
        refuse_given(("column",), "is for a table: give a .csv or .tsv file.")
    if run.check:
        refuse_font("--check prints, and draws nothing.")
    check_reachable(run.output)
    if run.report:
        from igcli.jobs.outputs.report import check_free

        check_free(run.output / "report.html", overwrite=run.overwrite)
    with MoleculeSession(run.streams) as session, numbers("float32"):
        if run.check:
            from igcli.cli.molecule_check import check_molecules

            names = list(MODULES) if model is None else [model]
            device = chosen_devices(device, session.console, several=False, cluster=ray)[0]
            check_molecules(session, [_load(name, device) for name in names], inputs, wanted)
        else:
            load = functools.partial(_load, model or "w2n2")
            job = _job(session.spread_over(device, load, several=not inputs.is_one, cluster=ray), run, wanted)
            if job.model.caveat:
                session.console.note(job.model.caveat)
            if run.saturation:
                from igcli.cli.list_saturation import plot_saturation

                entries = bounded_list(inputs.entries(), most=MOST_LISTED, unit="molecule")
                plot_saturation(session, job, entries, points=run.points)
            elif inputs.is_one:
                session.write_one(job, inputs, report=run.report, overwrite=run.overwrite)
            else:
                session.write_all(job, inputs, report=run.report, overwrite=run.overwrite)
        session.finish()


def _load(name: str, device: str) -> MoleculeModel:
    return load_molecule_model(name, device=device)


def _job(model: MoleculeModel, run: MoleculeRun, wanted: Wanted) -> Job:
    every = f"top-{len(model.labels)}"
    targets = tuple(every if str(target).strip().lower() == "all" else target for target in wanted.targets)
    budget = Budget.of(model, run.batch_size or AT_ONCE)
    job = Job.of(model, replace(wanted, targets=targets), output=run.output, budget=budget, fit=None, reading=None)
    job.check()
    return job
