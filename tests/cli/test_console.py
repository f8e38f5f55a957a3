"""What a person's own code prints, at any time, is no data: it goes to stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from igcli.cli.main import ig

TALKS = """
import torch
from torch import nn

print("imported")


class Talks(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(12, 3)
        print("made")

    def forward(self, x):
        print("called")
        return self.head(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))
"""


@pytest.fixture
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "talks.py").write_text(TALKS)
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_bytes((samples / "motorcycle.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


MODEL = ["--model", "talks.py:Talks", "--input-size", "16"]


@pytest.mark.parametrize("devices", ["cpu", "cpu,cpu"])
def test_json_lines_are_all_that_stdout_gets(folder: Path, capfd: pytest.CaptureFixture[str], devices: str) -> None:
    arguments = ["explain", "a.jpg", "b.jpg", *MODEL, "--steps", "2", "--device", devices, "--json"]
    result = CliRunner().invoke(ig, arguments)
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["image"]["path"] for line in result.stdout.splitlines()] == ["a.jpg", "b.jpg"]
    assert {"imported", "made", "called"} <= set(result.stderr.splitlines())
    assert capfd.readouterr().out == ""  # nor does the stdout that other processes share


def test_a_model_file_on_stdout_is_nothing_else(folder: Path) -> None:
    result = CliRunner().invoke(ig, ["models", "describe", "talks.py:Talks", "--input-size", "16"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith('model = "talks.py:Talks"\n')
    assert "called" not in result.stdout


def test_a_network_with_other_weights_in_every_process_is_refused(folder: Path) -> None:
    (folder / "talks.py").write_text(TALKS.replace("torch.manual_seed(0)", "torch.seed()"))
    result = CliRunner().invoke(ig, ["explain", "a.jpg", "b.jpg", *MODEL, "--steps", "2", "--device", "cpu,cpu"])
    assert result.exit_code == 1
    assert "other weights in every process" in result.stderr
