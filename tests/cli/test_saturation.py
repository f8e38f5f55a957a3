"""``ig saturation`` as its users meet it."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

import igcli


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(motorcycle, samples):
    (motorcycle.parent / "rocket.jpg").write_bytes((samples / "rocket.jpg").read_bytes())
    return motorcycle.parent


def test_the_plot_of_one_photo_names_its_class(shell, motorcycle, bundled, tmp_path):
    result = shell("saturation", motorcycle, "--points", "2", "--format", "svg", *bundled)
    label = result.stdout.split("  ")[1].rpartition(" ")[0].rpartition(" ")[0]
    drawn = (tmp_path / "out" / "saturation.svg").read_text(encoding="utf-8")
    assert f"motorcycle.jpg, {label}" in drawn


def test_several_photos_make_one_plot_a_table_and_a_record(shell, folder, bundled, tmp_path, read_json):
    result = shell("saturation", folder, "--points", "4", *bundled)
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {"saturation.png", "saturation.csv", "saturation.json"}
    record = read_json(out / "saturation.json")
    assert [photo["image"]["path"] for photo in record["photos"]] == [
        str(folder / "motorcycle.jpg"),
        str(folder / "rocket.jpg"),
    ]
    stars = [photo["saturation"]["alpha_star"] for photo in record["photos"]]
    assert record["saturation"]["alpha_star"]["median"] == pytest.approx(np.median(stars))
    assert record["saturation"]["share_before_half"] == np.mean([star < 0.5 for star in stars])
    first, second, summary = result.stdout.splitlines()
    assert first.startswith("motorcycle.jpg  ")
    assert first.endswith(f"  α* {stars[0]:.2f}")
    assert second.startswith("rocket.jpg  ")
    assert summary.startswith(f"2 photos, median α* {np.median(stars):.2f}, ")
    assert summary.endswith("before 0.5  -> out/saturation.png")
    with Image.open(out / "saturation.png") as plot:
        assert plot.width > 800
        assert np.asarray(plot.convert("L")).std() > 10


def test_one_photo_has_its_own_alpha_star(shell, motorcycle, bundled):
    line, summary = shell("saturation", motorcycle, "--points", "3", *bundled).stdout.splitlines()
    assert summary.startswith(f"1 photo, {line.rpartition('  ')[2]}  -> ")


def test_the_tables_numbers_are_those_of_plain_forward_passes(shell, motorcycle, bundled, tmp_path):
    arguments = ["--points", "3", "--layers", "inception3b,inception5*b"]
    result = shell("saturation", motorcycle, *arguments, *bundled)
    assert result.exit_code == 0, result.output
    model = igcli.load_model("caltech101", device="cpu")
    photo = igcli.read_image(motorcycle, view=model.view)
    seen = {}
    for name in ("inception3b", "inception5b"):
        module = model.network.get_submodule(name)
        module.register_forward_hook(lambda _m, _i, output, name=name: seen.__setitem__(name, output.flatten()))
    with torch.no_grad():
        top = model(photo.pixels[None]).argmax().item()
        at_photo = dict(seen)
        rows = table(tmp_path / "out" / "saturation.csv")
        layer_rows = table(tmp_path / "out" / "layers.csv")
        assert [float(row["alpha"]) for row in rows] == [0, 0.5, 1]
        for row in rows:
            logits = model(float(row["alpha"]) * photo.pixels[None])[0]
            assert float(row["softmax"]) == pytest.approx(logits.softmax(dim=0)[top].item(), rel=1e-3)
            assert float(row["logit"]) == pytest.approx(logits[top].item(), abs=1e-3)
            assert float(row["mean_importance"]) > 0
            for layer in (r for r in layer_rows if r["alpha"] == row["alpha"]):
                here, there = seen[layer["layer"]], at_photo[layer["layer"]]
                assert float(layer["l2"]) == pytest.approx((here - there).norm().item(), rel=1e-3, abs=1e-3)
                cosine = 1 - torch.cosine_similarity(here, there, dim=0).item()
                assert float(layer["cosine"]) == pytest.approx(cosine, abs=1e-4)
    assert {row["layer"] for row in layer_rows} == {"inception3b", "inception5b"}


def test_layers_alone_are_the_papers_four(shell, folder, bundled, tmp_path, read_json):
    result = shell("saturation", folder, "--points", "3", *bundled, "--layers")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("-> out/saturation.png, out/layers.png\n")
    record = read_json(tmp_path / "out" / "layers.json")
    names = [entry["layer"] for entry in record["layers"]]
    assert names == ["inception3b", "inception4b", "inception4d", "inception5b"]
    rows = [
        row for row in table(tmp_path / "out" / "layers.csv") if row["layer"] == "inception4d" and row["alpha"] == "0.5"
    ]
    middle = np.median([float(row["cosine"]) for row in rows])
    assert record["layers"][2]["median_cosine"][1] == pytest.approx(middle)
    with Image.open(tmp_path / "out" / "layers.png") as plot:
        assert np.asarray(plot.convert("L")).std() > 10


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_the_ending_of_the_file_says_the_format_and_the_name(shell, flat_network, folder, tmp_path, ending, begins):
    result = shell("saturation", folder, "--points", "3", "-o", f"plots/fig2.{ending}")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {f"fig2.{ending}", "fig2.csv", "fig2.json"}
    assert (tmp_path / "plots" / f"fig2.{ending}").read_bytes().startswith(begins)
    assert shell("saturation", folder, "--points", "3", "--format", ending).exit_code == 0
    assert (tmp_path / "out" / f"saturation.{ending}").read_bytes().startswith(begins)


def test_a_score_that_does_not_move_has_no_alpha_star(shell, flat_network, black, tmp_path, read_json):
    result = shell("saturation", black, "--layers")
    assert result.exit_code == 2
    assert "no layers to measure" in result.stderr
    result = shell("saturation", black, "--points", "3")
    assert result.exit_code == 0, result.output
    assert "the score does not move" in result.stdout
    assert "1 photo, 1 with a score that does not move" in result.stdout
    record = read_json(tmp_path / "out" / "saturation.json")
    assert record["photos"][0]["saturation"]["alpha_star"] is None
    assert record["saturation"]["alpha_star"] == {"lower_quartile": None, "median": None, "upper_quartile": None}
    numbers = [float(value) for row in table(tmp_path / "out" / "saturation.csv") for value in list(row.values())[2:]]
    assert np.isfinite(numbers).all()


def test_a_black_picture_has_defined_layer_distances(shell, black, bundled, tmp_path, read_json):
    result = shell("saturation", black, "--points", "3", *bundled, "--layers")
    assert result.exit_code == 0, result.output
    entries = read_json(tmp_path / "out" / "layers.json")["layers"]
    assert all(entry["median_cosine"] == pytest.approx([0.0] * 3, abs=1e-6) for entry in entries)
    assert all(entry["settles_at"] == 0.0 for entry in entries)


def test_photos_that_cannot_be_read_are_named_and_counted(shell, flat_network, folder, tmp_path, read_json):
    (folder / "bad.jpg").write_bytes(b"not a picture")
    result = shell("saturation", folder, "--points", "3", "--json")
    assert result.exit_code == 1
    assert "bad.jpg" in result.stderr
    *photos, summary = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["error" in photo for photo in photos] == [True, False, False]
    assert (summary["count"], summary["failed"]) == (2, 1)
    assert read_json(tmp_path / "out" / "saturation.json")["failed"] == 1


def test_nothing_is_written_where_no_photo_could_be_read(shell, flat_network, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"")
    assert shell("saturation", "bad.jpg").exit_code == 1
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layers", "in/motorcycle.jpg"], "write the photos before --layers"),
        (["in/motorcycle.jpg", "--layers", "inception9z"], "Did you mean"),
        (["in/motorcycle.jpg", "--points", "1"], "--points"),
        (["in/motorcycle.jpg", "-o", "a.svg", "--format", "pdf"], "leave one of them out"),
        (["in/motorcycle.jpg", "--target", "nonsense"], "No class is called"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_ends_with_2(shell, motorcycle, bundled, arguments, words):
    result = shell("saturation", *bundled, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
