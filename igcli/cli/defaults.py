"""Commands whose options have defaults of the user's own: environment variables, and a file in the current folder.

The command line comes first, then ``IGCLI_COMMAND_OPTION``, ``IGCLI_OPTION``, the command's table in the file, and the
keys at its top (``config_file.py``). Values are said where they are wrong: the variable, or the file and the key.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.core import ParameterSource

from igcli.cli.config_file import Config, command_words, options_of, read_config, refuse_trust, spelled

PREFIX = "IGCLI"
_HELP = {"-h", "--help", "--help-all"}


class WithDefaults(click.Command):
    """A command, or a group, whose options can be set by variables and by a file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, the variables and the file, and say on stderr what the file has set."""
        options = options_of(self, ctx)
        for name, option in options.items():
            option.envvar = variables_of(command_words(ctx), name)
        wanted = not (ctx.resilient_parsing or ctx.parent is None or _HELP & set(args))
        config = read_config(ctx, Path()) if wanted else None
        if config is not None:
            ctx.default_map = dict(config.values)
        try:
            rest = super().parse_args(ctx, args)
        except click.BadParameter as error:
            if source := _source(ctx, error.param, config):
                raise click.BadParameter(error.message + source, error.ctx, error.param) from None
            raise
        ctx.meta["igcli.json"] = ctx.meta.get("igcli.json") or ctx.params.get("json")
        _note_variables(ctx, options.values())
        if config is not None:
            refuse_trust(ctx, config)
            if not (isinstance(self, click.Group) and rest):  # else the command inside says it
                _say_taken(ctx, options.values(), config)
        return rest


def variables_of(words: list[str], option: str) -> tuple[str, ...]:
    """The variables that set an option of the command, the most particular first."""
    names = ("_".join((PREFIX, *words, option)), f"{PREFIX}_{option}")
    return tuple(dict.fromkeys(name.upper().replace("-", "_") for name in names))


def variables_used(ctx: click.Context) -> str:
    """A sentence on the variables that have set options; empty if none has."""
    names = ctx.meta.get("igcli.variables", [])
    return f"Set in the environment: {', '.join(names)}." if names else ""


def _source(ctx: click.Context, param: click.Parameter | None, config: Config | None) -> str:
    """Where a wrong value comes from, if not from the command line."""
    if param is None or param.name is None:
        return ""
    if config is not None and config.has_set(ctx, param.name):
        return f" The value is from {config.place_of(param.name)}."
    if ctx.get_parameter_source(param.name) is ParameterSource.ENVIRONMENT:
        return f" The value is that of the variable {_variable(param)}."
    return ""


def _variable(param: click.Parameter) -> str:
    return next(name for name in param.envvar or () if os.environ.get(name))


def _note_variables(ctx: click.Context, options: Iterable[click.Option]) -> None:
    used = [_variable(each) for each in options if _source_of(ctx, each) is ParameterSource.ENVIRONMENT]
    ctx.meta["igcli.variables"] = [*ctx.meta.get("igcli.variables", []), *used]


def _source_of(ctx: click.Context, option: click.Option) -> ParameterSource | None:
    return None if option.name is None else ctx.get_parameter_source(option.name)


def _say_taken(ctx: click.Context, options: Iterable[click.Option], config: Config) -> None:
    """Say which options the file has set, on stderr; that it has set --quiet, too."""
    taken = [each for each in options if config.has_set(ctx, str(each.name))]
    if taken and (config.has_set(ctx, "quiet") or not ctx.params.get("quiet")):
        said = " ".join(_as_typed(each, config.values[str(each.name)]) for each in taken)
        click.echo(f"{config.file}: {said}", err=True)


def _as_typed(option: click.Option, value: object) -> str:
    flag = f"--{spelled(option)}"
    if isinstance(value, bool):
        return flag if value else f"{flag} off"
    return " ".join(f"{flag} {each}" for each in (value if isinstance(value, list) else [value]))
