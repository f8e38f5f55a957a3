"""The commands' help as Markdown, written into the README between two marks.

python -m igcli.cli.reference README.md
"""

from __future__ import annotations

import sys
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
    for name, command in sorted(ig.commands.items()):
        text = command.get_help(click.Context(command, parent=group, info_name=name))
        parts.append(f"<details><summary><code>ig {name}</code></summary>\n\n```\n{text}\n```\n\n</details>")
    return "\n".join(parts)


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
