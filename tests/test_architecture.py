"""The rooms: data flows one way, and importing costs nothing before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "igcli"

# From the top down; a room imports only rooms below it. What lies beside them (errors, lazy, registry) serves all.
ROOMS = ["cli", "jobs", "evaluation", "rendering", "attribution", "models", "images", "bundled"]
SHARED = {"errors", "lazy", "registry"}


def imported_rooms(source: Path) -> set[str]:
    """The parts of igcli that a file imports, whether at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{source} imports relatively: say the full name")
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            parts = name.split(".")
            if parts[0] == "igcli" and len(parts) > 1:
                found.add(parts[1])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room):
    allowed = set(ROOMS[ROOMS.index(room) :]) | SHARED
    for source in (PACKAGE / room).rglob("*.py"):
        upward = imported_rooms(source) - allowed
        assert not upward, f"{source.relative_to(PACKAGE)} imports upward: {upward}"


@pytest.mark.parametrize("module", sorted(SHARED))
def test_what_serves_all_rooms_imports_none(module):
    assert imported_rooms(PACKAGE / f"{module}.py") <= SHARED


def test_every_folder_is_a_room():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)


def test_no_file_is_longer_than_three_hundred_lines():
    long = {path.name: lines for path in PACKAGE.rglob("*.py") if (lines := len(path.read_text().splitlines())) > 300}
    assert not long


HEAVY = ["torch", "torchvision", "numpy", "matplotlib"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["--version"],
        ["explain", "--help"],
        ["explain", "--method", "nonsense", "x.jpg"],
        ["animate", "--help"],
        ["animate", "--alphas", "0,2", "x.jpg"],
        ["saturation", "--help"],
        ["compare", "--help"],
        ["ablate", "--help"],
        ["evaluate", "--help"],
        ["report", "--help"],
        ["ablate", "--top", "5", "--keep", "5", "x.jpg"],
        ["check", "--help"],
        ["models", "--help"],
        ["models"],
        ["models", "show", "--help"],
        ["models", "describe", "--help"],
        ["weights", "--help"],
        ["weights", "path", "resnet50"],
        ["weights", "verify"],
        ["plugins"],
    ],
)
def test_help_loads_nothing_heavy(arguments):
    program = f"""
import sys
sys.argv = ["ig", *{arguments!r}]
from igcli.cli.main import main
try:
    main()
except SystemExit:
    pass
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_importing_the_package_loads_nothing_heavy_and_still_offers_everything():
    program = f"""
import sys, igcli
print([name for name in {HEAVY!r} if name in sys.modules])
print(all(hasattr(igcli, name) for name in dir(igcli)), igcli.attribute.__name__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True attribute"]


def test_an_unknown_name_is_an_attribute_error():
    import igcli

    with pytest.raises(AttributeError, match="igcli"):
        igcli.nonsense  # noqa: B018
