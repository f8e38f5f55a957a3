"""The reference as Markdown, written next to this file: recipes, commands, messages, public names, how to add to them.

python -m igcli.cli.reference

Options that several commands share are printed once, under their headings. ``recipes.md``, ``messages.md`` and
``extending.md`` are written by hand; everything else comes from the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from igcli.cli.api_reference import WIDTH, api
from igcli.cli.config_file import COMMAND_LINE_ONLY
from igcli.cli.help import full_record, sections
from igcli.cli.main import ig

PATH = Path(__file__).with_name("REFERENCE.md")

Record = tuple[str, str]

_HEAD = """# The commands of ig

Written by `python -m igcli.cli.reference` from the help that the commands print. `ig COMMAND --help` is the short form,
`ig COMMAND --help-all` the whole. Options that several commands share stand once, after the commands. Then come
[messages](#messages), the [public names](#from-python), what the [JSON](#json) promises, and
[how to add](#adding-to-ig) a method, a metric, a style, a source of models or another kind of input.

## Defaults of your own

What the command line does not give is looked for in the environment, then in a file:

```sh
export IGCLI_MODEL=resnet50            # --model of every command
export IGCLI_EXPLAIN_STYLE=heat        # --style of ig explain alone
export IGCLI_METHOD="gradient integrated"
```

The file is `igcli.toml` in the current folder, or `[tool.igcli]` (`[tool.igcli.explain]`, ...) in its `pyproject.toml`:

```toml
model = "resnet50"                     # of every command that has this option
steps = 64

[explain]                              # of one command
panel = true
method = ["integrated", "gradient"]
```

Names are the options' without `--`. What is taken from a file is said on stderr. Unknown names and values of the wrong
kind are refused. A file may be in a stranger's folder: it cannot choose a program as `--model` or `--path`, write
outside its folder, or set {reserved}.
"""

_JSON = """## JSON

Every file and line of JSON that `ig` writes or prints says `"schema": "igcli/1"` and is described by
`igcli/jobs/outputs/record.schema.json`, which comes with the package:

```python
import importlib.resources
import json

place = importlib.resources.files("igcli.jobs.outputs") / "record.schema.json"
schema = json.loads(place.read_text(encoding="utf-8"))
```

Within `igcli/1`, from 0.2.0 on, no key is taken away, renamed, or given another meaning, unit or type, and what is
always there stays so. Keys, kinds of record and values of enumerations may be added: readers pass over those that they
do not know. The schema itself refuses unknown keys, so that records are checked by the schema of the `igcli` that wrote
them (`versions.igcli`). A change that breaks a reader would be `igcli/2`. Numbers may differ between versions;
`CHANGELOG.md` says why.
The folder `.igcli` in an output folder is igcli's own and promises nothing.
"""


def reference() -> str:
    """The whole reference."""
    commands = list(_commands(ig, _context(), "ig"))
    counts: dict[Record, int] = {}
    for _, command, context in commands:
        for _, _, record in _records(command, context):
            counts[record] = counts.get(record, 0) + 1
    reserved = ", ".join(f"`--{name}`" for name in COMMAND_LINE_ONLY)
    parts = [_HEAD.replace("{reserved}", reserved), _by_hand("recipes.md")]
    shared: dict[str, dict[Record, None]] = {}
    for name, command, context in commands:
        own, others = [], []
        for heading, option, record in _records(command, context):
            if counts[record] == 1:
                own.append(record)
            else:
                shared.setdefault(heading, {})[record] = None
                others.append(option.opts[-1])
        parts.append(f"## {name}\n\n{_block(_described(command, context))}")
        if own:
            parts.append(_block(_listed(own)))
        if others:
            parts.append(f"Shared: {', '.join(f'`{option}`' for option in others)}.\n")
    parts.append("## Options that commands share\n")
    parts += [f"### {heading}\n\n{_block(_listed(list(records)))}" for heading, records in shared.items()]
    parts += [_by_hand("messages.md"), api(), _JSON, _by_hand("extending.md")]
    return "\n".join(parts)


def _by_hand(name: str) -> str:
    return PATH.with_name(name).read_text(encoding="utf-8")


def _context() -> click.Context:
    settings = {**ig.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    return ig.make_context("ig", ["explain"], resilient_parsing=True, **settings)


def _commands(
    group: click.Group, context: click.Context, path: str
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command with its name and context, those of groups after their group."""
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None  # noqa: S101 - it was listed
        own = click.Context(command, parent=context, info_name=name)
        yield f"{path} {name}", command, own
        if isinstance(command, click.Group):
            yield from _commands(command, own, f"{path} {name}")


def _records(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Option, Record]]:
    for heading, options in sections(command.get_params(context)):
        for option in options:
            record = full_record(option, context)
            if record is not None:
                yield heading, option, record


def _described(command: click.Command, context: click.Context) -> str:
    """How the command is called, and what it does."""
    formatter = context.make_formatter()
    command.format_usage(context, formatter)
    command.format_help_text(context, formatter)
    return formatter.getvalue()


def _listed(records: list[Record]) -> str:
    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_dl(records)
    return formatter.getvalue()


def _block(text: str) -> str:
    return f"```\n{text.rstrip()}\n```\n"


def main() -> None:
    """Write the reference."""
    PATH.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
