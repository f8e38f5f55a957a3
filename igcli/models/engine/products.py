"""Matrix products and 1×1 convolutions by the faster of the two libraries that torch has for them on a processor.

torch multiplies matrices by MKL, which on AMD's processors does not use AVX-512, and in one thread computes 1×1
convolutions of few samples by a loop of its own. oneDNN takes half and two thirds of the time. torch gives it every
dilated convolution, and the dilation of a kernel of one point changes nothing: ``dilation=2`` selects the library
(``use_mkldnn`` in ATen/native/Convolution.cpp).

The operations are replaced while a network is called, whoever wrote it; the network is not changed. This file imports
torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from igcli.models.devices import processor_name

SMALL = 20_480
"""Numbers in a single sample up to which torch does not use oneDNN."""

MANY = 16
"""Samples from which on torch gives 1×1 convolutions to oneDNN by itself."""

MKL_IS_SLOW: bool = (
    torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    and re.search("AMD|Hygon", processor_name()) is not None
)
"""Whether oneDNN multiplies faster: by a tenth with AVX2, by a factor of two with AVX-512; on Intel's, MKL does."""


class FastProducts(TorchFunctionMode):
    """Inside the block, products and 1×1 convolutions take the faster library; results are equal to rounding."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call what stands for ``func``, or itself."""
        instead = _INSTEAD.get(func, func) if args else func  # a network that writes input=... is called as it is
        return instead(*args, **(kwargs or {}))


def _is_on_processor(values: torch.Tensor) -> bool:
    return values.is_cpu and values.dtype == torch.float32


def _is_usual_linear(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> bool:
    """Whether a convolution takes these too: dense tensors of shapes that fit. Others are left to torch."""
    if values.is_nested or not values.layout == weight.layout == torch.strided:
        return False
    return weight.shape[1:] == values.shape[-1:] and (bias is None or bias.shape == weight.shape[:1])


def _linear(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    is_large = MKL_IS_SLOW and _is_on_processor(values) and values.numel() > SMALL
    if not (is_large and _is_usual_linear(values, weight, bias)):
        return functional.linear(values, weight, bias)
    # all samples as one picture, a row of the matrix per point, channels last
    picture = values.reshape(1, -1, 1, values.shape[-1]).permute(0, 3, 1, 2)
    products = functional.conv2d(picture, weight[:, :, None, None], bias, dilation=2)
    # in the order of what torch returns, on which a network's view() may rely
    return products.permute(0, 2, 3, 1).reshape(*values.shape[:-1], -1).contiguous()


def _conv2d(
    values: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> torch.Tensor:
    if weight.shape[2:] == (1, 1) and _is_on_processor(values) and _few(values):
        dilation = 2
    return functional.conv2d(values, weight, bias, stride, padding, dilation, groups)


def _few(values: torch.Tensor) -> bool:
    """Whether torch computes 1×1 convolutions of so many samples by its loop; for one sample, oneDNN is no faster."""
    if not 1 < len(values) < MANY:
        return False
    return torch.compiler.is_compiling() or torch.get_num_threads() == 1  # what is compiled cannot ask for threads


def _attention(*arguments: Any, **named: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Self-attention without masks by the products above; any other as torch computes it, samples multiplied together.

    torch multiplies what is not contiguous, as attention's input, by a weight without a gradient sample by sample, by
    one with a gradient, which nobody computes, all at once (``should_fold`` in ATen/native/LinearAlgebra.cpp).
    """
    query, key, value, width, heads, weight, bias, bias_k, bias_v, zeros, dropout, out_weight, out_bias = arguments
    settings = (bias_k, bias_v, *(each for name, each in named.items() if name != "average_attn_weights"))
    special = zeros or any(each is not None and each is not False for each in settings)
    if special or not (query is key is value and query.ndim == 3):
        if weight is not None and torch.is_grad_enabled() and not weight.requires_grad:
            weight = torch.nn.Parameter(weight)
        return functional.multi_head_attention_forward(
            query, key, value, width, heads, weight, bias, bias_k, bias_v, zeros, dropout, out_weight, out_bias, **named
        )
    samples = query.transpose(0, 1)
    count, length, _ = samples.shape
    parts = _linear(samples, weight, bias).view(count, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    attended = functional.scaled_dot_product_attention(*parts)
    return _linear(attended.permute(2, 0, 1, 3).reshape(length, count, width), out_weight, out_bias), None


_INSTEAD: dict[Callable[..., Any], Callable[..., Any]] = {
    functional.linear: _linear,
    functional.conv2d: _conv2d,
    functional.multi_head_attention_forward: _attention,
}
