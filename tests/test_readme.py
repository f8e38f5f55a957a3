"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torchvision.models import GoogLeNet_Weights, resnet18
from toys import classifier, small_network

from igcli.cli.main import ig
from igcli.models.labels import Labels

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("ig ")]


def test_nothing_is_left_to_fill_in():
    assert not re.search(r"@@|TODO|FIXME|XXX", README.read_text(encoding="utf-8"))


@pytest.fixture
def a_persons_folder(tmp_path, monkeypatch, samples):
    """The files that the commands name, and ImageNet's labels on a network of a few parameters."""
    (tmp_path / "photos" / "tabby").mkdir(parents=True)
    for name in ("photo.jpg", "cat.jpg", "photos/one.jpg", "photos/two.jpg", "photos/tabby/three.jpg"):
        shutil.copy(samples / "chelsea.jpg", tmp_path / name)
    shutil.copytree(tmp_path / "photos" / "tabby", tmp_path / "traps" / "tabby")
    shutil.copytree(tmp_path / "photos" / "tabby", tmp_path / "study")
    box = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.1, 0.5, 0.5]}
    found = {"images": [{"file": "tabby/three.jpg", "detections": [box]}], "detection_categories": {"1": "animal"}}
    (tmp_path / "megadetector.json").write_text(json.dumps(found))
    (tmp_path / "reviews.csv").write_text("review\nwe must do more than that\n")
    (tmp_path / "list.csv").write_text("path,target,taken\nphoto.jpg,tabby,1912\n")
    (tmp_path / "boxes.csv").write_text("path,xmin,ymin,xmax,ymax\none.jpg,100,50,300,250\ntwo.jpg,100,50,300,250\n")
    with tarfile.open(tmp_path / "shard-0001.tar", "w") as shard:
        shard.add(samples / "chelsea.jpg", "0001.jpg")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(samples / "chelsea.jpg", "chelsea.jpg")
    labels = Labels(GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"])
    for name in ("cat", "dog"):
        (tmp_path / "photos" / "train" / name).mkdir(parents=True)
    (tmp_path / "mymodel.toml").write_text('model = "resnet18"\n')
    model = classifier(small_network(classes=len(labels)), classes=len(labels), size=64)
    model.labels = labels
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", commands())
@pytest.mark.usefixtures("a_persons_folder")
def test_a_command_runs_as_it_is_written(command):
    if "describe" in command:  # a checkpoint of two classes is what it asks for, and 45 MB
        torch.save(resnet18(num_classes=2).state_dict(), "best.pth")
    result = CliRunner().invoke(ig, shlex.split(command, comments=True)[1:])
    assert result.exit_code == 0, result.output


def test_the_python_examples_run_as_they_are_written(tmp_path, monkeypatch, root, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_images").symlink_to(root / "sample_images")
    names = {"network": small_network(classes=2)}
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), names)
    assert capsys.readouterr().out.startswith("Motorbikes 0.0")
    assert (tmp_path / "motorcycle.png").stat().st_size > 10_000
    own = names["model"]  # the last example's
    photo = names["igcli"].read_image("sample_images/motorcycle.jpg", view=own.view)
    assert names["igcli"].attribute(own, photo, steps=4).target.label in ("cat", "dog")


def test_every_picture_and_page_that_the_readme_links_to_is_there(root):
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (root / link).exists()]
    assert links
    assert not missing
