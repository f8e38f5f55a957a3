"""Defaults of options in the current folder: ``igcli.toml``, or ``[tool.igcli]`` in ``pyproject.toml``.

Keys at the top are options of every command that has them; a table ``[explain]`` or ``[models.describe]`` has those of
one command. The folder may be a stranger's: a file cannot make code run, trust anything, send photos to other machines,
raise a limit, replace results or write outside its folder. Such keys and values are refused.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from igcli.bounded import read_bounded
from igcli.cli.path_types import OutputPath
from igcli.errors import UsageError

OWN, SHARED = "igcli.toml", "pyproject.toml"
"""The names of the files; where the first is, the second is not read."""

#: No honest file is larger, in bytes.
_LARGEST = 1 << 20

#: Options that a file may not set, and what they would allow it.
COMMAND_LINE_ONLY = {
    "trust-pickle": "it lets weights run code",
    "trust-model-file": "it lets a model file run code",
    "model-arg": "it can name further files for the network to load",
    "ray-address": "it sends photos to other machines",
    "overwrite": "it replaces results",
    "save": "it writes a file",
    "max-pixels": "it is a limit against harmful files",
    "max-words": "it is a limit against harmful files",
}
#: Flags that trust whoever wrote a file; with one of them, the model and its weights do not come from a config file.
_TRUST = ("trust_pickle", "trust_model_file")


@dataclass(frozen=True)
class Config:
    """The defaults for one command.

    Attributes
    ----------
    file
        ``igcli.toml`` or ``pyproject.toml``.
    values
        By the options' names, as ``click.Context.default_map`` has them.
    keys
        Where in the file each stands: ``style``, or ``style in [explain]``.
    """

    file: str
    values: Mapping[str, Any]
    keys: Mapping[str, str]

    def has_set(self, context: click.Context, name: str) -> bool:
        """Whether the value of an option is the file's."""
        source, given = context.get_parameter_source(name), context.default_map or {}
        return (  # what --protocol sets is in the map too
            source is click.core.ParameterSource.DEFAULT_MAP and name in self.values
            and given.get(name) is self.values[name]
        )  # fmt: skip

    def place_of(self, name: str) -> str:
        """``igcli.toml, style in [explain]``."""
        return f"{self.file}, {self.keys[name]}"


@dataclass(frozen=True)
class _ConfigTable:
    """The keys at the top of a file, or of one command's table."""

    file: str
    heading: str
    content: Mapping[str, Any]

    def key(self, name: str) -> str:
        return f"{name} in [{self.heading}]" if self.heading else name

    def wrong(self, name: str, what: str) -> UsageError:
        """The error about a key."""
        return UsageError(f"{self.file}: {self.key(name)} {what}")


def read_config(context: click.Context, folder: Path) -> Config | None:
    """What the file in ``folder`` says for the context's command; ``None`` where there is no file.

    Raises
    ------
    UsageError
        The file cannot be read, or has an unknown key, a value of the wrong kind, or one that a file may not set.
    """
    found = _content(folder)
    if found is None:
        return None
    top, words = found, command_words(context)
    _check_top(top, context)
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    options = options_of(context.command, context)
    for table in (top, _table_of(top, words)):
        for name, value in table.content.items():
            option = options.get(name)
            if option is None or isinstance(value, dict):
                if table is not top:
                    _check_inner(table, name, value, context.command)
                continue
            assert option.name is not None  # noqa: S101 - every option has one
            values[option.name] = _converted(option, value, table, name, folder)
            keys[option.name] = table.key(name)
    return Config(top.file, values, keys)


def refuse_trust(context: click.Context, config: Config) -> None:
    """Raise ``UsageError`` where something is trusted that the file has named."""
    said = [name for name in _TRUST if context.params.get(name)]
    named = [name for name in ("model", "weights") if config.has_set(context, name)]
    if said and named:
        raise UsageError(
            f"--{said[0].replace('_', '-')} trusts what {config.place_of(named[0])}, names: name it on the command "
            f"line, as --{named[0]}."
        )


def options_of(command: click.Command, context: click.Context | None = None) -> dict[str, click.Option]:
    """The options that have a default to change, as they are spelled without ``--``."""
    params = command.params if context is None else command.get_params(context)
    options = {spelled(param): param for param in params if isinstance(param, click.Option) and not param.hidden}
    return {name: option for name, option in options.items() if name not in ("help", "help-all", "version")}


def spelled(option: click.Option) -> str:
    """The option's longest spelling, without ``--``."""
    return max(option.opts, key=len).lstrip("-")


def command_words(context: click.Context) -> list[str]:
    """``["models", "describe"]``."""
    words: list[str] = []
    while context.parent is not None:
        words.insert(0, context.info_name or "")
        context = context.parent
    return words


def _content(folder: Path) -> _ConfigTable | None:
    """The table at the top; ``None`` where no file has any."""
    for name in (OWN, SHARED):
        path = folder / name
        if not os.path.exists(path):  # noqa: PTH110 - never raises
            continue
        import tomllib  # not before there is a file

        try:
            data = read_bounded(path, limit=_LARGEST)
            if name == SHARED and b"igcli" not in data:
                continue
            content = tomllib.loads(data.decode())
        except OSError as error:
            raise UsageError(f"{name} cannot be read: {error.strerror}. Repair it or move it away.") from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name} is not TOML ({str(error)[:200]}). Repair it or move it away.") from error
        if name == OWN:
            return _ConfigTable(name, "", content)
        tool = content.get("tool")
        if isinstance(tool, dict) and "igcli" in tool:
            if not isinstance(tool["igcli"], dict):
                raise UsageError(f"{name}: tool.igcli is no table: write [tool.igcli] and the options below it.")
            return _ConfigTable(f"{name} [tool.igcli]", "", tool["igcli"])
    return None


def _table_of(top: _ConfigTable, words: list[str]) -> _ConfigTable:
    """The table of the command that the words name; empty if the file has none."""
    content: Any = top.content
    for number, word in enumerate(words, 1):
        content = content.get(word, {})
        heading = ".".join(words[:number])
        if not isinstance(content, dict):
            raise UsageError(f"{top.file}: {heading} is a command: write [{heading}] and its options below it.")
    return _ConfigTable(top.file, ".".join(words), content)


def _check_top(top: _ConfigTable, context: click.Context) -> None:
    """Raise ``UsageError`` for what names neither a command nor an option of any."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)  # noqa: S101 - ig
    commands = root.command.list_commands(root)
    own = options_of(context.command, context)
    unknown = [name for name in top.content if name not in commands and name not in own]
    known = set(_all_options(root.command, root)) if unknown else set()  # imports every command
    for name, value in top.content.items():
        if name in commands:
            continue
        if name not in own and name not in known:
            kind = "table" if isinstance(value, dict) else "option"
            raise top.wrong(name, f"is no {kind} of ig.{_near(name, [*commands, *known, *own])}")
        if isinstance(value, dict):
            raise top.wrong(name, "is an option, and here it is a table. Tables are named after commands.")
        _check_allowed(top, name)


def _check_inner(table: _ConfigTable, name: str, value: object, command: click.Command) -> None:
    """Raise ``UsageError`` for a key that is no option of its command, and no command inside it."""
    inner = command.commands if isinstance(command, click.Group) else {}
    if isinstance(value, dict) and name in inner:
        return
    if name in options_of(command):
        raise table.wrong(name, "is an option, and here it is a table.")
    known = [*options_of(command), *inner]
    raise table.wrong(name, f"is no option of ig {table.heading.replace('.', ' ')}.{_near(name, known)}")


def _check_allowed(table: _ConfigTable, name: str) -> None:
    if name in COMMAND_LINE_ONLY:
        raise table.wrong(name, f"is not taken from a file: {COMMAND_LINE_ONLY[name]}. Give --{name} when you mean it.")


def _all_options(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        yield from options_of(command)
        if isinstance(command, click.Group):
            yield from _all_options(command, context)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.replace("_", "-"), known, n=2)
    return f" Did you mean {' or '.join(near)}?" if near else " 'ig COMMAND --help-all' lists the options."


def _converted(option: click.Option, value: object, table: _ConfigTable, name: str, folder: Path) -> Any:
    """The value as click takes it: a text, a list of texts, or true or false."""
    _check_allowed(table, name)
    if option.is_flag:
        if not isinstance(value, bool):
            raise table.wrong(name, f"must be true or false, and not {value!r:.60}.")
        return value
    if isinstance(value, list) and option.multiple:
        return [_text(option, each, table, name, folder) for each in value]
    text = _text(option, value, table, name, folder)
    return [text] if option.multiple else text


def _text(option: click.Option, value: object, table: _ConfigTable, name: str, folder: Path) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(option.type, (type(click.INT), type(click.FLOAT))) and not number:
        raise table.wrong(name, f"must be a number, and not {value!r:.60}.")
    if not number and not isinstance(value, str):
        several = ", or a list of them" if option.multiple else ""
        raise table.wrong(name, f"must be a text or a number{several}, and not {value!r:.60}.")
    text = str(value)
    if "\0" in text:
        raise table.wrong(name, "has a NUL character. Take it out.")
    if name in ("model", "path") and _is_code(name, text):
        raise table.wrong(
            name, f"is {text!r:.60}: a file does not choose code that is run. Give --{name} on the command line."
        )
    if isinstance(option.type, OutputPath) and not (folder / text).resolve().is_relative_to(folder.resolve()):
        raise table.wrong(name, f"is {text!r:.60}, outside this folder: give --{name} on the command line.")
    return text


def _is_code(name: str, text: str) -> bool:
    """Whether a network or a path of this name is, or might be, a program."""
    from igcli.attribution.paths.kind import PATHS
    from igcli.models.sources import NameKind, kind_of_name, source_of_name

    if name == "path":
        return text not in PATHS
    kind = kind_of_name(text)
    if kind is NameKind.SOURCE:
        return not source_of_name(text).data_only
    # A model file is data as long as it is not trusted; of other names, those of files and folders are left out.
    return kind not in (NameKind.REGISTERED, NameKind.MODEL_FILE) and (
        kind is not NameKind.OTHER or not text.replace("@", "").replace("_", "").replace("-", "").isalnum()
    )
