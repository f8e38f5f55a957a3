"""Scripts that kill runs and feed what was made to do harm, in small: tests/benchmarks/README.md has them whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def rows(script: str, *options: str) -> list[list[str]]:
    """The cells of the first table that a script prints; it must end well."""
    ran = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *options], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    table = ran.stdout.split("\n\n")[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


@pytest.mark.parametrize("command", ["explain", "animate", "evaluate", "saturation", "report"])
def test_killed_and_run_again_a_folder_is_as_of_an_undisturbed_run(command):
    ((name, kills, _, equal),) = rows("kills.py", "--kills", "2", "--photos", "4", "--only", command)
    assert (name, kills, equal) == (command, "2", "2")


@pytest.mark.parametrize("kind", ["list", "output folder"])
def test_what_was_made_to_do_harm_ends_in_a_sentence_within_the_limits(kind):
    ((name, tried, hold, *_),) = rows("hostile.py", "--only", kind)
    assert name == kind
    assert tried == hold


_ENDLESS = "import sys\ntry:\n    while True: sys.stdout.write({line!r} * 1000)\nexcept BrokenPipeError: pass"


@pytest.mark.parametrize(
    ("arguments", "line", "said"),
    [
        (("text", "-", "-o", "out"), "more than\n", "more than 100,000 texts"),
        (("text", "-", "--saturation"), "more than\n", "more than 100,000 texts"),
        (("text", "-"), "word", "does not end"),
        (("molecule", "-"), "CCO ethanol\n", "more than 100,000 molecules"),
        (("molecule", "-", "--saturation"), "CCO\n", "more than 100,000 molecules"),
        (("molecule", "-"), "C", "no file of molecules"),
    ],
)
def test_a_stdin_that_never_ends_ends_in_a_sentence(tmp_path, arguments, line, said):
    if arguments[0] == "molecule":
        pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")
    feeder = [sys.executable, "-c", _ENDLESS.format(line=line)]
    command = [sys.executable, "-m", "igcli", *arguments, "-q"]
    with subprocess.Popen(feeder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless:
        try:
            done = subprocess.run(
                command, stdin=endless.stdout, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
            )
        finally:
            endless.kill()
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
