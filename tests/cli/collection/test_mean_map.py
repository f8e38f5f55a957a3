"""The mean map of each class over a collection."""

import io
import json
import zlib
from base64 import b64encode

import matplotlib
import numpy as np
import pytest
from cli.collection.folders import lines
from PIL import Image


@pytest.fixture
def noise(tmp_path):
    """Nine photos of noise of different brightness."""
    folder = tmp_path / "noise"
    folder.mkdir()
    random = np.random.default_rng(11)
    for number in range(9):
        pixels = random.integers(0, 256, (12, 12, 3)) * random.random(3)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def loaded(path):
    with np.load(path) as arrays:
        return dict(arrays)


def shares(out, record, method="integrated"):
    """Importance and signed sum of the photo's exact map, by the sum of its importance."""
    values = loaded(out / record["files"][f"{method}.npz"])["attribution"].astype(np.float64)
    importance = np.abs(values).sum(axis=0)
    return importance / importance.sum(), values.sum(axis=0) / importance.sum()


def test_means_are_those_of_the_photos_shares_by_class_and_over_all(run, noise, tmp_path):
    result = run(noise, "--mean-map", "--save-arrays", "-m", "integrated", "-m", "gradient", "--style", "signed")

    assert result.exit_code == 0, result.stderr
    out = tmp_path / "out"
    records = lines(out / "index.jsonl")
    classes = {record["target"]["label"] for record in records}
    assert len(classes) > 1
    for method in ("integrated", "gradient"):
        for name in (*classes, None):
            chosen = [record for record in records if name in (None, record["target"]["label"])]
            stem = f"mean.{name.replace(' ', '_')}" if name else "mean"
            found = loaded(out / f"{stem}.{method}.npz")
            importance, signed = np.mean([shares(out, record, method) for record in chosen], axis=0)
            assert found["photos"] == len(chosen)
            # kept in 127 steps
            assert found["importance"] == pytest.approx(importance, abs=0.02 * importance.max())
            assert found["signed"] == pytest.approx(signed, abs=0.02 * importance.max())
            assert found["importance"].sum() == pytest.approx(1)
            photos = [np.asarray(Image.open(record["image"]["absolute"]), float) for record in chosen]
            assert np.abs(found["photo"] - np.mean(photos, axis=0)).mean() < 6  # kept as JPEG
            with Image.open(out / f"{stem}.{method}.png") as drawn:
                assert drawn.size == (12, 12)
                assert json.loads(drawn.text["igcli"])["mean_over"] == len(chosen)
    assert f"mean over 9 photos, all classes, integrated  -> {out.name}/mean.integrated.png" in result.stderr


def test_bright_is_where_the_mean_is_large(run, noise, tmp_path):
    run(noise, "--mean-map", "--style", "map", "--percentile", "100")
    found = loaded(tmp_path / "out" / "mean.integrated.npz")["importance"]
    drawn = np.asarray(Image.open(tmp_path / "out" / "mean.integrated.png").convert("L"), float)
    brightest, darkest = np.unravel_index(found.argmax(), found.shape), np.unravel_index(found.argmin(), found.shape)
    assert drawn[brightest] == drawn.max()
    assert drawn[darkest] == drawn.min()


def test_means_are_drawn_in_the_colour_map_that_was_chosen(run, noise, tmp_path):
    result = run(noise, "--mean-map", "--style", "heat", "--cmap", "viridis", "--percentile", "100")
    assert result.exit_code == 0, result.stderr
    found = loaded(tmp_path / "out" / "mean.integrated.npz")["importance"]
    brightest = np.asarray(Image.open(tmp_path / "out" / "mean.integrated.png"), float)[found == found.max()][0]
    end = 255 * np.array(matplotlib.colormaps["viridis"](1.0)[:3])
    assert np.abs(brightest - 0.95 * end).max() < 10  # the rest is the grey photo


def test_an_interrupted_run_loses_nothing_and_a_lost_map_is_made_again(run, noise, tmp_path):
    run(noise, "--mean-map")
    out = tmp_path / "out"
    before = {path.name: path.read_bytes() for path in out.glob("mean.*.png")}
    for path in out.glob("mean.*"):
        path.unlink()
    (out / ".igcli" / "maps" / "3.json").unlink()

    again = run(noise, "--mean-map")

    assert "1 explained, 0 failed, 8 skipped" in again.stderr
    assert {path.name: path.read_bytes() for path in out.glob("mean.*.png")} == before
    assert "9 skipped" in run(noise, "--mean-map").stderr  # nor are the means photos of the collection


@pytest.mark.parametrize("text", ["", "{", "{}", '{"width": 12, "height": 12, "photo": "x", "maps": {"a": {}}}', "[3]"])
def test_a_damaged_map_is_said_with_the_remedy(run, noise, tmp_path, text):
    run(noise, "--mean-map")
    (tmp_path / "out" / ".igcli" / "maps" / "3.json").write_text(text or " ")
    result = run(noise, "--mean-map")
    assert result.exit_code == 1
    assert ".igcli/maps/3.json cannot be read: remove it, and run again" in result.stderr


def test_a_class_whose_kept_maps_have_another_size_is_said(run, noise, tmp_path):
    run(noise, "--mean-map")
    out = tmp_path / "out"
    records = lines(out / "index.jsonl")
    index = records[0]["target"]["index"]
    of_one_class = [record for record in records if record["target"]["index"] == index]
    assert 0 < len(of_one_class) < len(records)
    jpeg = io.BytesIO()
    Image.new("RGB", (6, 6)).save(jpeg, "JPEG")
    levels = np.ones((2, 6, 6), "<i2").tobytes()
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = packer.compress(levels) + packer.flush()
    plain = {"width": 6, "height": 6, "photo": b64encode(jpeg.getvalue()).decode(), "maps": {}}
    plain["maps"]["integrated"] = {"data": b64encode(data).decode(), "top": 1.0}
    for record in of_one_class:
        (out / record["files"]["map"]).write_text(json.dumps(plain))
    result = run(noise, "--mean-map")
    assert result.exit_code == 1
    assert "have another size" in result.stderr


def test_a_photo_called_mean_keeps_out_of_the_way(run, noise, tmp_path):
    (noise / "3.png").rename(noise / "mean.png")
    (noise / "4.png").rename(noise / "mean.integrated.png")
    result = run(noise, "--mean-map")
    assert result.exit_code == 0, result.stderr
    assert loaded(tmp_path / "out" / "mean.integrated.npz")["photos"] == 9
    assert len({file for record in lines(tmp_path / "out" / "index.jsonl") for file in record["files"].values()}) == 18


def test_one_photo_has_no_mean(run, noise):
    result = run(noise / "3.png", "--mean-map")
    assert result.exit_code == 2
    assert "--mean-map is over many photos: name a folder or a list, or leave it out." in result.stderr


def test_a_folder_that_was_made_without_it_is_another_setting(run, noise):
    run(noise)
    assert "(mean_map None there, True now)" in run(noise, "--mean-map").stderr
