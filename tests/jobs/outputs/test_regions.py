"""Regions next to a photo's maps: a picture, and a list in the record."""

from __future__ import annotations

import functools
import importlib.util

import numpy as np
import pytest
from PIL import Image

from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.images.lowpass import Lowpass
from igcli.images.source import Found
from igcli.jobs.item import items_of
from igcli.jobs.outputs.maps import Drawing, write_maps
from igcli.jobs.outputs.regions import form_of_regions
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job

needs_skimage = pytest.mark.skipif(importlib.util.find_spec("skimage") is None, reason="scikit-image is not installed")


@needs_skimage
def test_the_record_lists_all_regions_of_the_map_before_a_low_pass(small, tmp_path):
    path, methods = tmp_path / "photo.png", ("integrated", "gradient")
    Image.radial_gradient("L").convert("RGB").save(path)
    drawing = Drawing(regions=True, save_arrays=True, lowpass=dict.fromkeys(methods, Lowpass(3)))
    job = Job.of(small, Wanted(methods, settings=Settings(steps=8)), output=tmp_path / "out")
    write = functools.partial(write_maps, methods=methods, drawing=drawing)
    (outcome,) = process(job, items_of([Found(path, path.relative_to(tmp_path))]), write)
    (done,) = outcome.results
    for result, of in zip(done.record["results"], ("signed", "absolute"), strict=True):
        values = np.load(tmp_path / "out" / f"photo.{result['method']}.npz")["attribution"].astype(float)
        flat = values.sum(0) if of == "signed" else abs(values).sum(0)
        regions = result["regions"]["ranked"]
        assert result["regions"]["of"] == of
        assert [each["rank"] for each in regions] == list(range(1, len(regions) + 1))
        assert sum(each["sum"] for each in regions) == pytest.approx(flat.sum(), rel=1e-4)
        assert sum(each["pixels"] for each in regions) == pytest.approx(1)
        for each in regions:
            left, top, right, bottom = each["box"]
            assert 0 <= left < right <= flat.shape[1]
            assert 0 <= top < bottom <= flat.shape[0]
        with Image.open(tmp_path / "out" / f"photo.{result['method']}.regions.png") as sheet:
            assert sheet.width > 448
    assert set(done.files) == {"integrated", "integrated regions", "gradient", "gradient regions"}


@pytest.mark.parametrize("name", list(METHODS))
def test_what_sums_to_the_score_is_ranked_with_its_sign(name):
    sums = METHODS[name].complete or METHODS[name].sums_to
    assert form_of_regions(name) == ("signed" if sums else "absolute")


def test_a_map_of_no_method_is_ranked_by_its_size():
    assert form_of_regions("sobel") == "absolute"
