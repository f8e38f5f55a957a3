"""``ig animate`` as its users meet it."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

import igcli
from igcli.images.options import View
from igcli.models.caltech101 import CAVEAT

SIDE = 224


def frames_of(path):
    with Image.open(path) as film:
        return [
            (np.asarray(frame.convert("RGB"), float), frame.info["duration"]) for frame in ImageSequence.Iterator(film)
        ]


def seen_by_model(path):
    return np.asarray(igcli.read_image(path, view=View(size=SIDE, resize=SIDE)).image(), float)


def test_writes_an_animation_and_a_record_and_says_where_the_score_saturates(shell, motorcycle, bundled, read_json):
    result = shell("animate", motorcycle, "--frames", "4", "--side-by-side", *bundled)
    assert result.exit_code == 0, result.output
    frames = frames_of("out/motorcycle.interior.gif")
    assert [duration for _, duration in frames] == [100, 100, 100, 1600]
    photo = seen_by_model(motorcycle)
    pictures = []
    for image, _ in frames:
        left, right = image[:SIDE, :SIDE], image[:SIDE, -SIDE:]
        assert abs(left - photo).mean() < 8  # 256 colours
        assert (right < photo + 60).mean() > 0.99  # lit: no pixel brighter than the photo's own
        assert 0.5 < right.mean() < photo.mean() / 2
        pictures.append(right)
    assert all(abs(a - b).mean() > 1 for a, b in pairwise(pictures))
    record = read_json(motorcycle.parents[1] / "out" / "motorcycle.interior.json")
    assert record["schema"] == "igcli/1"
    assert record["files"] == {"interior.gif": "motorcycle.interior.gif"}
    assert record["path"]["alphas"] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert record["animation"]["normalize"] == "frame"
    assert record["animation"]["durations_ms"] == [100, 100, 100, 1600]
    star = record["saturation"]["alpha_star"]
    label, probability = record["target"]["label"], record["target"]["probability"]
    line = f"motorcycle.jpg  {label} {probability:.1%}".replace("%", " %")
    assert result.stdout == f"{line}  4 frames  α* {star:.2f}  -> out/motorcycle.interior.gif\n"
    assert result.stderr.splitlines() == [CAVEAT]


def test_scores_and_importance_are_those_computed_one_alpha_at_a_time(shell, motorcycle, bundled, read_json):
    assert shell("animate", motorcycle, "--alphas", "1,0.3", *bundled).exit_code == 0
    record = read_json(motorcycle.parents[1] / "out" / "motorcycle.interior.json")
    model = igcli.load_model("caltech101", device="cpu")
    photo = igcli.read_image(motorcycle, view=model.view)
    assert record["path"]["alphas"] == [0.3, 1.0]
    for alpha, score, importance in zip(
        *(record["path"][key] for key in ("alphas", "scores", "mean_importance")), strict=True
    ):
        point = (alpha * photo.pixels[None]).requires_grad_()
        probability = model(point).softmax(dim=1)[0, record["target"]["index"]]
        (gradient,) = torch.autograd.grad(probability, point)
        assert score == pytest.approx(probability.item(), rel=1e-3)
        assert importance == pytest.approx(gradient.abs().sum(dim=1).mean().item(), rel=1e-3)


@pytest.mark.parametrize(("ending", "kind"), [("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG")])
def test_the_ending_of_the_file_says_the_format(shell, motorcycle, bundled, ending, kind, tmp_path):
    result = shell("animate", motorcycle, "--frames", "3", "-o", f"films/bike.{ending}", *bundled)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "films").iterdir()) == sorted([f"bike.{ending}", "bike.json"])
    with Image.open(tmp_path / "films" / f"bike.{ending}") as film:
        assert (film.format, film.n_frames, film.info["loop"]) == (kind, 3, 0)
    again = shell("animate", motorcycle, "--frames", "3", "--format", ending, "-o", "folder", *bundled)
    assert again.stdout.endswith(f"-> folder/motorcycle.interior.{ending}\n")


def test_a_folder_of_frames_is_one_film_and_other_files_stay(shell, motorcycle, bundled, tmp_path):
    folder = tmp_path / "out" / "motorcycle.interior"
    assert shell("animate", motorcycle, "--format", "frames", "--alphas", "0.3,0.7", *bundled).exit_code == 0
    (folder / "notes.txt").write_text("mine")
    result = shell("animate", motorcycle, "--format", "frames", "--alphas", "0,0.5,1", *bundled)
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["0_alpha_0.00.png", "1_alpha_0.50.png", "2_alpha_1.00.png", "notes.txt"]
    record = json.loads((tmp_path / "out" / "motorcycle.interior.json").read_text())
    assert record["files"] == {"interior": "motorcycle.interior"}


def test_the_sheet_shows_the_papers_alphas_next_to_the_photo(shell, motorcycle, bundled, tmp_path, read_json):
    result = shell("animate", motorcycle, "--frames", "2", "--sheet", *bundled)
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "out" / "motorcycle.sheet.png") as image:
        assert image.width > 6 * SIDE
        fields = json.loads(image.text["igcli"])
        tile = np.asarray(image.convert("RGB"), float)[102 : 102 + SIDE, 24 : 24 + SIDE]
    assert fields["alphas"] == [0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert abs(tile - seen_by_model(motorcycle)).max() == 0
    record = read_json(tmp_path / "out" / "motorcycle.interior.json")
    assert len(record["path"]["alphas"]) == 11  # one sweep: 1.0 belongs to both


def test_size_goes_up_to_the_photos_own_and_no_further(shell, motorcycle, bundled, tmp_path):
    with Image.open(motorcycle) as photo:
        photo.resize((480, 330)).save(motorcycle)
    Image.new("RGB", (280, 280), "red").save(motorcycle.parent / "small.png")
    result = shell("animate", motorcycle.parent, "--frames", "2", "--size", "300", "--normalize", "path", *bundled)
    assert result.exit_code == 1
    assert "small.png: A size of 300 is more than this photo has: use 280 or less." in result.stderr
    assert "1 animated, 1 failed" in result.stderr
    assert frames_of("out/motorcycle.interior.gif")[0][0].shape[1] == 300
    assert len((tmp_path / "out" / "index.interior.jsonl").read_text().splitlines()) == 1


def test_one_bad_file_does_not_stop_the_others(shell, motorcycle, bundled):
    (motorcycle.parent / "bad.jpg").write_bytes(b"not a picture")
    result = shell("animate", motorcycle.parent, "missing.png", "--frames", "2", "--json", *bundled)
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [("error" in line) for line in lines] == [True, True, False]
    assert lines[-1]["animation"]["frames"] == 2


def test_every_class_has_an_animation(shell, motorcycle, bundled, tmp_path):
    result = shell("animate", motorcycle, "--frames", "2", "-t", "Faces", "-t", "Motorbikes", *bundled)
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").glob("*.gif")} == {
        "motorcycle.faces.interior.gif",
        "motorcycle.motorbikes.interior.gif",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frames", "3", "--alphas", "0,1"], "leave one of them out"),
        (["--alphas", "0,1.5"], "numbers from 0 to 1"),
        (["--alphas", "nan"], "numbers from 0 to 1"),
        (["--alphas", "0.5,0.5"], "at least 2 different points"),
        (["--style", "signed"], "needs a sign"),
        (["--size", "100"], "legible"),
        (["-o", "x.gif", "--format", "webp"], "leave one of them out"),
        (["-o", "x.gif", "second.jpg"], "name a folder"),
        (["--fps", "60"], "--fps"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_ends_with_2(shell, motorcycle, tmp_path, arguments, words):
    (tmp_path / "second.jpg").write_bytes(motorcycle.read_bytes())
    result = shell("animate", motorcycle, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_constant_score_and_a_black_picture_are_drawn_and_said(shell, flat_network, black, tmp_path, read_json):
    result = shell("animate", black, "--frames", "3", "--sheet")
    assert result.exit_code == 0, result.output
    assert "the score does not move" in result.stdout
    assert "the gradient is zero everywhere" in result.stderr
    record = read_json(tmp_path / "out" / "black.interior.json")
    assert record["saturation"]["alpha_star"] is None
    assert record["path"]["mean_importance"] == [0.0] * len(record["path"]["alphas"])
    frames = frames_of("out/black.interior.gif")
    assert len(frames) == 3
    assert all(image[:200].max() == 0 for image, _ in frames)


@pytest.mark.parametrize("name", ["film.mp4", "film.apng", "film.jpg"])
def test_a_file_that_is_not_written_is_no_folder(shell, motorcycle, bundled, tmp_path, name):
    result = shell("animate", motorcycle, "--frames", "2", "-o", name, *bundled)
    assert result.exit_code == 2
    assert "end it in .gif, .webp, .png, or name a folder" in result.stderr
    assert not (tmp_path / name).exists()
