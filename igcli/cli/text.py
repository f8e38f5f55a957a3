"""``ig text``: words coloured by their importance to the prediction; one text, or millions of lines."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from igcli.attribution.baselines import is_list
from igcli.attribution.budget import Budget
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.cli.font_option import font_option, font_settings, refuse_font, undrawable
from igcli.cli.given_options import refuse_given
from igcli.cli.grouped import grouped
from igcli.cli.help import command
from igcli.cli.list_saturation import plot_saturation
from igcli.cli.list_session import MOST_LISTED
from igcli.cli.model_options import model_arg_option
from igcli.cli.options import (
    against_option,
    check_folder,
    debug_option,
    phi_option,
    quadrature_options,
    refuse_max_steps,
    score_option,
    stream_options,
)
from igcli.cli.path_types import OutputPath
from igcli.cli.spreading import engine_options, in_order
from igcli.cli.text_session import TextOutput, TextSession
from igcli.errors import UsageError
from igcli.inputs import Missing, TextInput, bounded_list
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.outputs.words import DoneText, score_words, write_words
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job, check_reachable
from igcli.jobs.runs.run import Run, RunOptions
from igcli.models.devices import exact_numbers
from igcli.text.discretized import NO_WORD
from igcli.text.loading import TextModelChoice, load_text_model
from igcli.text.model import SPECIAL, WRITTEN, TextModel, TextOptions
from igcli.text.reading import TextSource
from igcli.text.scored import TEXT_METHODS

#: Characters of a baseline that is a text.
_LONGEST_BASELINE = 200


def _choice(model: str, device: str, model_arg: tuple[tuple[str, Any], ...], *, offline: bool) -> TextModelChoice:
    return TextModelChoice(model, device, offline, dict(model_arg))


def _wanted(
    method: tuple[str, ...], compare: tuple[str, ...], target: tuple[str, ...], baseline: str, **settings: Any
) -> Wanted:
    # The paper's tables show the gradient times the embedding; the gradient's size has no sign to compare.
    others = ("input-x-gradient" if name == "gradient" else name for name in compare)
    if len(baseline) > _LONGEST_BASELINE:
        raise click.UsageError(f"The baseline has more than {_LONGEST_BASELINE} characters: give a shorter text.")
    if baseline not in ("zero", *SPECIAL) and not baseline.startswith(WRITTEN) and not is_list(baseline):
        offered = ", ".join(("zero", *SPECIAL, f"{WRITTEN}WORDS"))
        raise click.UsageError(
            f"--baseline is {offered}, or a file of texts (.txt, .csv, .tsv), not {baseline!r:.100}."
        )
    return Wanted(tuple(dict.fromkeys((*method, *others))), target, Settings(baseline=baseline, **settings))


_source_options = grouped(
    "source",
    TextSource,
    click.argument("texts", nargs=-1, metavar="[TEXT]..."),
    click.option("-f", "--file", "files", multiple=True, metavar="FILE",
                 help="A file of texts, one per line; a table (.csv, .tsv); a folder of .txt files; - for stdin. May "
                      "be repeated."),
    click.option("--column", metavar="NAME", help="The column of a table that has the texts."),
    click.option("--whole", is_flag=True, help="A file is one text, and not one per line."),
)  # fmt: skip
_model_options = grouped(
    "choice",
    _choice,
    click.option("--model", default="language", show_default=True, metavar="NAME",
                 help="language: the bundled language model; hf:FOLDER or hf:ID: a classifier or causal language model "
                      "of transformers, with igcli[hf]; FILE.py:FUNCTION: a network of your own, which is run."),
    model_arg_option,
    click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]|mps",
                 help="Where to compute; auto takes a GPU when there is one. Of a list, cuda is all GPUs, one process "
                      "each, and cuda:0,2 two of them."),
    click.option("--offline", is_flag=True, help="Fetch nothing: only what is on this machine is used."),
)  # fmt: skip
_wanted_options = grouped(
    "wanted",
    _wanted,
    click.option("-m", "--method", multiple=True, default=("integrated",), show_default=True,
                 type=click.Choice(list(TEXT_METHODS)), metavar="METHOD",
                 help=f"Method; may be repeated. {'; '.join(f'{n}: {w}' for n, w in TEXT_METHODS.items())}."),
    click.option("--compare", multiple=True, type=click.Choice(list(TEXT_METHODS)), metavar="METHOD",
                 help="A second column of numbers; gradient means gradient times embedding."),
    click.option("-t", "--target", multiple=True, default=("top",), show_default=True,
                 metavar="top|top-N|WORD|LABEL|index:N",
                 help="The word that follows, or the class, to explain; may be repeated."),
    click.option("--baseline", default="zero", show_default=True, metavar="zero|pad|mask|text:WORDS|FILE",
                 help="Where the path starts. zero: embeddings of zeros, as in the paper; pad, mask: that token at "
                      "every place; text:WORDS: other words, as many, or one for every place; FILE (.txt, .csv): the "
                      "mean over its texts (expected gradients), with its standard error."),
    score_option,
    against_option,
    *quadrature_options,
    phi_option,
)  # fmt: skip
_reading_options = grouped(
    "reading",
    TextOptions,
    click.option("--continuation", is_flag=True,
                 help="Explain the last word of each text by those before it: its own continuation is the target."),
    click.option("--max-words", type=click.IntRange(1), default=1000, show_default=True,
                 help="Longer texts are refused: time and memory grow with their words."),
)  # fmt: skip
_output_options = grouped(
    "destination",
    TextOutput,
    click.option("-o", "--output", type=OutputPath(file_okay=False), metavar="FOLDER",
                 callback=lambda _context, _option, folder: folder and check_folder(folder),
                 help="Write a picture, a fragment of HTML and a record of each text; resumes where it stopped."),
    click.option("--overwrite", is_flag=True, help="Redo all, and replace files that are in the way."),
    click.option("--report", is_flag=True,
                 help="Add report.html: all texts on one page. ig report FOLDER makes it later."),
    click.option("--saturation", is_flag=True,
                 help="Plot the score along the path, of one text or many, into -o (out)."),
    click.option("--points", type=click.IntRange(2, 10001), default=51, show_default=True,
                 help="For --saturation: points on the path."),
    stream_options,
)  # fmt: skip


@command()
@_source_options
@_output_options
@_model_options
@_wanted_options
@_reading_options
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Points of the path per pass.")
@engine_options
@font_option
@debug_option
def text(
    *,
    source: TextSource,
    choice: TextModelChoice,
    wanted: Wanted,
    reading: TextOptions,
    batch_size: int | None,
    destination: TextOutput,
    ray: Cluster | None,
) -> None:
    """Show which words a prediction about a text depends on.

    The words are coloured, each with a signed number beneath it: how much it raises or lowers the score. The numbers
    sum to the score's rise over the baseline, embeddings of zeros. The bundled language model predicts the word that
    follows.

    \b
    Examples:
      ig text "the shareholders claimed more"
      ig text "we must do more" --target than --compare gradient
      ig text -f speech.txt --continuation -o words
      ig text -f reviews.csv --column review --model hf:my-classifier --target negative
      ig text -f sentences.txt --continuation --saturation -o plots
      ig text "a fine film" --model sentiment.py:build
    """
    source.check()
    _refuse_idle(source, wanted, destination)
    if reading.continuation and wanted.targets != ("top",):
        raise UsageError("--continuation makes each text's own last word the target: leave --target out.")
    folder = _folder(destination)
    with TextSession(destination) as session, exact_numbers():
        load = functools.partial(_load, choice)
        model = session.spread_over(choice.device, load, several=not source.is_one, cluster=ray)
        job = _job(model, wanted, reading, folder, batch_size)
        origin = job.model.provenance
        session.console.detail(f"{origin.name} ({origin.weights}) on {job.model.device}, {job.budget.size} at once")
        if job.model.caveat:
            session.console.note(job.model.caveat)
        if "discretized" in wanted.methods and wanted.settings.baseline == "zero":
            session.console.warn(NO_WORD)
        if destination.saturation:
            inputs = bounded_list(source.inputs(), most=MOST_LISTED, unit="text")
            _warn_of_font(session, inputs)
            plot_saturation(session, job, inputs, points=destination.points)
        elif folder is not None:
            _write(session, job, source)
        else:
            work = functools.partial(process, write=score_words)
            for outcome in in_order(session.engine(job, work), session.items(source.inputs())):
                session.tell(str(outcome.item.found.path), outcome.results, outcome.failures)
        session.finish()


def _load(choice: TextModelChoice, device: str) -> TextModel:
    return load_text_model(replace(choice, device=device))


def _refuse_idle(source: TextSource, wanted: Wanted, destination: TextOutput) -> None:
    """Raise ``click.UsageError`` for an option that nothing asked for uses."""
    if not destination.saturation:
        refuse_given(("points",), "is for the plot along the path: add --saturation.")
    refuse_max_steps(wanted.settings.steps)
    if not {"left-integrated", "right-integrated"}.intersection(wanted.methods):
        refuse_given(("phi",), "would change nothing: it is for --method left-integrated or right-integrated.")
    if not source.has_table:
        refuse_given(("column",), "is for a table: give one with -f FILE.csv or -f FILE.tsv.")
    if not source.has_file:
        refuse_given(("whole",), "is for files: give one with -f FILE.")


def _folder(destination: TextOutput) -> Path | None:
    """Where files are written, if any are; raises where that cannot be."""
    if destination.report and destination.saturation:
        raise UsageError(
            "--report shows the words' numbers, and --saturation plots the path instead: give one of them."
        )
    folder = destination.output or (Path("out") if destination.saturation or destination.report else None)
    if folder is None:
        refuse_font("add -o, --report or --saturation, or leave it out.")
    else:
        check_reachable(folder)
    if folder is not None and destination.report:
        from igcli.jobs.outputs.report import check_free

        check_free(folder / "report.html", overwrite=destination.overwrite)
    return folder


def _job(model: TextModel, wanted: Wanted, reading: TextOptions, folder: Path | None, batch_size: int | None) -> Job:
    targets = tuple(model.word(str(target)) for target in wanted.targets)
    against = wanted.settings.against
    settings = wanted.settings if against is None else replace(wanted.settings, against=model.word(str(against)))
    wanted = Wanted(wanted.methods, targets, settings)
    budget = Budget.of(model, batch_size or model.at_once)
    job = Job.of(model, wanted, output=folder or Path(), budget=budget, fit=None, reading=reading)
    job.plan.wanted.check(model)
    return job


def _write(session: TextSession, job: Job, source: TextSource) -> None:
    """A run over a list: what is done is skipped, as photos are."""
    inputs = bounded_list(source.inputs(), most=MOST_LISTED, unit="text")
    options = RunOptions(overwrite=session.destination.overwrite)
    _warn_of_font(session, inputs)
    with Run(job.plan, inputs, kind="text", settings=font_settings(), options=options) as run:
        for missing in (each for each in inputs if isinstance(each, Missing)):
            session.fail(missing.argument, missing.reason)
        session.skip(run.tally.skipped)
        work = functools.partial(process, write=write_words)
        for outcome in run.outcomes(session.engine(job, work)):
            session.tell(str(outcome.item.found.path), [each for each in outcome.results if isinstance(each, DoneText)],
                         outcome.failures)  # fmt: skip
        if session.destination.report:
            session.write_page(job.plan.output, run.records(), failures=session.sentences)


def _warn_of_font(session: TextSession, inputs: list[TextInput | Missing]) -> None:
    """Say which characters of the texts no font has."""
    if sentence := undrawable(each.text for each in inputs if isinstance(each, TextInput)):
        session.console.warn(sentence)
