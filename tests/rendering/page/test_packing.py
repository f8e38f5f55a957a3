from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.errors import NumericalError
from igcli.rendering.page.packing import pack_frames, pack_map
from igcli.rendering.scaling import importance_map, signed_map

RANDOM = np.random.default_rng(2)
VALUES = (RANDOM.standard_normal((3, 20, 16)) ** 3).astype(np.float32)
FRAMES = RANDOM.gamma(0.6, size=(7, 32, 64)) * np.logspace(-6, 0, 7)[:, None, None]


def inflated(data: bytes) -> np.ndarray:
    return np.frombuffer(zlib.decompress(data, -15), np.uint8)


def unpacked(data: bytes, top: float, levels: int) -> np.ndarray:
    """What decode.js does with levels of the root, in NumPy."""
    found = inflated(data).view("<i2").astype(float)
    return top * found * abs(found) / levels**2


def levels_of(packed) -> np.ndarray:
    """What decode.js does with differences, in NumPy."""
    found = inflated(packed.data).reshape(len(packed.tops), packed.height, packed.width)
    return np.cumsum(found, axis=0, dtype=np.uint8)


def pack(frames, room: int):
    return pack_frames(np.linspace(0, 1, len(frames)), frames, room=room)


@pytest.mark.parametrize("unit", [1.0, 1e-60, 1e60, 3e-39])
@pytest.mark.parametrize("levels", [127, 32767])
def test_a_map_is_kept_to_half_a_level_of_its_root_whatever_its_unit(unit, levels):
    values = VALUES.astype(np.float64) * unit
    data, top = pack_map(values, levels=levels)
    assert top == importance_map(values).max()
    kept = unpacked(data, top, levels).reshape(2, 20, 16)
    for got, whole in zip(kept, (importance_map(values), signed_map(values)), strict=True):
        assert (np.sign(got) * np.sign(whole) >= 0).all()
        assert np.abs(np.sqrt(abs(got) / top) - np.sqrt(abs(whole) / top)).max() <= 0.5 / levels + 1e-9


def test_a_coarse_map_is_shorter():
    assert len(pack_map(VALUES, levels=127)[0]) < 0.75 * len(pack_map(VALUES, levels=32767)[0])


def test_a_blank_map_packs_to_next_to_nothing():
    data, top = pack_map(np.zeros((3, 64, 64)), levels=32767)
    assert top == 0
    assert not inflated(data).any()
    assert len(data) < 100


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(NumericalError):
        pack_map(np.full((3, 4, 4), np.nan), levels=127)


def test_frames_are_kept_to_half_a_level_of_their_own_root():
    packed = pack(FRAMES, room=10**9)
    assert packed.levels == 255
    kept = (levels_of(packed) / packed.levels) ** 2
    np.testing.assert_allclose(packed.tops, FRAMES.max(axis=(1, 2)))
    roots = np.sqrt(FRAMES / FRAMES.max(axis=(1, 2), keepdims=True))
    assert np.abs(np.sqrt(kept) - roots).max() <= 0.5 / 255 + 1e-9


def test_less_room_makes_frames_coarser_and_at_last_smaller():
    found = [pack(FRAMES, room=room) for room in (10**9, 17_000, 11_000, 3_500, 0)]
    levels = [packed.levels for packed in found]
    assert levels[:3] == sorted(levels[:3], reverse=True)
    assert [(packed.height, packed.width) for packed in found[:3]] == [(32, 64)] * 3
    assert [(packed.height, packed.width) for packed in found[3:]] == [(16, 32)] * 2
    for packed, room in zip(found[:-1], (10**9, 17_000, 11_000, 3_500), strict=True):
        assert len(packed.data) * 4 / 3 <= room


def test_halved_frames_hold_the_means_of_four_pixels():
    packed = pack(FRAMES, room=0)
    means = FRAMES.reshape(7, 16, 2, 32, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(packed.tops, means.max(axis=(1, 2)))


def test_small_or_odd_frames_keep_their_size():
    assert pack(np.ones((2, 12, 12)), room=0).width == 12
    assert pack(np.ones((2, 33, 34)), room=0).height == 33


def test_frames_without_any_gradient_are_all_zero():
    packed = pack(np.zeros((3, 8, 8)), room=1000)
    assert packed.tops == (0.0, 0.0, 0.0)
    assert not levels_of(packed).any()


@given(st.lists(st.floats(0, 1e30, allow_subnormal=False), min_size=4, max_size=4))
def test_any_frame_survives_to_the_precision_of_its_levels(numbers):
    frame = np.array(numbers).reshape(1, 2, 2)
    packed = pack(frame, room=10**6)
    kept = packed.tops[0] * (levels_of(packed)[0] / packed.levels) ** 2
    np.testing.assert_allclose(kept, frame[0], atol=packed.tops[0] / 255)
