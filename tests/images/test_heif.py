"""HEIC and HEIF files, made by pillow-heif."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from images.pictures import photo, read_or_refuse
from PIL import Image

from igcli.errors import ImageError
from igcli.images.decoding import decode
from igcli.images.finding import find_images
from igcli.images.options import ReadOptions
from igcli.images.reading import read_image

pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")


def heic(image: Image.Image, **how: object) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=95, **how)
    return file.getvalue()


def test_a_photo_comes_back_as_it_was():
    decoded = decode(heic(photo()), ReadOptions(), name="a.heic")
    assert decoded.image.mode == "RGB"
    assert np.abs(np.asarray(decoded.image).astype(int) - np.asarray(photo())).max() < 12
    assert decoded.notes == ()


def test_ten_bits_and_several_pictures_are_noted_and_the_main_one_is_read():
    deep = np.asarray(photo()).astype(np.uint16) * 257
    file, ten = io.BytesIO(), pillow_heif.from_bytes("RGB;16", (60, 40), deep.tobytes())
    ten.save(file, quality=95)
    decoded = decode(file.getvalue(), ReadOptions(), name="a.heic")
    assert decoded.notes == ("10-bit read in 8",)
    assert np.abs(np.asarray(decoded.image).astype(int) - np.asarray(photo())).max() < 12

    burst, file = pillow_heif.from_pillow(photo(20, 30)), io.BytesIO()
    burst.add_from_pillow(photo())
    burst.save(file, primary_index=1)
    decoded = decode(file.getvalue(), ReadOptions(), name="a.heic")
    assert decoded.image.size == (60, 40)
    assert decoded.notes == ("first of 2 frames",)


def test_the_rotation_in_the_files_structure_is_done_and_that_of_exif_not_once_more():
    image, exif = photo(), Image.Exif()
    exif[0x0112] = 6
    image.info["exif"] = exif.tobytes()
    turned = heic(image)
    assert decode(turned, ReadOptions(), name="a.heic").image.size == (60, 40)
    place = turned.index(b"irot") + 4
    unturned = turned[:place] + b"\0" + turned[place + 1 :]
    assert decode(unturned, ReadOptions(), name="a.heic").image.size == (40, 60)


def test_photos_are_found_in_folders_and_archives(tmp_path: Path):
    (tmp_path / "a.HEIC").write_bytes(heic(photo()))
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("deep/b.heif", heic(photo()))
    (in_folder,) = find_images([str(tmp_path)])
    (in_archive,) = find_images([str(tmp_path / "photos.zip")])
    assert in_archive.relative.as_posix() == "deep/b.heif"
    assert (read_image(in_folder).pixels == read_image(in_archive).pixels).all()


def test_transparency_is_kept_for_the_background():
    clear = photo().convert("RGBA")
    clear.putalpha(0)
    assert decode(heic(clear), ReadOptions(), name="a.heic").image.mode == "RGBA"


def test_more_pixels_than_allowed_are_refused():
    with pytest.raises(ImageError, match=r"2,400 pixels.*--max-pixels"):
        decode(heic(photo()), ReadOptions(max_pixels=2000), name="a.heic")


@pytest.mark.parametrize("side", [20_000, 60_000, 2**32 - 1])
def test_a_size_that_is_not_true_is_refused(side):
    data = bytearray(heic(photo()))
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", side, side)
    with pytest.raises(ImageError, match=r"a\.heic"):
        decode(bytes(data), ReadOptions(), name="a.heic")


def test_whatever_is_cut_off_or_changed_ends_in_a_picture_or_a_sentence(tmp_path: Path):
    data, random = heic(photo()), np.random.default_rng(0)
    for trial in range(120):
        changed = bytearray(data[: len(data) if trial % 2 else int(random.integers(40, len(data)))])
        for _ in range(4):
            changed[int(random.integers(12, min(len(changed), 600)))] = int(random.integers(256))
        read_or_refuse(tmp_path / "a.heic", bytes(changed), lenient=trial % 3 == 0)
