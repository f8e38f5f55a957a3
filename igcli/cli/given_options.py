"""Options that were given on the command line and would do nothing: refused rather than ignored.

A default of the user's own (a variable, ``igcli.toml``) is for all commands and is not refused.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.core import ParameterSource

from igcli.attribution.methods.method import METHODS

_OF_METHODS = {
    ("left-integrated", "right-integrated"): ("phi",),
    ("ig2",): ("references", "ig2_step"),
    ("guided-integrated",): ("guided_fraction", "guided_distance"),
    ("smooth-gradient",): ("smooth_sigma",),
}
"""Methods, and the options that only these use, but for what ``_OR`` says."""

_OR = {"phi": ", or for a report (ig report, ig explain --report)", "smooth_sigma": ", or --smooth N"}


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


def refuse_of_other_methods(methods: tuple[str, ...], *, smooth: bool) -> None:
    """Raise ``click.UsageError`` for an option of methods that are not asked for; a plug-in's may use any setting."""
    if any(not METHODS[name].__module__.startswith("igcli.") for name in methods):
        return
    used_anyway = {"phi": _makes_pages_of_photos(), "smooth_sigma": smooth}
    for owners, options in _OF_METHODS.items():
        if not set(owners).intersection(methods) and not any(map(used_anyway.get, options)):
            more = _OR.get(options[0], "")
            refuse_given(options, f"would change nothing: it is for --method {' or '.join(owners)}{more}.")


def _makes_pages_of_photos() -> bool:
    """Whether the curve of each photo is drawn with α*, which depends on ``--phi`` whatever the methods."""
    context = click.get_current_context()
    return context.command.name == "report" or (context.command.name == "explain" and context.params["report"])
