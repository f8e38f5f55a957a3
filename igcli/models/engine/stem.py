"""A strided first convolution as one over blocks of pixels, with the normalisation in its weights.

Libraries compute the gradient of a strided convolution with few input channels slowly: for GoogLeNet's first one, on a
CPU, it takes five times as long as its products alone. With each block of S × S pixels as one point of S² · C channels
("space to depth"), it becomes a convolution of stride 1 that computes the same sums.

The picture is padded with the colour that normalises to zero, so that scale and shift of the normalisation can move
into the weights. This file imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Colours:
    """An affine map of each channel, ``scale`` · pixel + ``shift``: two tensors (C,) in double precision."""

    scale: torch.Tensor
    shift: torch.Tensor


@dataclass(frozen=True)
class Side:
    """The blocks along one side of a picture.

    Attributes
    ----------
    stride
        Pixels per block.
    kernel, padding
        Those of the convolution along this side, in pixels.
    """

    stride: int
    kernel: int
    padding: int

    @property
    def before(self) -> int:
        """Blocks of border before the picture."""
        return -(-self.padding // self.stride)

    @property
    def surplus(self) -> int:
        """Pixels of that border outside the convolution's padding: zeros in front of its kernel."""
        return self.before * self.stride - self.padding

    @property
    def taps(self) -> int:
        """The kernel's length in blocks."""
        return -(-(self.surplus + self.kernel) // self.stride)

    def blocks(self, length: int) -> int:
        """Number of blocks that the convolution reads for a side of ``length`` pixels, border included."""
        return (length + 2 * self.padding - self.kernel) // self.stride + self.taps

    def inside(self, length: int) -> int:
        """Number of these blocks that contain at least one pixel."""
        return max(min(-(-length // self.stride), self.blocks(length) - self.before), 0)


class Stem(torch.nn.Module):
    """The output of ``convolution`` for the normalised picture, computed from its pixels.

    Parameters
    ----------
    convolution
        Zero-padded, neither grouped nor dilated, with the same stride S along both sides.
    colours
        The normalisation of the pixels before it.
    """

    def __init__(self, convolution: torch.nn.Conv2d, colours: Colours) -> None:
        super().__init__()
        padding, self.stride = convolution.padding, convolution.stride[0]
        self.rows, self.columns = (
            Side(self.stride, convolution.kernel_size[side], int(padding[side])) for side in (0, 1)
        )
        with torch.no_grad():
            weight, bias = self._over_blocks(convolution, colours)
        self.weight = torch.nn.Parameter(weight, requires_grad=False)
        self.bias = torch.nn.Parameter(bias, requires_grad=False)
        self.register_buffer("border", (-colours.shift / colours.scale).to(weight))
        self.border: torch.Tensor
        self.memory_format = _format_of(convolution.weight)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The convolution's output (N, O, H', W') for pixels (N, C, H, W)."""
        blocks: torch.Tensor = _Blocks.apply(pixels, self.border, self.rows, self.columns)
        return functional.conv2d(blocks.contiguous(memory_format=self.memory_format), self.weight, self.bias)

    def _over_blocks(self, convolution: torch.nn.Conv2d, colours: Colours) -> tuple[torch.Tensor, torch.Tensor]:
        own, rows, columns, stride = convolution.weight, self.rows, self.columns, self.stride
        exact = own.cpu().double()  # not every device has double precision
        bias = (
            torch.zeros(len(own), dtype=torch.double) if convolution.bias is None else convolution.bias.cpu().double()
        )
        bias = bias + (exact.sum((2, 3)) * colours.shift).sum(1)
        exact = exact * colours.scale[:, None, None]
        spare = [side.taps * stride - side.surplus - side.kernel for side in (columns, rows)]
        whole = functional.pad(exact, (columns.surplus, spare[0], rows.surplus, spare[1]))
        parts = whole.reshape(*own.shape[:2], rows.taps, stride, columns.taps, stride)
        # (O, C, rows, S, columns, S) -> (O, S · S · C, rows, columns): the order in which _Blocks lays out a block
        weight = parts.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)
        return weight.to(own).contiguous(memory_format=_format_of(own)), bias.to(own)


class _Blocks(torch.autograd.Function):
    """Pixels (N, C, H, W) -> blocks (N, S · S · C, rows, columns) with a border, in one pass over them."""

    @staticmethod
    def forward(ctx: Any, pixels: torch.Tensor, border: torch.Tensor, rows: Side, columns: Side) -> torch.Tensor:
        ctx.sides, ctx.size = (rows, columns), pixels.shape[2:]
        count, channels, height, width = pixels.shape
        stride, high, wide = rows.stride, rows.inside(height), columns.inside(width)
        whole = (rows.blocks(height), columns.blocks(width))
        blocks = pixels.new_empty(count, *whole, stride, stride, channels)
        blocks[:] = border
        picture = pixels.permute(0, 2, 3, 1)[:, : high * stride, : wide * stride]
        if picture.shape[1:3] != (high * stride, wide * stride):  # the last blocks are not full
            filled = pixels.new_empty(count, high * stride, wide * stride, channels)
            filled[:] = border
            filled[:, :height, :width] = picture
            picture = filled
        inside = blocks[:, rows.before : rows.before + high, columns.before : columns.before + wide]
        inside.copy_(picture.reshape(count, high, stride, wide, stride, channels).transpose(2, 3))
        return blocks.flatten(3).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (rows, columns), (height, width) = ctx.sides, ctx.size
        stride, high, wide = rows.stride, rows.inside(height), columns.inside(width)
        blocks = gradients[0].permute(0, 2, 3, 1)
        blocks = blocks.reshape(*blocks.shape[:3], stride, stride, -1)
        inside = blocks[:, rows.before : rows.before + high, columns.before : columns.before + wide]
        picture = inside.transpose(2, 3).flatten(1, 2).flatten(2, 3)
        if picture.shape[1:3] != (
            height,
            width,
        ):  # cut the padding of the last blocks; add pixels that no block contains
            picture = functional.pad(picture, (0, 0, 0, width - wide * stride, 0, height - high * stride))
        return picture.permute(0, 3, 1, 2), None, None, None


def _format_of(weight: torch.Tensor) -> torch.memory_format:
    last = weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format
