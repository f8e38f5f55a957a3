from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.errors import NumericalError
from igcli.rendering.page.packing import pack_frames, pack_map
from igcli.rendering.scaling import absolute, signed

RANDOM = np.random.default_rng(2)
VALUES = (RANDOM.standard_normal((3, 20, 16)) ** 3).astype(np.float32)
FRAMES = RANDOM.gamma(0.6, size=(7, 32, 64)) * np.logspace(-6, 0, 7)[:, None, None]


def inflated(data: bytes) -> np.ndarray:
    return np.frombuffer(zlib.decompress(data, -15), np.uint8)


def unpacked(data: bytes, unit: float) -> np.ndarray:
    """What decode.js does with byte planes, in NumPy."""
    return np.ascontiguousarray(inflated(data).reshape(4, -1).T).view("<f4").reshape(2, 20, 16).astype(float) * unit


def levels_of(packed) -> np.ndarray:
    """What decode.js does with differences, in NumPy."""
    return np.cumsum(inflated(packed.data).reshape(len(packed.tops), *packed.size), axis=0, dtype=np.uint8)


@pytest.mark.parametrize("unit", [1.0, 1e-60, 1e60, 3e-39])
def test_an_exact_map_is_kept_to_single_precision_whatever_its_unit(unit):
    values = VALUES.astype(np.float64) * unit
    packed = pack_map(values)
    kept = unpacked(packed.data, packed.unit)
    np.testing.assert_allclose(kept[0], absolute(values), rtol=2**-23, atol=0)
    np.testing.assert_allclose(kept[1], signed(values), rtol=2**-23, atol=2**-140 * unit)


def test_a_coarse_map_keeps_every_pixel_within_a_percent_of_the_largest():
    packed = pack_map(VALUES, exact=False)
    half = len(inflated(packed.data)) // 2
    roots = inflated(packed.data)[:half] / 255
    np.testing.assert_allclose((roots**2 * packed.unit).reshape(20, 16), absolute(VALUES), atol=0.005 * packed.unit)
    signs = inflated(packed.data)[half:].view(np.int8) / 127
    np.testing.assert_allclose(
        (signs * abs(signs) * packed.unit).reshape(20, 16), signed(VALUES), atol=0.01 * packed.unit
    )


def test_a_coarse_map_is_a_quarter_as_long():
    assert len(pack_map(VALUES, exact=False).data) < 0.35 * len(pack_map(VALUES).data)


@pytest.mark.parametrize("exact", [True, False])
def test_a_blank_map_has_a_unit_and_packs_to_next_to_nothing(exact):
    packed = pack_map(np.zeros((3, 64, 64)), exact=exact)
    assert packed.unit == 1.0
    assert not inflated(packed.data).any()
    assert len(packed.data) < 100


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(NumericalError):
        pack_map(np.full((3, 4, 4), np.nan))


def test_frames_are_kept_to_half_a_level_of_their_own_root():
    packed = pack_frames(FRAMES, room=10**9)
    assert packed.levels == 255
    kept = (levels_of(packed) / packed.levels) ** 2
    np.testing.assert_allclose(packed.tops, FRAMES.max(axis=(1, 2)))
    roots = np.sqrt(FRAMES / FRAMES.max(axis=(1, 2), keepdims=True))
    assert np.abs(np.sqrt(kept) - roots).max() <= 0.5 / 255 + 1e-9


def test_less_room_makes_frames_coarser_and_at_last_smaller():
    found = [pack_frames(FRAMES, room=room) for room in (10**9, 17_000, 11_000, 3_500, 0)]
    levels = [packed.levels for packed in found]
    assert levels[:3] == sorted(levels[:3], reverse=True)
    assert [packed.size for packed in found[:3]] == [(32, 64)] * 3
    assert [packed.size for packed in found[3:]] == [(16, 32)] * 2
    for packed, room in zip(found[:-1], (10**9, 17_000, 11_000, 3_500), strict=True):
        assert len(packed.data) * 4 / 3 <= room


def test_halved_frames_hold_the_means_of_four_pixels():
    packed = pack_frames(FRAMES, room=0)
    means = FRAMES.reshape(7, 16, 2, 32, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(packed.tops, means.max(axis=(1, 2)))


def test_small_or_odd_frames_keep_their_size():
    assert pack_frames(np.ones((2, 12, 12)), room=0).size == (12, 12)
    assert pack_frames(np.ones((2, 33, 34)), room=0).size == (33, 34)


def test_frames_without_any_gradient_are_all_zero():
    packed = pack_frames(np.zeros((3, 8, 8)), room=1000)
    assert packed.tops == (0.0, 0.0, 0.0)
    assert not levels_of(packed).any()


@given(st.lists(st.floats(0, 1e30, allow_subnormal=False), min_size=4, max_size=4))
def test_any_frame_survives_to_the_precision_of_its_levels(numbers):
    frame = np.array(numbers).reshape(1, 2, 2)
    packed = pack_frames(frame, room=10**6)
    kept = packed.tops[0] * (levels_of(packed)[0] / packed.levels) ** 2
    np.testing.assert_allclose(kept, frame[0], atol=packed.tops[0] / 255)
