"""From a path to a Picture: torchvision's numbers, every format, and files that cannot be read."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from images.pictures import Save, encoded, photo, refusal
from images.tars import found, tar_of
from PIL import Image
from torchvision import transforms

from igcli.errors import ImageError, UsageError
from igcli.images import members
from igcli.images.finding import find_images
from igcli.images.options import ReadOptions, View
from igcli.images.reading import read_image, read_upright

# What a Picture holds


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (31, 97)], ids=str)
def test_the_pixels_are_those_of_torchvisions_evaluation_transform(saved: Save, size: tuple[int, int]) -> None:
    path = saved("cat.jpg", photo(*size))
    steps = [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()]
    expected = transforms.Compose(steps)(Image.open(path).convert("RGB"))

    picture = read_image(path)

    assert torch.equal(picture.pixels, expected)
    assert picture.pixels.dtype == torch.float32
    assert picture.pixels.is_contiguous()


def test_a_rotated_photo_read_without_rotation_has_torchvisions_pixels(saved: Save) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved("cat.jpg", photo(), exif=exif)
    steps = [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()]
    expected = transforms.Compose(steps)(Image.open(path).convert("RGB"))

    assert torch.equal(read_image(path, options=ReadOptions(exif_rotate=False)).pixels, expected)
    assert not torch.equal(read_image(path).pixels, expected)


def test_the_picture_says_where_it_comes_from(saved: Save) -> None:
    path = saved("cat.png", photo(500, 400))

    picture = read_image(str(path), size=224)

    assert picture.path == path
    assert picture.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert picture.original_size == (500, 400)
    assert picture.placement.fit == "crop"
    assert picture.notes == ()


def test_size_keeps_the_usual_proportion_of_resize_to_crop(saved: Save) -> None:
    path = saved("cat.png", photo())

    assert torch.equal(read_image(path, size=128).pixels, read_image(path, view=View(size=128, resize=146)).pixels)


def test_a_one_channel_view_gives_one_channel(saved: Save) -> None:
    path = saved("digit.png", Image.new("L", (28, 28), 51))

    pixels = read_image(path, view=View(size=28, resize=28, channels=1)).pixels

    assert pixels.shape == (1, 28, 28)
    assert torch.all(pixels == torch.tensor(51 / 255))


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_every_fit_gives_the_models_size(saved: Save, fit: str) -> None:
    picture = read_image(saved("cat.png", photo()), size=32, fit=fit)

    assert picture.pixels.shape == (3, 32, 32)
    assert picture.placement.fit == fit


def test_an_unknown_fit_is_a_usage_error(saved: Save) -> None:
    with pytest.raises(UsageError, match="There is no fit called 'stretch'"):
        read_image(saved("cat.png", photo()), fit="stretch")


# Kinds of pictures


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tif"])
def test_of_an_animation_the_first_frame_is_read(saved: Save, kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    path = saved(f"dance.{kind}", frames[0], save_all=True, append_images=frames[1:], **_exactly(kind))

    picture = read_image(path, size=16)

    assert picture.array()[8, 8].tolist() == [255, 0, 0]
    assert "first of 3 frames" in picture.notes


def _exactly(kind: str) -> dict[str, object]:
    return {"lossless": True} if kind == "webp" else {}


@pytest.mark.parametrize(
    ("name", "image", "notes"),
    [
        ("a.png", Image.fromarray(np.full((9, 9), 40_000, np.uint16)), ("16-bit scaled to 8", "greyscale")),
        ("a.jpg", Image.new("CMYK", (9, 9)), ("CMYK converted",)),
        ("a.png", Image.new("RGBA", (9, 9)), ("transparency on white",)),
        ("a.gif", Image.new("RGB", (9, 9)), ("palette expanded",)),
        ("a.png", Image.new("P", (9, 9)), ("palette expanded",)),
        ("a.pgm", Image.new("L", (9, 9)), ("greyscale",)),
    ],
)
def test_what_was_done_is_noted(saved: Save, name: str, image: Image.Image, notes: tuple[str, ...]) -> None:
    assert read_image(saved(name, image)).notes == notes


@pytest.mark.parametrize("kind", ["avif", "bmp", "gif", "jp2", "jpg", "png", "ppm", "qoi", "tif", "webp"])
def test_every_format_is_read(saved: Save, kind: str) -> None:
    picture = read_image(saved(f"a.{kind}", Image.new("RGB", (40, 30), (200, 100, 50))), size=16)

    assert np.allclose(picture.array()[8, 8], (200, 100, 50), atol=4)


def test_a_strip_one_pixel_high_is_read(saved: Save) -> None:
    assert read_image(saved("strip.png", Image.new("RGB", (60_000, 1), "red"))).pixels.shape == (3, 224, 224)


# What was found in lists and archives


def test_what_was_found_is_read_as_its_path_is(saved: Save) -> None:
    path = saved("cat.png", photo())
    (item,) = found(find_images([str(path)]))

    picture = read_image(item)

    assert torch.equal(picture.pixels, read_image(path).pixels)
    assert (picture.path, picture.source, read_image(path).source) == (path, item, None)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_picture_in_an_archive_is_the_picture(saved: Save, tmp_path: Path, pack: type[bytes]) -> None:
    data = encoded("JPEG")
    path = saved("cat.jpg", data)
    archive = saved("photos.tar", pack(tar_of({"cats/cat.jpg": data, "cats/cat.cls": b"7"})))
    (item,) = found(find_images([str(archive)]))

    picture = read_image(item)

    assert torch.equal(picture.pixels, read_image(path).pixels)
    assert picture.path == archive / "cats/cat.jpg"
    assert picture.name == "cat.jpg"
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert picture.source is not None
    assert picture.source.target == "7"
    assert read_upright(picture.source).tobytes() == read_upright(path).tobytes()
    members._READERS.close()


def test_what_is_wrong_with_a_picture_in_an_archive_names_both(saved: Save, tmp_path: Path) -> None:
    data = encoded("JPEG", photo(300, 300))
    archive = saved("photos.tar", tar_of({"empty.jpg": b"", "text.jpg": b"hello", "cut.jpg": data})[: 4 * 512 + 3000])
    empty, text, cut = found(find_images([str(archive)]))

    for item, sentence in (
        (empty, "is empty (zero bytes)"),
        (text, "is a text that begins with 'hello'"),
        (cut, "--allow-truncated"),
    ):
        with pytest.raises(ImageError) as caught:
            read_image(item)
        assert str(caught.value).startswith(f"{archive}/{item.relative} ")
        assert sentence in str(caught.value)
    assert "truncated" in read_image(cut, options=ReadOptions(allow_truncated=True)).notes[0]


# Files that cannot be read


@pytest.mark.parametrize("name", ["cat.png", "photos.tar"])
def test_a_file_that_vanishes_after_it_was_found_is_named(saved: Save, name: str) -> None:
    path = saved(name, photo() if name == "cat.png" else tar_of({"cat.png": encoded("PNG")}))
    (item,) = found(find_images([str(path)]))
    path.unlink()

    with pytest.raises(ImageError, match=f"{name} does not exist"):
        read_image(item)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.jpg") == f"{tmp_path}/gone.jpg does not exist; check the spelling and the folder."


def test_a_folder_is_not_a_picture(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_without_permission_says_so(saved: Save) -> None:
    path = saved("cat.png", photo())
    path.chmod(0)

    assert "change its permissions" in refusal(path)


def test_a_refused_permission_is_told_from_a_missing_file(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = saved("cat.png", photo())
    monkeypatch.setattr(os, "open", refuse)

    assert "change its permissions" in refusal(path)


def test_a_failing_disk_gives_the_systems_reason(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    path = saved("cat.png", photo())
    monkeypatch.setattr(os, "open", fail)

    assert "Input/output error" in refusal(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_device_is_not_read_for_ever() -> None:
    assert "is a device" in refusal("/dev/zero")


def test_names_that_cannot_exist_are_refused() -> None:
    assert "cannot be read" in refusal("a\0b.png")
    assert "cannot be read" in refusal("x" * 5000)


def test_odd_names_are_shown_on_one_printable_line() -> None:
    assert refusal("a\nb\x1b[2J.png").startswith("a\\nb\\x1b[2J.png does not exist")
    refusal(os.fsdecode(b"\xff.png")).encode()


def test_an_empty_file_is_called_empty(saved: Save) -> None:
    assert "is empty (zero bytes)" in refusal(saved("cat.jpg", b""))


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no descriptors with names")
def test_a_pipe_is_not_waited_for_a_second_time() -> None:
    reader, writer = os.pipe()
    try:
        with pytest.raises(ImageError, match="is read once"):
            read_upright(f"/dev/fd/{reader}")
    finally:
        os.close(reader)
        os.close(writer)
