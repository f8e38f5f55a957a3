"""``ig explain`` as its users meet it, on the bundled network."""

import errno
import json
import os

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch import nn
from toys import classifier

from igcli.cli.main import ig
from igcli.models.caltech101 import CAVEAT

FEW = ["--model", "caltech101", "--steps", "2"]


@pytest.fixture
def photo(samples, tmp_path):
    path = tmp_path / "in" / "photo.jpg"
    path.parent.mkdir()
    path.write_bytes((samples / "motorcycle.jpg").read_bytes())
    return path


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, **more):
        return CliRunner().invoke(ig, ["explain", *map(str, arguments), *FEW], **more)

    return invoke


def written(tmp_path):
    return sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
    )


def test_writes_an_overlay_and_a_record_and_says_what_was_seen(run, photo, tmp_path):
    result = run(photo)
    assert result.exit_code == 0
    assert written(tmp_path) == ["photo.integrated.png", "photo.json"]
    record = json.loads((tmp_path / "out" / "photo.json").read_text())
    label, probability = record["target"]["label"], record["target"]["probability"]
    assert result.stdout.startswith(f"photo.jpg  {label} {probability:.1%}".replace("%", " %") + "  integrated  gap ")
    assert result.stdout.endswith("-> out/photo.integrated.png\n")
    assert result.stderr.splitlines() == [CAVEAT]


def test_the_line_of_ig2_says_which_classes_its_paths_reach(run, photo, samples, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "cup.jpg").write_bytes((samples / "coffee.jpg").read_bytes())
    result = run(photo, "--method", "ig2", "--references", "others")
    (end,) = json.loads((tmp_path / "out" / "photo.json").read_text())["results"][0]["path_ends"]
    reached, probability = end["reached"]["label"], end["reached"]["probability"]
    assert f"  reached {reached} {probability:.1%}".replace("%", " %") + " (cup.jpg)  -> " in result.stdout
    assert " between sum and rise from the path's end (over 1 %: try a smaller --ig2-step and more" in result.stdout


def test_the_line_says_what_is_explained_where_it_is_not_the_probability(run, photo):
    assert "  integrated of the margin over chair  " in run(photo, "--score", "margin", "--against", "chair").stdout
    assert "  integrated of the logit  " in run(photo, "--score", "logit").stdout


def test_the_overlay_is_the_photo_lit_where_the_map_is_large(run, photo, tmp_path):
    run(photo, "--save-arrays")
    with np.load(tmp_path / "out" / "photo.integrated.npz") as file:
        arrays = dict(file)
    assert set(arrays) == {"attribution", "pixels", "alphas", "weights", "scores", "mean_importance"}
    assert arrays["attribution"].shape == arrays["pixels"].shape == (3, 224, 224)
    assert arrays["attribution"].dtype == np.float32
    with Image.open(tmp_path / "out" / "photo.integrated.png") as overlay:
        lit = np.asarray(overlay).astype(float).transpose(2, 0, 1)
    importance = np.abs(arrays["attribution"]).sum(0)
    strength = np.clip(importance / np.percentile(importance, 99), 0, 1)
    np.testing.assert_allclose(lit, arrays["pixels"] * 255 * strength, atol=1.01)


def test_the_png_carries_the_records_key_fields(run, photo, tmp_path):
    run(photo)
    with Image.open(tmp_path / "out" / "photo.integrated.png") as overlay:
        fields = json.loads(overlay.text["igcli"])
    record = json.loads((tmp_path / "out" / "photo.json").read_text())
    assert fields["target"] == record["target"]["label"]
    assert fields["weights_sha256"] == record["model"]["sha256"]
    assert fields["method"] == "integrated"


def test_methods_and_classes_get_a_picture_each(run, photo, tmp_path):
    result = run(
        photo, "-m", "gradient", "-m", "integrated", "-t", "wild_cat", "-t", "Motorbikes", "--panel", "--full-size"
    )
    assert result.exit_code == 0
    stems = ["photo.motorbikes", "photo.wild_cat"]
    suffixes = ["gradient.full.png", "gradient.png", "integrated.full.png", "integrated.png", "json", "panel.png"]
    assert written(tmp_path) == sorted([f"{stem}.{suffix}" for stem in stems for suffix in suffixes])
    assert len(result.stdout.splitlines()) == 4
    with Image.open(tmp_path / "out" / "photo.wild_cat.gradient.full.png") as whole, Image.open(photo) as original:
        assert whole.size == original.size


def test_json_prints_one_record_a_line_and_the_same_record_is_on_the_disk(run, photo, tmp_path):
    result = run(photo, "--json", "-t", "top-2")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == 2
    slug = records[0]["target"]["label"].lower().replace(" ", "_")
    assert json.loads((tmp_path / "out" / f"photo.{slug}.json").read_text()) == records[0]


def test_one_bad_file_does_not_stop_the_others(run, photo, tmp_path):
    (photo.parent / "empty.jpg").write_bytes(b"")
    (photo.parent / "text.png").write_text("not an image")
    (photo.parent / "cut.jpg").write_bytes(photo.read_bytes()[:5000])
    result = run(photo.parent, "missing.jpg")
    assert result.exit_code == 1
    assert result.stdout.count("->") == 1
    assert result.stderr.count("failed:") == 4
    assert "1 explained, 4 failed" in result.stderr
    for words in ("empty.jpg is empty", "text.png", "--allow-truncated", "missing.jpg does not exist"):
        assert words in result.stderr
    (line,) = (tmp_path / "out" / "index.jsonl").read_text().splitlines()
    assert json.loads(line)["image"]["path"].endswith("photo.jpg")


def test_a_failure_is_data_too_with_json(run, tmp_path):
    result = run("missing.jpg", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"].startswith("missing.jpg does not exist")


def test_a_folder_without_images_is_said(run, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run("empty")
    assert result.exit_code == 1
    assert "empty/ has no images" in result.stderr


def test_too_many_pixels_are_refused_with_the_option_named(run, photo):
    result = run(photo, "--max-pixels", "1000")
    assert result.exit_code == 1
    assert "--max-pixels" in result.stderr


def test_folders_are_mirrored_and_equal_stems_do_not_collide(run, photo, tmp_path):
    sub = photo.parent / "sub"
    sub.mkdir()
    (sub / "photo.jpg").write_bytes(photo.read_bytes())
    Image.open(photo).save(photo.parent / "photo.png")
    assert run(photo.parent, "--recursive").exit_code == 0
    overlays = [name for name in written(tmp_path) if name.endswith("integrated.png")]
    assert overlays == ["photo.jpg.integrated.png", "photo.png.integrated.png", "sub/photo.integrated.png"]
    assert len((tmp_path / "out" / "index.jsonl").read_text().splitlines()) == 3


def test_paths_come_from_stdin(run, photo, tmp_path):
    result = run("-", input=f"{photo}\n")
    assert result.exit_code == 0
    assert {"photo.json", "index.jsonl"} <= set(written(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-t", "wild catt"], "wild cat"),
        (["-t", "100"], "0 to 99"),
        (["--baseline", "nothing.png"], "neither a file, a folder nor one of"),
        (["--device", "cuda:77"], "cuda"),
        (["--background", "blurple"], "blurple"),
        (["--method", "magic"], "magic"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_ends_with_2(run, photo, tmp_path, arguments, words):
    result = run(photo, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists() or written(tmp_path) == []


def test_an_output_that_cannot_be_written_stops_with_a_sentence(run, photo, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    result = run(photo, "-o", "file/below")
    assert result.exit_code == 1
    assert "a file stands where a folder is needed" in result.stderr

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run(photo)
    assert result.exit_code == 1
    assert "disk is full" in result.stderr
    assert written(tmp_path) == []


def test_a_link_that_leads_out_of_the_output_folder_is_not_followed(run, photo, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    sub = photo.parent / "sub"
    sub.mkdir()
    photo.rename(sub / "photo.jpg")
    result = run(photo.parent, "-r")
    assert result.exit_code == 1
    assert "would lie outside" in result.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


class NotFinite(nn.Module):
    def forward(self, x):
        return torch.full((len(x), 3), torch.nan) * x.mean()


class Flat(nn.Module):
    def forward(self, x):
        return (x * 0).sum(dim=(1, 2, 3))[:, None] + torch.arange(3.0)


class Greedy(nn.Module):
    def forward(self, x):
        raise torch.OutOfMemoryError("CUDA out of memory.")


@pytest.mark.parametrize(
    ("network", "status", "words"),
    [
        (NotFinite(), 1, "not finite at the photo"),
        (Greedy(), 1, "smaller --input-size"),
        (Flat(), 0, "zero everywhere"),
    ],
)
def test_networks_that_misbehave(run, photo, tmp_path, monkeypatch, network, status, words):
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(network, classes=3, size=32))
    result = run(photo)
    assert result.exit_code == status
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    if status:
        assert written(tmp_path) == []
    else:
        with Image.open(tmp_path / "out" / "photo.integrated.png") as overlay:
            assert 0 < np.asarray(overlay).mean() < 100


def test_quiet_says_nothing_but_failures(run, photo):
    result = run(photo, "missing.jpg", "-q")
    assert result.stdout == ""
    assert result.stderr == "failed: missing.jpg does not exist; check the spelling and the folder.\n"


def test_no_network_is_one_message_with_every_way_out(photo, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    result = CliRunner().invoke(ig, ["explain", str(photo), "--model", "googlenet", "--offline"])
    assert result.exit_code == 1
    for words in (
        "googlenet-1378be20.pth",
        "1378be20",
        str(tmp_path / "cache"),
        "HTTPS_PROXY",
        "--weights",
        "caltech101",
    ):
        assert words in result.stderr


def test_pickled_code_in_weights_is_refused_and_not_run(run, photo, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'boom'}",)

    torch.save({"state_dict": Bomb()}, tmp_path / "evil.pt")
    result = run(photo, "--weights", tmp_path / "evil.pt")
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "boom").exists()


def test_names_that_a_terminal_would_obey_are_shown_not_run(run, photo, tmp_path):
    hostile = photo.rename(photo.parent / "a\x1b[31m\nb\u202e.jpg")
    result = run(hostile, "gone\x1b[2J.jpg")
    assert "a\\x1b[31m\\nb\\u202e.jpg  " in result.stdout
    assert "gone\\x1b[2J.jpg" in result.stderr
    assert "\x1b[2J" not in result.stderr
    assert len(result.stdout.splitlines()) == 1
    record = json.loads(run(hostile, "--json").stdout)
    assert record["image"]["path"] == str(hostile)


def test_a_name_that_is_not_text_is_explained_all_the_same(run, photo, tmp_path):
    odd = photo.parent / os.fsdecode(b"\xff\xfe.jpg")
    photo.rename(odd)
    result = run(odd)
    assert result.exit_code == 0, result.stderr
    assert [name for name in written(tmp_path) if name.endswith(".png")] == ["__.integrated.png"]


def test_a_baseline_that_is_the_class_already_is_warned_of(run, photo):
    assert "gives the baseline alone " in run(photo, "--baseline", "blur:1").stderr
    assert "gives the baseline alone " not in run(photo, "--baseline", "white", "-o", "white").stderr


@pytest.fixture
def references(samples, tmp_path):
    """A folder of three photographs, and a file that is none."""
    folder = tmp_path / "references"
    folder.mkdir()
    for name in ("astronaut", "chelsea", "coffee"):
        with Image.open(samples / f"{name}.jpg") as photo:
            photo.resize((64, 64)).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_from_a_folder_of_photographs_it_says_how_far_the_mean_may_be_off(run, photo, tmp_path, references):
    result = run(photo, "--baseline", references, "--panel", "--report", "--save-arrays")
    assert result.exit_code == 0, result.stderr
    assert "  integrated  mean over 2 samples from 2 baselines, gap " in result.stdout
    assert ", standard error of the map " in result.stdout
    assert "broken.png is no baseline" in result.stderr
    (found,) = json.loads((tmp_path / "out" / "photo.json").read_text())["results"]
    assert found["completeness"]["sums_to"] == "mean rise"
    assert found["completeness"]["within_tolerance"] is None
    assert set(found["extras"]) == {"map_error", "baselines", "sum_error"}


def test_another_picture_in_the_folder_makes_other_settings(run, photo, references):
    folder = photo.parent
    (folder / "again.jpg").write_bytes(photo.read_bytes())
    assert run(folder, "--baseline", references).exit_code == 0
    assert " 2 skipped" in run(folder, "--baseline", references).stderr
    (references / "broken.png").write_bytes((references / "coffee.png").read_bytes())
    assert "other settings" in run(folder, "--baseline", references).stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["-m", "left-integrated"], "choose from: integrated, decision"),
        (["--animation"], "a folder as the baseline stands for many"),
        (["--smooth", "2"], "--smooth does not go with a folder"),
    ],
)
def test_what_has_no_mean_over_a_folder_is_refused(run, photo, references, more, words):
    result = run(photo, "--baseline", references, *more)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_folder_without_photographs_is_refused(run, photo, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run(photo, "--baseline", tmp_path / "empty")
    assert result.exit_code == 2
    assert "has no images in it" in result.stderr


def test_a_tolerance_of_the_map_that_is_missed_is_said(photo, tmp_path):
    wanted = ["--model", "caltech101", "--map-tolerance", "0.001", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(ig, ["explain", str(photo), *wanted, "--max-steps", "4"])
    assert result.exit_code == 0, result.output
    assert "map error" in result.output
    assert "(over 0.1 %: after --max-steps 4)" in result.output
    (record,) = json.loads((tmp_path / "out" / "photo.json").read_text())["results"]
    assert record["extras"]["map_within_tolerance"] is False
    assert record["settings"]["map_tolerance"] == 0.001
    refused = CliRunner().invoke(ig, ["explain", str(photo), *wanted, "--steps", "8"])
    assert "--map-tolerance goes with --steps auto" in refused.output
