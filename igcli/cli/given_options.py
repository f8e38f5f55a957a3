"""Options that were given on the command line and would do nothing: refused rather than ignored.

A default of the user's own (a variable, ``igcli.toml``) is for all commands and is not refused.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.core import ParameterSource


def refuse_given(names: Iterable[str], reason: str) -> None:
    """Raise ``click.UsageError`` if one of these options stands on the command line.

    Parameters
    ----------
    names
        Of the options' parameters, as ``guided_fraction``.
    reason
        What follows the option's name in the sentence: what it is for, and the next step.
    """
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = next(param for param in context.command.params if param.name == name)
            raise click.UsageError(f"{option.opts[-1]} {reason}")
