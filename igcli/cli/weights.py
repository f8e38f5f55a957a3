"""``ig weights``: torchvision's published weights on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import click

from igcli.cli import completion
from igcli.cli.console import Console
from igcli.cli.groups import SuggestingGroup
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.cli.path_types import NamedPath
from igcli.errors import IgError
from igcli.jobs.outputs.record import new_record, to_json
from igcli.models.cache import checkpoints_folder
from igcli.models.catalogue import Published
from igcli.models.keeping import (
    cached_entries,
    fetch_weights,
    import_weights,
    is_whole,
    place_of,
    published_entry,
)

T = TypeVar("T")

models_argument = click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completion.published)


@click.group(cls=SuggestingGroup)
def weights() -> None:
    """Fetch, take over, check and find the published weights: NAME or NAME@WEIGHTS, as 'ig models' lists them.

    They lie where torch keeps them ($TORCH_HOME/hub/checkpoints); proxies (HTTPS_PROXY) and own certificates
    (SSL_CERT_FILE) are honoured.

    \b
    Examples:
      ig weights fetch googlenet resnet50
      ig weights import Downloads/*.pth
      ig weights verify
      ig weights path resnet50
    """


@weights.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=completion.published)
@stream_options
@debug_option
def fetch(models: tuple[str, ...], *, streams: Streams) -> None:
    """Download weights that are not here yet.

    A file that is here and damaged is replaced.

    \b
    Examples:
      ig weights fetch googlenet
      ig weights fetch resnet50@IMAGENET1K_V1 vit_b_16
    """
    entries = [published_entry(name) for name in models]  # a misspelt name is said before anything is fetched

    def work(entry: Published, console: Console) -> tuple[Published, str]:
        return entry, "fetched" if fetch_weights(entry, progress=console.draws_bars) else "was here"

    _each(entries, work, streams=streams)


@weights.command(name="import")
@click.argument("files", nargs=-1, required=True, type=NamedPath(), metavar="FILE...")
@stream_options
@debug_option
def take_over(files: tuple[Path, ...], *, streams: Streams) -> None:
    """Take over files that came another way.

    They are copied to where torch and ig find them. Which network a file is for is told by its SHA-256, whatever the
    file is called.

    \b
    Examples:
      ig weights import Downloads/resnet50-11ad3fa6.pth
    """

    def work(file: Path, _console: Console) -> tuple[Published, str]:
        return import_weights(file), f"imported from {file}"

    _each(files, work, streams=streams)


@weights.command()
@models_argument
@stream_options
@debug_option
def verify(models: tuple[str, ...], *, streams: Streams) -> None:
    """Check cached files against their hashes.

    All that are here, if none is named. Exit status 1 if one is damaged, or is named and not there.

    \b
    Examples:
      ig weights verify
      ig weights verify googlenet
    """
    entries = [published_entry(name) for name in models] or cached_entries()

    def work(entry: Published, _console: Console) -> tuple[Published, str]:
        whole = is_whole(entry)
        if whole is None:
            raise IgError(f"{_name(entry)} is not here: ig weights fetch {_name(entry)}")
        if not whole:
            raise IgError(f"{place_of(entry)} is damaged: ig weights fetch {_name(entry)} replaces it.")
        return entry, "whole"

    _each(entries, work, streams=streams)


@weights.command()
@models_argument
def path(models: tuple[str, ...]) -> None:
    """Print where weights are, or would be.

    The folder, or each model's file.

    \b
    Examples:
      ig weights path
      ig weights path resnet50
    """
    for place in [place_of(published_entry(name)) for name in models] or [checkpoints_folder()]:
        click.echo(place)


def _each(items: Iterable[T], work: Callable[[T, Console], tuple[Published, str]], *, streams: Streams) -> None:
    """Do the same to each and say what came of it; what fails does not stop the others."""
    failed = 0
    with Console(streams) as console:
        for item in items:
            try:
                entry, done = work(item, console)
            except IgError as error:
                failed += 1
                console.fail(str(error))
                continue
            record = new_record(model=entry.name, weights=entry.weights, file=str(place_of(entry)), done=done)
            line = f"{_name(entry):<32}  {done}  {place_of(entry)}"
            console.data(to_json(record) if streams.json else line)
    raise click.exceptions.Exit(1 if failed else 0)


def _name(entry: Published) -> str:
    return entry.name if entry.default else f"{entry.name}@{entry.weights}"
