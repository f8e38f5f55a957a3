"""What reading a picture has to say reaches the command line's stderr, once and not a thousand times."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from igcli.cli.main import ig
from igcli.cli.picture_warnings import MOST_SHOWN, shown_warnings


def dark(path: Path, size: int = 64) -> Path:
    """Twelve bits in a 16-bit file."""
    ramp = np.tile(np.linspace(0, 4095, size).astype(np.uint16), (size, 1))
    Image.fromarray(ramp).save(path)
    return path


def explain(*arguments: str) -> tuple[int, str, str]:
    settings = ("--model", "caltech101", "--steps", "2", "--batch-size", "2")
    result = CliRunner().invoke(ig, ["explain", *arguments, *settings])
    return result.exit_code, result.stdout, result.stderr


def test_a_picture_that_would_be_nearly_black_is_said_on_stderr_and_in_its_record(tmp_path: Path) -> None:
    code, out, err = explain(str(dark(tmp_path / "ct.png")), "-o", str(tmp_path / "out"))

    assert code == 0
    assert err.count("--window") == 2  # the two ways to put it right, in one warning
    assert "ct.png: 99.9 %" in err
    assert "--window" not in out
    notes = json.loads((tmp_path / "out" / "ct.json").read_text())["image"]["notes"]
    assert any("--window" in note for note in notes)


def test_a_window_is_recorded_and_another_one_is_noticed_on_resuming(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    dark(folder / "a.png")
    dark(folder / "b.png", 48)
    output = str(tmp_path / "out")

    code, _, err = explain(str(folder), "-o", output, "--window", "0,4095")
    again, _, said = explain(str(folder), "-o", output, "--window", "percentile")

    assert (code, "99.9 %" in err) == (0, False)
    notes = json.loads((tmp_path / "out" / "a.json").read_text())["image"]["notes"]
    assert notes[0] == "16-bit 0..4095 scaled to 8, by --window"
    assert again != 0
    assert "window" in said


def test_a_window_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    code, _, err = explain(str(dark(tmp_path / "a.png")), "--window", "9,1")

    assert code == 2
    assert "--window 0,4095" in err


def test_each_warning_comes_once_and_a_few_at_most() -> None:
    said: list[str] = []
    log = logging.getLogger("igcli.images")

    with shown_warnings(said.append):
        for number in range(50):
            log.warning("picture %d", number)
            log.warning("picture %d", 0)

    assert said[:MOST_SHOWN] == [f"picture {number}" for number in range(MOST_SHOWN)]
    assert len(said) == MOST_SHOWN + 1
    assert "records" in said[-1]


def test_outside_of_a_command_the_log_is_left_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("igcli.images")
    before = (log.propagate, list(log.handlers))

    with shown_warnings(lambda _: None):
        pass

    assert (log.propagate, list(log.handlers)) == before
