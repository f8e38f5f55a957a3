"""An ecologist's commands: camera traps, a detector's boxes, a checkpoint of her own, the wrong and the doubtful."""

import csv
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cli.collection.folders import lines
from PIL import Image, ImageDraw
from torch import nn

SPECIES = ("empty", "fox", "lynx")
NETWORK = """
from torch import nn

def build(num_classes=3):
    return nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 4 * 4, num_classes))
"""


def colours_network() -> nn.Module:
    """Fox if red, lynx if green, else empty: a network whose answers are known."""
    network = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 4 * 4, 3))
    with torch.no_grad():
        weight = network[2].weight.zero_().view(3, 3, 16)
        weight[1, 0], weight[1, 1] = 1, -1
        weight[2, 1], weight[2, 0] = 1, -1
        network[2].bias.copy_(torch.tensor([2.0, 0, 0]))
    return network


@pytest.fixture
def project(tmp_path):
    """Photos of grey ground at two sites, by species; an animal is a small rectangle, which MegaDetector has found."""
    chance = random.Random(4)
    torch.save({"state_dict": colours_network().state_dict()}, tmp_path / "best.pth")
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "species.txt").write_text("\n".join(SPECIES))
    images = []
    for site in ("north", "south"):
        for number in range(12):
            species = SPECIES[number % 3]
            path = tmp_path / "traps" / site / species / f"IMG_{number:04}.JPG"
            path.parent.mkdir(parents=True, exist_ok=True)
            photo = Image.new("RGB", (160, 120), (90, 90, 90))
            left, top = chance.randrange(120), chance.randrange(80)
            boxes = []
            if species != "empty":
                # two foxes of the north look green
                green = (species == "lynx") or (site == "north" and number in (1, 4))
                colour = (60, 220, 40) if green else (220, 60, 40)
                ImageDraw.Draw(photo).rectangle((left, top, left + 39, top + 39), fill=colour)
                boxes = [
                    {"category": "1", "conf": 0.9, "bbox": [left / 160, top / 120, 40 / 160, 40 / 120]},
                    {"category": "1", "conf": 0.3, "bbox": [0, 0, 0.1, 0.1]},
                ]
            photo.save(path, quality=95)
            images.append({"file": path.relative_to(tmp_path / "traps").as_posix(), "detections": boxes})
    content = {"info": {"format_version": "1.4"}, "detection_categories": {"1": "animal"}, "images": images}
    (tmp_path / "md.json").write_text(json.dumps(content))
    return tmp_path


MODEL = (
    *("--model", "net.py:build", "--weights", "best.pth", "--labels", "species.txt", "--device", "cpu"),
    *("--input-size", "32", "--mean", "0", "--std", "1", "--value-range", "0,1", "--fit", "squash"),
)
TRAPS = ("traps", "-r", "--truth", "folder", "--crops", "md.json", *MODEL)


def ig(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "igcli", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_she_predicts_looks_at_the_wrong_ones_and_sees_where_the_network_looks(project):
    predicted = ig(project, "explain", *TRAPS, "--predict-only", "-o", "out")

    assert predicted.returncode == 0, predicted.stderr
    assert "16 of 24 photos are cut to the box that md.json has of them" in predicted.stderr
    assert "8 have none and are used whole" in predicted.stderr
    assert "Of several boxes the most confident one is used: 16 of them." in predicted.stderr
    # by cropped colour two foxes are wrong; 22 of 24 by Wilson's formula
    assert "Accuracy 91.7 % (22 of 24; 95 % interval 74.2 % to 97.7 %)" in predicted.stderr
    assert "Most often: 2 fox taken for lynx" in predicted.stderr
    with (project / "out" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = [Path(row["path"]).relative_to(project / "traps").as_posix() for row in rows if row["correct"] == "no"]
    assert wrong == ["north/fox/IMG_0001.JPG", "north/fox/IMG_0004.JPG"]

    explained = ig(project, "explain", *TRAPS, "--only", "wrong", "--steps", "4", "--report", "-o", "out")

    assert explained.returncode == 0, explained.stderr
    assert "0 predicted, 0 failed, 24 skipped" in explained.stderr
    records = lines(project / "out" / "index.jsonl")
    assert [record["truth"]["label"] for record in records] == ["fox", "fox"]
    assert all(record["image"]["crop"]["confidence"] == 0.9 for record in records)
    page = (project / "out" / "report.html").read_text()
    assert "IMG_0001.JPG" in page
    assert re.search(r'"truth":\{"label":"fox","correct":false\}', page)

    means = ig(project, "explain", *TRAPS, "--subset", "6", "--steps", "4", "--mean-map", "-o", "means")

    assert means.returncode == 0, means.stderr
    assert "as many of each of 3 classes as there are" in means.stderr
    assert (project / "means" / "mean.integrated.npz").exists()
    assert len(lines(project / "means" / "index.jsonl")) == 6


def test_without_the_boxes_the_animals_are_too_small_to_be_seen(project):
    arguments = [each for each in TRAPS if each not in ("--crops", "md.json")]
    result = ig(project, "explain", *arguments, "--predict-only", "-o", "whole")
    account = json.loads((project / "whole" / "run.predictions.json").read_text())
    assert result.returncode == 0, result.stderr
    assert account["accuracy"]["correct"] == 8  # the empty ones
