"""One name, one thing: no class and no public function has the name of another, and each has one import address."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import igcli

PACKAGE = Path(igcli.__file__).parent

#: Functions that are called as a command is, next to the function of the library that it runs; scripts' own.
COMMANDS = {"animate", "compare", "explain", "main", "report", "saturation"}

#: Modules whose names come from elsewhere by design: the public names of the package, and libraries loaded late.
LAZY = {"igcli", "igcli.lazy"}


def definitions() -> dict[str, list[str]]:
    """Classes at any depth and public functions of modules: name to the places where it is defined."""
    places = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        functions = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        functions = [each for each in functions if "overload" not in map(ast.unparse, each.decorator_list)]
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


def defined_in(file: Path) -> set[str]:
    """The names that a module defines itself: classes, functions, variables; inside top-level conditions too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_everything_is_imported_from_where_it_is_defined():
    files = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in PACKAGE.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): file for name, file in files.items()}
    defined = {name: defined_in(file) for name, file in modules.items()}
    elsewhere = []
    for file in (*PACKAGE.rglob("*.py"), *Path(__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in modules and node.module not in LAZY:
                names = {each.name for each in node.names if f"{node.module}.{each.name}" not in modules}
                elsewhere += [f"{file.name}: {node.module}.{name}" for name in sorted(names - defined[node.module])]
    assert elsewhere == []


def test_type_checkers_see_every_public_name_from_where_it_is_imported():
    module = ast.parse(Path(igcli.__file__).read_text(encoding="utf-8"))
    (checked,) = [node for node in module.body if isinstance(node, ast.If)]
    seen = {node.names[0].asname: node.module for node in checked.body if isinstance(node, ast.ImportFrom)}
    assert seen == igcli._HOMES


@pytest.mark.parametrize("name", igcli.__all__)
def test_every_public_name_is_documented(name):
    documented = getattr(igcli, name).__doc__ or ""
    assert len(documented.split()) > 3
    assert not documented.startswith(f"{name}(")  # what dataclasses write by themselves
