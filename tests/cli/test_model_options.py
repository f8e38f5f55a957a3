"""The options that say which model: what is typed, and the one noun that comes of it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from igcli.cli.main import Commands
from igcli.cli.model_options import ModelChoice, load_chosen, model_options
from igcli.models.spec import InputSpec, ModelSpec

SAMPLES = Path(__file__).parents[2] / "sample_images"


@pytest.fixture
def typed():
    """The choice that comes of what is typed, or the result of a command that ended."""
    seen = []

    @click.command()
    @model_options
    def command(choice):
        seen.append(choice)

    group = Commands("ig", commands={"command": command})

    def call(*arguments):
        result = CliRunner().invoke(group, ["command", *arguments])
        return seen.pop() if result.exit_code == 0 else result

    return call


def test_without_a_word_it_is_the_default_model(typed):
    assert typed() == ModelChoice()
    assert (typed().model, typed().weights, typed().device, typed().batch_size) == ("auto", None, "auto", None)


def test_everything_that_is_typed_is_in_the_choice(typed):
    choice = typed(
        *("--model", "net.py:build", "--weights", "best.pth", "--labels", "train", "--outputs", "multi-label"),
        *("--input-size", "96", "--resize", "110", "--channels", "1", "--mean", "0.5", "--std", "0.2,0.3,0.4"),
        *("--value-range", "-1,1", "--interpolation", "bicubic", "--device", "cpu", "--batch-size", "7"),
        "--offline",
        "--trust-pickle",
        "--compile",
    )
    assert choice == ModelChoice(
        "net.py:build",
        weights=Path("best.pth"),
        labels=Path("train"),
        outputs="multi-label",
        input=InputSpec(96, 110, 1, (0.5,), (0.2, 0.3, 0.4), (-1.0, 1.0), "bicubic"),
        device="cpu",
        batch_size=7,
        offline=True,
        trust_pickle=True,
        compile=True,
    )
    assert pickle.loads(pickle.dumps(choice)) == choice
    assert isinstance(choice, ModelSpec)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("0.5", 0.5), ("true", True), ("False", False), ("null", None), ("None", None), ("[1, 2]", [1, 2]),
        ("(1, 2)", (1, 2)), ("{'a': 1}", {"a": 1}), ('"3"', "3"), ("relu", "relu"), ("a=b", "a=b"), ("", ""),
        ("1e-3", 1e-3), ("__import__('os')", "__import__('os')"),
    ],
)  # fmt: skip
def test_values_are_as_python_or_json_writes_them_else_text(typed, text, value):
    assert typed("--model-arg", f"key={text}").arguments == (("key", value),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model-arg", "width"], "NAME=VALUE"),
        (["--model-arg", "a-b=3"], "NAME=VALUE"),
        (["--mean", "grey"], "list of numbers"),
        (["--value-range", "255"], "1 numbers, not 2"),
        (["--value-range", "1,0"], "the values of black and white"),
        (["--std", "0"], "above 0"),
        (["--channels", "0"], "1<=x<=512"),
        (["--input-size", "0"], "from 1 upwards"),
        (["--outputs", "softmax"], "multi-label"),
    ],
)
def test_what_cannot_be_is_a_sentence(typed, arguments, said):
    result = typed(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_choice_is_loaded_and_warnings_are_handed_on(monkeypatch):
    monkeypatch.setenv("TORCH_HOME", "/nowhere")
    monkeypatch.setattr("igcli.models.auto.is_installed", lambda: False)
    said = []
    model = load_chosen(ModelChoice(offline=True, device="cpu"), progress=False, warn=said.append)
    assert model.provenance.name == "caltech101"
    assert len(said) == 1


@pytest.mark.parametrize("devices", ["cpu", "cpu,cpu"], ids=["this process", "workers"])
def test_without_a_compiler_a_sentence_says_so_and_the_run_goes_on(tmp_path, devices):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\ndef build():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 3))\n"
    )
    photos = [str(file) for file in sorted(SAMPLES.glob("*.jpg"))[:2]]
    network = ["--model", "net.py:build", "--input-size", "16", "--steps", "4", "--compile", "--device", devices]
    done = subprocess.run(
        [sys.executable, "-m", "igcli", "explain", *photos, *network, "-o", "out"],
        cwd=tmp_path,
        env={**os.environ, "CXX": "no-such-compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "net.py:build: the network is used as it is, without --compile." in done.stderr
    assert "needs a C++ compiler" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(list((tmp_path / "out").glob("*.integrated.png"))) == 2
