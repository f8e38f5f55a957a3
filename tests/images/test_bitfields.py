"""BMP with bit masks of any kind, against pixels packed by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from images.pictures import Save, refusal

from igcli.images.options import ReadOptions
from igcli.images.reading import read_upright

#: Red, green, blue and white, then black and a middle grey: two rows of three.
COLOURS = [[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(255, 255, 255), (0, 0, 0), (136, 136, 136)]]


def bmp(masks: tuple[int, ...], bits: int, *, upwards: bool = True, v4: bool = False) -> bytes:
    """COLOURS under these masks; rows are filled up to four bytes."""
    rows = []
    for row in reversed(COLOURS) if upwards else COLOURS:
        packed = b""
        for colour in row:
            pixel = 0
            for level, mask in zip((*colour, 255), masks, strict=False):
                shift = (mask & -mask).bit_length() - 1
                pixel |= round(level / 255 * (mask >> shift)) << shift
            packed += pixel.to_bytes(bits // 8, "little")
        rows.append(packed + bytes(-len(packed) % 4))
    pixels = b"".join(rows)
    size = 108 if v4 else 40
    fields = struct.pack(f"<{len(masks)}I", *masks)
    behind = fields.ljust(68, b"\0") if v4 else fields
    packing = 3 if v4 or len(masks) == 3 else 6
    head = struct.pack("<IiiHHIIiiII", size, 3, 2 if upwards else -2, 1, bits, packing, len(pixels), 0, 0, 0, 0)
    start = 14 + len(head) + len(behind)
    return struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + head + behind + pixels


@pytest.mark.parametrize("upwards", [True, False])
@pytest.mark.parametrize(
    ("masks", "bits"),
    [
        ((0xF00, 0xF0, 0xF), 16),  # 4444 without its alpha
        ((0xF00, 0xF0, 0xF, 0xF000), 16),
        ((0x7C00, 0x3E0, 0x1F), 16),
        ((0xF800, 0x7E0, 0x1F), 16),
        ((0xE000, 0x1C00, 0x300), 16),
        ((0x3FF00000, 0xFFC00, 0x3FF), 32),  # ten bits each
        ((0xFF0000, 0xFF00, 0xFF), 32),
        ((0xFF, 0xFF00, 0xFF0000), 32),
    ],
    ids=["444", "4444", "555", "565", "332", "10", "BGRX", "RGBX"],
)
def test_every_cut_of_a_pixel_gives_the_same_colours(
    saved: Save, masks: tuple[int, ...], bits: int, *, upwards: bool
) -> None:
    data = bmp(masks, bits, upwards=upwards, v4=len(masks) == 4)

    read = np.asarray(read_upright(saved("a.bmp", data))).astype(int)

    few = min(bin(mask).count("1") for mask in masks)
    assert np.abs(read - np.array(COLOURS)).max() <= 255 / (2**few - 1) / 2 + 1


def test_a_mask_for_opacity_shows_the_background(saved: Save) -> None:
    data = bytearray(bmp((0xF00, 0xF0, 0xF, 0xF000), 16, v4=True))
    data[-8:-2] = bytes(6)  # the upper row, all of it transparent black

    read = np.asarray(read_upright(saved("a.bmp", bytes(data)), options=ReadOptions(background="#0a141e")))

    assert read[0].tolist() == [[10, 20, 30]] * 3
    assert read[1, 0].tolist() == [255, 255, 255]


def test_a_cut_bmp_is_damage_and_read_on_request(saved: Save) -> None:
    path = saved("a.bmp", bmp((0xF00, 0xF0, 0xF), 16)[:-8])

    assert "--allow-truncated" in refusal(path)
    assert read_upright(path, options=ReadOptions(allow_truncated=True)).size == (3, 2)


def test_masks_in_several_pieces_are_one_sentence(saved: Save) -> None:
    assert "of a kind that is not read" in refusal(saved("a.bmp", bmp((0xF0F, 0xF0, 0xF000), 16)))


def test_the_limit_of_pixels_holds_here_too(saved: Save) -> None:
    assert "--max-pixels" in refusal(saved("a.bmp", bmp((0xF00, 0xF0, 0xF), 16)), max_pixels=5)
