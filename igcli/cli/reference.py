"""The commands' help as Markdown, written into the README between two marks.

python -m igcli.cli.reference README.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from igcli.cli.main import ig

BEGIN, END = "<!-- commands: begin -->", "<!-- commands: end -->"
WIDTH = 100


def reference() -> str:
    """The help of every command, as it is printed on a terminal of ``WIDTH`` columns."""
    parts = []
    settings = {**ig.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    group = ig.make_context("ig", ["explain"], resilient_parsing=True, **settings)
    for name, text in _helps(ig, group, "ig"):
        parts.append(f"<details><summary><code>{name}</code></summary>\n\n```\n{text}\n```\n\n</details>")
    return "\n".join(parts)


def _helps(commands: click.Group, context: click.Context, path: str) -> Iterator[tuple[str, str]]:
    """Name and help of every command of a group, and of those below them."""
    for name in sorted(commands.list_commands(context)):
        command = commands.get_command(context, name)
        assert command is not None  # noqa: S101 - it was listed
        own = click.Context(command, parent=context, info_name=name)
        yield f"{path} {name}", command.get_help(own)
        if isinstance(command, click.Group):
            yield from _helps(command, own, f"{path} {name}")


def with_reference(text: str) -> str:
    """``text`` with what stands between the marks replaced by the current reference."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def main() -> None:
    """Rewrite the file named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
