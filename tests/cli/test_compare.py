"""``ig compare`` as its users meet it, on the bundled network."""

import json

import numpy as np
import pytest
from PIL import Image
from toys import count_gradients

from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted

FEW = ("--steps", "3")


def test_a_row_a_class_and_a_column_a_method(shell, motorcycle, bundled, read_json, tmp_path):
    methods = ("-m", "gradient", "-m", "integrated")
    done = shell("compare", motorcycle, "--target", "Motorbikes", "-t", "cannon", *methods, *bundled, *FEW)
    assert done.exit_code == 0, done.output
    record = read_json(tmp_path / "out" / "motorcycle.compare.json")
    assert [each["target"]["label"] for each in record["targets"]] == ["Motorbikes", "cannon"]
    assert [result["method"] for result in record["targets"][0]["results"]] == ["gradient", "integrated"]
    assert {result["gradient_evaluations"] for each in record["targets"] for result in each["results"]} == {4}
    pairs = [(each["between"], each["of"]) for each in record["similarities"]]
    assert pairs == [
        ("classes", "gradient"),
        ("classes", "integrated"),
        ("methods", "Motorbikes"),
        ("methods", "cannon"),
    ]
    assert all(-1 <= each["similarity"]["spearman"] <= 1 for each in record["similarities"])
    with Image.open(tmp_path / "out" / "motorcycle.compare.png") as sheet:
        assert sheet.width > 3 * 224
        assert sheet.height > 2 * 224
        lit = np.asarray(sheet)[86:310, 490:714].sum(axis=2)  # the first map
        assert lit.max() > 300 > lit.mean()
    assert "spearman" in done.output
    assert "most important fifth of 14 x 14 places" in done.output


def test_json_is_the_record(shell, motorcycle, bundled, read_json, tmp_path):
    done = shell("compare", motorcycle, "-t", "top-2", "--json", *bundled, *FEW)
    assert json.loads(done.stdout) == read_json(tmp_path / "out" / "motorcycle.compare.json")


def test_one_map_is_nothing_to_compare(shell, motorcycle, bundled):
    done = shell("compare", motorcycle, *bundled, *FEW)
    assert done.exit_code == 2
    assert "second --target" in done.output


def test_a_folder_of_photos_is_refused(shell, motorcycle, bundled):
    (motorcycle.parent / "again.jpg").write_bytes(motorcycle.read_bytes())
    done = shell("compare", motorcycle.parent, "-t", "top-2", *bundled)
    assert done.exit_code == 2
    assert "one photo, not 2" in done.output


def test_a_missing_photo_is_a_sentence(shell, bundled):
    done = shell("compare", "missing.jpg", "-t", "top-2", *bundled)
    assert done.exit_code == 1
    assert "missing.jpg" in done.output


@pytest.mark.parametrize("steps", [5, 16])
def test_two_targets_by_three_path_methods_need_no_more_than_2n_and_2_gradients(small, picture, steps):
    counted = count_gradients(small)
    methods = ("integrated", "left-integrated", "right-integrated")
    explain(small, [picture], Wanted(methods, ("top-2",), Settings(steps=steps)))
    assert sum(counted) <= 2 * steps + 2
