"""Commands over a collection in several processes of this machine, for real: the same numbers as one process has."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from igcli.cli.spreading import in_order
from igcli.jobs.engines.scheduler import Worker
from igcli.jobs.item import Item, Outcome

#: A network of a few weights. It ends the first worker process that calls it once a file 'deadly' is there.
CODE = """
import multiprocessing, os, pathlib, signal
import torch
import igcli

class Deadly(torch.nn.Module):
    def forward(self, x):
        deadly = pathlib.Path("deadly")
        if multiprocessing.parent_process() and deadly.exists():
            deadly.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return x

def build():
    torch.manual_seed(0)
    layers = Deadly(), torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(3)
    network = torch.nn.Sequential(*layers).eval()
    network(torch.zeros(1, 3, 16, 16))
    return igcli.Classifier(network, ["a", "b", "c"], view=igcli.View(16))
"""
COMMANDS = {
    "evaluate": (*("--steps", "4", "--metric", "aopc", "--set", "aopc.steps=3", "-m", "integrated"), "evaluation.csv"),
    "saturation": ("--points", "4", "--layers", "1", "saturation.csv"),
}


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Five pictures, one of which cannot be read, and the network next to them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ".")
    (tmp_path / "in").mkdir()
    chance = np.random.default_rng(0)
    for name in "abcde":
        Image.fromarray(chance.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(tmp_path / "in" / f"{name}.png")
    (tmp_path / "in" / "c.png").write_bytes(b"no picture")
    (tmp_path / "net.py").write_text(CODE)
    return tmp_path / "in"


def numbers(path):
    with path.open() as file:
        return list(csv.reader(file))


def assert_same(one, two):
    for first, second in zip(one, two, strict=True):
        for a, b in zip(first, second, strict=True):
            try:
                assert float(b) == pytest.approx(float(a), rel=1e-4, abs=1e-6)
            except ValueError:
                assert a == b


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("deadly", [False, True])
def test_two_processes_find_what_one_finds_even_if_one_dies(shell, photos, tmp_path, command, deadly):
    *options, table = COMMANDS[command]
    run = (command, "in", "--model", "net.py:build", *options)
    alone = shell(*run, "--device", "cpu", "-o", "one")
    if deadly:
        (tmp_path / "deadly").write_text("")
    both = shell(*run, "--device", "cpu,cpu", "-o", "two")
    assert (alone.exit_code, both.exit_code) == (1, 1), both.output  # one photo cannot be read
    assert both.stderr.count("failed: in/c.png") == 1
    assert not (tmp_path / "deadly").exists()
    assert_same(numbers(tmp_path / "one" / table), numbers(tmp_path / "two" / table))


def test_a_report_of_two_processes_has_the_photos_in_order(shell, photos, tmp_path):
    done = shell("report", "in", "--model", "net.py:build", "--steps", "2", "--device", "cpu,cpu")
    page = (tmp_path / "report.html").read_text()
    assert "4 photos" in done.stdout
    places = [page.index(f"{name}.png") for name in "abde"]
    assert places == sorted(places)


def test_texts_of_two_processes_are_printed_in_order(shell, tmp_path):
    (tmp_path / "lines.txt").write_text("we must do more\nthe people of this\nwe will not\n")
    run = ("text", "-f", "lines.txt", "--steps", "8")
    alone, both = shell(*run, "--device", "cpu"), shell(*run, "--device", "cpu,cpu")
    assert both.exit_code == 0, both.output
    assert both.stdout == alone.stdout


def test_an_evaluation_that_was_interrupted_resumes_from_the_cards(shell, photos, tmp_path, monkeypatch):
    def interrupted(shared, _devices, items):
        worker = Worker(shared, "cpu")
        yield from worker.do(list(items)[:2])
        raise KeyboardInterrupt

    *options, table = COMMANDS["evaluate"]
    run = ("evaluate", "in", "--model", "net.py:build", *options)
    with monkeypatch.context() as stopped:
        stopped.setattr("igcli.cli.spreading.on_devices", interrupted)
        assert shell(*run, "--device", "cpu,cpu", "-o", "two").exit_code != 0
    assert not (tmp_path / "two" / table).exists()
    done = shell(*run, "--device", "cpu,cpu", "-o", "two")
    assert "2 measured, 1 failed, 2 measured already" in done.stderr
    shell(*run, "--device", "cpu", "-o", "one")
    assert_same(numbers(tmp_path / "one" / table), numbers(tmp_path / "two" / table))
    again = shell(*run, "--device", "cpu", "-o", "two")  # cards do not depend on where they were measured
    assert "0 measured, 1 failed, 4 measured already" in again.stderr


def test_mosaics_are_measured_by_workers_too(shell, photos, tmp_path):
    (photos / "c.png").unlink()
    for name in "abde":
        folder = photos / ("a" if name in "ab" else "b")
        folder.mkdir(exist_ok=True)
        (photos / f"{name}.png").rename(folder / f"{name}.png")
    run = ("evaluate", "in", "-r", "--model", "net.py:build", "--metric", "focus", "--mosaics", "3", "-m", "gradient")
    alone, both = shell(*run, "--device", "cpu", "-o", "one"), shell(*run, "--device", "cpu,cpu", "-o", "two")
    assert (alone.exit_code, both.exit_code) == (0, 0), both.output
    assert "3 measured, 0 failed" in both.stderr
    assert_same(numbers(tmp_path / "one" / "evaluation.csv"), numbers(tmp_path / "two" / "evaluation.csv"))
    one, two = (tmp_path / name / "mosaics" / "mosaics.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_outcomes_come_in_the_order_of_items_whose_numbers_have_gaps():
    items = [Item(number, None, None) for number in (0, 2, 5, 6)]

    def backwards(given):
        given = iter(given)
        for _ in range(2):
            yield from [Outcome(next(given)), Outcome(next(given))][::-1]

    assert [outcome.item.number for outcome in in_order(backwards, items)] == [0, 2, 5, 6]
