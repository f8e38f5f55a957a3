"""``ig check``: which axioms each method keeps, on functions whose answer is known and on the model at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from igcli.attribution.budget import Budget
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.premises import unmet_premises
from igcli.cli.console import Console
from igcli.cli.help import command
from igcli.cli.model_options import ModelChoice, load_chosen, model_options
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.errors import UsageError
from igcli.evaluation.axioms import AXIOMS, Verdict, check_axioms
from igcli.evaluation.model_check import check_model
from igcli.jobs.outputs.record import new_record
from igcli.jobs.plan import ModelFacts
from igcli.models.classifier import Classifier
from igcli.models.devices import check_precision, numbers, resolve_device

_MARKS = {True: "yes", False: "no", None: "-"}
Verdicts = Mapping[str, Mapping[str, Verdict]]


@command()
@click.option("-m", "--method", multiple=True, type=click.Choice(list(METHODS)), help="Only these; all by default.")
@click.option(
    "--steps", type=click.IntRange(2), default=64, show_default=True, help="Points on the path, on the model."
)
@model_options
@stream_options
@debug_option
def check(*, method: tuple[str, ...], steps: int, choice: ModelChoice, streams: Streams) -> None:
    """Print which axioms each method satisfies.

    Every axiom is tried on functions of two inputs whose answer is known; completeness and chunk invariance on the
    model too, with a made-up picture. --verbose adds the numbers.

    \b
    Examples:
      ig check --model caltech101
      ig check --method integrated --method deep-lift --verbose
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
        if streams.json:
            entries: dict[str, Any] = {"axioms": _plain(verdicts), "on_model": _plain(on_model), "premises": premises}
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
        for line in _table(on_model):
            console.data(line)
        for where, found in (("", verdicts), (f" on {model.provenance.name}", on_model)):
            for name, row in found.items():
                for axiom, verdict in row.items():
                    console.detail(f"{name}{where}, {axiom}: {verdict.numbers}")


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
