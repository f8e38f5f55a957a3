"""One name, one thing: no class and no public function of the package has the name of another."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import igcli

PACKAGE = Path(igcli.__file__).parent

#: Functions that are called as a command is, next to the function of the library that it runs; scripts' own.
COMMANDS = {"explain", "main"}


def definitions() -> dict[str, list[str]]:
    """Classes at any depth and public functions of modules: name to the places where it is defined."""
    places = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        functions = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        classes = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
        for node in (*classes, *(each for each in functions if not each.name.startswith("_"))):
            places[node.name].append(f"{file.relative_to(PACKAGE)}:{node.lineno}")
    return places


def test_no_name_means_two_things():
    twice = {name: found for name, found in definitions().items() if len(found) > 1 and name not in COMMANDS}
    assert not twice


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_exceptions_are_needed(name):
    assert len(definitions()[name]) > 1
