"""An engineer guards a network against shortcuts in continuous integration: the job as written, run by a real shell."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: What is copied into a workflow; each step stops the job where its status is not 0.
JOB = """
steps:
  - run: ig models describe caltech101 --save m.toml
  - run: ig evaluate holdout/ -r --model m.toml --metric localisation --boxes boxes.csv -o scores --github-summary
      --require "localisation:integrated >= 0.2" --require "localisation:integrated@Motorbikes >= 0.2"
  - run: ig ablate holdout/ -r --model m.toml --keep-boxes boxes.csv -o parts
"""

#: The next week's job compares with what was kept.
NEXT = """
steps:
  - run: ig evaluate holdout/ -r --model m.toml --metric localisation --boxes boxes.csv -o now --earlier scores
      --github-summary --require "difference(localisation:integrated) >= -0.02"
"""

#: A network that got worse, as this job sees it.
WORSE = """
steps:
  - run: ig evaluate holdout/ -r --model m.toml --metric localisation --boxes boxes.csv -o now
      --require "localisation:integrated >= 0.99"
"""


def steps(job: str) -> list[str]:
    """The commands of a job; lines that are indented further belong to the line before."""
    joined = re.sub(r"\n {6,}", " ", job)
    return re.findall(r"^ +- run: (.+)$", joined, re.MULTILINE)


@pytest.fixture
def runner(tmp_path, samples):
    """Runs a job's steps as GitHub's runners do, in a folder with two photos and their boxes."""
    for name in ("motorcycle", "grace_hopper"):
        (tmp_path / "holdout" / name).mkdir(parents=True)
        shutil.copy(samples / f"{name}.jpg", tmp_path / "holdout" / name / "1.jpg")
    rows = ("motorcycle/1.jpg,80,100,520,360", "grace_hopper/1.jpg,140,40,380,420")
    (tmp_path / "boxes.csv").write_text("\n".join(["path,xmin,ymin,xmax,ymax", *rows]))
    ig = tmp_path / "bin" / "ig"
    ig.parent.mkdir()
    ig.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m igcli "$@"\n')
    ig.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{ig.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "IGCLI_DEVICE": "cpu",
    }

    def run(job):
        for step in steps(job):
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                break
        return done

    return run


def test_the_job_passes_says_why_and_notices_a_network_that_looks_elsewhere(runner, tmp_path):
    assert len(steps(JOB)) == 3
    done = runner(JOB)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "scores" / "evaluation.json").read_text())
    assert [each["met"] for each in found["requirements"]] == [True, True]
    assert found["model"]["sha256"] in (tmp_path / "m.toml").read_text()
    parts = json.loads((tmp_path / "parts" / "ablation.json").read_text())
    assert parts["photos"] == {"measured": 2, "excluded": 0, "failed": 0}
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| localisation:integrated\\@Motorbikes >= 0.2 | " in summary

    later = runner(NEXT)
    assert later.returncode == 0, later.stderr
    assert "required difference(localisation:integrated) >= -0.02: met, found 0 over 2 photos" in later.stdout
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").count("<!-- ig evaluate -->") == 2

    missed = runner(WORSE)
    assert missed.returncode == 3
    assert "failed: required localisation:integrated >= 0.99: not met, found 0." in missed.stderr
