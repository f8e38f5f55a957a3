"""How far a layer's activations along the path are from those at the photo (arXiv 1611.02639, Fig. 12).

Forward passes only. The hooks compare what passes and keep nothing but sums, so that memory is bounded by one chunk
and the activations at the photo. Which layers: see ``layer_choice.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from igcli.attribution.budget import Budget
from igcli.attribution.network import network_logits
from igcli.attribution.path import Path, network_inputs
from igcli.attribution.views.layer_choice import find_layers
from igcli.errors import NumericalError, UsageError
from igcli.lazy import np, torch
from igcli.models.model import Model


@dataclass(frozen=True)
class LayerDistances:
    """Distances of L layers at A points; float64, all finite.

    Attributes
    ----------
    layers
        L names.
    alphas
        (A,).
    l2
        (L, A): ‖a(α) − a(1)‖₂ over all of a layer's activations, in the layer's own units.
    cosine
        (L, A): 1 − cos(a(α), a(1)), in [0, 2]; 0 if both are zero vectors, 1 if one is.
    norms
        (L,): ‖a(1)‖₂, at the photo.
    """

    layers: tuple[str, ...]
    alphas: np.ndarray
    l2: np.ndarray
    cosine: np.ndarray
    norms: np.ndarray

    @property
    def relative_l2(self) -> np.ndarray:
        """(L, A): ``l2`` in units of the norm at the photo, so that layers compare; where that is 0, 0 or 1."""
        norms = self.norms[:, None]
        return np.asarray(np.where(norms > 0, self.l2 / np.where(norms > 0, norms, 1), self.l2 > 0))


def layer_distances(
    model: Model,
    path: Path,
    alphas: np.ndarray,
    *,
    layers: Sequence[str] = (),
    budget: Budget,
) -> LayerDistances:
    """Compare the activations at each of ``alphas`` (A,) with those at the photo.

    Parameters
    ----------
    layers
        Names or patterns, as :func:`~igcli.attribution.views.layer_choice.find_layers` takes them.

    Raises
    ------
    UsageError
        For an unknown layer, or one that the network does not run or whose output is not a tensor.
    NumericalError
        For activations that are not finite.
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    names = find_layers(model, layers)
    batching = model.try_batching(*model.two_different(network_inputs(path.end[None], [(path, 1)])))
    if batching.one_at_a_time:  # the hooks compare what one call of the network computes
        budget = Budget(1, device=model.device)
    path = path.to(model.device, model.dtype)
    points = torch.from_numpy(np.asarray(alphas, np.float64)).to(model.dtype).to(model.device)
    with model.frozen(), torch.no_grad():
        (reference,) = budget.chunks(1, lambda *_: _at_end(model, names, path))

        def work(start: int, stop: int) -> torch.Tensor:
            return _sums(model, reference, path, path.at(points[start:stop]))

        sums = torch.cat(list(budget.chunks(len(points), work)), dim=2).numpy()
    if not np.isfinite(sums).all():
        bad = names[int(np.argwhere(~np.isfinite(sums))[0, 1])]
        raise NumericalError(f"The activations of {bad} are not finite along the path. Check the weights.")
    squared, here, there = sums
    cosine = _cosine_distance(squared, np.sqrt(here), np.sqrt(there))
    norms = np.array([np.sqrt(sum(_squared_norm(call).item() for call in reference[name])) for name in names])
    return LayerDistances(tuple(names), np.asarray(alphas, np.float64), np.sqrt(squared), cosine, norms)


_Calls = dict[str, "list[torch.Tensor]"]


def _at_end(model: Model, names: Sequence[str], path: Path) -> _Calls:
    calls: _Calls = {name: [] for name in names}
    # Cloned: a later in-place ReLU may write into what the layer returned.
    with _watching(model, names, lambda name, output: calls[name].append(output.clone())):
        network_logits(model, path.end[None], [(path, 1)])
    for name, outputs in calls.items():
        if not outputs:
            raise UsageError(f"The network does not run its layer {name}: choose the block that contains it.")
    return calls


def _sums(model: Model, reference: Mapping[str, list[torch.Tensor]], path: Path, points: torch.Tensor) -> torch.Tensor:
    """(3, L, N) float64 on the CPU: squared distance, squared norm here, squared norm at the photo."""
    names = list(reference)
    kind = torch.promote_types(points.dtype, torch.float32)  # half precision would overflow
    sums = torch.zeros((3, len(names), len(points)), dtype=kind, device=points.device)
    seen = dict.fromkeys(names, 0)

    def compare(name: str, output: torch.Tensor) -> None:
        if len(output) != len(points):
            raise UsageError(f"The layer {name} mixes the samples of a batch: choose another one.")
        # A module that runs several times is one long vector.
        there = reference[name][seen[name]]
        seen[name] += 1
        row = sums[:, names.index(name)]
        row[0] += _squared_norm(output.to(kind) - there.to(kind))
        row[1] += _squared_norm(output)
        row[2] += _squared_norm(there)

    with _watching(model, names, compare):
        network_logits(model, points, [(path, len(points))])
    return sums.cpu().double()


def _squared_norm(activations: torch.Tensor) -> torch.Tensor:
    kind = torch.promote_types(activations.dtype, torch.float32)
    return activations.to(kind).flatten(1).square().sum(dim=1)


def _cosine_distance(squared: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    product = here * there
    # From the distance and not from the dot product, whose 1 − cos loses all digits where the two nearly agree.
    near = np.maximum(squared - (here - there) ** 2, 0) / np.where(product > 0, 2 * product, 1)
    one_is_zero = (here > 0) != (there > 0)
    return np.asarray(np.where(product > 0, np.minimum(near, 2.0), np.where(one_is_zero, 1.0, 0.0)))


@contextmanager
def _watching(model: Model, names: Sequence[str], note: Callable[[str, torch.Tensor], None]) -> Iterator[None]:
    modules = dict(model.network.named_modules())

    def hook_for(name: str) -> Callable[[torch.nn.Module, object, object], None]:
        def hook(_module: torch.nn.Module, _inputs: object, output: object) -> None:
            note(name, _tensor(name, output))

        return hook

    handles = []
    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(hook_for(name)))  # noqa: PERF401 - all removed below
        yield
    finally:
        for handle in handles:
            handle.remove()


def _tensor(name: str, output: object) -> torch.Tensor:
    if isinstance(output, (tuple, list)) and output:
        output = output[0]  # attention and recurrent layers: the first is the activation
    if not isinstance(output, torch.Tensor) or not output.is_floating_point():
        raise UsageError(f"The layer {name} does not return a tensor of numbers: choose another one.")
    return output
