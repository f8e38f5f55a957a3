"""Bytes to an upright image: rotation, damage, bombs. Through ``read_image``, which is where a user meets them."""

from __future__ import annotations

import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from images.pictures import RNG, Save, encoded, photo, refusal
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from igcli.errors import ImageError
from igcli.images.options import ReadOptions, View
from igcli.images.reading import read_image

# Rotation


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).swapaxes(0, 1)),
        (8, lambda a: np.rot90(a)),
    ],
)
@pytest.mark.parametrize("kind", ["png", "tif", "webp"])
def test_exif_orientation_is_undone(
    saved: Save, kind: str, orientation: int, upright: Callable[[np.ndarray], np.ndarray]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    extra = {"lossless": True, "exact": True} if kind == "webp" else {}
    path = saved(f"cat.{kind}", photo(30, 20), exif=exif, **extra)
    expected = Image.fromarray(np.ascontiguousarray(upright(np.asarray(photo(30, 20)))))

    picture = read_image(path, view=View(size=20, resize=20))

    assert picture.original_size == expected.size
    left, top = (round((side - 20) / 2) for side in expected.size)
    assert np.array_equal(picture.array(), np.asarray(expected.crop((left, top, left + 20, top + 20))))
    assert picture.notes == (("rotated by EXIF",) if orientation > 1 else ())


def test_rotation_agrees_with_pillows_own_transpose_for_jpeg(saved: Save) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    path = saved("cat.jpg", photo(30, 20), exif=exif)
    expected = ImageOps.exif_transpose(Image.open(path)).crop((0, 5, 20, 25))

    assert np.array_equal(read_image(path, view=View(size=20, resize=20)).array(), np.asarray(expected))


def test_ignored_rotation_is_noted(saved: Save) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read_image(saved("cat.jpg", photo(30, 20), exif=exif), options=ReadOptions(exif_rotate=False))

    assert picture.original_size == (30, 20)
    assert picture.notes == ("EXIF rotation ignored",)


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_does_not_exist_is_ignored(saved: Save, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    assert read_image(saved("cat.jpg", photo(30, 20), exif=exif)).notes == ()


def test_damaged_exif_data_does_not_cost_the_photo(saved: Save, recwarn: pytest.WarningsRecorder) -> None:
    path = saved("cat.jpg", encoded("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01"))

    assert read_image(path).notes == ()
    assert not list(recwarn)


# What is no picture, or no longer a whole one


def test_postscript_is_refused_without_starting_another_program(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("subprocess.Popen", lambda *a, **_: started.append(a))
    monkeypatch.setattr("subprocess.check_call", lambda *a, **_: started.append(a))
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"

    assert "is a PostScript document" in refusal(saved("cat.eps", eps))
    assert started == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "BMP"])
def test_a_file_cut_off_in_the_middle_is_refused_with_the_option_named(saved: Save, kind: str) -> None:
    whole = encoded(kind, Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)))

    message = refusal(saved("cat.img", whole[: len(whole) * 2 // 3]))

    assert "cut off or damaged" in message
    assert "--allow-truncated" in message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_what_is_left_of_a_cut_file_is_read_on_request_and_noted(saved: Save, kind: str) -> None:
    noise = Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    whole = encoded(kind, noise, **({"interlace": 0} if kind == "GIF" else {}))
    cut, complete = saved("cut.img", whole[: len(whole) * 2 // 3]), saved("whole.img", whole)
    view = View(size=64, resize=64)

    picture = read_image(cut, view=view, options=ReadOptions(allow_truncated=True))

    assert "truncated, the missing part is filled in" in picture.notes
    rows = slice(30, 60) if kind == "BMP" else slice(0, 30)  # a BMP begins at the bottom
    assert np.array_equal(picture.array()[rows], read_image(complete, view=view).array()[rows])
    assert not torch.equal(picture.pixels, read_image(complete, view=view).pixels)


def test_a_whole_file_is_not_called_truncated_for_having_been_allowed_to_be(saved: Save) -> None:
    assert read_image(saved("cat.jpg", photo()), options=ReadOptions(allow_truncated=True)).notes == ()


def test_what_cannot_be_saved_does_not_advise_the_option_that_was_given(saved: Save) -> None:
    whole = encoded("WEBP")

    assert "--allow-truncated" not in refusal(saved("cat.webp", whole[: len(whole) // 2]), allow_truncated=True)


def test_the_process_wide_switches_of_pillow_are_as_before(saved: Save) -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    jpeg = encoded("JPEG", photo(300, 300))
    path = saved("cut.jpg", jpeg[: len(jpeg) * 2 // 3])

    read_image(path, options=ReadOptions(allow_truncated=True, max_pixels=10**12))
    refusal(path)

    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_readers_that_allow_truncation_do_not_make_others_lenient(saved: Save) -> None:
    jpeg = encoded("JPEG", photo(300, 300))
    path = saved("cut.jpg", jpeg[: len(jpeg) * 2 // 3])
    outcomes: dict[bool, list[bool]] = {True: [], False: []}

    def reads(options: ReadOptions) -> bool:
        try:
            read_image(path, size=8, options=options)
        except ImageError:
            return False
        return True

    def read(*, lenient: bool) -> None:
        outcomes[lenient] += [reads(ReadOptions(allow_truncated=lenient)) for _ in range(10)]

    threads = [threading.Thread(target=read, kwargs={"lenient": lenient}) for lenient in (True, False) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == {True: [True] * 30, False: [False] * 30}
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


# Bombs


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one row or less of it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = chunk(b"IHDR", size + b"\x08\x02\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_500, 13_400, 30_000, 2**31 - 1])
def test_a_picture_over_the_limit_is_refused_before_it_is_decoded(
    saved: Save, side: int, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))

    message = refusal(saved("bomb.png", png_header(side, side)), max_pixels=80_000_000)

    assert "--max-pixels" in message
    assert "80,000,000" in message
    assert not list(recwarn)


def test_the_limit_counts_exactly(saved: Save) -> None:
    path = saved("cat.png", photo(60, 40))

    assert read_image(path, options=ReadOptions(max_pixels=2400)).original_size == (60, 40)
    assert "60 x 40" in refusal(path, max_pixels=2399)


def test_a_raised_limit_reaches_beyond_pillows_own(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow by itself would refuse from 200

    assert read_image(saved("cat.png", photo(60, 40))).original_size == (60, 40)


def test_a_text_chunk_that_unpacks_to_a_bomb_is_refused(saved: Save) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("story", "a" * (PngImagePlugin.MAX_TEXT_CHUNK + 1), zip=True)

    message = refusal(saved("cat.png", photo(), pnginfo=text))

    assert "carries text" in message


def test_a_picture_without_pixels_is_refused(saved: Save) -> None:
    assert refusal(saved("cat.pgm", b"P5 0 0 255\n"))
    assert refusal(saved("cat.png", png_header(0, 5)))
    assert refusal(saved("cat.gif", b"GIF89a\0\0\0\0\0\0\0;"))


def test_running_out_of_memory_is_one_sentence(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(_: object) -> None:
        raise MemoryError

    path = saved("cat.png", photo())
    monkeypatch.setattr(ImageFile.ImageFile, "load", no_memory)

    assert "does not fit into memory" in refusal(path)


@pytest.mark.parametrize("error", [SyntaxError("x"), OverflowError(), zlib.error("z"), KeyError("k"), RecursionError()])
def test_whatever_a_decoder_raises_is_one_sentence(
    saved: Save, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error

    path = saved("cat.png", photo())
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)

    assert "cut off or damaged" in refusal(path)


def test_nothing_is_printed_whatever_pillow_has_to_say(tmp_path: Path) -> None:
    # In a process of its own: pytest catches what Pillow logs, Python by itself prints it.
    tiff = encoded("TIFF", compression="tiff_lzw")
    many_samples = tiff.replace(b"\x15\x01\x03\0\x01\0\0\0\x03", b"\x15\x01\x03\0\x01\0\0\0\x4d")
    assert many_samples != tiff
    paths = [tmp_path / name for name in ("many.tif", "cut.tif", "cut.jpg", "zeros.img")]
    for path, data in zip(paths, (many_samples, tiff[:-60], encoded("JPEG")[:-40], bytes(50)), strict=True):
        path.write_bytes(data)
    code = (
        "import sys, contextlib\n"
        "from igcli.errors import ImageError\n"
        "from igcli.images.options import ReadOptions\nfrom igcli.images.reading import read_image\n"
        "for path in sys.argv[1:]:\n"
        "    for lenient in (False, True):\n"
        "        with contextlib.suppress(ImageError):\n"
        "            read_image(path, options=ReadOptions(allow_truncated=lenient))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
