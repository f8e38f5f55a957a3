"""``-o`` where it can name a file: the ending is the format, its stem that of all files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from igcli.cli.grouped import Command, grouped
from igcli.cli.options import check_folder
from igcli.cli.path_types import OutputPath
from igcli.errors import UsageError
from igcli.images.source import Found


@dataclass(frozen=True)
class Destination:
    """A folder, the stem of the files if the user gave one, and the format's ending."""

    folder: Path
    name: str | None
    ending: str

    def check_folder(self) -> None:
        """Raise ``UsageError`` where a file is named, and files of several photos are written."""
        if self.name is not None:
            raise UsageError(
                f"-o {self.folder / self.name}{self.ending} is one file, and many are written: name a folder."
            )

    def check_photos(self, found: Sequence[Found]) -> None:
        """Raise ``UsageError`` where one file is named for several photos, or it is a photo itself."""
        if self.name is None:
            return
        if len(found) > 1:
            raise UsageError(f"-o names one file, and there are {len(found)} photos: name a folder.")
        file = self.folder / f"{self.name}{self.ending}"
        if os.path.lexists(file) and any(os.path.exists(each.path) and file.samefile(each.path) for each in found):  # noqa: PTH110 - never raises
            raise UsageError(f"-o {file} is the photo itself: name another file, or a folder.")


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


def _picture(output: Path) -> Destination:
    if output.suffix.lower() != PICTURE or output.is_dir():
        return Destination(check_folder(output, formats=[PICTURE]), None, PICTURE)
    return Destination(output.parent, output.stem, output.suffix)


#: The ending of a picture that ``-o`` can name.
PICTURE = ".png"

#: ``-o`` of commands that draw a picture of a photo, as ``destination``.
picture_destination = grouped(
    "destination",
    _picture,
    click.option("-o", "--output", type=OutputPath(), default=Path("out"), show_default=True,
                 help="Folder for everything that is written; or, of one picture, the .png file."),
)  # fmt: skip
