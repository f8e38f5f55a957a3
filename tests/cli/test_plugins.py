"""``ig plugins``, and what a plug-in adds: another package, on the path of a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.gradient import Gradient
from igcli.models.sources import MODELS

METHODS("their-method", summary="Somebody else's.")(type("Theirs", (Gradient,), {}))


@MODELS("their-net", summary="Somebody else's network.")
def load(options):
    from torch import nn

    from igcli.models.classifier import Classifier

    return Classifier(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), ["r", "g", "b"])
"""

BROKEN = "import a_package_that_is_not_there\n"

FUNCTION = """
def register():
    from igcli.attribution.scores import SCORES

    SCORES("their-score", summary="Somebody else's.")(lambda logits, score: logits[:, score.target])
"""

RUN = """
import sys
from igcli.registry import load_plugins
load_plugins()
from igcli.cli.main import Commands
from igcli.cli.explain import explain
from igcli.cli.models import models
from igcli.cli.plugins import plugins
group = Commands("ig", commands={"explain": explain, "models": models, "plugins": plugins})
try:
    group.main(sys.argv[1:])
finally:
    print("heavy:", [name for name in ("torch", "torchvision", "numpy") if name in sys.modules], file=sys.stderr)
"""


@pytest.fixture
def run(tmp_path: Path):
    """Runs ``ig`` where a package with three plug-ins is installed."""
    for name, code in {"good": GOOD, "broken": BROKEN, "function": FUNCTION}.items():
        (tmp_path / f"their_{name}.py").write_text(code)
    metadata = tmp_path / "their_package-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(
        "[igcli.plugins]\ngood = their_good\nbroken = their_broken\nfunction = their_function:register\n"
    )

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-c", RUN, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    return call


def test_every_plugin_is_listed_with_what_it_adds_or_why_it_does_not(run):
    done = run("plugins", "--json")
    assert done.returncode == 0, done.stderr
    found = {record["name"]: record for record in (json.loads(line)["plugin"] for line in done.stdout.splitlines())}
    assert list(found) == ["broken", "function", "good"]
    assert found["good"]["registered"] == ["method their-method", "model their-net"]
    assert found["function"]["registered"] == ["score their-score"]
    assert {record["package"] for record in found.values()} == {"their-package"}
    assert {record["version"] for record in found.values()} == {"1.2"}
    assert found["broken"]["registered"] == []
    assert "a_package_that_is_not_there" in found["broken"]["error"]
    assert done.stderr.splitlines()[-1] == "heavy: []"


def test_the_list_is_for_people_too(run):
    done = run("plugins")
    assert "good  their-package 1.2  method their-method, model their-net" in done.stdout.splitlines()
    assert "a_package_that_is_not_there" in done.stderr


def test_what_is_added_shows_up_in_choices_and_listings_and_nothing_heavy_is_loaded(run):
    done = run("explain", "--help")
    assert "their-method" in done.stdout
    assert "their-score" in done.stdout
    assert "their-net" in run("models").stdout
    assert done.stderr.splitlines()[-1] == "heavy: []"


def test_what_is_added_works(run, samples, tmp_path):
    photo, out = str(samples / "coffee.jpg"), str(tmp_path / "out")
    done = run("explain", photo, "--model", "their-net", "--method", "their-method", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["model"]["name"] == "Sequential"
    assert record["results"][0]["method"] == "their-method"


def test_without_plugins_the_list_says_what_one_would_be():
    done = subprocess.run([sys.executable, "-c", RUN, "plugins"], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "igcli.plugins" in done.stderr
