"""Passes through the network in bounded chunks: logits of samples and of points on paths, and one gradient.

Samples of different shapes go in chunks of their own. What gradients along paths are taken for is the sweep's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from igcli.attribution.budget import Budget
from igcli.attribution.path import Owner, Path, in_batches, network_inputs
from igcli.errors import IgError, NetworkError, UsageError, first_line
from igcli.lazy import np, torch
from igcli.models.devices import is_out_of_memory
from igcli.models.model import Model
from igcli.models.outputs import log_of_probabilities
from igcli.sample import Sample

One = TypeVar("One", Path, Sample)
M = TypeVar("M", bound=Model)


def forward(model: Model, samples: Sequence[Sample], *, budget: Budget) -> torch.Tensor:
    """Logits (N, K) on the CPU of ``samples``: forward only, in chunks."""
    model = model.optimised()

    def logits_of(group: Sequence[Sample]) -> torch.Tensor:
        def work(start: int, stop: int) -> torch.Tensor:
            here = group[start:stop]
            points = torch.stack([each.packed.to(model.device, model.dtype) for each in here])
            return network_logits(model, points, [(each, 1) for each in here]).cpu()

        return torch.cat(list(budget.chunks(len(group), work)))

    return _forward_in_batches(model, samples, logits_of)


def recognised_logits(model: M, samples: Sequence[Sample], *, budget: Budget) -> tuple[M, torch.Tensor]:
    """Logits (N, K) on the CPU, and the model as one that ends in softmax if its outputs show that it does."""
    outputs = forward(model, samples, budget=budget)
    recognised = model.recognised(outputs)
    return recognised, outputs if recognised is model else log_of_probabilities(outputs)


def probe(model: Model, paths: Sequence[Path], alphas: np.ndarray, *, budget: Budget) -> torch.Tensor:
    """Logits (P, A, K), float64 on the CPU, at every one of ``alphas`` (A,) of each path: forward only, in chunks.

    They may not be finite: that is for the caller to judge.
    """
    model = model.optimised()
    on_device = [path.to(model.device, model.dtype) for path in paths]
    points = tensor_like(on_device[0].end, np.asarray(alphas, np.float64))

    def logits_of(group: Sequence[Path]) -> torch.Tensor:
        def work(start: int, stop: int) -> torch.Tensor:
            pairs = [divmod(pair, len(points)) for pair in range(start, stop)]
            batch = torch.cat([group[path].at(points[point : point + 1]) for path, point in pairs])
            return network_logits(model, batch, [(group[path], 1) for path, _ in pairs]).cpu().double()

        logits = torch.cat(list(budget.chunks(len(group) * len(points), work)))
        return logits.reshape(len(group), len(points), -1)

    return _forward_in_batches(model, on_device, logits_of)


def network_logits(model: Model, points: torch.Tensor, owners: Sequence[tuple[Owner, int]]) -> torch.Tensor:
    """Logits (N, K) of packed points (N, ...), in the order in memory that the network is given.

    Parameters
    ----------
    owners
        The paths or samples that the points belong to, each with the number of its points.

    Raises
    ------
    NetworkError
        For whatever the network's own code raises, but for memory that runs out.
    """
    points = points.contiguous(memory_format=model.memory_format)
    try:
        return model(*network_inputs(points, owners))
    except IgError:
        raise
    except Exception as error:  # a person's own network can raise anything
        if is_out_of_memory(error):
            raise
        said = f" ({first_line(error)})" if first_line(error) else ""
        shapes = [(len(points), *shape) for shape in owners[0][0].layout.shapes]
        raise NetworkError(
            f"The network raised {type(error).__name__}{said} when given {_in_words(shapes)} "
            f"{model.unit}. Try --batch-size 1, or the network by itself with such {model.unit}."
        ) from error


def gradient_of(total: torch.Tensor, points: torch.Tensor, *, again: bool = False) -> torch.Tensor:
    """∂total/∂points, of the input alone: no hooks, no parameter gradients.

    Rows of a batch do not interact in evaluation mode, so that the gradient of a sum over them holds each row's own.

    Parameters
    ----------
    again
        The same pass forward will be differentiated once more.

    Raises
    ------
    UsageError
        For a network whose output cannot be differentiated.
    NetworkError
        For whatever the network raises in its backward pass, but for memory that runs out.
    """
    if not total.requires_grad:
        raise UsageError.without_gradient()
    try:
        return torch.autograd.grad(total, points, retain_graph=again)[0]
    except Exception as error:  # a person's own network can raise anything
        if is_out_of_memory(error):
            raise
        raise NetworkError.backward(error) from error


def tensor_like(other: torch.Tensor, values: np.ndarray) -> torch.Tensor:
    """``values`` where and as precise as ``other``."""
    # precision first, device second: some devices have no float64
    return torch.from_numpy(values).to(other.dtype).to(other.device)


def _forward_in_batches(
    model: Model, owners: Sequence[One], logits_of: Callable[[Sequence[One]], torch.Tensor]
) -> torch.Tensor:
    """One row per owner, in their order, each from the batches that it fits into."""
    groups = in_batches(owners)
    with model.frozen(), torch.no_grad():
        rows = torch.cat([logits_of([owners[i] for i in group]) for group in groups])
    order = torch.tensor([i for group in groups for i in group])
    return rows if len(groups) == 1 else rows[order.argsort()]


def _in_words(shapes: Sequence[Sequence[int]]) -> str:
    return " and ".join(" x ".join(map(str, shape)) for shape in shapes)
