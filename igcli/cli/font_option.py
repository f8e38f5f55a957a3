"""``--font``: the font file for characters that DejaVu Sans lacks, and the warning where no font has them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.core import ParameterSource

from igcli.cli.path_types import NamedPath
from igcli.rendering.fonts import VARIABLE, check_font, lacking

#: Characters that are named; the others are counted.
_NAMED = 12


def _use(ctx: click.Context, _param: click.Parameter, file: Path | None) -> None:
    if file is None:
        return
    try:
        check_font(file)
    except OSError as error:
        raise click.BadParameter(f"{file} is no font that can be used ({error}): name a .ttf, .otf or .ttc.") from None
    if ctx.get_parameter_source("font") is ParameterSource.COMMANDLINE:
        ctx.meta["igcli.font"] = file
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(file.resolve())  # in the environment, for processes that draw
    ctx.call_on_close(lambda: _restore(before))


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before


font_option = click.option(
    "--font", type=NamedPath(exists=True, dir_okay=False), metavar="FILE", expose_value=False, callback=_use,
    help="Font for characters that DejaVu Sans lacks. Without it, the system's fonts; also "
         f"${VARIABLE}.",
)  # fmt: skip


def font_settings() -> dict[str, str]:
    """What files depend on that have text drawn in them: a named font makes other pictures."""
    font = os.environ.get(VARIABLE)
    return {"font": font} if font else {}


def refuse_font(why: str) -> None:
    """Raise ``click.UsageError`` if ``--font`` was given on the command line."""
    if "igcli.font" in click.get_current_context().meta:
        raise click.UsageError(f"--font is for text on pictures, and there is none: {why}")


def undrawable(texts: Iterable[str]) -> str:
    """A sentence on the characters that will be drawn as "?"; empty if there are none."""
    chars = lacking(text for text in texts if not text.isascii())
    if not chars:
        return ""
    more = f" and {len(chars) - _NAMED} more" if len(chars) > _NAMED else ""
    return (
        f"No font on this machine has {' '.join(chars[:_NAMED])}{more}: they are drawn as ? (records have them). "
        "Install a font for the script, such as Noto Sans CJK, or name one with --font."
    )
