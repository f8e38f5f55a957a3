"""Interruptions, for real: the program in a process of its own, stopped by Ctrl-C or killed at random moments."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

#: The batch size divides the steps: so a photo has the same batches whoever else is explained.
SETTINGS = ("--model", "caltech101", "--device", "cpu", "--steps", "6", "--batch-size", "3")
LONG = 900
"""Seconds after which something hangs: a busy machine is slow, not wrong."""

COMMAND = (sys.executable, "-m", "igcli", "explain", "in", *SETTINGS)


@pytest.fixture
def folder(tmp_path):
    """Twelve photos in a folder."""
    (tmp_path / "in").mkdir()
    for number in range(12):
        Image.linear_gradient("L").rotate(30 * number).convert("RGB").save(tmp_path / "in" / f"{number:02}.png")
    return tmp_path


def started(folder, *arguments):
    def heed_ctrl_c():  # also where the tests themselves were started by something that ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )


def wait_for_files(output, count):
    deadline = time.monotonic() + LONG
    while len(list(output.glob("*.json"))) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def whole(output):
    """Every file can be read to its end."""
    for path in (path for path in output.rglob("*") if path.is_file() and ".igcli" not in path.parts):
        if path.suffix == ".png":
            with Image.open(path) as image:
                image.load()
        elif path.suffix == ".json":
            json.loads(path.read_text())


def records(output):
    """The index without what depends on the clock."""
    found = [json.loads(line) for line in (output / "index.jsonl").read_text().splitlines()]
    return [{name: value for name, value in record.items() if name != "timing"} for record in found]


def names(output):
    return sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())


def test_ctrl_c_keeps_whole_files_and_says_how_to_resume(folder):
    process = started(folder, "--steps", "20")
    wait_for_files(folder / "out", 1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 130
    assert "the same command over a folder goes on" in stderr
    assert "Traceback" not in stderr
    whole(folder / "out")
    assert not list((folder / "out").rglob("*.partial"))


def test_killed_at_random_moments_it_ends_with_the_files_and_records_of_an_undisturbed_run(folder):
    undisturbed = started(folder, "-o", "undisturbed")
    assert undisturbed.wait(LONG) == 0, undisturbed.communicate()
    undisturbed.communicate()
    chance = random.Random(5)
    for done in (0, 3, 7):
        process = started(folder)
        wait_for_files(folder / "out", done)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate()
        whole(folder / "out")
    last = started(folder)
    _, stderr = last.communicate(timeout=LONG)
    assert last.returncode == 0, stderr
    assert " skipped in " in stderr
    assert names(folder / "out") == names(folder / "undisturbed")
    assert records(folder / "out") == records(folder / "undisturbed")
    for path in (folder / "undisturbed").glob("*.png"):
        assert (folder / "out" / path.name).read_bytes() == path.read_bytes()
