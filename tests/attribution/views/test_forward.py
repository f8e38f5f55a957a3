from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import random_picture

from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.views.forward import score_curves
from igcli.errors import NumericalError

ALPHAS = np.array([0.0, 0.2, 0.7, 1.0])


def paths(dtype=torch.float64):
    pictures = [random_picture(seed=s, dtype=dtype) for s in range(3)]
    return [Path.of(p) for p in pictures]


@pytest.mark.parametrize("size", [1, 5, 100])
def test_scores_are_those_of_one_alpha_at_a_time(small_double, size):
    traces = score_curves(small_double, paths(), ALPHAS, targets=[0, 4, 2], budget=Budget(size))
    small_double.network.eval()
    for trace, path, target in zip(traces, paths(), (0, 4, 2), strict=True):
        for i, alpha in enumerate(ALPHAS):
            logits = small_double((alpha * path.end)[None])[0]
            assert trace.logit[i] == pytest.approx(logits[target].item(), abs=1e-12)
            assert trace.softmax[i] == pytest.approx(logits.softmax(0)[target].item(), abs=1e-12)
        assert trace.mean_importance is None


def test_logits_that_are_not_finite_are_refused(small):
    with torch.no_grad():
        small.network[-1].bias[0] = float("nan")
    with pytest.raises(NumericalError):
        score_curves(small, paths(torch.float32), ALPHAS, targets=[0, 0, 0], budget=Budget(4))
