"""What the reference says of adding to ig, as written: the blocks are one plug-in, and its commands find all of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from PIL import Image

from igcli.cli import reference

TEXT = reference.PATH.with_name("extending.md").read_text(encoding="utf-8")
PLUGIN, DOMAIN = TEXT.split("### Another kind of input")

RUN = """
import json, sys
from click.testing import CliRunner
from igcli.registry import load_plugins
print(json.dumps([[each.name, each.registered, each.error] for each in load_plugins()]))
from igcli.cli.main import ig
for arguments in json.load(sys.stdin):
    done = CliRunner().invoke(ig, arguments)
    print(json.dumps([done.exit_code, done.output]))
"""


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder in which the commands ran; what was loaded; status and output of each."""
    packages, folder = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("work")
    (packages / "mine.py").write_text("\n\n".join(blocks(PLUGIN, "python")), encoding="utf-8")
    (declared,) = tomllib.loads(blocks(TEXT, "toml")[0])["project"]["entry-points"].items()
    metadata = packages / "mine-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    points = "\n".join(f"{name} = {value}" for name, value in declared[1].items())
    (metadata / "entry_points.txt").write_text(f"[{declared[0]}]\n{points}\n")
    commands = [shlex.split(line)[1:] for block in blocks(TEXT, "sh") for line in block.splitlines()]
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{packages}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded, *results = [json.loads(line) for line in done.stdout.splitlines()]
    return folder, loaded, results


def test_the_blocks_are_a_plugin_that_is_loaded(ran):
    _, loaded, _ = ran
    (mine,) = [registered for name, registered, error in loaded if name == "mine" and not error]
    assert set(mine) == {"method rms-gradient", "metric peak", "style green", "prefix of models random"}


def test_every_command_does_what_it_says(ran):
    folder, _, results = ran
    assert [status for status, _ in results] == [0] * 4, results
    assert (folder / "out" / "coffee.rms-gradient.png").exists()
    peak = json.loads((folder / "peaks" / "evaluation.json").read_text())["metrics"]["peak"]["maps"]["gradient"]
    assert 0.05 < peak["mean"] <= 1
    assert json.loads((folder / "random" / "coffee.json").read_text())["target"]["label"] in ("cat", "dog")


def test_the_green_style_is_green_where_the_map_is_bright(ran):
    folder, _, _ = ran
    drawn = np.asarray(Image.open(folder / "greens" / "coffee.integrated.png").convert("RGB"), int)
    assert ((drawn[..., 1] > 200) & (drawn[..., 0] < 60) & (drawn[..., 2] < 60)).any()


def test_another_kind_of_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    (code,) = blocks(DOMAIN, "python")
    exec(compile(code, "extending.md", "exec"), names)
    hours, series, network = names["hours"], names["series"], names["network"]
    assert hours.shape == (50,)
    # Of a margin of logits the map of a linear network is known; the score here is the probability, so signs are.
    weights = (network[1].weight[1] - network[1].weight[0]).reshape(50, 3)
    signs = (weights * series.values).sign()
    assert (names["result"].values.sign() == signs).all()
