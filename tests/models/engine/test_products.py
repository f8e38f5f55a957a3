"""Products and 1×1 convolutions by the faster library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from toys import classifier

from igcli.models.engine import products
from igcli.models.engine.products import MANY, SMALL, FastProducts

EITHER_PROCESSOR = pytest.mark.parametrize("mkl_is_slow", [True, False])


class _Operators(TorchDispatchMode):
    """The operators that are called inside the block, with the dilation of convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.dilations: list[list[int]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(func.name())
        if func.name() == "aten::convolution":
            self.dilations.append(args[5])
        return func(*args, **(kwargs or {}))


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def answers(compute: Callable[[torch.Tensor], torch.Tensor], values: torch.Tensor) -> list[torch.Tensor]:
    values = values.clone().requires_grad_()
    outputs = compute(values)
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view(outputs.shape)
    return [outputs.detach(), torch.autograd.grad((outputs * weights).sum(), values)[0]]


def assert_equal_to_rounding(network: Callable[[torch.Tensor], torch.Tensor], values: torch.Tensor) -> None:
    """Outputs and gradients inside the block against those outside it in double precision."""
    with FastProducts():
        ours = answers(network, values)
    network.double()
    theirs = answers(network, values.double())
    for mine, exact in zip(ours, theirs, strict=True):
        assert mine.shape == exact.shape
        assert (mine - exact).norm() < 1e-5 * exact.norm()


class _Attention(nn.Module):
    def __init__(self, **settings: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.attention = nn.MultiheadAttention(64, 4, **{"batch_first": True, **settings})
        for bias in (self.attention.in_proj_bias, self.attention.out_proj.bias):
            if bias is not None:
                nn.init.normal_(bias)
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.attention(values, values, values, need_weights=False)[0]


class _Masked(_Attention):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        length = values.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).triu(1)
        return self.attention(values, values, values, need_weights=False, attn_mask=mask)[0]


class _WithWeights(_Attention):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        attended, weights = self.attention(values, values, values)
        return torch.cat([attended, weights], dim=-1)


class _Padded(_Attention):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        padding = torch.zeros(values.shape[:2], dtype=torch.bool)
        padding[:, -2:] = True
        return self.attention(values, values, values, need_weights=False, key_padding_mask=padding)[0]


class _Crossed(_Attention):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.attention(values, values[:, :5], values[:, :5], need_weights=False)[0]


@EITHER_PROCESSOR
@pytest.mark.parametrize("shape", [(400, 64), (3, 150, 64), (2, 15, 15, 64), (1, 400, 64), (2, 64), (64,)])
def test_a_linear_layer_computes_the_same(shape, mkl_is_slow, monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", mkl_is_slow)
    torch.manual_seed(0)
    assert_equal_to_rounding(nn.Linear(64, 48), numbers(*shape))


def test_a_linear_layer_of_values_in_another_order_in_memory_computes_the_same(monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)
    network = nn.Sequential(nn.Flatten(2), nn.Linear(400, 32, bias=False))
    assert_equal_to_rounding(network, numbers(3, 32, 20, 20).contiguous(memory_format=torch.channels_last))


@pytest.mark.parametrize(
    "values", [numbers(64, 400).t(), numbers(1, 64, 20, 20).flatten(2).transpose(1, 2)], ids=["matrix", "picture"]
)
def test_a_linear_layer_returns_numbers_in_the_order_in_memory_of_torch(values, monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)
    network = nn.Linear(64, 48)
    with FastProducts():
        found = network(values)
    assert found.stride() == network(values).stride()


@pytest.mark.filterwarnings("ignore:.*nested.*:UserWarning")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors_are_multiplied_as_torch_does(layout, monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)
    values, weight = torch.nested.nested_tensor([numbers(400, 64), numbers(100, 64)], layout=layout), numbers(48, 64)
    with FastProducts():
        found = functional.linear(values, weight)
    for mine, exact in zip(found.unbind(), functional.linear(values, weight).unbind(), strict=True):
        torch.testing.assert_close(mine, exact)


def test_shapes_that_do_not_fit_are_refused_in_the_words_of_torch(monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)
    with FastProducts(), pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        functional.linear(numbers(400, 64), numbers(48, 65))


@pytest.mark.filterwarnings("ignore:Sparse CSR:UserWarning")
@pytest.mark.parametrize("weight_of", [torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.clone])
def test_sparse_weights_and_a_bias_of_one_number_stay_with_torch(weight_of, monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)
    values, weight = numbers(400, 64), weight_of(numbers(48, 64))
    bias = None if weight.is_sparse else torch.ones(1)
    with FastProducts():
        found = functional.linear(values, weight, bias)
    torch.testing.assert_close(found, functional.linear(values, weight, bias))


@pytest.mark.parametrize(
    "values",
    [numbers(SMALL // 64, 64), numbers(500, 64).double(), numbers(500, 64).bfloat16()],
    ids=["small", "double", "bfloat16"],
)
def test_other_linear_layers_stay_with_torch(values, monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)
    network = nn.Linear(64, 48, dtype=values.dtype)
    with _Operators() as operators, FastProducts(), torch.no_grad():
        outputs = network(values)
    assert "aten::convolution" not in operators.seen
    assert torch.equal(outputs, network(values))


@EITHER_PROCESSOR
@pytest.mark.parametrize(
    "network",
    [
        lambda: _Attention(),
        lambda: _Attention(batch_first=False),
        lambda: _Attention(bias=False),
        lambda: _Attention(add_bias_kv=True),
        lambda: _Attention(add_zero_attn=True),
        lambda: _Attention(kdim=64, vdim=64),
        lambda: _Masked(),
        lambda: _Padded(),
        lambda: _WithWeights(),
        lambda: _Crossed(),
    ],
    ids=[
        "usual",
        "sequence first",
        "no bias",
        "bias of keys",
        "zeros",
        "sizes",
        "masked",
        "padded",
        "weights",
        "crossed",
    ],
)
def test_attention_computes_the_same(network, mkl_is_slow, monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", mkl_is_slow)
    assert_equal_to_rounding(network(), numbers(20, 20, 64))


@pytest.mark.parametrize("kind", [_Attention, _Masked])
def test_attention_projects_all_samples_by_one_product(kind):
    network, values = kind(), numbers(3, 5, 64).requires_grad_()
    with _Operators() as operators, FastProducts():
        torch.autograd.grad(network(values).sum(), values)
    attends = next(i for i, name in enumerate(operators.seen) if "scaled_dot_product" in name)
    before = set(operators.seen[:attends])
    assert before & {"aten::mm", "aten::addmm"}
    assert "aten::bmm" not in before
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("kind", [_Attention, _Masked, _WithWeights])
def test_parameters_of_attention_have_their_gradients(kind):
    network, values = kind().requires_grad_(), numbers(3, 5, 64)
    parameters = list(network.parameters())
    with FastProducts():
        ours = torch.autograd.grad(network(values).pow(2).sum(), parameters)
    torch.testing.assert_close(ours, torch.autograd.grad(network(values).pow(2).sum(), parameters))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", [_Attention, _Masked])
def test_attention_is_differentiated_by_torch_func(kind):
    network, values = kind(), numbers(3, 5, 64)
    with FastProducts():
        ours = torch.func.jacrev(lambda each: network(each).sum())(values)
    torch.testing.assert_close(ours, torch.func.jacrev(lambda each: network(each).sum())(values))


def test_attention_returns_numbers_in_the_order_in_memory_of_torch():
    network, values = _Attention(batch_first=False), numbers(5, 3, 64)
    with FastProducts():
        found = network(values)
    assert found.is_contiguous()
    torch.testing.assert_close(found, network(values))


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"padding": 1}, {"padding": "same"}, {"groups": 4}])
@pytest.mark.parametrize("samples", [1, 3, MANY])
def test_a_convolution_with_a_kernel_of_one_point_computes_the_same(settings, samples):
    torch.manual_seed(0)
    assert_equal_to_rounding(nn.Conv2d(8, 12, 1, **settings), numbers(samples, 8, 9, 7))


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("kernel", "samples", "dilation"), [(1, 3, [2, 2]), (1, 1, [1, 1]), (1, MANY, [1, 1]), (3, 3, [1, 1])]
)
def test_only_convolutions_that_torch_keeps_from_the_faster_library_are_exchanged(kernel, samples, dilation):
    with _Operators() as operators, FastProducts():
        nn.Conv2d(8, 12, kernel)(numbers(samples, 8, 9, 9))
    assert operators.dilations == [dilation]


@pytest.mark.parametrize(
    ("operation", "weight"), [(functional.linear, numbers(4, 8)), (functional.conv2d, numbers(4, 3, 1, 1))]
)
def test_values_may_be_given_by_name(operation, weight):
    values = numbers(2, 3, 8, 8)
    with FastProducts():
        found = operation(input=values, weight=weight)
    torch.testing.assert_close(found, operation(values, weight))


def test_with_several_threads_convolutions_are_left_to_torch(one_thread):
    torch.set_num_threads(2)
    with _Operators() as operators, FastProducts():
        nn.Conv2d(8, 12, 1)(numbers(3, 8, 9, 9))
    assert operators.dilations == [[1, 1]]


def test_a_model_calls_any_network_with_the_faster_products(monkeypatch):
    monkeypatch.setattr(products, "MKL_IS_SLOW", True)

    class _Own(nn.Module):
        """A person's own network, which calls the function."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(numbers(5, 64))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return functional.linear(pixels.flatten(1).view(len(pixels), -1, 64), self.weight).mean(1)

    model, pixels = classifier(_Own(), classes=5), numbers(4, 3, 64, 64, seed=1).sigmoid()
    _ = model.batching
    with _Operators() as operators, torch.no_grad():
        logits = model(pixels)
    assert "aten::convolution" in operators.seen
    torch.testing.assert_close(logits, model.network(*model.prepared((pixels,), model.network)), rtol=1e-5, atol=1e-5)
