"""Maps low-passed for what is drawn: the numbers stay those of the map before, and it is said."""

from __future__ import annotations

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.images.lowpass import Lowpass
from igcli.images.source import Found
from igcli.jobs.item import items_of
from igcli.jobs.outputs.lowpassed import captions_of, lowpassed, shown_as
from igcli.jobs.outputs.maps import Drawing, write_maps
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job

METHODS = ("integrated", "gradient")


@pytest.fixture
def written(small, tmp_path):
    """What ``write_maps`` writes of one photo in a folder of its own, by how it is drawn."""
    path = tmp_path / "photo.png"
    Image.radial_gradient("L").convert("RGB").save(path)

    def write(name: str, **how):
        wanted = Wanted(METHODS, settings=Settings(steps=8))
        job = Job.of(small, wanted, output=tmp_path / name)
        drawing = Drawing(save_arrays=True, panel=True, **how)
        write = functools.partial(write_maps, methods=METHODS, drawing=drawing)
        (outcome,) = process(job, items_of([Found(path, path.relative_to(tmp_path))]), write)
        (done,) = outcome.results
        return done.record, {name: np.load(tmp_path / name_of) for name, name_of in arrays(name)}

    def arrays(name: str):
        return [(method, f"{name}/photo.{method}.npz") for method in METHODS]

    return write


def test_sum_gap_and_gradients_are_those_of_the_map_before(written):
    plain, _ = written("plain")
    filtered, _ = written("filtered", lowpass={"integrated": Lowpass(3)})
    for before, after in zip(plain["results"], filtered["results"], strict=True):
        same = set(before) - {"drawing"}
        assert {name: after[name] for name in same} == {name: before[name] for name in same}
    first, second = filtered["results"]
    assert first["lowpass"] == {"cycles": 3, "of": "absolute"}
    assert "lowpass" not in second
    assert first["drawing"]["ceiling"] < plain["results"][0]["drawing"]["ceiling"]
    assert second["drawing"] == plain["results"][1]["drawing"]


def test_arrays_have_the_map_before_and_the_low_passed_one(written):
    _, plain = written("plain")
    _, filtered = written("filtered", lowpass={"integrated": Lowpass(3, "signed")})
    before, after = plain["integrated"], filtered["integrated"]
    np.testing.assert_array_equal(before["attribution"], after["attribution"])
    expected = Lowpass(3, "signed").filtered(torch.from_numpy(before["attribution"]))[0]
    np.testing.assert_allclose(after["lowpass"], expected, atol=1e-6)
    assert "lowpass" not in before
    assert "lowpass" not in filtered["gradient"]


def test_the_overlay_says_in_its_metadata_what_it_shows(written, tmp_path):
    written("filtered", lowpass={"integrated": Lowpass(3)})
    with Image.open(tmp_path / "filtered" / "photo.integrated.png") as image:
        assert json.loads(image.text["igcli"])["lowpass"] == {"cycles": 3, "of": "absolute"}


def test_only_the_values_of_the_named_methods_change(small):
    from igcli.attribution.explain import explain
    from igcli.images.picture import Picture

    (found,) = explain(small, [Picture(torch.rand(3, 32, 32))], Wanted(METHODS, settings=Settings(steps=4)))[0]
    shown = lowpassed(found, {"gradient": Lowpass(2)})
    assert shown.results["integrated"] is found.results["integrated"]
    gradient = found.results["gradient"]
    assert shown.results["gradient"].values.shape == (1, 32, 32)
    assert replace(shown.results["gradient"], values=gradient.values) == gradient
    assert lowpassed(found, {}) is found


def test_captions_name_the_methods_where_they_differ():
    both = {"integrated": Lowpass(15), "gradient": Lowpass(15)}
    assert captions_of(both) == [Lowpass(15).caption]
    one, other = captions_of({"integrated": Lowpass(15), "gradient": Lowpass(8, "signed")})
    assert one.startswith("integrated: low-pass of the absolute map at 15 cycles")
    assert other.startswith("gradient: low-pass of the signed map at 8 cycles")
    assert captions_of({}) == []
    assert shown_as("Gradient", both, of="gradient") == "Gradient, lowpass 15"
    assert shown_as("Gradient", both, of="decision") == "Gradient"
