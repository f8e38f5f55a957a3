"""The disc low-pass of a map: by its definition, on pictures of every shape."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from igcli.errors import UsageError
from igcli.images.lowpass import Lowpass


def by_definition(flat: np.ndarray, cycles: float) -> np.ndarray:
    """The discrete Fourier transform as sums, the disc, and its inverse as sums."""
    height, width = flat.shape
    found = np.zeros(flat.shape, complex)
    for v in range(height):
        for u in range(width):
            down, across = min(v, height - v), min(u, width - u)  # cycles over the height and the width
            if down**2 + across**2 > cycles**2:
                continue
            wave = np.array(
                [
                    [cmath.exp(2j * math.pi * (v * y / height + u * x / width)) for x in range(width)]
                    for y in range(height)
                ]
            )
            found += wave * (flat * wave.conj()).sum() / (height * width)
    assert abs(found.imag).max() < 1e-9
    return found.real


@pytest.mark.parametrize("shape", [(8, 8), (7, 7), (6, 9), (9, 4)])
@pytest.mark.parametrize("cycles", [1, 2, 2.5])
def test_it_is_the_transform_a_disc_and_its_inverse(shape, cycles):
    values = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    absolute = by_definition(values.abs().sum(0).numpy(), cycles)
    signed = by_definition(values.sum(0).numpy(), cycles)
    torch.testing.assert_close(Lowpass(cycles).filtered(values)[0], torch.from_numpy(abs(absolute)))
    torch.testing.assert_close(Lowpass(cycles, "signed").filtered(values)[0], torch.from_numpy(signed))


@pytest.mark.parametrize("shape", [(16, 16), (15, 15), (12, 20), (21, 10)])
def test_a_wave_is_kept_up_to_the_cut_off_along_each_side_and_lost_above(shape):
    for axis, size in enumerate(shape):
        for cycles, kept in ((3, True), (4, False)):
            angle = 2 * math.pi * cycles * torch.arange(size, dtype=torch.float64) / size
            wave = angle.cos().reshape((-1, 1) if axis == 0 else (1, -1)).expand(shape)
            found = Lowpass(3, "signed").filtered(wave[None])[0]
            torch.testing.assert_close(found, wave if kept else torch.zeros(shape, dtype=torch.float64))


@given(st.integers(1, 12), st.integers(1, 12), st.floats(1, 20))
@settings(max_examples=40, deadline=None)
def test_the_signed_form_keeps_the_sum_for_every_shape(height, width, cycles):
    values = torch.randn(3, height, width, dtype=torch.float64)
    found = Lowpass(cycles, "signed").filtered(values)
    assert found.shape == (1, height, width)
    assert float(found.sum()) == pytest.approx(float(values.sum()), abs=1e-9)


def test_all_waves_of_a_map_are_the_map_itself():
    values = torch.randn(3, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(Lowpass(100, "signed").filtered(values), values.sum(0, keepdim=True))
    torch.testing.assert_close(Lowpass(100).filtered(values), values.abs().sum(0, keepdim=True))


def test_the_absolute_form_is_nowhere_negative_and_the_map_is_unchanged():
    values = torch.randn(3, 32, 32)
    before = values.clone()
    assert bool((Lowpass(5).filtered(values) >= 0).all())
    assert torch.equal(values, before)


@pytest.mark.parametrize("cycles", [0, 0.5, -3, float("nan"), float("inf")])
def test_a_cut_off_below_one_cycle_is_refused(cycles):
    with pytest.raises(UsageError, match="from 1 upwards"):
        Lowpass(cycles)


def test_what_the_name_and_the_caption_say():
    assert (Lowpass(15).name, Lowpass(7.5, "signed").name) == ("lowpass 15", "lowpass 7.5 signed")
    assert "no longer sums to the score" in Lowpass(15).caption
    assert "the sum is kept" in Lowpass(15, "signed").caption
