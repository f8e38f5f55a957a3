"""What commands about one photo share: PHOTO or ``--sample``, and the options of all, as one ``request``."""

from __future__ import annotations

from typing import Any

import click

from igcli.cli.destination import picture_destination
from igcli.cli.drawing_options import scale_options, style_options
from igcli.cli.font_option import font_option
from igcli.cli.grouped import Command, grouped
from igcli.cli.photo_arguments import photo_argument
from igcli.cli.session import Request, Session, shared_options
from igcli.errors import UsageError
from igcli.images.source import Found
from igcli.jobs.outputs.maps import Drawing
from igcli.rendering.scaling import Scale


def _drawing(style: str, scale: Scale) -> Drawing:
    return Drawing(style=style, scale=scale)


map_options = grouped("drawing", _drawing, style_options, scale_options)


def _request(**rest: Any) -> Request:
    return Request(recursive=False, null=False, **rest)


_request_options = grouped(
    "request",
    _request,
    photo_argument,
    *shared_options,
)


def single_photo_command(command: Command) -> Command:
    """A decorator: PHOTO, where to write, how to draw, read, load and print."""
    for option in (_request_options, font_option, map_options, picture_destination):
        command = option(command)
    return command


def the_photo(run: Session) -> Found:
    """The only photo; ends the command if there is none.

    Raises
    ------
    UsageError
        For a folder or pattern that stands for several.
    """
    if not run.found:
        raise click.exceptions.Exit(1)
    if len(run.found) > 1:
        raise UsageError(f"This command takes one photo, not {len(run.found)}: name one of them.")
    return run.found[0]
