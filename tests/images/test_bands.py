"""Pictures of any number of bands: the file's own numbers, scaled by one range, in the file's order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import igcli
from igcli.errors import ImageError, UsageError
from igcli.images.options import ReadOptions, View
from igcli.images.reading import read_upright

tifffile = pytest.importorskip("tifffile", reason="tifffile writes the TIFFs of these tests: pip install tifffile")

VIEW = View((30, 20), channels=5)
BANDS = np.random.default_rng(0).integers(0, 4001, (20, 30, 5), dtype=np.uint16)
WINDOW = ReadOptions(window="0,4000")
EXPECTED = torch.from_numpy(BANDS.transpose(2, 0, 1) / 4000).float()


@pytest.mark.parametrize("kind", ["<u2", ">u2", "<i2", "<f4", "<u4", "<f8"])
@pytest.mark.parametrize("form", ["chunky", "planar", "pages", "packed", "tiles"])
def test_a_tiff_written_by_another_library_gives_its_own_numbers(form: str, kind: str, tmp_path: Path) -> None:
    planes = BANDS.astype(kind).transpose(2, 0, 1)
    integers = np.dtype(kind).kind != "f"
    how = {
        "chunky": {"data": planes.transpose(1, 2, 0), "planarconfig": "contig"},
        "packed": {
            "data": planes.transpose(1, 2, 0),
            "planarconfig": "contig",
            "compression": "zlib",
            "predictor": integers,
        },
        "tiles": {"data": planes.transpose(1, 2, 0), "planarconfig": "contig", "tile": (16, 16)},
        "planar": {"data": planes, "planarconfig": "separate"},
        "pages": {"data": planes},
    }[form]
    byteorder = ">" if kind[0] == ">" else "<"
    tifffile.imwrite(tmp_path / "a.tif", photometric="minisblack", byteorder=byteorder, **how)

    found = igcli.read_image(tmp_path / "a.tif", view=VIEW, options=WINDOW)

    torch.testing.assert_close(found.pixels, EXPECTED, rtol=0, atol=1e-6)
    assert found.original_size == (30, 20)
    assert ("5 pages as bands" in found.notes) == (form == "pages")


@pytest.mark.parametrize("count", [2, 4, 10, 13, 200])
def test_any_number_of_bands_is_read(count: int, tmp_path: Path) -> None:
    bands = np.random.default_rng(count).random((20, 30, count), dtype=np.float32)
    tifffile.imwrite(tmp_path / "a.tif", bands, photometric="minisblack", planarconfig="contig")
    np.save(tmp_path / "a.npy", bands)
    for name in ("a.tif", "a.npy"):
        pixels = igcli.read_image(tmp_path / name, view=View((30, 20), channels=count)).pixels
        np.testing.assert_allclose(pixels, bands.transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
def test_each_band_is_resized_as_a_photo_is(fit: str, interpolation: str, tmp_path: Path) -> None:
    colour = np.random.default_rng(3).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    Image.fromarray(colour).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", np.concatenate([colour, colour[..., :2]], axis=2))
    rgb, five = (
        igcli.read_image(tmp_path / name, view=View((24, 18), channels=n, interpolation=interpolation), fit=fit)
        for name, n in (("a.png", 3), ("a.npy", 5))
    )
    assert five.placement == rgb.placement
    torch.testing.assert_close(five.pixels[:3], rgb.pixels, rtol=0, atol=2 / 255)  # without rounding to 8 bits
    assert five.pixels[3:].equal(five.pixels[:2])


def test_the_opacity_of_a_photo_is_a_band_for_a_network_of_four_channels(tmp_path: Path) -> None:
    values = np.random.default_rng(4).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    found = igcli.read_image(tmp_path / "a.png", view=View((30, 20), channels=4))
    np.testing.assert_allclose(found.pixels, values.transpose(2, 0, 1) / 255, atol=1e-6)
    assert "opacity as band 4" in found.notes


def test_arrays_and_tensors_in_memory_are_read_alike() -> None:
    for source in (BANDS, BANDS.transpose(2, 0, 1), torch.from_numpy(BANDS.astype(np.int32)).permute(2, 0, 1)):
        found = igcli.read_image(source, view=VIEW, options=WINDOW)
        torch.testing.assert_close(found.pixels, EXPECTED, rtol=0, atol=1e-6)


def test_one_range_serves_all_bands_and_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.save(tmp_path / "a.npy", BANDS)
    full = igcli.read_image(tmp_path / "a.npy", view=VIEW)
    torch.testing.assert_close(full.pixels, EXPECTED * 4000 / 65535, rtol=0, atol=1e-6)
    assert "less than a quarter of 0..65535" in caplog.text
    np.save(tmp_path / "b.npy", BANDS / 10.0)
    stretched = igcli.read_image(tmp_path / "b.npy", view=VIEW)
    torch.testing.assert_close(stretched.pixels.aminmax(), (torch.tensor(0.0), torch.tensor(1.0)))
    assert "its own extremes" in caplog.text


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((20, 30, 5), np.nan))
    with pytest.raises(ImageError, match="not finite"):
        igcli.read_image(tmp_path / "a.npy", view=VIEW)


@pytest.mark.parametrize(
    ("array", "how", "said"),
    [
        (BANDS[..., :4], {"planarconfig": "contig", "photometric": "minisblack"}, "4 bands"),
        (BANDS[..., 0], {"photometric": "minisblack"}, "1 band,"),
        (BANDS[..., :3].astype(np.uint8), {"photometric": "rgb"}, "3 bands"),
        (BANDS.transpose(2, 0, 1)[:3], {"photometric": "minisblack"}, "3 bands"),
        (np.concatenate([BANDS, BANDS], axis=2).transpose(2, 0, 1), {"photometric": "minisblack"}, "more than 5 bands"),
    ],
)
def test_another_number_of_bands_is_a_sentence(array: np.ndarray, how: dict, said: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", array, **how)
    with pytest.raises(ImageError, match=f"has {said}") as caught:
        igcli.read_image(tmp_path / "a.tif", view=VIEW)
    assert "the network takes 5" in str(caught.value)


def test_a_jpeg_is_no_picture_of_five_bands(samples: Path) -> None:
    with pytest.raises(ImageError, match=r"coffee\.jpg has 3 bands, and the network takes 5"):
        igcli.read_image(samples / "coffee.jpg", view=VIEW)


def test_the_exif_orientation_turns_every_band(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", BANDS, photometric="minisblack", planarconfig="contig",
                     extratags=[(274, "H", 1, 6, True)])  # fmt: skip
    found = igcli.read_image(tmp_path / "a.tif", view=View((20, 30), channels=5), options=WINDOW)
    torch.testing.assert_close(found.pixels, EXPECTED.rot90(-1, (1, 2)), rtol=0, atol=1e-6)
    assert found.original_size == (20, 30)
    assert "rotated by EXIF" in found.notes
    left = igcli.read_image(tmp_path / "a.tif", view=VIEW, options=ReadOptions(window="0,4000", exif_rotate=False))
    torch.testing.assert_close(left.pixels, EXPECTED, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("bands", "shown"), [((), (0, 1, 2)), ((4, 3, 2), (3, 2, 1)), ((5,), (4, 4, 4)), ((1, 1, 5), (0, 0, 4))]
)
def test_the_bands_that_are_chosen_are_drawn_and_all_are_explained(
    bands: tuple[int, ...], shown: tuple[int, ...], tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", BANDS)
    options = ReadOptions(window="0,4000", bands=bands)
    found = igcli.read_image(tmp_path / "a.npy", view=VIEW, options=options)
    expected = np.rint(BANDS[:, :, list(shown)] / 4000 * 255)
    assert np.abs(np.asarray(found.image()) - expected).max() <= 1
    whole = read_upright(tmp_path / "a.npy", options=options, channels=5)
    assert np.abs(np.asarray(whole) - expected).max() <= 1
    assert len(found.pixels) == 5
    named = ", ".join(str(band + 1) for band in (shown[:1] if len(bands) == 1 else shown))
    assert any(note.startswith("drawn:") and named in note for note in found.notes)


def test_of_two_bands_the_first_is_drawn_as_grey(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", BANDS[..., :2])
    found = igcli.read_image(tmp_path / "a.npy", view=View((30, 20), channels=2), options=WINDOW)
    image = np.asarray(found.image())
    assert (image == image[..., :1]).all()
    assert "drawn: band 1 as grey, of 2" in found.notes


def test_bands_that_cannot_be_drawn_are_a_sentence() -> None:
    with pytest.raises(UsageError, match="names band 6, and the network's pictures have 5"):
        ReadOptions(bands=(1, 2, 6)).drawn(5)
    with pytest.raises(UsageError, match="the network takes 3: leave it out"):
        ReadOptions(bands=(1, 2, 3)).drawing(3)
    for bands in ((1, 2), (0,), (1, 2, 3, 4)):
        with pytest.raises(UsageError, match="counted from 1"):
            ReadOptions(bands=bands)
