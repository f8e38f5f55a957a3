"""Which device a command computes on where several are named; stand-ins for GPUs, with a network on the CPU."""

from __future__ import annotations

import contextlib
import json
import shutil

import pytest
import torch
from toys import classifier, small_network

from igcli.jobs.engines.scheduler import Worker

FEW = ("--steps", "2")
SPREAD = {
    "evaluate": (*FEW, "--metric", "aopc", "--method", "gradient", "--set", "aopc.steps=2"),
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


@pytest.fixture
def in_turn(monkeypatch) -> None:
    """Workers of this process in place of others, which take photos in turn and answer in the opposite order."""

    def on_devices(shared, devices, items):
        workers = [Worker(shared, device) for device in devices]
        given = [(workers[number % len(workers)], item) for number, item in enumerate(items)]
        for worker, item in reversed(given):
            yield from worker.do([item])

    monkeypatch.setattr("igcli.cli.spreading.on_devices", on_devices)


@pytest.mark.parametrize("name", SPREAD)
@pytest.mark.parametrize("device", ["cuda", "cuda:1,0"])
def test_a_collection_is_spread_over_the_devices_that_are_named(shell, motorcycle, loaded, in_turn, name, device):
    shutil.copy(motorcycle, motorcycle.with_name("another.jpg"))
    done = shell(name, motorcycle.parent, *SPREAD[name], "--device", device)
    assert done.exit_code == 0, done.output
    assert loaded == ["cpu", *(["cuda:0", "cuda:1"] if device == "cuda" else ["cuda:1", "cuda:0"])]
    assert "stays idle" not in done.stderr


def test_a_command_that_uses_one_device_takes_the_first_and_says_so(shell, motorcycle, loaded):
    done = shell("compare", motorcycle.parent, *FEW, "-m", "gradient", "-m", "integrated", "--device", "cuda:1,0", "-v")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:1"]
    assert "This computes on one device, cuda:1; cuda:0 stays idle." in done.stderr
    assert "on cuda:0, cuda:1" not in done.stderr


def test_a_cluster_is_not_needed_for_one_photo_which_is_said(shell, motorcycle, loaded):
    pytest.importorskip("ray", reason="Ray is an extra")
    done = shell("saturation", motorcycle, "--points", "3", "--device", "cpu", "--engine", "ray")
    assert done.exit_code == 0, done.output
    assert "the cluster stays idle" in done.stderr


@pytest.mark.parametrize("command", ["evaluate", "report", "saturation", "text", "molecule"])
def test_options_of_a_cluster_need_the_cluster_in_every_command(shell, command):
    done = shell(command, "in", "--ray-actors", "2")
    assert done.exit_code == 2
    assert "--ray-actors is for --engine ray" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("explain", *FEW),
        ("animate", "--frames", "2", "-o", "film.gif"),
        ("compare", *FEW, "-m", "gradient", "-m", "integrated"),
        *((name, *options) for name, options in SPREAD.items()),
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
    done = shell("saturation", motorcycle.parent, "--points", "3", "--device", "cuda:0", "--precision", "tf32")
    assert done.exit_code == 0, done.output
    assert loaded == ["cuda:0"]


def test_processes_on_several_devices_are_named_in_the_runs_record(shell, motorcycle, tmp_path):
    done = shell("explain", motorcycle.parent, *FEW, "--model", "caltech101", "--device", "cpu,cpu", "-v")
    assert done.exit_code == 0, done.output
    assert "on cpu, cpu" in done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["device"] == "cpu, cpu"
