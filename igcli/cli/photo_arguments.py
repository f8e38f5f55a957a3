"""The arguments that name photos, and ``--sample`` in their place: a photo that the package brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from click.core import ParameterSource

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


class _Sample(click.Option):
    """``--sample NAME``; where the command has ``--subset``, ``--sample N`` is that."""

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """The names alone; numbers are :class:`Subset`'s, which reads the command line only."""
        value, source = super().consume_value(ctx, opts)
        if source is ParameterSource.COMMANDLINE and any(isinstance(param, Subset) for param in ctx.command.params):
            value = [each for each in value if not _is_number(each)]
        return value, source


class Subset(click.Option):
    """``--subset N``, or ``--sample N``."""

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """The number of either; ``UsageError`` for both."""
        numbers = [each for each in opts.get("sample") or () if _is_number(each)]
        if not numbers:
            return super().consume_value(ctx, opts)
        if opts.get(self.name or "") is not None:
            raise click.UsageError(f"--sample {numbers[-1]} is --subset {numbers[-1]}: give one of them.", ctx)
        return numbers[-1], ParameterSource.COMMANDLINE


def _is_number(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit()


_sample_option = click.option(
    "--sample", cls=_Sample, type=click.Choice(list(sample_photos())), multiple=True,
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
