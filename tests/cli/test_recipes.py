"""The recipes of the reference run as they are written, each in the folder of the person whom it is for."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torchvision.models import resnet18

from igcli.cli import reference
from igcli.cli.main import ig

RECIPES = reference.PATH.with_name("recipes.md").read_text(encoding="utf-8")

#: What a test leaves out of the exactness that a person wants.
QUICK = ("--steps", "4", "--device", "cpu")


def blocks(title: str, language: str) -> list[str]:
    """The blocks under the heading that begins with ``title``."""
    (part,) = [part for part in RECIPES.split("\n### ") if part.startswith(title)]
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


def commands(title: str) -> list[list[str]]:
    """The arguments of each ``ig`` of a recipe."""
    lines = [line for block in blocks(title, "sh") for line in block.replace("\\\n", " ").splitlines()]
    assert lines
    assert all(line.startswith("ig ") for line in lines)
    return [shlex.split(line)[1:] for line in lines]


def run(arguments: list[str], *further: str) -> str:
    done = CliRunner().invoke(ig, [*arguments, *further])
    assert done.exit_code == 0, (arguments, done.output)
    return done.output


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_recipe_is_tested():
    titles = re.findall(r"^### (\w+)", RECIPES, re.MULTILINE)
    assert titles == ["Radiology", "Camera", "A", "A", "Continuous"]


def test_radiology(folder):
    pytest.importorskip("pydicom", reason="needs the extra medical")
    from images.dicoms import dicom

    (folder / "study").mkdir()
    y, x = torch.meshgrid(torch.arange(96), torch.arange(80), indexing="ij")
    for name, shift in (("cxr", 0), ("second", 5)):
        values = (300 + 9 * x + 4 * y + 80 * shift).numpy().astype("uint16")
        window = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "WindowCenter": "-100", "WindowWidth": "800"}
        (folder / "study" / f"{name}.dcm").write_bytes(dicom(values, BitsStored=12, HighBit=11, **window))
    network = "from torch import nn\n\ndef build():\n    return nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), "
    (folder / "net.py").write_text(f"{network}nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 2))\n")
    scope: dict = {}
    exec((folder / "net.py").read_text(), scope)
    torch.manual_seed(0)
    torch.save(scope["build"]().state_dict(), "last.ckpt")
    (folder / "findings.txt").write_text("effusion\nnodule\n")
    for arguments in commands("Radiology"):
        run(arguments, *(QUICK if arguments[0] != "models" else ("--device", "cpu")))
    record = json.loads((folder / "maps" / "cxr.json").read_text())
    assert record["target"]["label"] == "nodule"
    assert "the file's window" in record["image"]["notes"][0]
    assert "-1000..1000" in json.loads((folder / "wide" / "cxr.json").read_text())["image"]["notes"][0]
    assert "Nodules" in (folder / "nodules.html").read_text(encoding="utf-8")


def test_camera_traps(folder, samples):
    for number, (label, name) in enumerate((("cat", "chelsea"), ("cat", "coffee"), ("dog", "cameraman"))):
        (folder / "photos" / label).mkdir(parents=True, exist_ok=True)
        (folder / "train" / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(samples / f"{name}.jpg", folder / "photos" / label / f"{number}.jpg")
        Image.new("RGB", (8, 8)).save(folder / "train" / label / "0.png")
    torch.manual_seed(0)
    torch.save(resnet18(num_classes=2).state_dict(), "best.pth")
    found = [{"category": "1", "conf": 0.9, "bbox": [0.2, 0.2, 0.5, 0.5]}]
    images = [{"file": str(path.relative_to(folder / "photos")), "detections": found} for path in photos(folder)]
    (folder / "detections.json").write_text(json.dumps({"images": images, "detection_categories": {"1": "animal"}}))
    rows = [f"{path.relative_to(folder / 'photos')},80,60,220,200" for path in photos(folder)]
    (folder / "boxes.csv").write_text("\n".join(["path,xmin,ymin,xmax,ymax", *rows]))
    for arguments in commands("Camera traps"):
        draws = arguments[0] in ("explain", "report") and "--predict-only" not in arguments
        run(arguments, *(QUICK if draws else QUICK[2:]))
    predicted = (folder / "seen" / "predictions.csv").read_text().splitlines()
    assert len(predicted) == 1 + 3
    assert (folder / "wrong.html").stat().st_size > 10_000
    (record, *_) = [json.loads(path.read_text()) for path in (folder / "animals").rglob("0.json")]
    assert record["image"]["crop"]["confidence"] == 0.9
    assert json.loads((folder / "background" / "ablation.json").read_text())["photos"]["measured"] == 3


def photos(folder: Path) -> list[Path]:
    return sorted((folder / "photos").rglob("*.jpg"))


def test_a_table_for_a_paper(folder, monkeypatch):
    from toys import classifier, small_network

    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(small_network(), classes=5))
    rows = ["path,target,subject"]
    for number in range(12):
        Image.effect_noise((20, 20), 90).convert("RGB").save(folder / f"{number}.png")
        rows.append(f"{number}.png,class {'abcde'[number % 5]},s{number // 3}")
    (folder / "val.csv").write_text("\n".join(rows))
    for arguments in commands("A table"):
        said = run(arguments, *QUICK, "--set", "aopc.steps=5", "--set", "insertion.steps=5")
    assert "0 measured, 0 failed, 12 measured already" in said
    table = (folder / "table.md").read_text(encoding="utf-8")
    assert "| grad-cam |" in table
    assert "over the 4 clusters" in table


def test_a_notebook(folder, samples):
    shutil.copy(samples / "motorcycle.jpg", folder)
    names: dict = {}
    (code,) = blocks("A notebook", "python")
    exec(compile(code, "recipes.md", "exec"), names)
    assert names["result"]._repr_png_().startswith(b"\x89PNG")
    assert names["sheet"].mode == names["curves"].mode == "RGB"
    assert names["page"]._repr_html_().startswith("<iframe")
    assert names["values"].shape == (224, 224)


def test_continuous_integration(folder, samples, monkeypatch):
    (folder / "holdout" / "motorcycle").mkdir(parents=True)
    shutil.copy(samples / "motorcycle.jpg", folder / "holdout" / "motorcycle" / "1.jpg")
    (folder / "boxes.csv").write_text("path,xmin,ymin,xmax,ymax\nmotorcycle/1.jpg,80,100,520,360\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    monkeypatch.setenv("IGCLI_DEVICE", "cpu")
    (job,) = blocks("Continuous integration", "yaml")
    steps = re.findall(r"^ +- run: ig (.+)$", re.sub(r"\n {6,}", " ", job), re.MULTILINE)
    assert len(steps) == 3
    for step in steps:
        said = run(shlex.split(step))
    assert "difference(localisation:integrated) >= -0.02: met" in said
    assert "localisation" in (folder / "summary.md").read_text(encoding="utf-8")
