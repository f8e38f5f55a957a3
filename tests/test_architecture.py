"""The rooms: data flows one way, and importing costs nothing before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

PACKAGE = Path(__file__).parents[1] / "igcli"

# From the top down; a room imports only rooms below it.
# What lies next to them (errors, lazy, registry, tables) serves all.
ROOMS = [
    "cli",
    "jobs",
    "evaluation",
    "rendering",
    "text",
    "attribution",
    "models",
    "images",
    "bundled",
    "molecules",
]
SHARED = {"bounded", "errors", "inputs", "lazy", "partial_files", "registry", "sample", "tables"}


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


def test_attribution_knows_nothing_of_pictures_and_texts():
    for source in (PACKAGE / "attribution").rglob("*.py"):
        other = imported_rooms(source) & {"images", "text"}
        assert not other, f"{source.relative_to(PACKAGE)} imports {other}"


@pytest.mark.parametrize("module", sorted(SHARED))
def test_what_serves_all_rooms_imports_none(module):
    assert imported_rooms(PACKAGE / f"{module}.py") <= SHARED


def test_every_folder_is_a_room():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)


def test_no_file_is_longer_than_three_hundred_lines():
    long = {path.name: lines for path in PACKAGE.rglob("*.py") if (lines := len(path.read_text().splitlines())) > 300}
    assert not long


def test_no_option_has_a_type_that_needs_click_8_4():
    made = [path.name for path in PACKAGE.rglob("*.py") if "(click.ParamType[" in path.read_text(encoding="utf-8")]
    assert not made, "inherit from igcli.cli.param_type.ParamType"


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
        ["text", "--help"],
        ["text"],
        ["ablate", "--top", "5", "--keep", "5", "x.jpg"],
        ["molecule", "--help"],
        ["check", "--help"],
        ["models", "--help"],
        ["models", "show", "--help"],
        ["models", "describe", "--help"],
        ["weights", "--help"],
        ["weights", "path"],
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


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(path)
    return path


def run_and_tell(arguments: list[object], tell: str) -> tuple[str, str]:
    """Run ``ig`` in a process of its own; what it says on stderr, and the value of ``tell`` after it."""
    program = f"""
import gc, sys
sys.argv = ["ig", *{list(map(str, arguments))!r}]
from igcli.cli.main import main
try:
    main()
except SystemExit as end:
    status = end.code
print("told:", {tell})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr, done.stdout.splitlines()[-1].removeprefix("told: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{folder}/missing.png"], "missing.png does not exist"),
        (["{folder}/empty"], "empty"),
        (["{folder}/photo.png", "-o", "{folder}/photo.png/out"], "a file stands where a folder is needed"),
        (["{folder}/photo.png", "--device", "gpu"], "no device called 'gpu'"),
    ],
)
def test_what_is_seen_to_be_wrong_is_said_before_anything_heavy_is_loaded(photo, arguments, complaint):
    (photo.parent / "empty").mkdir()
    told = f"[name for name in {HEAVY!r} if name in sys.modules]"
    said, loaded = run_and_tell(["explain", *(part.format(folder=photo.parent) for part in arguments)], told)
    assert complaint in said
    assert loaded == "[]"


NEEDLESS = ["matplotlib", "torch._dynamo", "torch._inductor", "sympy", "scipy", "captum", "ray", "timm", "safetensors",
            "igcli.cli.evaluate", "igcli.evaluation", "igcli.jobs.outputs.report"]  # fmt: skip


@pytest.fixture(scope="module")
def needless() -> list[str]:
    """What a photo is explained without, unless this release of torchvision itself imports it (0.21 does sympy)."""
    program = f"""
import sys
from igcli.cli.startup import import_torchvision_without_compiler
from igcli.lazy import torchvision
import_torchvision_without_compiler()
torchvision.models.resnet18
print(*[name for name in {NEEDLESS!r} if name not in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert set(NEEDLESS) - set(names) <= {"sympy", "scipy"}
    return names


def test_explaining_a_photo_loads_nothing_that_it_does_not_need(photo, tmp_path, needless):
    options = ["--model", "caltech101", "--device", "cpu", "--steps", "1", "-o", tmp_path / "out"]
    _, loaded = run_and_tell(["explain", photo, *options], f"[name for name in {needless!r} if name in sys.modules]")
    assert (tmp_path / "out" / "photo.json").exists()
    assert loaded == "[]"


def test_nor_does_torchvisions_network_with_weights_of_ones_own(photo, tmp_path, needless):
    import torch
    import torchvision

    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), tmp_path / "own.pth")
    options = ["--model", "resnet18", "--weights", tmp_path / "own.pth", "--steps", "1", "-o", tmp_path / "out"]
    _, loaded = run_and_tell(["explain", photo, *options], f"[name for name in {needless!r} if name in sys.modules]")
    assert (tmp_path / "out" / "photo.json").exists()
    assert loaded == "[]"


def test_garbage_is_looked_for_again_once_all_is_imported(photo, tmp_path):
    options = ["--model", "caltech101", "--device", "cpu", "--steps", "1", "-o", tmp_path / "out"]
    _, told = run_and_tell(["explain", photo, *options], "gc.isenabled(), gc.get_freeze_count() > 100_000")
    assert told == "True True"


def test_an_interruption_while_torch_is_imported_ends_in_a_sentence(photo):
    program = f"""
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "torch._C":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.argv = ["ig", "explain", {str(photo)!r}]
from igcli.cli.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.strip().startswith("Interrupted.")
    assert "Traceback" not in done.stderr


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
