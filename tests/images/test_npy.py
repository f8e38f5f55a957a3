"""NumPy's files: what numpy.save writes is read back, and what a stranger made up is refused before it costs memory."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import igcli
from igcli.errors import ImageError
from igcli.images.npy import npy_array
from igcli.images.options import ReadOptions, View

COLOUR = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def saved(array: np.ndarray, **how: object) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)  # type: ignore[call-overload]
    return file.getvalue()


def written(header: str, body: bytes = b"", *, version: bytes = b"\x01\x00") -> bytes:
    """A file with a header that numpy.save would not write."""
    text = header.encode() + b"\n"
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + length + text + body


@pytest.mark.parametrize("kind", ["u1", "<u2", ">u2", "<i4", ">f4", "<f8", "<f2", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_and_order_of_memory_is_read_as_numpy_reads_it(kind: str, order: str) -> None:
    array = np.asarray(COLOUR // 2, dtype=kind, order=order)  # type: ignore[call-overload]
    found = npy_array(saved(array), name="a")
    assert np.array_equal(found, np.load(io.BytesIO(saved(array)), allow_pickle=False))
    assert found.dtype.isnative


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(version: tuple[int, int]) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, COLOUR, version=version)
    assert np.array_equal(npy_array(file.getvalue(), name="a"), COLOUR)


@pytest.mark.parametrize("array", [COLOUR, COLOUR.transpose(2, 0, 1), COLOUR.astype(np.uint16) * 257, COLOUR / 255])
def test_colour_is_that_of_the_same_picture_as_png(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    view = View((24, 16))
    one, other = (igcli.read_image(tmp_path / f"a.{ending}", view=view) for ending in ("npy", "png"))
    assert one.pixels.equal(other.pixels)
    assert one.original_size == (30, 20)


def test_grey_arrays_have_two_axes_or_one_channel(tmp_path: Path) -> None:
    for number, array in enumerate((COLOUR[..., 0], COLOUR[..., :1], COLOUR[None, :, :, 0])):
        np.save(tmp_path / f"{number}.npy", array)
    Image.fromarray(COLOUR[..., 0]).save(tmp_path / "g.png")
    for channels in (1, 3):
        view = View(16, channels=channels)
        expected = igcli.read_image(tmp_path / "g.png", view=view).pixels
        for number in range(3):
            assert igcli.read_image(tmp_path / f"{number}.npy", view=view).pixels.equal(expected)


def test_the_last_axis_holds_the_channels_where_the_first_could_too(tmp_path: Path) -> None:
    array = np.random.default_rng(1).integers(0, 256, (5, 40, 5), dtype=np.uint8)
    np.save(tmp_path / "a.npy", array)
    found = igcli.read_image(tmp_path / "a.npy", view=View((40, 5), channels=5), fit="squash")
    np.testing.assert_allclose(found.pixels, array.transpose(2, 0, 1) / 255, atol=1e-6)
    assert "array (H, W, C)" in found.notes


def test_opacity_is_put_on_the_background(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.concatenate([COLOUR, np.zeros((20, 30, 1), np.uint8)], axis=2))
    found = igcli.read_image(tmp_path / "a.npy", view=View(16), options=ReadOptions(background="red"))
    assert found.pixels[0].min() == 1
    assert found.pixels[1:].max() == 0


def test_an_opacity_that_is_no_number_is_transparent_and_an_infinite_one_is_not(tmp_path: Path) -> None:
    array = np.zeros((16, 16, 4), np.float32)
    array[:, :8, 3], array[:, 8:, 3] = np.nan, np.inf
    np.save(tmp_path / "a.npy", array)
    found = igcli.read_image(tmp_path / "a.npy", view=View(16, 16), options=ReadOptions(background="white"))
    assert found.pixels[:, :, :8].min() == 1
    assert found.pixels[:, :, 8:].max() == 0


class Boom:
    """Unpickled it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (self.path, "boom")


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(saved(np.array([Boom(tmp_path / "boom")], dtype=object), allow_pickle=True))
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (9, 9, 3), }"
    (tmp_path / "b.npy").write_bytes(written(header, pickle.dumps(Boom(tmp_path / "boom"))))
    for name in "ab":
        with pytest.raises(ImageError, match="Python objects"):
            igcli.read_image(tmp_path / f"{name}.npy")
    assert not (tmp_path / "boom").exists()


HEADER = "{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.format("<f4", "(1000000000000, 1000000000000, 5)"), "cut off"),
        (HEADER.format("<f8", "(30000, 30000, 3)"), "cut off"),
        (HEADER.format("|u1", "(0, 30, 3)"), "empty"),
        (HEADER.format("|u1", "()"), "an array without axes, and"),
        (HEADER.format("|u1", "(-4, -4, 3)"), "empty|header"),
        (HEADER.format("<c8", "(4, 4, 3)"), "type complex64"),
        (HEADER.format("<U9", "(4, 4, 3)"), "type <U9"),
        (HEADER.format("<M8[s]", "(4, 4, 3)"), "type datetime64"),
        (HEADER.format("|V8", "(4, 4, 3)"), "type"),
        (HEADER.format("|u1", "(2, 2, 2, 3)"), "array of 2 x 2 x 2 x 3"),
        (HEADER.format("|u1", "(9, 9, 9)"), "array of 9 x 9 x 9"),
        (HEADER.format("|u1", "(4, 4.0, 3)"), "header"),
        ("{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, 'shape': (4, 4)}", "Python objects"),
        ("__import__('os').abort()", "header"),
        ("(" * 5000, "header"),
        ("{'descr': '<f4'}", "header"),
        (" " * 20_000, "header"),
    ],
)
def test_a_made_up_header_is_a_sentence(header: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(written(header, bytes(1000), version=b"\x02\x00"))
    with pytest.raises(ImageError, match=message):
        igcli.read_image(tmp_path / "a.npy")
    with pytest.raises(ImageError):
        igcli.read_image(tmp_path / "a.npy", view=View(channels=5), options=ReadOptions(allow_truncated=True))


@pytest.mark.parametrize("length", [6, 7, 8, 9, 10, 60, 127])
def test_a_file_that_ends_in_its_header_is_a_sentence(length: int, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(saved(COLOUR)[:length])
    with pytest.raises(ImageError, match=r"header|NumPy"):
        igcli.read_image(tmp_path / "a.npy")


def test_values_that_are_missing_are_zero_if_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(saved(COLOUR)[:-300])
    with pytest.raises(ImageError, match="300 are missing"):
        igcli.read_image(tmp_path / "a.npy")
    found = igcli.read_image(tmp_path / "a.npy", view=View((30, 20)), options=ReadOptions(allow_truncated=True))
    assert found.pixels[:, 17:].max() == 0
    assert any("truncated" in note for note in found.notes)


def test_more_pixels_than_allowed_are_refused_and_each_counts_by_its_width(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", COLOUR)
    with pytest.raises(ImageError, match="raise --max-pixels"):
        igcli.read_image(tmp_path / "a.npy", options=ReadOptions(max_pixels=599))
    np.save(tmp_path / "b.npy", np.zeros((20, 30, 100), np.uint8))
    with pytest.raises(ImageError, match="each counted 50 times"):
        igcli.read_image(tmp_path / "b.npy", view=View(channels=100), options=ReadOptions(max_pixels=29_999))
