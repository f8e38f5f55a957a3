"""The worked example of a plug-in (tests/example_plugin), through every command that meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

RUN = """
import json, sys
from click.testing import CliRunner
from igcli.registry import load_plugins
load_plugins()
from igcli.cli.main import ig
for name, arguments in json.load(sys.stdin).items():
    done = CliRunner().invoke(ig, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        import traceback
        traceback.print_exception(done.exception)
    print(json.dumps([name, done.exit_code, done.stdout, done.stderr]))
"""

MODEL = ("--model", "example-net", "--steps", "2")
METHOD = ("--method", "example-squared", "--method", "integrated")
PREMISE = "example-squared: This network has no ReLU, which the example is made for."

COMMANDS = {
    "plugins": ["plugins"],
    "models": ["models"],
    "show": ["models", "show", "example-net"],
    "show of a prefix": ["models", "show", "example:7"],
    "describe of a prefix": ["models", "describe", "example:7", "--save", "seven.toml"],
    "help": ["explain", "--help"],
    "check": ["check", "--model", "example-net", "--method", "example-squared", "--steps", "2"],
    "by a prefix in a model file": ["explain", "in/0.png", "--model", "seven.toml", "--steps", "2", "-o", "seven"],
    "explain": ["explain", "in/0.png", *MODEL, *METHOD, "--style", "example-blue", "--score", "example-half", "--panel",
                "--full-size", "--save-arrays", "--animation", "--saturation", "-o", "one"],
    "folder": ["explain", "in", *MODEL, *METHOD, "--style", "example-blue", "--report", "-o", "folder"],
    "versus": ["explain", "in/0.png", *MODEL, *METHOD, "--score", "example-versus", "--target", "red",
               "--against", "blue", "-o", "versus"],
    "animate": ["animate", "in/0.png", "--model", "example-net", "--style", "example-blue", "--score", "example-half",
                "--frames", "2", "--sheet", "-o", "film.gif"],
    "saturation": ["saturation", "in", "--model", "example-net", "--score", "example-half", "--points", "3",
                   "-o", "saturation"],
    "compare": ["compare", "in/0.png", *MODEL, *METHOD, "--style", "example-blue", "--score", "example-half",
                "-o", "compared"],
    "ablate": ["ablate", "in/0.png", *MODEL, "--method", "example-squared", "--style", "example-blue", "--top", "10",
               "-o", "ablated"],
    "report": ["report", "in", *MODEL, *METHOD, "--score", "example-half", "-o", "page.html"],
    "report in a style": ["report", "in", *MODEL, "--style", "example-blue", "-o", "blue.html"],
    "evaluate": ["evaluate", "in", *MODEL, *METHOD, "--metric", "example-sparseness", "--metric", "example-drop",
                 "--metric", "aopc", "--set", "aopc.steps=3", "--set", "example-sparseness.power=2", "--score",
                 "example-half", "--report", "-o", "scores"],
    "evaluate again": ["evaluate", "in", *MODEL, *METHOD, "--metric", "example-sparseness", "--set",
                       "example-sparseness.power=2", "--score", "example-half", "-o", "scores"],
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory, root):
    """What every command has printed, and the folder that they wrote to."""
    folder = tmp_path_factory.mktemp("plugin")
    metadata = folder / "site" / "igcli_example-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: igcli-example\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[igcli.plugins]\nexample = igcli_example\n")
    (folder / "in").mkdir()
    chance = np.random.default_rng(0)
    for number in range(2):
        Image.fromarray(chance.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(folder / "in" / f"{number}.png")
    paths = (root, root / "tests" / "example_plugin", folder / "site")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    run = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(COMMANDS),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert "Traceback" not in run.stderr, run.stderr
    results = (json.loads(line) for line in run.stdout.splitlines() if line.startswith('["'))
    return folder, {name: (status, out, err) for name, status, out, err in results}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "report in a style"])
def test_the_command_works(done, name):
    status, _, err = done[1][name]
    assert status == 0, err


def test_what_it_adds_is_listed(done):
    _, results = done
    listed = results["plugins"][1]
    for entry in (
        "model example-net",
        "prefix of models example",
        "method example-squared",
        "metric example-sparseness",
        "metric example-drop",
    ):
        assert entry in listed
    for entry in ("style example-blue", "score example-half", "score example-versus"):
        assert entry in listed
    assert "example-net" in results["models"][1]


def test_its_prefix_is_a_models_name_everywhere(done):
    folder, results = done
    assert "example:7" in results["show of a prefix"][1]
    assert "example:NAME," in " ".join(results["help"][1].split())
    assert 'model = "example:7"' in (folder / "seven.toml").read_text()
    assert json.loads((folder / "seven" / "0.json").read_text())["model"]["name"] == "example:7"


def test_its_premise_is_said_once_by_every_command(done):
    for name in ("explain", "folder", "compare", "report", "evaluate"):
        assert done[1][name][2].count(PREMISE) == 1, name


def test_its_style_is_painted_on_overlays_and_pages(done):
    folder, results = done
    photo, map_ = (np.asarray(Image.open(folder / name).convert("RGB").resize((16, 16)), float)
                   for name in ("in/0.png", "one/0.example-squared.png"))  # fmt: skip
    assert map_[..., 2].mean() - map_[..., 0].mean() > photo[..., 2].mean() - photo[..., 0].mean() + 10
    assert "cannot paint" not in results["folder"][2]
    assert (folder / "folder" / "report.html").exists()
    assert results["report in a style"][0] == 0
    assert (folder / "blue.html").exists()


def test_its_score_is_what_is_explained(done):
    folder, results = done
    record = json.loads((folder / "one" / "0.json").read_text())
    assert record["score"]["kind"] == "example-half"
    versus = json.loads((folder / "versus" / "0.json").read_text())["score"]
    assert versus["against"] == "blue"
    assert 0 < versus["at_image"] < 1
    assert "of the example-half" in results["explain"][1]
    assert "of the example-versus" not in results["versus"][1]  # a probability, as the line begins with


def test_its_metrics_have_numbers_of_their_own_parameters(done):
    folder, results = done
    metrics = json.loads((folder / "scores" / "evaluation.json").read_text())["metrics"]
    assert list(metrics) == ["example-sparseness"]  # of the second run, which measured nothing again
    assert "2 measured already" in results["evaluate again"][2]
    assert metrics["example-sparseness"]["parameters"] == {"power": 2.0}
    assert {found["count"] for found in metrics["example-sparseness"]["maps"].values()} == {2}
    table = results["evaluate"][1].splitlines()
    assert table[0].split() == ["example-sparseness", "↑", "example-drop", "↑", "aopc", "↑"]
    for line in table[1:5]:
        assert "–" not in line


BROKEN = """
from igcli.evaluation.metrics.metric import Measured
from igcli.evaluation.metrics.metric import METRICS, Metric
from igcli.models.sources import MODELS

@METRICS("raises", summary="x")
class Raises(Metric):
    direction = "higher"
    def measured(self, context, names):
        raise ValueError("a stranger's mistake")

@METRICS("forgets", summary="x")
class Forgets(Metric):
    direction = "lower"
    def measured(self, context, names):
        return {names[0]: Measured(1.0)}

@METRICS("asks", summary="x")
class Asks(Metric):
    direction = "lower"
    def measured(self, context, names):
        return context.area()

class Aimless(Metric):
    pass

METRICS("aimless", summary="x")(Aimless)
"""


def test_what_is_wrong_with_a_plugins_metric_is_a_sentence(tmp_path, root):
    (tmp_path / "broken_plugin.py").write_text(BROKEN)
    metadata = tmp_path / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[igcli.plugins]\nbroken = broken_plugin\n")
    (tmp_path / "in").mkdir()
    Image.new("RGB", (20, 20), "red").save(tmp_path / "in" / "0.png")
    (tmp_path / "net.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))\n"
    )
    network = ("--model", "net.py:build", "--input-size", "16", "--method", "gradient", "-o")
    commands = {
        "plugins": ["plugins"],
        **{name: ["evaluate", "in", *network, name, "--metric", name] for name in ("raises", "forgets", "asks")},
    }
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (root, tmp_path)))}
    run = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert "Traceback" not in run.stderr, run.stderr
    results = {name: (status, err) for name, status, _, err in map(json.loads, run.stdout.splitlines())}
    assert "Aimless does not say which value is better" in results["plugins"][1]
    status, err = results["raises"]
    assert status == 1
    assert "raises has no number for any of 1 photo. The metric raised ValueError (a stranger's mistake)." in err
    status, err = results["forgets"]
    assert status == 0
    assert "The metric gave no number for this map." in err
    status, err = results["asks"]
    assert status == 2
    assert "give --boxes or --masks" in err
