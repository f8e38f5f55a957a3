"""The same object, drawn in all the ways in which data sets draw masks."""

import numpy as np
import pytest
from PIL import Image

from igcli.evaluation.ground_truth.mask_pixels import read_mask
from igcli.images.options import ReadOptions

Y, X = np.mgrid[:40, :60]
OBJECT = (X - 22) ** 2 + (Y - 18) ** 2 < 100
BORDER = ((X - 22) ** 2 + (Y - 18) ** 2 < 150) & ~OBJECT
LABELS = np.where(OBJECT, 14, np.where(BORDER, 255, 0)).astype(np.uint8)

VOC = np.zeros((256, 3), np.uint8)
VOC[14], VOC[15], VOC[255] = (64, 128, 128), (192, 128, 128), (224, 224, 192)


def palette(values, colours):
    image = Image.fromarray(values.astype(np.uint8)).convert("L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette(np.asarray(colours, np.uint8).tobytes())
    return image


def opaque_where_it_is(colour):
    pixels = np.zeros((*OBJECT.shape, 4), np.uint8)
    pixels[OBJECT] = (*colour, 255)
    return Image.fromarray(pixels)


def transparent_index():
    image = palette(np.where(OBJECT, 1, 0), [(9, 9, 9), (255, 255, 255)])
    image.info["transparency"] = 0
    return image


DRAWN = {
    "VOC's palette": palette(LABELS, VOC),
    "VOC's labels as grey levels": Image.fromarray(LABELS),
    "VOC's labels in 16 bits": Image.fromarray(LABELS.astype(np.uint16)),
    "VOC's colours": Image.fromarray(VOC[LABELS]),
    "several classes": palette(np.where(LABELS == 14, np.where(X < 22, 14, 15), LABELS), VOC),
    "a palette with the object's colour last": palette(np.where(OBJECT, 3, 0), [(0, 0, 0)] * 3 + [(1, 2, 3)]),
    "white, then black in the palette": palette(np.where(OBJECT, 0, 1), [(255, 255, 255), (0, 0, 0)]),
    "0 and 1 in a palette of greys": palette(np.where(OBJECT, 1, 0), [(n, n, n) for n in range(256)]),
    "a palette with something transparent": transparent_index(),
    "0 and 1": Image.fromarray(OBJECT.astype(np.uint8)),
    "0 and 128": Image.fromarray(OBJECT.astype(np.uint8) * 128),
    "0 and 255": Image.fromarray(OBJECT.astype(np.uint8) * 255),
    "16 bits": Image.fromarray(OBJECT.astype(np.uint16) * 65535),
    "16 bits, 0 and 1": Image.fromarray(OBJECT.astype(np.uint16)),
    "16 bits, 0 and 255": Image.fromarray(OBJECT.astype(np.uint16) * 255),
    "1 bit": Image.fromarray(OBJECT),
    "red on black": Image.fromarray(OBJECT[..., None] * np.array([255, 0, 0], np.uint8)),
    "white on nothing": opaque_where_it_is((255, 255, 255)),
    "black on nothing": opaque_where_it_is((0, 0, 0)),
    "grey with alpha": opaque_where_it_is((255, 255, 255)).convert("LA"),
}


@pytest.mark.parametrize("drawn", DRAWN)
def test_the_object_is_found_however_it_is_drawn(drawn, tmp_path):
    DRAWN[drawn].save(tmp_path / "mask.png")
    found = read_mask(tmp_path / "mask.png", ReadOptions())
    assert np.array_equal(found.object, OBJECT)
    assert found.size == (60, 40)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_masks_in_deep_tiff_count_too(dtype, tmp_path):
    Image.fromarray(OBJECT.astype(dtype)).save(tmp_path / "mask.tif")
    assert np.array_equal(read_mask(tmp_path / "mask.tif", ReadOptions()).object, OBJECT)


@pytest.mark.parametrize("quality", [60, 95])
def test_jpegs_greys_are_cut_at_half(quality, tmp_path):
    Image.fromarray(OBJECT.astype(np.uint8) * 255).convert("RGB").save(tmp_path / "mask.jpg", quality=quality)
    found = read_mask(tmp_path / "mask.jpg", ReadOptions()).object
    assert (found != OBJECT).mean() < 0.02


def test_nothing_but_void_is_no_object(tmp_path):
    palette(np.where(BORDER, 255, 0), VOC).save(tmp_path / "mask.png")
    assert not read_mask(tmp_path / "mask.png", ReadOptions()).object.any()
