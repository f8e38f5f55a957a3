"""One full brightness for many photos: the percentile of all their maps together."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from PIL import Image

from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.images.lowpass import Lowpass
from igcli.images.source import Found
from igcli.jobs.item import items_of
from igcli.jobs.outputs import shared_scale
from igcli.jobs.outputs.shared_scale import measured_scale, scale_over
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job
from igcli.rendering.scaling import Scale

WANTED = Wanted(("integrated", "gradient"), settings=Settings(steps=3))


@pytest.fixture
def photos(tmp_path) -> list:
    """Photos of noise, each brighter than the one before, and one that cannot be read."""
    random = np.random.default_rng(0)
    found = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        noise = random.integers(0, 40 * (number + 1), (40, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        found.append(Found(path, path.relative_to(tmp_path)))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return items_of([*found, Found(tmp_path / "broken.png", (tmp_path / "broken.png").relative_to(tmp_path))])


def maps_of(job, items) -> dict[str, list[torch.Tensor]]:
    """The maps as the pipeline makes them, by method."""
    maps: dict[str, list[torch.Tensor]] = {}
    for outcome in process(job, items, lambda _plan, item: item.explanation):
        for explanation in outcome.results:
            for name, result in explanation.results.items():
                maps.setdefault(name, []).append(result.values.double())
    return maps


@pytest.mark.parametrize("percentile", [50.0, 99.0, 100.0])
@pytest.mark.parametrize(("style", "signed"), [("heat", False), ("signed", True)])
def test_full_brightness_is_the_percentile_over_the_pixels_of_all_maps(
    small, photos, tmp_path, percentile, style, signed
):
    job = Job.of(small, WANTED, output=tmp_path / "out")
    found, count = measured_scale(job, photos, Scale(percentile, shared={}), style=style, lowpass={})
    assert count == 5
    assert found.percentile == percentile
    for name, maps in maps_of(job, photos).items():
        joined = [each.sum(dim=0).abs() if signed else each.abs().sum(dim=0) for each in maps]
        together = torch.cat([each.flatten() for each in joined]).numpy()
        assert found.shared[name] == pytest.approx(np.percentile(together, percentile), rel=1e-6)


def test_maps_are_measured_as_they_are_drawn(small, photos, tmp_path):
    job = Job.of(small, WANTED, output=tmp_path / "out")
    lowpass = Lowpass(2, "absolute")
    measure = functools.partial(measured_scale, job, photos, Scale(100.0, shared={}), style="heat")
    smooth, sharp = measure(lowpass={"integrated": lowpass})[0], measure(lowpass={})[0]
    highest = max(float(lowpass.filtered(each).abs().max()) for each in maps_of(job, photos)["integrated"])
    assert smooth.shared["integrated"] == pytest.approx(highest, rel=1e-5)
    assert smooth.shared["gradient"] == sharp.shared["gradient"]


def test_of_many_photos_some_are_measured_from_the_first_to_the_last(small, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_scale, "MOST_MEASURED", 3)
    seen = []
    monkeypatch.setattr(
        shared_scale, "process", lambda _job, items, *_, **__: seen.extend(item.number for item in items) or ()
    )
    found, count = measured_scale(Job.of(small, WANTED), photos * 20, Scale(shared={}), style="lit", lowpass={})
    assert len(seen) == 3
    assert (seen[0], seen[-1]) == (photos[0].number, photos[-1].number)
    assert (found.shared, count) == ({}, 0)


def test_the_ranks_that_are_kept_of_a_large_map_keep_its_percentiles():
    sizes = np.random.default_rng(0).gamma(0.5, size=(300, 300))
    kept = shared_scale._ranked(sizes)
    assert kept.size < sizes.size / 10
    assert kept[-1] == sizes.max()
    for percentile in (50, 90, 99, 99.9):
        assert np.percentile(kept, percentile) == pytest.approx(np.percentile(sizes, percentile), rel=0.01)


def test_a_scale_that_is_not_shared_stays_as_it_is():
    assert scale_over([], Scale(80.0), style="lit") == Scale(80.0)
