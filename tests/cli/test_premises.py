"""What a method relies on and a network does not have is said once a run, by every command and in its files."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from toys import classifier

SENTENCE = "This network has no ReLU (it has 1 GELU), so that the map is the plain gradient."
SHORT = ("--method", "guided-backprop", "--method", "gradient", "--steps", "2")


@pytest.fixture(autouse=True)
def smooth_network(monkeypatch):
    """A network whose only activation is a GELU."""
    torch.manual_seed(1)
    layers = (nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    model = classifier(nn.Sequential(*layers), classes=3)
    for command in ("cli.model_options", "cli.session"):
        monkeypatch.setattr(f"igcli.{command}.load_model", lambda *_, **__: model, raising=False)
    return model


@pytest.fixture
def photos(tmp_path):
    """Three small photos."""
    chance = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.fromarray(chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(tmp_path / "in" / f"{number}.png")
    return tmp_path / "in"


def test_explain_warns_once_for_a_folder_and_every_record_has_it(shell, photos, tmp_path, read_json):
    done = shell("explain", photos, *SHORT)
    assert done.exit_code == 0, done.output
    assert done.stderr.count(SENTENCE) == 1
    for number in range(3):
        guided, gradient = read_json(tmp_path / "out" / f"{number}.json")["results"]
        assert (guided["premise"], gradient["premise"]) == (SENTENCE, None)


def test_compare_says_it_in_its_record(shell, photos, tmp_path, read_json):
    done = shell("compare", photos / "0.png", *SHORT)
    assert done.exit_code == 0, done.output
    assert done.stderr.count(SENTENCE) == 1
    (target,) = read_json(tmp_path / "out" / "0.compare.json")["targets"]
    assert target["results"][0]["premise"] == SENTENCE


def test_the_tables_of_evaluate_mark_the_method(shell, photos, tmp_path, read_json):
    done = shell("evaluate", photos, *SHORT, "--metric", "aopc", "--set", "aopc.steps=3", "--report")
    assert done.exit_code == 0, done.output
    assert done.stderr.count(SENTENCE) == 1
    assert any(line.startswith("guided-backprop †") for line in done.stdout.splitlines())
    assert any(line.startswith("gradient  ") for line in done.stdout.splitlines())
    assert f"† guided-backprop: {SENTENCE}" in done.stdout
    assert read_json(tmp_path / "out" / "evaluation.json")["premises"] == {"guided-backprop": SENTENCE}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"guided-backprop: {SENTENCE}" in page


def test_a_report_has_it_among_its_notes(shell, photos, tmp_path):
    done = shell("report", photos, *SHORT, "-o", tmp_path / "page.html")
    assert done.exit_code == 0, done.output
    assert done.stderr.count(SENTENCE) == 1
    assert f"guided-backprop: {SENTENCE}" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_check_says_it_of_the_model(shell):
    arguments = ("check", *SHORT[:4], "--method", "grad-cam", "--steps", "2")
    done = shell(*arguments)
    assert done.stderr.count(SENTENCE) == 1
    assert json.loads(shell(*arguments, "--json").stdout)["premises"] == {"guided-backprop": SENTENCE}


def test_a_network_without_a_grid_is_refused_before_any_photo_is_read(shell, photos, monkeypatch):
    flat = classifier(nn.Sequential(nn.Flatten(), nn.Linear(3 * 144, 3)), classes=3)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: flat)
    (photos / "0.png").write_bytes(b"no picture")
    for command in ("explain", "evaluate"):
        done = shell(command, photos, "--method", "integrated", "--method", "grad-cam")
        assert done.exit_code == 2
        assert "grad-cam needs a layer" in done.stderr
        assert "0.png" not in done.stderr
    done = shell("check", "--method", "grad-cam", "--steps", "2")
    assert "grad-cam needs a layer" in done.stderr


def test_the_line_has_the_gap_of_methods_that_keep_a_sum_by_rules(shell, photos):
    done = shell("explain", photos / "0.png", "--method", "deep-lift", "--method", "lrp", "--score", "logit")
    if done.exit_code == 2:  # Captum has no rule of LRP for a GELU
        assert "GELU" in done.stderr
        done = shell("explain", photos / "0.png", "--method", "deep-lift", "--score", "logit")
    assert "deep-lift of the logit  gap " in done.stdout
    assert "--steps auto" not in done.stdout
