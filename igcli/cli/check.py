"""``ig check``: which axioms each method keeps, on functions whose answer is known and on the model at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import click

from igcli.attribution.budget import Budget
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.premises import unmet_premises
from igcli.cli import completion
from igcli.cli.console import Console
from igcli.cli.help import command
from igcli.cli.model_options import ModelChoice, load_chosen, model_options
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.cli.without_gradient import say_without_gradient, without_gradient_entry
from igcli.errors import ImageError, UsageError
from igcli.evaluation.axioms import AXIOMS, Verdict, check_axioms
from igcli.evaluation.dead_features import dead_features
from igcli.evaluation.model_check import check_model, made_up_picture
from igcli.images.finding import find_images
from igcli.images.options import ReadOptions
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.inputs import Missing
from igcli.jobs.outputs.record import new_record
from igcli.jobs.plan import ModelFacts
from igcli.models.classifier import Classifier
from igcli.models.devices import check_precision, numbers, resolve_device

MOST_TRIED = 32
"""Photos on which gradients are looked for."""

_MARKS = {True: "yes", False: "no", None: "-"}
Verdicts = Mapping[str, Mapping[str, Verdict]]


@command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=completion.files)
@click.option("-m", "--method", multiple=True, type=click.Choice(list(METHODS)), help="Only these; all by default.")
@click.option(
    "--steps", type=click.IntRange(2), default=64, show_default=True, help="Points on the path, on the model."
)
@model_options
@stream_options
@debug_option
def check(
    *, paths: tuple[str, ...], method: tuple[str, ...], steps: int, choice: ModelChoice, streams: Streams
) -> None:
    """Print which axioms each method satisfies.

    Every axiom is tried on functions of two inputs whose answer is known; completeness and chunk invariance on the
    model too, with a made-up picture. --verbose adds the numbers. Then the model's parameters, and channels of its
    input, that receive no gradient: on the photos of PATH, or on the made-up picture.

    \b
    Examples:
      ig check --model caltech101
      ig check --method integrated --method deep-lift --verbose
      ig check photos/ --model my_net.py:build
    """
    check_precision(choice.precision, resolve_device(choice.device))
    with Console(streams) as console, numbers(choice.precision):
        methods = [name for name in method or METHODS if _available(name, console)]
        verdicts = check_axioms(methods)
        model = load_chosen(choice, progress=console.draws_bars, warn=console.warn)
        premises = {name: sentence for name in methods if (sentence := _unmet(model, name))}
        for name, sentence in premises.items():
            console.warn(f"{name} on {model.provenance.name}: {sentence}")
        on_model = check_model(model, methods, steps=steps, budget=Budget.of(model, choice.batch_size))
        tried = _pictures(model, paths, console, offline=choice.offline) or [made_up_picture(model)]
        dead = dead_features(model, tried)
        if streams.json:
            entries: dict[str, Any] = {"axioms": _plain(verdicts), "on_model": _plain(on_model), "premises": premises}
            entries["without_gradient"] = without_gradient_entry(dead)
            facts = ModelFacts.of(model, precision=choice.precision)
            console.say(new_record(network=facts, **entries))
            return
        for line in _table(verdicts):
            console.data(line)
        console.data("")
        for entry in AXIOMS.entries():
            console.data(f"{entry.name}: {entry.summary}")
        console.data("")
        console.data(f"On {model.provenance.name}, {steps} steps:")
        for line in (*_table(on_model), *_reasons(on_model)):
            console.data(line)
        console.data("")
        of = f"{len(tried)} photo{'s' * (len(tried) > 1)}" if paths else "a made-up picture"
        say_without_gradient(console, dead, on=of, names=[("channels",)])
        for where, found in (("", verdicts), (f" on {model.provenance.name}", on_model)):
            for name, row in found.items():
                for axiom, verdict in row.items():
                    console.detail(f"{name}{where}, {axiom}: {verdict.numbers}")


def _pictures(model: Classifier, paths: tuple[str, ...], console: Console, *, offline: bool) -> list[Picture]:
    """The photos of the paths that can be read, at most as many as are tried; the others are said."""
    pictures: list[Picture] = []
    for found in find_images(paths, offline=offline) if paths else ():
        try:
            if isinstance(found, Missing):
                raise ImageError(found.reason)
            pictures.append(read_image(found, view=model.view, fit=model.view.fit, options=ReadOptions()))
        except ImageError as error:
            console.fail(str(error))
        if len(pictures) == MOST_TRIED:
            console.note(f"The first {MOST_TRIED} photos are tried.")
            break
    if paths and not pictures:
        raise UsageError("None of the paths is a photo that can be read: name others, or none for a made-up picture.")
    return pictures


def _available(name: str, console: Console) -> bool:
    try:
        METHODS[name].check_available()
    except UsageError as error:
        console.note(f"{name} is left out. {error}")
        return False
    return True


def _unmet(model: Classifier, name: str) -> str:
    """What the method relies on and the network does not have, or why it cannot be computed for it at all."""
    try:
        METHODS[name].check_network(model)
        return unmet_premises(model, [name]).get(name, "")
    except UsageError as error:
        return str(error)


def _plain(verdicts: Verdicts) -> dict[str, dict[str, object]]:
    return {name: {axiom: asdict(verdict) for axiom, verdict in row.items()} for name, row in verdicts.items()}


def _reasons(on_model: Verdicts) -> Iterator[str]:
    """The numbers behind each "no", and what can change it."""
    for name, row in on_model.items():
        for axiom, verdict in row.items():
            if verdict.kept is False:
                remedy = " (more --steps bring the sum nearer)" if axiom == "completeness" else ""
                yield f"{name}, {axiom}: {verdict.numbers}{remedy}"


def _table(verdicts: Verdicts) -> list[str]:
    if not verdicts:
        return ["no method of those asked for shares the sweep"]
    axioms = list(next(iter(verdicts.values())))
    width = max(map(len, verdicts))
    lines = [f"{'':{width}}  " + "  ".join(axioms)]
    for name, row in verdicts.items():
        marks = (f"{_MARKS[row[axiom].kept]:^{len(axiom)}}" for axiom in axioms)
        lines.append(f"{name:{width}}  " + "  ".join(marks).rstrip())
    return lines
