"""A disk that is full at any of the files that a command writes: a sentence, status 1, and every file whole."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from igcli.cli.main import ig
from igcli.jobs.runs.lock import RunLock

COMMANDS = {
    "animate": ("in", "--frames", "3", "--sheet", "-o", "out"),
    "evaluate": ("in", "--steps", "4", "--metric", "completeness", "--report", "-o", "out"),
    "ablate": ("in", "--keep-boxes", "boxes.csv", "-o", "out"),
    "saturation": ("in", "--points", "5", "-o", "out"),
    "report": ("in", "--steps", "4", "-o", "out/report.html"),
    "explain": ("in", "--predict-only", "-o", "out"),
    "text": ("-f", "texts.txt", "--steps", "4", "--report", "-o", "out"),
    "molecule": ("list.smi", "--steps", "4", "--report", "-o", "out"),
}


@pytest.fixture
def inputs(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos with boxes, two texts and two molecules, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for number, name in enumerate(["a", "b"]):
        Image.new("RGB", (20, 20), (90 * number, 200, 120)).save(tmp_path / "in" / f"{name}.png")
    (tmp_path / "boxes.csv").write_text("path,xmin,ymin,xmax,ymax\na.png,4,4,12,12\nb.png,4,4,16,16\n")
    (tmp_path / "texts.txt").write_text("we must do more\nthe people want\n")
    (tmp_path / "list.smi").write_text("CCO ethanol\nCCN amine\n")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_is_full_at_any_file_ends_in_a_sentence_and_leaves_no_part_of_one(inputs, monkeypatch, command):
    _skip_without(command)
    fsync, calls = os.fsync, 0
    for full_from in (1, 2, 4, 7):
        calls = 0

        def full(descriptor: int, last: int = full_from) -> None:
            nonlocal calls
            calls += 1
            if calls >= last:
                raise OSError(errno.ENOSPC, "No space left on device")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        result = CliRunner().invoke(ig, [command, *COMMANDS[command]])
        monkeypatch.setattr(os, "fsync", fsync)
        assert isinstance(result.exception, SystemExit) or result.exception is None
        assert result.exit_code == (1 if calls >= full_from else 0), result.stderr
        assert calls < full_from or "disk is full" in result.stderr
        _check_whole(inputs / "out")
    assert CliRunner().invoke(ig, [command, *COMMANDS[command], *_again(command)]).exit_code == 0


@pytest.mark.parametrize(("command", "name"), {
    "animate": "interior", "evaluate": "evaluate", "ablate": "ablate", "explain": "predictions", "text": "text",
    "molecule": "molecule",
}.items())  # fmt: skip
def test_a_second_run_into_a_folder_is_refused(inputs, command, name):
    _skip_without(command)
    with RunLock(inputs / "out", name, keep=True):
        result = CliRunner().invoke(ig, [command, *COMMANDS[command]])
    assert result.exit_code == 1
    assert "Another run is writing to out" in result.stderr
    assert CliRunner().invoke(ig, [command, *COMMANDS[command]]).exit_code == 0


def _again(command: str) -> list[str]:
    return ["--overwrite"] if command == "report" else []


def _skip_without(command: str) -> None:
    if command == "molecule" and importlib.util.find_spec("rdkit") is None:
        pytest.skip("molecules need igcli[molecules]")


def _check_whole(folder: Path) -> None:
    """Every file under a final name is whole, and none under a temporary one is left."""
    for path in folder.rglob("*"):
        assert not path.name.endswith(".partial")
        if path.suffix in (".png", ".gif"):
            with Image.open(path) as image:
                image.load()
        elif path.suffix == ".json":
            json.loads(path.read_text())
        elif path.name == "report.html":
            assert path.read_text().rstrip().endswith("</html>")
