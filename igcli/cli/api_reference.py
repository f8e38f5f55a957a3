"""The public names of the package as Markdown: how each is called, and the first sentence of its docstring."""

from __future__ import annotations

import inspect
from textwrap import wrap

import igcli

WIDTH = 110

_HEAD = """## From Python

What `import igcli` offers. `help(igcli.attribute)` has shapes, units, ranges, errors and sources.
"""

#: Defaults that are shown; others, such as objects, are "...".
_PLAIN = (type(None), bool, int, float, str, tuple)


def api() -> str:
    """A heading, and a block of all public names."""
    entries = [_entry(name, getattr(igcli, name)) for name in igcli.__all__]
    return "\n".join([_HEAD, "```", *entries, "```", ""])


def _entry(name: str, public: object) -> str:
    called = wrap(f"{name}{_signature(public)}", WIDTH, subsequent_indent=" " * (len(name) + 1))
    sentence = wrap(_first_sentence(public), WIDTH, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([*called, *sentence])


def _first_sentence(public: object) -> str:
    return " ".join((inspect.getdoc(public) or "").partition("\n\n")[0].split()).replace("``", "")


def _signature(public: object) -> str:
    """The parameters with their types and plain defaults; nothing for errors, which nobody else makes."""
    if not callable(public) or (isinstance(public, type) and issubclass(public, Exception)):
        return ""
    signature = inspect.signature(public)
    shown: list[str] = []
    named_only = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not named_only:
            shown.append("*")
            named_only = True
        shown.append(_parameter(parameter))
    returned = "" if isinstance(public, type) else f" -> {signature.return_annotation}"
    return f"({', '.join(shown)}){returned}"


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    if parameter.default is parameter.empty:
        return f"{parameter.name}: {parameter.annotation}"
    default = repr(parameter.default) if isinstance(parameter.default, _PLAIN) else "..."
    return f"{parameter.name}: {parameter.annotation} = {default}"
