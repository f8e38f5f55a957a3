"""Samples of any shape, and how their values lie in one tensor."""

import numpy as np
import pytest
import torch

import igcli
from igcli.errors import UsageError
from igcli.sample import Layout, Sample, importance

PAIR = (torch.arange(6.0).reshape(2, 3) - 2, torch.tensor([-1.0, 4.0]))


def test_importance_is_the_sum_of_absolute_values_over_the_axis_or_the_values_by_themselves():
    values = np.array([[[1.0, -2.0]], [[-3.0, 0.5]]])
    assert importance(values).tolist() == [[4.0, 2.5]]
    assert importance(values, axis=None).tolist() == [[[1.0, 2.0]], [[3.0, 0.5]]]
    assert importance(torch.from_numpy(values), axis=2).tolist() == [[3.0], [3.5]]


@pytest.mark.parametrize("values", [torch.rand(5), torch.rand(4, 3), torch.rand(3, 4, 5), PAIR, (torch.rand(2),)])
def test_packing_is_undone_by_unpacking(values):
    sample = Sample(values)
    packed = sample.packed
    assert packed.ndim == (1 if isinstance(values, tuple) else values.ndim)
    found = sample.layout.values(packed)
    parts = sample.layout.unpack(torch.stack([packed, 2 * packed]))
    for one, other, part in zip(*(x if isinstance(x, tuple) else (x,) for x in (values, found, parts)), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(part, torch.stack([one, 2 * one]))


def test_sums_and_products_go_over_each_tensors_own_axis():
    layout = Layout.of(PAIR, (-1, None))
    packed = layout.pack(PAIR)
    assert layout.axes == (1, None)
    assert layout.places == 4
    assert layout.sums(packed).tolist() == [-3, 6, -1, 4]
    assert layout.importance(packed[None]).tolist() == [[3, 6, 1, 4]]
    assert layout.products(torch.stack([packed, -packed]), packed).tolist() == [[5, 14, 1, 16], [-5, -14, -1, -16]]


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_sums_and_products_of_one_tensor_keep_its_shape(axis):
    values, factor = torch.rand(3, 4, 5), torch.rand(3, 4, 5)
    layout = Layout.of(values, axis)
    expected = values * factor if axis is None else (values * factor).sum(axis)
    torch.testing.assert_close(layout.products(values[None], factor)[0], expected)
    assert layout.places == expected.numel()
    assert layout.sums(values).shape == layout.importance(values[None])[0].shape == expected.shape


def test_a_picture_is_a_sample_whose_channels_are_summed_over():
    picture = igcli.Picture(torch.rand(3, 4, 5))
    assert isinstance(picture, Sample)
    assert picture.layout == Layout(((3, 4, 5),), (0,), packed=False)
    assert picture.packed is picture.pixels


def test_axes_that_do_not_exist_are_refused():
    with pytest.raises(UsageError, match="no axis 2"):
        _ = Sample(torch.rand(4, 3), summed_axis=2).layout
    with pytest.raises(UsageError, match="2 tensors, and 1 axes"):
        _ = Sample(PAIR, summed_axis=(0,)).layout
