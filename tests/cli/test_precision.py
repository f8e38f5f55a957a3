"""``--precision``: what it changes is measured and said, and never mixed with exact maps."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from toys import classifier, small_network

from igcli.cli.session import percent

FEW = ("--device", "cpu", "--steps", "4")

pytestmark = pytest.mark.skipif(
    not hasattr(torch.backends.mkldnn, "conv"), reason="this torch has no bfloat16 products on the CPU"
)


def is_bfloat16():
    return torch.backends.mkldnn.conv.fp32_precision == "bf16"


class Rounding(torch.nn.Module):
    """A network whose gradients are 5 % larger when products are computed in bfloat16, on any machine.

    It is in double precision, of which no machine computes products in bfloat16.
    """

    def __init__(self):
        super().__init__()
        self.network = small_network().double()

    def forward(self, x):
        return self.network(x) * (1.05 if is_bfloat16() else 1.0)


@pytest.fixture
def rounding_network(monkeypatch):
    model = classifier(Rounding().eval(), classes=5, size=32)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)


@pytest.fixture
def folder(motorcycle):
    """Two photos, and before them one that cannot be read."""
    shutil.copy(motorcycle, motorcycle.with_name("second.jpg"))
    motorcycle.with_name("a.jpg").write_bytes(b"no picture")
    return motorcycle.parent


@pytest.mark.usefixtures("rounding_network")
def test_says_and_records_how_far_the_first_photos_map_is_from_the_exact_one(shell, motorcycle, tmp_path, read_json):
    done = shell("explain", motorcycle, *FEW, "--precision", "bfloat16", "--score", "logit")
    assert done.exit_code == 0, done.output
    assert "bfloat16: the first photo's map differs by 5.0 % from float32\n" in done.stderr
    model = read_json(tmp_path / "out" / "motorcycle.json")["model"]
    assert model["precision"] == "bfloat16"
    assert model["precision_error"] == pytest.approx(0.05, abs=1e-4)


@pytest.mark.usefixtures("rounding_network")
def test_the_settings_are_as_before_when_the_command_has_ended(shell, motorcycle):
    before = torch.backends.mkldnn.conv.fp32_precision
    shell("explain", motorcycle, *FEW, "--precision", "bfloat16")
    assert torch.backends.mkldnn.conv.fp32_precision == before


@pytest.mark.usefixtures("rounding_network")
def test_float32_is_the_default_and_is_not_compared_with_itself(shell, motorcycle, tmp_path, read_json):
    done = shell("explain", motorcycle, *FEW)
    model = read_json(tmp_path / "out" / "motorcycle.json")["model"]
    assert model["precision"] == "float32"
    assert "precision_error" not in model
    assert "differs" not in done.stderr


@pytest.mark.usefixtures("rounding_network")
def test_a_run_says_it_once_and_records_it_and_an_unreadable_photo_is_no_first_one(shell, folder, tmp_path, read_json):
    done = shell("explain", folder, *FEW, "--precision", "bfloat16", "--score", "logit")
    assert done.stderr.count("differs by 5.0 % from float32") == 1
    run = read_json(tmp_path / "out" / "run.json")
    assert run["settings"]["precision"] == run["model"]["precision"] == "bfloat16"
    assert run["model"]["precision_error"] == pytest.approx(0.05, abs=1e-4)
    records = [json.loads(line) for line in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert [record["model"]["precision"] for record in records] == ["bfloat16"] * 2


@pytest.mark.usefixtures("rounding_network")
def test_a_run_is_not_resumed_in_another_precision(shell, folder):
    shell("explain", folder, *FEW, "--precision", "bfloat16")
    again = shell("explain", folder, *FEW)
    assert again.exit_code == 2
    assert "precision" in again.stderr
    assert shell("explain", folder, *FEW, "--precision", "bfloat16").exit_code == 1  # for the one that is no picture


@pytest.mark.usefixtures("rounding_network")
@pytest.mark.parametrize("command", ["animate", "saturation", "compare", "ablate", "evaluate"])
def test_every_command_over_photos_takes_it(shell, motorcycle, command):
    more = {
        "animate": ("--frames", "2"),
        "saturation": ("--points", "3"),
        "ablate": ("--top", "5"),
        "compare": ("--target", "top-2"),
        "evaluate": ("--metric", "aopc"),
    }.get(command, ())
    few = FEW if command not in ("animate", "saturation") else FEW[:2]
    done = shell(command, motorcycle, *few, *more, "--precision", "bfloat16", "--score", "logit")
    assert done.exit_code == 0, done.output
    assert "bfloat16: the first photo's map differs by 5.0 %" in done.stderr


@pytest.mark.usefixtures("flat_network")
def test_a_map_of_nothing_is_compared_with_nothing(shell, motorcycle, tmp_path, read_json):
    done = shell("explain", motorcycle, *FEW, "--precision", "bfloat16")
    assert "differs" not in done.stderr
    assert "precision_error" not in read_json(tmp_path / "out" / "motorcycle.json")["model"]


def test_a_network_that_the_machine_computes_no_faster_says_so(shell, motorcycle, monkeypatch):
    model = classifier(small_network().double(), classes=5, size=32)  # double precision has no faster products
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    done = shell("explain", motorcycle, *FEW, "--precision", "bfloat16")
    assert "bfloat16: the first photo's map is float32's own on this machine" in done.stderr


def test_what_bfloat16_changes_on_this_machine_is_said_and_recorded_be_it_nothing(
    shell, motorcycle, tmp_path, bundled, read_json
):
    # Whether the CPU has such products, and whether torch then uses them for these layers, is the machine's affair.
    done = shell("explain", motorcycle, *bundled, "--steps", "2", "--precision", "bfloat16")
    assert done.exit_code == 0, done.output
    error = read_json(tmp_path / "out" / "motorcycle.json")["model"]["precision_error"]
    assert 0 <= error < 0.5
    said = "is float32's own on this machine" if error == 0 else f"differs by {percent(error)} from float32"
    assert f"bfloat16: the first photo's map {said}" in done.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--precision", "tf32", "--device", "cpu"), "TF32 is a mode of NVIDIA GPUs, and this is cpu"),
        (("--precision", "bfloat16", "--device", "cpu,cpu"), "Several devices compute in float32"),
        (("--precision", "half"), "'half' is not one of"),
    ],
)
def test_what_cannot_be_computed_so_is_refused(shell, motorcycle, options, complaint):
    done = shell("explain", motorcycle.parent, *options, "--model", "caltech101")
    assert done.exit_code == 2
    assert complaint in done.stderr


def test_the_axioms_are_checked_in_the_precision_that_was_asked_for(shell, monkeypatch):
    seen = []
    model = classifier(Rounding().eval(), classes=5, size=32)

    def load(*_, **__):
        seen.append(is_bfloat16())
        return model

    monkeypatch.setattr("igcli.cli.model_options.load_model", load)
    done = shell("check", "--method", "gradient", "--precision", "bfloat16", "--device", "cpu", "--json")
    assert seen == [True]
    assert json.loads(done.stdout)["model"]["precision"] == "bfloat16"
