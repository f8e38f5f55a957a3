"""One picture in every layout that TIFF 6.0 allows: each must give the same levels."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from images.pictures import Save, refusal
from images.tiffs import of_array, tiff

from igcli.images.options import ReadOptions
from igcli.images.reading import read_upright

HEIGHT, WIDTH = 12, 16
RAMP = np.add.outer(np.arange(HEIGHT) * 16, np.arange(WIDTH)).astype(np.uint8)  # 0..191, all different
GREY = np.repeat(RAMP[:, :, None], 3, axis=2)
COLOUR = np.stack([RAMP, 255 - RAMP, RAMP[::-1]], axis=2)
SIXTEEN = RAMP.astype(np.uint16) * 257


def levels(saved: Save, data: bytes, **options: object) -> np.ndarray:
    """The whole picture as it is read, (H, W, 3)."""
    return np.asarray(read_upright(saved("scan.tif", data), options=ReadOptions(**options)))  # type: ignore[arg-type]


def in_twelve_bits(values: np.ndarray) -> bytes:
    """Two samples in three bytes, the highest bits first; every row of the ramp has an even number of them."""
    first, second = values.reshape(-1, 2).T.astype(np.uint16)
    return np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1).astype(np.uint8).tobytes()


def in_bits(values: np.ndarray, bits: int) -> bytes:
    """Samples of any number of bits, each row from a byte of its own, by way of texts of noughts and ones."""
    rows = ("".join(f"{int(value):0{bits}b}" for value in row) for row in values)
    return b"".join(int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in rows)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        SIXTEEN,
        SIXTEEN.astype(np.uint32),
        (RAMP.astype(np.int16) - 128).astype(np.int8),
        SIXTEEN.astype(np.int32) - 32768,
        SIXTEEN.astype(np.int32),
        (RAMP / 255).astype(np.float32),
        (RAMP / 255).astype(np.float64),
    ],
    ids=lambda values: f"{values.dtype}{'-' if values.min() < 0 else ''}",
)
def test_every_type_of_sample_gives_the_same_picture(
    saved: Save, values: np.ndarray, order: str, *, white_is_zero: bool
) -> None:
    if values.dtype == np.int32 and values.min() < 0:
        values = values.astype(np.int16)  # all of the type, -32768..32767
    ends = (
        (0.0, 1.0)
        if values.dtype.kind == "f"
        else (int(values.min()), int(values.min()) + (257 if values.max() > 255 else 1) * 255)
    )
    stored = (ends[0] + ends[1] - values.astype(np.float64)).astype(values.dtype) if white_is_zero else values

    read = levels(saved, of_array(stored, order=order, photometric=0 if white_is_zero else 1))

    assert np.abs(read.astype(int) - GREY).max() <= (1 if white_is_zero else 0)


def test_signed_samples_without_a_negative_one_use_the_positive_half(saved: Save) -> None:
    values = np.rint(RAMP * (32767 / 255)).astype(np.int16)

    assert np.array_equal(levels(saved, of_array(values)), GREY)


@pytest.mark.parametrize("bits", [10, 12, 14, 3, 24])
def test_samples_that_fill_no_bytes_are_unpacked(saved: Save, bits: int) -> None:
    top = 2 ** min(bits, 16) - 1
    values = np.rint(RAMP * (top / 255)).astype(np.uint32)
    data = in_twelve_bits(values) if bits == 12 else in_bits(values, bits)
    order = ">" if bits == 24 else "<"

    read = levels(saved, tiff(WIDTH, HEIGHT, [data], bits=[bits], order=order))

    assert np.abs(read.astype(int) - GREY).max() <= (0 if bits > 8 else 255 / top / 2 + 1)


def test_twelve_bits_of_rows_with_an_odd_number_of_samples_begin_each_row_anew(saved: Save) -> None:
    values = np.rint(RAMP[:, :15] * (4095 / 255)).astype(np.uint32)

    read = levels(saved, tiff(15, HEIGHT, [in_bits(values, 12)], bits=[12]))

    assert np.array_equal(read, GREY[:, :15])


def planes(values: np.ndarray) -> list[bytes]:
    return [np.ascontiguousarray(values[:, :, band]).tobytes() for band in range(values.shape[2])]


PLANAR = {284: ("H", [2])}


def test_planes_of_sixteen_bits_are_put_together(saved: Save) -> None:
    data = planes(COLOUR.astype("<u2") * 257)

    assert np.array_equal(levels(saved, tiff(WIDTH, HEIGHT, data, bits=[16] * 3, photometric=2, tags=PLANAR)), COLOUR)


def test_floats_in_colour_are_read(saved: Save) -> None:
    assert np.array_equal(levels(saved, of_array((COLOUR / 255).astype(np.float32), photometric=2)), COLOUR)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
def test_of_five_bands_with_colour_the_colour_is_read_and_the_rest_noted(
    saved: Save, dtype: type, *, planar: bool
) -> None:
    scale = np.iinfo(dtype).max // 255
    bands = np.concatenate([COLOUR, COLOUR[:, :, :2] // 2], axis=2).astype(dtype) * dtype(scale)
    extra = {338: ("H", [0, 0])}
    bits = [8 * bands.dtype.itemsize] * 5
    data = (
        tiff(WIDTH, HEIGHT, planes(bands), bits=bits, photometric=2, tags={**PLANAR, **extra})
        if planar
        else of_array(bands, photometric=2, tags=extra)
    )

    assert np.array_equal(levels(saved, data), COLOUR)


def test_bands_of_which_none_is_called_red_are_one_sentence(saved: Save) -> None:
    data = of_array(np.zeros((4, 4, 5), np.uint8), tags={338: ("H", [0] * 4)})

    assert "5 bands and no word on which are red" in refusal(saved("bands.tif", data))


def test_a_fourth_sample_of_opacity_shows_the_background(saved: Save) -> None:
    values = np.full((4, 4, 4), 65535, np.uint16)
    values[:, :, :3] = 0
    values[:, 2:, 3] = 0
    data = of_array(values, photometric=2, tags={338: ("H", [2])})

    read = levels(saved, data, background="#0a141e")

    assert read[0, 0].tolist() == [0, 0, 0]
    assert read[0, 3].tolist() == [10, 20, 30]


def test_a_palette_of_sixteen_bit_indices_is_looked_up(saved: Save) -> None:
    table = np.zeros((3, 65536), np.uint16)
    table[:, 300], table[:, 70] = (65535, 0, 257 * 7), (257, 514, 771)
    index = np.array([[300, 70]], np.uint16)

    read = levels(saved, of_array(index, photometric=3, tags={320: ("H", table.reshape(-1).tolist())}))

    assert read.tolist() == [[[255, 0, 7], [1, 2, 3]]]


def test_deflated_strips_and_their_differences_are_undone(saved: Save) -> None:
    values = COLOUR.astype("<u2") * 257
    differences = values.copy()
    differences[:, 1:] -= values[:, :-1]
    strips = [zlib.compress(part.tobytes()) for part in (differences[:5], differences[5:10], differences[10:])]
    tags = {259: ("H", [8]), 278: ("I", [5]), 317: ("H", [2])}

    read = levels(saved, tiff(WIDTH, HEIGHT, strips, bits=[16] * 3, photometric=2, tags=tags))

    assert np.array_equal(read, COLOUR)


def test_differences_of_floats_are_undone(saved: Save) -> None:
    # Adobe's Technical Note 3: the bytes of a row, highest first, one kind after the other, then differences.
    rows = (RAMP / 255).astype(">f4").view(np.uint8).reshape(HEIGHT, WIDTH, 4).transpose(0, 2, 1).reshape(HEIGHT, -1)
    differences = np.diff(rows, axis=1, prepend=np.zeros((HEIGHT, 1), np.uint8))
    tags = {259: ("H", [8]), 317: ("H", [3])}
    data = tiff(WIDTH, HEIGHT, [zlib.compress(differences.tobytes())], bits=[32], sample_format=3, tags=tags)

    assert np.array_equal(levels(saved, data), GREY)


def test_tiles_that_reach_beyond_the_edge_are_cut(saved: Save) -> None:
    padded = np.zeros((16, 32), np.uint16)
    padded[:HEIGHT, :WIDTH] = 65535 - SIXTEEN
    tiles = [padded[:, :16].tobytes(), padded[:, 16:].tobytes()]
    offsets = [8, 8 + len(tiles[0])]
    tags = {
        **{tag: ("I", []) for tag in (273, 278, 279)},
        322: ("I", [16]),
        323: ("I", [16]),
        324: ("I", offsets[:1]),
        325: ("I", [512]),
    }

    assert np.array_equal(levels(saved, tiff(WIDTH, HEIGHT, tiles, bits=[16], photometric=0, tags=tags)), GREY)


def test_bits_of_a_byte_in_reverse_are_put_right(saved: Save) -> None:
    turned = bytes(int(f"{byte:08b}"[::-1], 2) for byte in SIXTEEN.tobytes())
    data = tiff(WIDTH, HEIGHT, [turned], bits=[16], photometric=0, tags={266: ("H", [2])})

    assert np.array_equal(levels(saved, data), 255 - GREY)


@pytest.mark.parametrize(
    "tags",
    [{340: ("H", [0]), 341: ("H", [4095])}, {280: ("H", [0]), 281: ("H", [4095])}, {281: ("H", [4095])}],
    ids=["SMinSampleValue", "MinSampleValue", "MaxSampleValue"],
)
def test_the_range_that_the_file_states_is_used(saved: Save, tags: dict[int, tuple[str, list[int]]]) -> None:
    values = np.rint(RAMP * (4095 / 255)).astype(np.uint16)

    assert np.array_equal(levels(saved, of_array(values, tags=tags)), GREY)


def test_a_stated_range_that_does_not_hold_the_pixels_is_not_believed(saved: Save) -> None:
    assert np.array_equal(levels(saved, of_array(SIXTEEN, tags={280: ("H", [0]), 281: ("H", [255])})), GREY)


def test_a_range_of_floats_is_read_from_the_file(saved: Save) -> None:
    values = (RAMP / 255 * 20 - 10).astype(np.float32)
    data = of_array(values, tags={340: ("f", [-10.0]), 341: ("f", [10.0])})

    assert np.abs(levels(saved, data).astype(int) - GREY).max() <= 1


def test_the_orientation_of_samples_read_here_is_kept(saved: Save) -> None:
    data = of_array(65535 - SIXTEEN, photometric=0, tags={274: ("H", [6])})

    assert np.array_equal(levels(saved, data), np.rot90(GREY, -1))
    assert np.array_equal(levels(saved, data, exif_rotate=False), GREY)


def test_missing_pixels_are_damage_and_black_on_request(saved: Save) -> None:
    values = SIXTEEN.astype(np.float32) / 65535
    data = tiff(WIDTH, HEIGHT, [values.tobytes()[: WIDTH * 4 * 5]], bits=[32], sample_format=3)
    path = saved("cut.tif", data)

    assert "--allow-truncated" in refusal(path)
    read = levels(saved, data, allow_truncated=True)
    assert np.array_equal(read[:5], GREY[:5])
    assert not read[5:].any()


def test_fewer_strips_than_rows_are_damage(saved: Save) -> None:
    data = tiff(WIDTH, HEIGHT, [SIXTEEN[:1].tobytes()], bits=[16], photometric=0, tags={278: ("I", [1])})

    assert "--allow-truncated" in refusal(saved("cut.tif", data))


@pytest.mark.parametrize(
    ("bits", "sample_format", "tags", "reason"),
    [
        ((32,), 6, {}, "SampleFormat 6"),
        ((64,), 5, {}, "SampleFormat 5"),
        ((5, 6, 5), 1, {}, "different types"),
        ((16,), 1, {259: ("H", [34887])}, "compression 34887"),
        ((12,), 1, {259: ("H", [7])}, "compression 7"),
        ((16,) * 300, 1, {}, "300 bands"),
    ],
)
def test_what_is_not_read_is_named(
    saved: Save, bits: tuple[int, ...], sample_format: int, tags: dict[int, tuple[str, list[int]]], reason: str
) -> None:
    photometric = 2 if len(bits) == 3 else 1
    data = tiff(4, 4, [bytes(4096)], bits=bits, sample_format=sample_format, photometric=photometric, tags=tags)

    assert reason in refusal(saved("odd.tif", data))


def test_values_that_are_no_numbers_are_refused(saved: Save) -> None:
    values = (RAMP / 255).astype(np.float32)
    values[3, 3] = np.nan

    assert "not finite" in refusal(saved("nan.tif", of_array(values)))


def test_wide_pixels_count_for_several_under_the_limit(saved: Save) -> None:
    path = saved("wide.tif", of_array(np.zeros((HEIGHT, WIDTH, 3), np.float64), photometric=2))

    assert "counted 3 times" in refusal(path, max_pixels=HEIGHT * WIDTH)


def test_a_size_without_pixels_behind_it_takes_no_memory(saved: Save) -> None:
    data = tiff(1, 100_000_000, [b"\0" * 8], bits=[16], photometric=0, tags={278: ("I", [10_000])})

    assert "--allow-truncated" in refusal(saved("tall.tif", data))


def test_a_big_tiff_is_read(saved: Save) -> None:
    stored = (65535 - SIXTEEN).tobytes()
    fields = [
        (256, WIDTH),
        (257, HEIGHT),
        (258, 16),
        (259, 1),
        (262, 0),
        (273, 16),
        (277, 1),
        (278, HEIGHT),
        (279, len(stored)),
    ]
    entries = b"".join(struct.pack("<HHQQ", tag, 4, 1, value) for tag, value in fields)
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16 + len(stored))

    read = levels(saved, head + stored + struct.pack("<Q", len(fields)) + entries + bytes(8))

    assert np.array_equal(read, GREY)
