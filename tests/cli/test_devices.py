"""Which device a command computes on where several are named; stand-ins for GPUs, with a network on the CPU."""

from __future__ import annotations

import contextlib
import json

import pytest
import torch
from toys import classifier, small_network

FEW = ("--steps", "2")
SINGLE = {
    "evaluate": (*FEW, "--metric", "aopc", "--method", "gradient"),
    "report": FEW,
    "saturation": ("--points", "3"),
}


@pytest.fixture
def loaded(monkeypatch) -> list[str]:
    """Two GPUs by name; the devices that networks are loaded onto."""
    devices: list[str] = []

    def load(choice, **_):
        devices.append(choice.device)
        return classifier(small_network(), classes=5, size=32)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr("igcli.cli.model_options.load_model", load)
    return devices


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("device", ["cuda", "cuda:0,1"])
def test_a_command_that_uses_one_device_takes_the_first_and_says_so(shell, motorcycle, loaded, name, device):
    done = shell(name, motorcycle.parent, *SINGLE[name], "--device", device, "-v")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:0"]
    assert "This computes on one device, cuda:0; cuda:1 stays idle." in done.stderr
    assert "on cuda:0, cuda:1" not in done.stderr


def test_the_first_that_was_named_is_taken(shell, motorcycle, loaded):
    done = shell("saturation", motorcycle.parent, "--points", "3", "--device", "cuda:1,0")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:1"]


@pytest.mark.parametrize(
    "command",
    [
        ("explain", *FEW),
        ("animate", "--frames", "2", "-o", "film.gif"),
        ("compare", *FEW, "-m", "gradient", "-m", "integrated"),
    ],
)
def test_one_photo_is_computed_on_the_first_device(shell, motorcycle, loaded, command):
    done = shell(*command, motorcycle, "--device", "cuda")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:0"]


def test_a_folder_that_becomes_one_named_file_is_computed_on_the_first_device(shell, motorcycle, loaded):
    done = shell("animate", motorcycle.parent, "--frames", "2", "-o", "film.gif", "--device", "cuda")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:0"]


def test_one_device_has_every_precision_even_where_there_are_several(shell, motorcycle, loaded, monkeypatch):
    monkeypatch.setattr("igcli.cli.session.numbers", lambda _: contextlib.nullcontext())
    monkeypatch.setattr("igcli.cli.session.precision_error", lambda *_: 0.0)  # no GPU to measure it on
    done = shell("saturation", motorcycle.parent, "--points", "3", "--device", "cuda", "--precision", "tf32")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:0"]


def test_processes_on_several_devices_are_named_in_the_runs_record(shell, motorcycle, tmp_path):
    done = shell("explain", motorcycle.parent, *FEW, "--model", "caltech101", "--device", "cpu,cpu", "-v")
    assert done.exit_code == 0, done.output
    assert "on cpu, cpu" in done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["device"] == "cpu, cpu"
