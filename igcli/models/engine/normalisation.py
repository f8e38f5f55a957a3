"""Input normalisation merged into a network's first convolution.

Between the pixels and that convolution, the graph has igcli's normalisation and sometimes the network's own
(torchvision's GoogLeNet undoes one and applies another, channel by channel): an affine map of each channel, which is
measured with black and with the pure colours. This file imports torch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from igcli.models.engine.stem import Colours, Stem
from igcli.models.engine.tracing import module_of

MOST_CHANNELS = 4
"""Input channels up to which rewriting a strided convolution saves time."""


def absorb_normalisation(traced: fx.GraphModule) -> int:
    """Rewrite the graph in place; returns 1 if its first convolution has become a ``Stem``, else 0."""
    first = next((node for node in traced.graph.nodes if isinstance(module_of(traced, node), torch.nn.Conv2d)), None)
    convolution = module_of(traced, first)
    if first is None or not isinstance(convolution, torch.nn.Conv2d) or not _can_absorb(convolution):
        return 0
    pixels = next(node for node in traced.graph.nodes if node.op == "placeholder")
    colours = _colours(traced, first.args[0], pixels, convolution.in_channels)
    if colours is None:
        return 0
    name = f"{first.target}_from_pixels"
    traced.add_submodule(name, Stem(convolution, colours))
    with traced.graph.inserting_after(first):
        stem = traced.graph.call_module(name, (pixels,))
    first.replace_all_uses_with(stem)
    traced.graph.eliminate_dead_code()
    return 1


def _can_absorb(convolution: torch.nn.Conv2d) -> bool:
    return (
        type(convolution) is torch.nn.Conv2d
        and convolution.in_channels <= MOST_CHANNELS
        and convolution.stride[0] == convolution.stride[1] > 1
        and convolution.groups == 1
        and convolution.dilation == (1, 1)
        and not isinstance(convolution.padding, str)
        and convolution.padding_mode == "zeros"
    )


def _colours(traced: fx.GraphModule, source: Any, pixels: fx.Node, channels: int) -> Colours | None:
    """The map of each channel from ``pixels`` to ``source``; ``None`` if it is not affine."""
    black_and_pure = torch.cat([torch.zeros(1, channels), torch.eye(channels)]).double()[:, :, None, None]
    try:
        seen = _Trial(traced, pixels, black_and_pure).of(source)
    except _NotAffineError:
        return None
    if seen.shape != black_and_pure.shape:
        return None
    shift, mixed = seen[0, :, 0, 0], seen[1:, :, 0, 0] - seen[0, :, 0, 0]
    scale = mixed.diagonal()
    return Colours(scale, shift) if torch.equal(mixed, scale.diag()) and bool(scale.all()) else None


class _NotAffineError(Exception):
    """The graph has an operation that is not known to be affine."""


class _Trial:
    """Values of nodes for pictures of one pixel, (P, C, 1, 1), as the input ``pixels``."""

    def __init__(self, traced: fx.GraphModule, pixels: fx.Node, values: torch.Tensor) -> None:
        self._traced, self._pixels, self._values = traced, pixels, values

    def of(self, node: Any) -> torch.Tensor:
        """The node's value, in double precision."""
        if node is self._pixels:
            return self._values
        if not isinstance(node, fx.Node) or node.op != "call_function" or node.target not in _AFFINE or node.kwargs:
            raise _NotAffineError
        return _AFFINE[node.target](self, *node.args)

    def constant(self, value: Any) -> torch.Tensor:
        """A number, or one per channel; anything larger makes a larger picture, which ``_colours`` detects."""
        if isinstance(value, fx.Node) and value.op == "get_attr":
            value = operator.attrgetter(str(value.target))(self._traced)
        if isinstance(value, (int, float)):
            return torch.tensor(value, dtype=torch.double)
        if not isinstance(value, torch.Tensor):
            raise _NotAffineError
        return value.detach().cpu().double()


def _arithmetic(operation: Callable[[Any, Any], torch.Tensor]) -> Callable[..., torch.Tensor]:
    return lambda trial, values, other: operation(trial.of(values), trial.constant(other))


def _channel(trial: _Trial, values: Any, index: Any) -> torch.Tensor:
    if not isinstance(index, tuple) or index[0] != slice(None) or not all(isinstance(i, int) for i in index[1:]):
        raise _NotAffineError
    (channel,) = index[1:]
    return trial.of(values)[:, channel]


def _joined(trial: _Trial, parts: Any, dim: int) -> torch.Tensor:
    return torch.cat([trial.of(part) for part in parts], dim)


def _with_channel(trial: _Trial, values: Any, dim: int) -> torch.Tensor:
    return trial.of(values).unsqueeze(dim)


_AFFINE: dict[Any, Callable[..., torch.Tensor]] = {
    operator.add: _arithmetic(operator.add),
    operator.sub: _arithmetic(operator.sub),
    operator.mul: _arithmetic(operator.mul),
    operator.truediv: _arithmetic(operator.truediv),
    operator.getitem: _channel,
    torch.unsqueeze: _with_channel,
    torch.cat: _joined,
}
