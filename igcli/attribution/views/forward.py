"""Scores along the path without gradients: a fraction of a sweep's cost, where nothing but curves is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.views.curve import Trace
from igcli.errors import NumericalError
from igcli.lazy import np, torch
from igcli.models.classifier import Classifier


def score_curves(
    model: Classifier, paths: Sequence[Path], alphas: np.ndarray, *, targets: Sequence[int], budget: Budget
) -> list[Trace]:
    """Softmax and logit of one class a path at ``alphas`` (A,): forward only, several paths to a chunk.

    Returns
    -------
    list of Trace
        One a path. ``scores`` are the probabilities; there is no mean importance.

    Raises
    ------
    NumericalError
        For logits that are not finite.
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    points = np.asarray(alphas, np.float64)
    on_device = [path.to(model.device, model.dtype) for path in paths]
    weights = torch.from_numpy(points).to(model.dtype).to(model.device)
    numbers = np.empty((2, len(paths), len(points)))

    def work(start: int, stop: int) -> torch.Tensor:
        pairs = [divmod(pair, len(points)) for pair in range(start, stop)]
        batch = torch.cat([on_device[path].at(weights[point : point + 1]) for path, point in pairs])
        return model(batch.contiguous(memory_format=torch.channels_last)).cpu().double()

    pair = 0
    with model.frozen(), torch.no_grad():
        for logits in budget.chunks(len(paths) * len(points), work):
            if not bool(torch.isfinite(logits).all()):
                raise NumericalError("The network's logits are not finite along the path. Check the weights.")
            for row in logits:
                path, point = divmod(pair, len(points))
                numbers[:, path, point] = model.probabilities(row)[targets[path]], row[targets[path]]
                pair += 1
    return [Trace(points, soft, softmax=soft, logit=raw) for soft, raw in zip(numbers[0], numbers[1], strict=True)]
