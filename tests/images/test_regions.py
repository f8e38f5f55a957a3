"""Regions by XRAI's greedy choice: the same as PAIR's own, and as a plain second implementation."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from igcli.errors import UsageError
from igcli.images.regions import check_segmentation, ranked_masks, region_map, regions_of, segments

needs_skimage = pytest.mark.skipif(importlib.util.find_spec("skimage") is None, reason="scikit-image is not installed")


def photo(size: int = 96) -> torch.Tensor:
    """Smooth blobs of colour: something that can be cut into segments."""
    coarse = torch.rand(1, 3, 7, 7, generator=torch.Generator().manual_seed(3))
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)[0]


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def plainly(flat: np.ndarray, masks: np.ndarray) -> list[np.ndarray]:
    """The greedy choice as the paper describes it, every mean taken again."""
    covered, left, chosen = np.zeros(flat.shape, bool), list(range(len(masks))), []
    while True:
        left = [n for n in left if (masks[n] & ~covered).sum() >= 50]
        if not left:
            break
        best = max(left, key=lambda n: flat[masks[n] & ~covered].mean())
        chosen.append(masks[best] & ~covered)
        covered |= masks[best]
    chosen.sort(key=lambda mask: -flat[mask].mean())
    return chosen if covered.all() else [*chosen, ~covered]


@pytest.mark.parametrize("seed", range(4))
def test_the_choice_is_that_of_a_plain_second_implementation(seed):
    random = np.random.default_rng(seed)
    flat = random.normal(size=(30, 40))
    masks = np.zeros((25, 30, 40), bool)
    for mask in masks:
        top, left = random.integers(0, 22), random.integers(0, 30)
        mask[top : top + random.integers(4, 12), left : left + random.integers(4, 14)] = True
    found, expected = ranked_masks(flat, masks), plainly(flat, masks)
    assert len(found) == len(expected)
    assert all((one == other).all() for one, other in zip(found, expected, strict=True))


def test_segments_that_cover_nothing_leave_one_region():
    (whole,) = ranked_masks(np.ones((5, 6)), np.zeros((3, 5, 6), bool))
    assert whole.all()


@needs_skimage
@pytest.mark.parametrize("size", [64, 224])
def test_segments_and_map_are_those_of_saliency(size):
    xrai = pytest.importorskip("saliency.core.xrai", reason="saliency is not installed")
    pixels, values = photo(size), noise(3, size, size)
    cut = segments(pixels)
    theirs = np.array(xrai._get_segments_felzenszwalb(pixels.double().permute(1, 2, 0).numpy()))
    assert (cut == theirs[theirs.any(axis=(1, 2))]).all()  # theirs may have some that a small photo has no pixel of
    flat = values.sum(0).numpy()
    mask = xrai.XRAI().GetMask(flat[..., None], None, segments=list(theirs), base_attribution=flat[..., None])
    np.testing.assert_allclose(region_map(regions_of(values, pixels)), mask, atol=1e-9)


@needs_skimage
@pytest.mark.parametrize("of", ["signed", "absolute"])
def test_regions_share_all_pixels_and_the_whole_sum(of):
    pixels, values = photo(), noise(3, 96, 96)
    regions = regions_of(values, pixels, of=of)
    flat = values.sum(0) if of == "signed" else values.abs().sum(0)
    assert np.sum([region.mask for region in regions], axis=0).tolist() == np.ones((96, 96)).tolist()
    assert sum(region.total for region in regions) == pytest.approx(float(flat.sum()))
    assert sum(region.share for region in regions) == pytest.approx(1)
    assert sum(region.pixels for region in regions) == pytest.approx(1)
    assert region_map(regions).sum() == pytest.approx(float(flat.sum()))


@needs_skimage
def test_the_region_of_a_bright_square_comes_first_and_is_in_its_box():
    pixels, values = torch.zeros(3, 224, 224), torch.zeros(3, 224, 224)
    pixels[:, 60:120, 90:150] = 1.0
    values[:, 60:120, 90:150] = 1.0
    first, *_ = regions_of(values, pixels)
    left, top, right, bottom = first.box
    assert first.share > 0.7
    assert (85 <= left <= 95, 55 <= top <= 65, 145 <= right <= 155, 115 <= bottom <= 125) == (True,) * 4


@needs_skimage
def test_a_photo_of_one_colour_and_a_map_without_a_sum_have_regions_too():
    values = torch.zeros(1, 40, 40)
    values[0, 0, 0], values[0, 0, 1] = 1.0, -1.0
    regions = regions_of(values, torch.full((1, 40, 40), 0.5))
    assert sum(region.pixels for region in regions) == pytest.approx(1)
    assert all(np.isnan(region.share) for region in regions)


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("igcli.images.regions.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"igcli\[regions\]"):
        check_segmentation()
