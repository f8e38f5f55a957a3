"""``-o`` where it can name a file: the ending is the format, its stem that of all files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from igcli.cli.grouped import Command, grouped
from igcli.cli.options import check_folder
from igcli.cli.path_types import OutputPath


@dataclass(frozen=True)
class Destination:
    """A folder, the stem of the files if the user gave one, and the format's ending."""

    folder: Path
    name: str | None
    ending: str


def destination_options(
    formats: Sequence[str], *, others: Sequence[str] = (), what: str
) -> Callable[[Command], Command]:
    """A decorator: ``-o`` and ``--format``, passed as ``destination``.

    Parameters
    ----------
    formats
        Endings that a file can have, the default first.
    others
        Formats that are no files.
    """
    words = [*(ending[1:] for ending in formats), *others]

    def build(output: Path, chosen: str | None) -> Destination:
        ending = output.suffix.lower()
        if ending not in formats or output.is_dir():
            named = chosen or words[0]
            return Destination(check_folder(output, formats=formats), None, named if named in others else f".{named}")
        if chosen is not None and f".{chosen}" != ending:
            raise click.UsageError(f"-o {output} ends in {ending} and --format says {chosen}: leave one of them out.")
        return Destination(output.parent, output.stem, ending)

    return grouped(
        "destination",
        build,
        click.option("-o", "--output", type=OutputPath(), default=Path("out"), show_default=True,
                     help=f"Folder for everything that is written, or {what} itself: its ending says the format."),
        click.option("--format", "chosen", type=click.Choice(words), metavar="|".join(words),
                     help=f"Format in the folder; {words[0]} if not given."),
    )  # fmt: skip
