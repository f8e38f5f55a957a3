"""Scores along the path without gradients: a fraction of a sweep's cost, where nothing but curves is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from igcli.attribution.budget import Budget
from igcli.attribution.network import probe
from igcli.attribution.path import Path
from igcli.attribution.views.curve import Trace
from igcli.errors import NumericalError
from igcli.lazy import np, torch
from igcli.models.model import Model


def score_curves(
    model: Model, paths: Sequence[Path], alphas: np.ndarray, *, targets: Sequence[int], budget: Budget
) -> list[Trace]:
    """Softmax and logit of one class per path at ``alphas`` (A,): forward only, several paths to a chunk.

    Returns
    -------
    list of Trace
        One per path. ``scores`` are the probabilities, or the values of a regression; there is no mean importance.

    Raises
    ------
    NumericalError
        For logits that are not finite.
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    points = np.asarray(alphas, np.float64)
    logits = probe(model, paths, points, budget=budget)
    if not bool(torch.isfinite(logits).all()):
        raise NumericalError.on_the_path()
    if model.regression:
        return [Trace(points, raw[:, target].numpy()) for raw, target in zip(logits, targets, strict=True)]
    curves = zip(logits, model.probabilities(logits), targets, strict=True)
    numbers = [(soft[:, target].numpy(), raw[:, target].numpy()) for raw, soft, target in curves]
    return [Trace(points, soft, softmax=soft, logit=raw) for soft, raw in numbers]
