import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from igcli.models.engine.stem import Colours, Stem
from models.engine.same import assert_same, pictures


def colours(channels: int) -> Colours:
    generator = torch.Generator().manual_seed(4)
    scale, shift = torch.rand(2, channels, generator=generator, dtype=torch.float64)
    return Colours(0.5 + scale, shift - 0.5)


def plainly(convolution: nn.Conv2d, own: Colours):
    return lambda pixels: convolution(pixels * own.scale[:, None, None] + own.shift[:, None, None])


@given(
    stride=st.integers(2, 4),
    kernel=st.tuples(st.integers(1, 11), st.integers(1, 7)),
    padding=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    size=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    channels=st.integers(1, 4),
    bias=st.booleans(),
    last=st.booleans(),
)
def test_it_computes_what_the_convolution_does(stride, kernel, padding, size, channels, bias, last):
    assume(all(side + 2 * border >= taps for side, border, taps in zip(size, padding, kernel, strict=True)))
    torch.manual_seed(5)
    convolution = nn.Conv2d(channels, 3, kernel, stride, padding, bias=bias).double()
    if last:
        convolution = convolution.to(memory_format=torch.channels_last)
    pixels = pictures(2, channels, *size)
    own, stem = colours(channels), Stem(convolution, colours(channels))
    expected = plainly(convolution, own)(pixels)
    torch.testing.assert_close(stem(pixels), expected, rtol=0, atol=1e-12)
    for order in (torch.contiguous_format, torch.channels_last):
        given_pixels = pixels.contiguous(memory_format=order).requires_grad_()
        weights = torch.randn(expected.shape, dtype=torch.float64)
        ours, theirs = (
            torch.autograd.grad((network(given_pixels) * weights).sum(), given_pixels)[0]
            for network in (stem, plainly(convolution, own))
        )
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [7, 16])
def test_the_usual_first_convolutions_at_odd_sizes(kernel):
    convolution = nn.Conv2d(3, 8, kernel, *((2, 3) if kernel == 7 else (16, 0))).double()
    for height, width in ((32, 32), (33, 47), (37, 64)):
        stem = Stem(convolution, colours(3))
        assert_same(plainly(convolution, colours(3)), stem, pictures(2, 3, height, width))


def test_pixels_beyond_the_last_step_have_no_gradient():
    stem = Stem(nn.Conv2d(1, 1, 2, stride=2).double(), colours(1))
    pixels = pictures(1, 1, 5, 5).requires_grad_()
    (gradient,) = torch.autograd.grad(stem(pixels).sum(), pixels)
    assert bool((gradient[..., 4, :] == 0).all())
    assert bool((gradient[..., :4, :4] != 0).all())


def test_the_order_of_memory_is_that_of_the_weights():
    convolution, pixels = nn.Conv2d(3, 8, 7, 2, 3), torch.rand(2, 3, 20, 20)
    assert Stem(convolution, colours(3))(pixels).is_contiguous()
    last = Stem(convolution.to(memory_format=torch.channels_last), colours(3))
    assert last(pixels).is_contiguous(memory_format=torch.channels_last)


def test_it_can_be_differentiated_twice():
    stem = Stem(nn.Conv2d(1, 2, 3, 2, 1).double(), colours(1))
    assert torch.autograd.gradgradcheck(lambda x: stem(x).square(), pictures(1, 1, 5, 6).requires_grad_())
