"""Tags before pixels: raw files are refused, whatever preview they carry."""

from __future__ import annotations

import numpy as np
import pytest
from images.pictures import Save, refusal
from images.tiffs import of_array, tiff

from igcli.images.reading import read_image
from igcli.images.tiff import BITS, WIDTH, count_directories, read_directory

PREVIEW = np.full((8, 12, 3), 90, np.uint8)


@pytest.mark.parametrize(
    "tags",
    [
        {254: ("I", [1]), 330: ("I", [8]), 50706: ("B", [1, 4, 0, 0])},  # Adobe's DNG
        {254: ("I", [1]), 330: ("I", [8, 16])},  # Nikon's NEF, Sony's ARW
        {50706: ("B", [1, 4, 0, 0])},
        {262: ("H", [34892])},
    ],
    ids=["dng", "nef", "dng without preview", "linear raw"],
)
@pytest.mark.parametrize("name", ["photo.dng", "photo.tif", "photo.jpg"])
def test_a_cameras_raw_file_is_not_explained_by_its_preview(saved: Save, tags: dict, name: str) -> None:  # type: ignore[type-arg]
    message = refusal(saved(name, of_array(PREVIEW, photometric=2, tags=tags)))

    assert "raw" in message
    assert "export the photo" in message


def test_canons_raw_file_is_known_by_its_mark(saved: Save) -> None:
    data = bytearray(tiff(12, 8, [b"CR\x02\0" + PREVIEW.tobytes()], bits=[8] * 3, photometric=2))
    assert data[8:10] == b"CR"

    assert "raw" in refusal(saved("photo.cr2", bytes(data)))


def test_a_small_preview_alone_is_all_there_is_and_is_read(saved: Save) -> None:
    data = of_array(PREVIEW, photometric=2, tags={254: ("I", [1])})

    assert read_image(saved("a.tif", data), size=8).array()[0, 0].tolist() == [90, 90, 90]


def test_a_picture_with_smaller_copies_of_itself_is_read(saved: Save) -> None:
    data = of_array(PREVIEW, photometric=2, tags={254: ("I", [0]), 330: ("I", [8])})  # a pyramid

    assert read_image(saved("a.tif", data), size=8).array()[0, 0].tolist() == [90, 90, 90]


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_are_read_in_either_byte_order(order: str) -> None:
    directory = read_directory(of_array(PREVIEW, order=order))

    assert directory is not None
    assert directory.whole(WIDTH) == 12
    assert directory.values(BITS) == (8, 8, 8)
    assert directory.values(9999) == ()


@pytest.mark.parametrize(
    "data", [b"", b"II", b"II*\0", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"nonsense"]
)
def test_what_is_no_directory_is_none(data: bytes) -> None:
    read_directory(data)
    assert count_directories(data, most=5) == 1


def test_a_tag_that_claims_more_numbers_than_the_file_holds_is_left_out() -> None:
    data = bytearray(of_array(PREVIEW))
    place = data.rindex(b"\x02\x01\x03\0\x03\0\0\0")  # BitsPerSample, three shorts
    data[place + 4 : place + 8] = b"\xff\xff\xff\x7f"

    directory = read_directory(bytes(data))

    assert directory is not None
    assert directory.values(BITS) == ()


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({262: ("H", [8]), 258: ("H", [16] * 3)}, "PhotometricInterpretation 8 in samples of 16 bits"),
        ({262: ("H", [9])}, "PhotometricInterpretation 9"),
        ({259: ("H", [50002])}, "compression 50002"),
        ({262: ("H", [5]), 258: ("H", [16] * 4), 277: ("H", [4]), 284: ("H", [2])}, "CMYK of 16 bits in planes"),
    ],
)
def test_what_is_read_by_nobody_is_named_and_not_called_damaged(saved: Save, tags: dict, reason: str) -> None:  # type: ignore[type-arg]
    message = refusal(saved("a.tif", of_array(np.zeros((4, 4, 3), np.uint8), photometric=2, tags=tags)))

    assert reason in message
    assert "--allow-truncated" not in message


def test_a_tag_of_absurdly_many_numbers_is_passed_over() -> None:
    many = tiff(2, 2, [bytes(4)], tags={330: ("B", bytes(2 << 20))})

    directory = read_directory(many)

    assert directory is not None
    assert directory.values(330) == ()


def test_a_picture_in_very_many_strips_is_refused_at_once(saved: Save) -> None:
    tags = {278: ("I", [1]), 273: ("I", [8] * 200_000), 279: ("I", [2] * 200_000)}
    data = tiff(1, 200_000, [bytes(2)], bits=[16], photometric=0, tags=tags)

    assert "200,000 strips" in refusal(saved("a.tif", data))
