"""Types of options that name files and folders: an empty name, which would be the current folder, is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class NamedPath(click.Path):
    """A path that is not empty, as a :class:`~pathlib.Path`."""

    def __init__(self, **how: Any) -> None:
        super().__init__(path_type=Path, **how)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an empty one is an error, since ``Path("")`` is the current folder."""
        if not os.fspath(value).strip():
            self.fail("The name is empty (a variable that is not set?); the current folder is '.'.", param, ctx)
        return super().convert(value, param, ctx)


class OutputPath(NamedPath):
    """Where files are written; ``-`` is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; ``-``, which elsewhere means stdout, is an error."""
        if value == "-":
            self.fail(
                "Files are written, and none of them to stdout: name a folder (one called - is ./-). What stdout gets "
                "are the lines, or the records with --json.",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)
