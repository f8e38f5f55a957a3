"""What a shell completes, asked as click's own scripts for shells ask."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def completed(line: str, shell: str = "bash") -> list[str]:
    """``type,value`` of all that completes the last word of ``line``."""
    words = line.split(" ")
    question = {"_IG_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    command = [sys.executable, "-c", "from igcli.cli.main import main; main()"]
    done = subprocess.run(command, env={**os.environ, **question}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "ig explain im", "ig explain a.jpg im", "ig evaluate im", "ig compare im", "ig explain a.jpg --weights im",
        "ig explain a.jpg --model ./im", "ig explain a.jpg --baseline ./im",
    ],
)  # fmt: skip
def test_photos_and_files_are_completed_as_files(line):
    assert completed(line) == [f"file,{line.rpartition(' ')[2]}"]


def test_folders_are_completed_as_folders():
    assert completed("ig evaluate a.jpg --output im") == ["dir,im"]


def test_registered_models_are_completed_by_name():
    assert completed("ig explain a.jpg --model cal") == ["plain,caltech101"]
    assert completed("ig models show goo") == ["plain,googlenet"]
    assert completed("ig weights fetch googl") == ["plain,googlenet"]


def test_names_in_lists_are_completed():
    assert completed("ig expl") == ["plain,explain"]
    assert completed("ig explain a.jpg --style li") == ["plain,lit"]
    assert completed("ig explain a.jpg --baseline bl") == ["plain,black", "plain,blur"]


def test_completing_loads_nothing_heavy():
    program = (
        "import sys; from igcli.cli.main import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'torchvision', 'numpy', 'matplotlib') if name in sys.modules])"
    )
    question = {"_IG_COMPLETE": "bash_complete", "COMP_WORDS": "ig explain a.jpg --model goo", "COMP_CWORD": "4"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env={**os.environ, **question}, capture_output=True, text=True, check=False)
    assert "plain,googlenet" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
