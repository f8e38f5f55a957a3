"""The messages that the reference and the README explain are messages of ig, letter by letter."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from igcli.cli import reference

PACKAGE = reference.PATH.parents[1]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Every text in the package's code, adjacent ones joined and values of f-strings as "…"."""
    found = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(_text(part) for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def _text(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "…"


def explained(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_every_message_is_one_of_igs(texts):
    messages = explained(reference.PATH.with_name("messages.md").read_text(encoding="utf-8"))
    assert len(messages) > 10
    for message in messages:
        pattern = re.compile(".*".join(map(re.escape, message.split("…"))), re.DOTALL)
        assert any(pattern.search(text) for text in texts), message


def test_no_message_is_explained_twice(root: Path):
    readme = (root / "README.md").read_text(encoding="utf-8").partition("## When something goes wrong")[2]
    first = explained(readme.partition("\n## ")[0])
    assert first
    assert not set(first) & set(explained(reference.PATH.with_name("messages.md").read_text(encoding="utf-8")))
