"""Frames are counted from headers alone, and no further than a limit."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from images.pictures import Save, encoded, photo
from images.tiffs import of_array, tiff
from PIL import Image

from igcli.images.frames import MOST_FRAMES, count_frames, frames_note
from igcli.images.guard import pillow
from igcli.images.reading import read_image
from igcli.images.tiff import count_directories


def many_directories(count: int) -> bytes:
    """A picture, then directories of no entry, each naming the next."""
    first = bytearray(of_array(np.full((4, 4), 200, np.uint8)))
    (directory,) = struct.unpack_from("<I", first, 4)
    (entries,) = struct.unpack_from("<H", first, directory)
    struct.pack_into("<I", first, directory + 2 + 12 * entries, len(first))
    place, rest = len(first), []
    for number in range(count - 1):
        place += 6
        rest.append(struct.pack("<HI", 0, place if number < count - 2 else 0))
    return bytes(first) + b"".join(rest)


@pytest.mark.parametrize(("count", "kind"), [(1, "TIFF"), (3, "TIFF"), (1, "GIF"), (5, "GIF")])
def test_what_pillow_writes_is_counted(count: int, kind: str) -> None:
    frames = [Image.new("RGB", (9, 9), (50 * number, 0, 0)) for number in range(count)]
    data = encoded(kind, frames[0], save_all=True, append_images=frames[1:])

    assert count_frames(data, kind) == count


def test_two_hundred_thousand_directories_are_counted_up_to_the_limit(saved: Save) -> None:
    picture = read_image(saved("many.tif", many_directories(200_000)), size=4)

    assert picture.notes[0] == f"first of {MOST_FRAMES} or more frames"
    assert int(picture.array()[0, 0, 0]) == 200


def test_counting_directories_waits_for_nobody_who_uses_pillow() -> None:
    data, counted = many_directories(200_000), []

    with pillow("another", max_pixels=None):
        counter = threading.Thread(target=lambda: counted.append(count_frames(data, "TIFF")))
        counter.start()
        counter.join(60)

    assert counted == [MOST_FRAMES]


def test_a_chain_that_returns_to_its_beginning_ends() -> None:
    data = bytearray(of_array(np.zeros((2, 2), np.uint8)))
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * entries, directory)

    assert count_directories(bytes(data), most=10) == 1


def test_a_chain_that_leads_out_of_the_file_ends() -> None:
    assert count_directories(tiff(1, 1, [b"\0"], next_directory=2**31), most=10) == 1


@pytest.mark.parametrize("cut", range(6, 60, 7))
def test_a_gif_that_is_cut_off_anywhere_has_at_least_one_frame(cut: int) -> None:
    assert count_frames(encoded("GIF", photo().convert("P"))[:cut], "GIF") == 1


def test_a_gif_of_very_many_frames_is_counted_up_to_the_limit(tmp_path: Path) -> None:
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\0"
    data = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * 200_000 + b";"

    assert count_frames(data, "GIF") == MOST_FRAMES
    assert frames_note(MOST_FRAMES) == f"first of {MOST_FRAMES} or more frames"


def test_few_frames_are_counted_exactly() -> None:
    assert frames_note(7) == "first of 7 frames"
