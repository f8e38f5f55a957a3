"""The arguments that name photos, and ``--sample`` in their place: a photo that the package brings."""

from __future__ import annotations

import click

from igcli.cli import completion
from igcli.cli.grouped import grouped
from igcli.images.sample_photos import sample_photos


def _paths(paths: tuple[str, ...], sample: tuple[str, ...], *, argument: str = "PATH...") -> tuple[str, ...]:
    """What to search for photos, sample photos last."""
    found = (*paths, *(str(sample_photos()[name]) for name in sample))
    if not found:
        raise click.UsageError(f"Missing argument '{argument}': name a photo, or try one of igcli's own by --sample.")
    return found


def _photo(photo: str | None, sample: tuple[str, ...]) -> tuple[str, ...]:
    """The one photo."""
    found = _paths(() if photo is None else (photo,), sample, argument="PHOTO")
    if len(found) > 1:
        raise click.UsageError("This command takes one photo: give PHOTO, or one --sample.")
    return found


_sample_option = click.option(
    "--sample", type=click.Choice(list(sample_photos())), multiple=True,
    help="A photo that comes with igcli, for a first try; may be repeated.",
)  # fmt: skip

#: PATH..., as ``paths``.
paths_argument = grouped(
    "paths",
    _paths,
    click.argument("paths", nargs=-1, metavar="PATH...", shell_complete=completion.files),
    _sample_option,
)

#: PHOTO, as ``paths`` with one entry.
photo_argument = grouped(
    "paths",
    _photo,
    click.argument("photo", required=False, metavar="PHOTO", shell_complete=completion.files),
    _sample_option,
)
