"""``ig weights``: torchvision's published weights on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from igcli.cli import completion
from igcli.cli.console import Console
from igcli.cli.groups import SuggestingGroup
from igcli.cli.help import IgCommand
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.errors import IgError
from igcli.jobs.outputs.record import new_record
from igcli.models.published_weights import PublishedWeights, all_published, find_published
from igcli.models.weights_store import cached_files, checkpoints_folder, fetch_weights, is_whole

models_argument = click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completion.model_names)


@click.group(cls=SuggestingGroup)
def weights() -> None:
    """Fetch, verify and locate published weights.

    MODEL is NAME or NAME@WEIGHTS, as 'ig models' lists them. Weights are in torch's own folder
    ($TORCH_HOME/hub/checkpoints). Proxies (HTTPS_PROXY) and certificates of your own (SSL_CERT_FILE) are used.
    On a machine without a network, copy a file to the place that 'ig weights path NAME' prints.

    \b
    Examples:
      ig weights fetch googlenet resnet50
      ig weights verify
      ig weights path resnet50
    """


@weights.command(cls=IgCommand)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=completion.model_names)
@stream_options
@debug_option
def fetch(models: tuple[str, ...], *, streams: Streams) -> None:
    """Download weights that are not on this machine yet.

    A damaged file is replaced.

    \b
    Examples:
      ig weights fetch googlenet
      ig weights fetch resnet50@IMAGENET1K_V1 vit_b_16
    """
    entries = [find_published(name) for name in models]  # a misspelt name is said before anything is fetched

    def work(entry: PublishedWeights, console: Console) -> str:
        return "fetched" if fetch_weights(entry.source, progress=console.draws_bars) else "was here"

    _each(entries, work, streams=streams)


@weights.command(cls=IgCommand)
@models_argument
@stream_options
@debug_option
def verify(models: tuple[str, ...], *, streams: Streams) -> None:
    """Check cached files against their hashes.

    All that are on this machine, if none is named. Exit status 1 if one is damaged, or is named and not there.

    \b
    Examples:
      ig weights verify
      ig weights verify googlenet
    """
    entries = [find_published(name) for name in models] or _cached()

    def work(entry: PublishedWeights, _console: Console) -> str:
        whole = is_whole(entry.source)
        if whole is None:
            raise IgError(f"{entry.full_name} is not here: ig weights fetch {entry.full_name}")
        if not whole:
            raise IgError(f"{entry.source.place} is damaged: ig weights fetch {entry.full_name} replaces it.")
        return "whole"

    _each(entries, work, streams=streams)


@weights.command(cls=IgCommand)
@models_argument
def path(models: tuple[str, ...]) -> None:
    """Print where weights are, or would be.

    The folder, or each model's file.

    \b
    Examples:
      ig weights path
      ig weights path resnet50
    """
    for place in [find_published(name).source.place for name in models] or [checkpoints_folder()]:
        click.echo(place)


def _each(
    entries: Iterable[PublishedWeights], work: Callable[[PublishedWeights, Console], str], *, streams: Streams
) -> None:
    """Do the work for each, and print what was done; errors are printed, and do not stop the others."""
    failed = 0
    with Console(streams) as console:
        for entry in entries:
            try:
                done = work(entry, console)
            except IgError as error:
                failed += 1
                console.fail(str(error))
                continue
            record = new_record(model=entry.name, weights=entry.weights, file=str(entry.source.place), done=done)
            line = f"{entry.full_name:<32}  {done}  {entry.source.place}"
            console.say(record, line)
    raise click.exceptions.Exit(1 if failed else 0)


def _cached() -> list[PublishedWeights]:
    """The published weights of which the cache has a file."""
    files = cached_files()
    return [each for each in all_published() if each.source.filename in files] if files else []
