"""PNG and PNM of 16 bits: no sample loses its low byte before a window is applied."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from images.pictures import RNG, Save, refusal
from PIL import Image

from igcli.images.deep import deep_pnm, png_is_deep, png_samples, pnm_samples
from igcli.images.options import ReadOptions
from igcli.images.reading import read_image, read_upright

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def png(values: np.ndarray, colour: int, *, filtered: bool = False, more: bytes = b"") -> bytes:
    """A 16-bit PNG of (H, W, C) values; ``filtered`` uses the filter Sub, as encoders do."""
    height, width, channels = values.shape
    assert channels == CHANNELS[colour]
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8)
    if filtered:
        step = 2 * channels
        shifted = np.concatenate([np.zeros((height, step), np.uint8), rows[:, :-step]], axis=1)
        rows = rows - shifted
    flat = b"".join(bytes([int(filtered)]) + row.tobytes() for row in rows)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + chunk(b"IDAT", zlib.compress(flat)) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("colour", CHANNELS)
def test_a_png_of_sixteen_bits_keeps_all_of_them(colour: int, *, filtered: bool) -> None:
    values = RNG.integers(0, 65536, (7, 5, CHANNELS[colour]), dtype=np.uint16)
    data = png(values, colour, filtered=filtered)

    samples, orientation = png_samples(data)

    colours = 3 if colour in (2, 6) else 1
    assert png_is_deep(data)
    assert np.array_equal(samples.values, values[:, :, :colours])
    assert orientation == 1
    if colour in (4, 6):
        assert samples.alpha is not None
        assert np.array_equal(samples.alpha, values[:, :, -1] >> 8)


def test_the_transparent_colour_is_compared_in_all_its_bits(saved: Save) -> None:
    values = np.array([[[300, 300, 300], [301, 300, 300]]], np.uint16)  # the same in 8 bits
    data = png(values, 2, more=chunk(b"tRNS", struct.pack(">HHH", 300, 300, 300)))

    read = np.asarray(read_upright(saved("key.png", data), options=ReadOptions(background="red")))

    assert read.tolist() == [[[255, 0, 0], [1, 1, 1]]]


def test_grey_with_alpha_lies_on_the_background(saved: Save) -> None:
    data = png(np.array([[[65535, 65535], [0, 0]]], np.uint16), 4)

    read = np.asarray(read_upright(saved("la.png", data), options=ReadOptions(background="#0a141e")))

    assert read.tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_the_orientation_of_a_deep_png_is_kept(saved: Save) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    values = np.arange(6, dtype=np.uint16).reshape(2, 3, 1) * 10_000
    file = io.BytesIO()
    Image.fromarray(values[:, :, 0]).save(file, "PNG", exif=exif)

    assert read_image(saved("turned.png", file.getvalue()), size=8).original_size == (2, 3)


@pytest.mark.parametrize("colour", CHANNELS)
def test_a_cut_deep_png_is_damage_and_read_on_request(saved: Save, colour: int) -> None:
    values = RNG.integers(0, 65536, (64, 64, CHANNELS[colour]), dtype=np.uint16)
    whole = png(values, colour)
    path = saved("cut.png", whole[: len(whole) // 2])

    assert "--allow-truncated" in refusal(path)
    assert "truncated" in read_image(path, size=8, options=ReadOptions(allow_truncated=True)).notes[0]


@pytest.mark.parametrize("most", [256, 1023, 4095, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pnm_is_scaled_by_its_own_maximum_and_keeps_its_values(saved: Save, most: int, channels: int) -> None:
    values = np.linspace(0, most, 4 * 5 * channels).astype(np.uint16).reshape(4, 5, channels)
    kind = b"P5" if channels == 1 else b"P6"
    data = kind + f"\n# a comment\n5 4\n{most}\n".encode() + values.astype(">u2").tobytes()

    header = deep_pnm(data)
    samples = pnm_samples(data, header, tolerant=False)
    read = np.asarray(read_upright(saved("a.pnm", data)))

    assert np.array_equal(samples.values, values)
    expected = np.rint(values * (255 / most))
    assert np.array_equal(read, np.broadcast_to(expected, read.shape))


def test_a_cut_pnm_is_damage_and_black_on_request(saved: Save) -> None:
    path = saved("cut.pgm", b"P5 4 4 65535\n" + b"\xff" * 16)

    assert "--allow-truncated" in refusal(path)
    read = np.asarray(read_upright(path, options=ReadOptions(allow_truncated=True)))
    assert read[:2].min() == 255
    assert not read[2:].any()


@pytest.mark.parametrize("data", [b"P5 4 4 255\n", b"P5 4 4 65536\n", b"P5 4 4 99999999999\n", b"P2 4 4 4095\n", b"P5"])
def test_other_pnm_files_are_pillows(data: bytes) -> None:
    assert deep_pnm(data + bytes(64)) is None


def test_absurd_sizes_are_refused_before_anything_is_read(saved: Save) -> None:
    assert "--max-pixels" in refusal(saved("a.pgm", b"P5 999999999999 999999999999 4095\n"))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 2, 0, 0, 0))
    assert "--max-pixels" in refusal(saved("a.png", b"\x89PNG\r\n\x1a\n" + header))
