"""Which values become black and white, against levels worked out by hand, and when a warning is given."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from images.pictures import Save, photo
from images.tiffs import of_array
from PIL import Image

from igcli.errors import UsageError
from igcli.images.levels import FLOAT, Caution, Samples, byte_levels, to_levels, unsigned
from igcli.images.options import ReadOptions
from igcli.images.reading import read_image


def sixteen(values: list[int]) -> Samples:
    return Samples(np.array(values, np.uint16).reshape(1, -1, 1), "16-bit", unsigned(16))


def shown(samples: Samples, window: str) -> tuple[list[int], tuple[str, ...]]:
    image, notes = to_levels(samples, ReadOptions(window=window), name="scan")
    return np.asarray(image).reshape(-1).tolist(), notes


def test_the_whole_range_is_the_types() -> None:
    assert shown(sixteen([0, 257, 32896, 65535]), "full") == ([0, 1, 128, 255], ("16-bit scaled to 8",))


def test_a_window_of_two_values_clips_what_is_beyond_and_is_noted() -> None:
    levels, notes = shown(sixteen([0, 1000, 1800, 3000, 65535]), "1000,3000")

    assert levels == [0, 0, 102, 255, 255]
    assert notes == ("16-bit 1000..3000 scaled to 8, by --window",)


def test_a_window_may_be_of_negative_floats() -> None:
    samples = Samples(np.array([[[-1000.0], [0.0], [250.0]]]), "float", FLOAT)

    assert shown(samples, "-1000,250")[0] == [0, 204, 255]


def test_percentiles_leave_a_few_outliers_out() -> None:
    values = [*range(100, 1101), 65535]  # one hot pixel

    levels, notes = shown(sixteen(values), "percentile")

    assert (levels[0], levels[-1]) == (0, 255)
    assert abs(levels[500] - 128) <= 1
    assert notes == ("16-bit 105..1096 scaled to 8, its own percentiles",)


def test_percentiles_of_a_nearly_flat_picture_fall_back_to_its_extremes() -> None:
    assert shown(sixteen([0] * 999 + [500]), "percentile")[0][-1] == 255


def test_white_is_zero_turns_a_window_round() -> None:
    samples = Samples(np.array([[[0], [100]]], np.uint16), "16-bit", unsigned(16), inverted=True)

    assert shown(samples, "0,100")[0] == [255, 0]


def test_the_table_of_sixteen_bits_and_the_arithmetic_of_others_agree() -> None:
    values = np.arange(0, 65536, 13, dtype=np.uint16).reshape(1, -1)

    assert np.array_equal(byte_levels(values, 100, 9000), byte_levels(values.astype(np.int64), 100, 9000))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[-1e308, 0.0, 1e300], [0.0, 1e-310, 1e308]])
def test_values_of_any_size_give_levels_without_a_warning(values: list[float]) -> None:
    samples = Samples(np.array(values).reshape(1, -1, 1), "float", FLOAT)

    for window in ("full", "percentile", "0,1e-309"):
        levels, _ = shown(samples, window)
        assert levels == sorted(levels)


@pytest.mark.parametrize("window", ["", "1", "1,2,3", "a,b", "5,5", "9,1", "nan,1", "0,inf", "fulll"])
def test_a_window_that_is_none_is_a_usage_error(window: str) -> None:
    with pytest.raises(UsageError, match="--window"):
        ReadOptions(window=window)


def test_one_window_has_one_spelling() -> None:
    assert ReadOptions(window=" 0, 4095.0").window == "0,4095"


# Warnings


def cautions(notes: tuple[str, ...]) -> list[str]:
    return [note for note in notes if isinstance(note, Caution)]


def test_twelve_bits_in_sixteen_are_told_with_the_window_that_helps() -> None:
    _, notes = shown(sixteen(list(range(4096))), "full")

    (caution,) = cautions(notes)
    assert "less than a quarter of 0..65535" in caution
    assert "--window 2,4093" in caution
    assert not cautions(shown(sixteen(list(range(4096))), "0,4095")[1])
    assert not cautions(shown(sixteen(list(range(4096))), "percentile")[1])


def test_a_quarter_in_the_middle_is_as_narrow_as_one_at_the_bottom() -> None:
    assert cautions(shown(sixteen(list(range(30000, 34000))), "full")[1])


def test_a_hot_pixel_in_ten_thousand_does_not_hide_that_the_rest_is_dark() -> None:
    assert cautions(shown(sixteen([*range(10_000), 65535]), "full")[1])


def test_a_window_beside_the_values_is_told() -> None:
    (caution,) = cautions(shown(sixteen(list(range(4096))), "10000,60000")[1])

    assert "--window 2,4093" in caution


def test_a_picture_that_uses_its_range_or_is_flat_needs_no_caution() -> None:
    assert not cautions(shown(sixteen(list(range(0, 20_000, 7))), "full")[1])
    assert not cautions(shown(sixteen([7] * 50), "full")[1])


def test_floats_without_a_range_of_their_own_are_told() -> None:
    _, notes = shown(Samples(np.array([[[-3.0], [5.0]]]), "float", FLOAT), "full")

    assert "stretched from -3..5" in cautions(notes)[0]


def test_reading_logs_cautions_under_the_files_name(saved: Save, caplog: pytest.LogCaptureFixture) -> None:
    path = saved("ct.tif", of_array(np.arange(4096, dtype=np.uint16).reshape(64, 64)))

    with caplog.at_level(logging.WARNING, logger="igcli.images"):
        picture = read_image(path, size=16)

    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path}: 99.9 %")
    assert any("--window" in note for note in picture.notes)


def test_a_window_makes_dark_pictures_bright_in_every_deep_format(saved: Save) -> None:
    values = np.tile(np.linspace(0, 4095, 64).astype(np.uint16), (64, 1))
    tif, png = saved("a.tif", of_array(values)), saved("a.png", Image.fromarray(values))
    pgm = saved("a.pgm", b"P5 64 64 65535\n" + values.astype(">u2").tobytes())

    for path in (tif, png, pgm):
        assert read_image(path, size=16).pixels.max() < 0.07
        assert read_image(path, size=16, options=ReadOptions(window="0,4095")).pixels.max() > 0.8


def test_a_window_for_a_picture_of_eight_bits_is_said_not_to_be_used(saved: Save) -> None:
    path = saved("cat.jpg", photo())

    picture = read_image(path, options=ReadOptions(window="0,4095"))

    assert np.array_equal(picture.pixels, read_image(path).pixels)
    assert "--window is for deeper pictures" in picture.notes[0]
