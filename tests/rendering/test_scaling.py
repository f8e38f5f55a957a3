from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from igcli.errors import NumericalError, UsageError
from igcli.rendering.scaling import Scale, importance_map, normalise, signed_map

# Two channels of one row: the first pixel cancels, the second does not.
VALUES = np.array([[[3.0, 1.0]], [[-3.0, 2.0]]], np.float32)

maps = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(-1e6, 1e6, width=32))
percentiles = st.sampled_from([1.0, 50.0, 90.0, 99.0, 99.5, 100.0])


def test_importance_adds_absolute_values_so_that_channels_do_not_cancel():
    np.testing.assert_array_equal(importance_map(VALUES), [[6.0, 3.0]])


def test_signed_adds_values_so_that_channels_do_cancel():
    np.testing.assert_array_equal(signed_map(VALUES), [[0.0, 3.0]])


@pytest.mark.parametrize("join", [importance_map, signed_map])
def test_tensors_and_arrays_give_the_same_and_stay_as_they_are(join):
    tensor = torch.tensor(VALUES, requires_grad=True)
    np.testing.assert_array_equal(join(tensor), join(VALUES))
    np.testing.assert_array_equal(tensor.detach().numpy(), VALUES)


def test_the_ceiling_is_the_percentile_of_the_absolute_values():
    ramp = np.arange(-50, 51, dtype=np.float64).reshape(1, -1)
    scaled = normalise(ramp, Scale(percentile=90))
    assert scaled.ceiling == np.percentile(np.abs(ramp), 90)
    np.testing.assert_allclose(scaled.values, np.clip(ramp / scaled.ceiling, -1, 1), rtol=1e-6)
    assert not scaled.blank


def test_a_fixed_maximum_makes_maps_comparable():
    weak, strong = (normalise(np.array([[value]]), Scale(maximum=8.0)) for value in (2.0, 16.0))
    assert weak.values == 0.25
    assert strong.values == 1.0
    assert weak.ceiling == strong.ceiling == 8.0


@pytest.mark.parametrize(("scale", "ceiling"), [(Scale(), 0.0), (Scale(maximum=2.0), 2.0)])
def test_a_map_of_zeros_is_blank_and_divides_by_nothing(scale, ceiling):
    scaled = normalise(np.zeros((4, 4)), scale)
    assert scaled.blank
    assert scaled.ceiling == ceiling
    assert not scaled.values.any()


def test_a_map_whose_percentile_is_zero_is_scaled_by_its_maximum():
    sparse = np.zeros((20, 20))
    sparse[3, 4], sparse[5, 6] = 5.0, -2.5
    scaled = normalise(sparse, Scale(percentile=99))
    assert scaled.ceiling == 5.0
    assert (scaled.values[3, 4], scaled.values[5, 6]) == (1.0, -0.5)


@pytest.mark.parametrize("size", [1e-300, 5e-324, 1e-30, 1e300])
def test_values_of_any_size_are_scaled(size):
    scaled = normalise(np.array([[size, 0.0], [-size, size]]), Scale())
    np.testing.assert_allclose(scaled.values, [[1, 0], [-1, 1]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_a_remedy(bad):
    values = VALUES.copy()
    values[0, 0, 0] = bad
    for refuse in (importance_map, signed_map, lambda each: normalise(each[0], Scale())):
        with pytest.raises(NumericalError, match=r"not finite.*Check the model's weights"):
            refuse(values)


@pytest.mark.parametrize("wrong", [{"percentile": 0}, {"percentile": 101}, {"maximum": 0.0}, {"maximum": float("inf")}])
def test_a_scale_that_makes_no_sense_is_a_usage_error(wrong):
    with pytest.raises(UsageError):
        Scale(**wrong)


def test_a_scale_describes_itself():
    assert Scale().describe() == "clipped above percentile 99"
    assert Scale(percentile=99.5).describe() == "clipped above percentile 99.5"
    assert Scale(percentile=100).describe() == "scaled to the maximum"
    assert Scale(maximum=0.25).describe() == "clipped above 0.25"


@given(maps, percentiles)
def test_the_result_is_bounded_and_keeps_every_sign(array, percentile):
    values = normalise(array, Scale(percentile=percentile)).values
    assert np.abs(values).max() <= 1
    assert (values * np.sign(array) >= 0).all()


@given(maps, percentiles)
def test_a_larger_value_never_comes_out_smaller(array, percentile):
    order = np.argsort(array, axis=None)
    assert (np.diff(normalise(array, Scale(percentile=percentile)).values.ravel()[order]) >= 0).all()


@given(maps, percentiles, st.integers(-20, 20))
def test_the_result_does_not_depend_on_the_unit(array, percentile, exponent):
    scale = Scale(percentile=percentile)
    # A power of two is exact in floating point, so that nothing but the scaling is tested.
    rescaled = normalise(array.astype(np.float64) * 2.0**exponent, scale)
    np.testing.assert_allclose(rescaled.values, normalise(array, scale).values, rtol=1e-6)


def test_a_shared_scale_is_fixed_for_its_methods_and_each_photos_own_for_others():
    scale = Scale(percentile=90, shared={"integrated": 0.25})
    assert scale.of("integrated") == Scale(percentile=90, maximum=0.25)
    assert scale.of("gradient") is scale
    assert normalise(np.array([[0.5, 0.1]]), scale.of("integrated")).ceiling == 0.25


def test_a_scale_says_what_it_is():
    assert [each.kind for each in (Scale(), Scale(shared={}), Scale(maximum=1.0))] == ["photo", "shared", "fixed"]
    assert Scale(shared={"integrated": 0.0123456, "gradient": 2.0}).describe() == (
        "clipped above 0.0123 (integrated), 2 (gradient)"
    )
