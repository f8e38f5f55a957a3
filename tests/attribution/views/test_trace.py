from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import random_picture

from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.quadrature import nodes
from igcli.attribution.scores import Score
from igcli.attribution.sweep import PathRun, sweep
from igcli.attribution.views.trace import Trace, TraceRecorder, score_curves
from igcli.errors import NumericalError

TARGET = 2


def swept(model, picture, *, kind="softmax", size=4):
    curve = TraceRecorder(TARGET)
    path = Path.of(picture)
    sweep(model, [PathRun(path, Score(kind, TARGET), nodes("midpoint", 7), [curve])], budget=Budget(size))
    return curve


@pytest.mark.parametrize("kind", ["softmax", "logit"])
def test_both_scores_are_those_of_one_alpha_at_a_time_whichever_is_explained(small_double, kind):
    picture = random_picture(dtype=torch.float64)
    curve = swept(small_double, picture, kind=kind)
    small_double.network.eval()
    for i, alpha in enumerate(nodes("midpoint", 7).alphas):
        logits = small_double((alpha * picture.pixels)[None])[0]
        assert curve.logit[i] == pytest.approx(logits[TARGET].item(), abs=1e-12)
        assert curve.softmax[i] == pytest.approx(logits.softmax(0)[TARGET].item(), abs=1e-12)
        assert curve.scores[i] == {"softmax": curve.softmax, "logit": curve.logit}[kind][i]


def test_mean_importance_is_that_of_one_gradient_at_a_time(small_double):
    picture = random_picture(dtype=torch.float64)
    curve = swept(small_double, picture)
    small_double.network.eval()
    for i, alpha in enumerate(nodes("midpoint", 7).alphas):
        point = (alpha * picture.pixels)[None].requires_grad_()
        small_double(point).softmax(1)[0, TARGET].backward()
        assert curve.mean_importance[i] == pytest.approx(point.grad.abs().sum(1).mean().item(), abs=1e-14)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_chunk_size_makes_no_difference(small_double, size):
    picture = random_picture(dtype=torch.float64)
    one, other = swept(small_double, picture, size=size), swept(small_double, picture, size=7)
    for name in ("scores", "softmax", "logit", "mean_importance"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)


def test_without_a_target_only_the_score_explained_is_kept(small):
    curve = TraceRecorder()
    picture = random_picture()
    path = Path.of(picture)
    sweep(small, [PathRun(path, Score("softmax", 0), nodes("midpoint", 3), [curve])], budget=Budget(2))
    assert curve.softmax is None
    assert curve.trace().logit is None
    assert np.isfinite(curve.trace().scores).all()


def test_a_trace_knows_its_ends_from_elsewhere_or_takes_its_first_and_last():
    alphas, scores = np.array([0.1, 0.9]), np.array([0.2, 0.7])
    assert (Trace(alphas, scores).at_baseline, Trace(alphas, scores).at_image) == (0.2, 0.7)
    known = Trace(alphas, scores, ends=(0.0, 1.0))
    assert (known.at_baseline, known.at_image) == (0.0, 1.0)
    assert known.score_at(0.5) == pytest.approx(0.45)
    assert known.importance_at(0.5) == 0


def test_a_trace_needs_rising_points():
    with pytest.raises(ValueError, match="rise"):
        Trace(np.array([0.5, 0.5]), np.zeros(2))
    with pytest.raises(ValueError, match="one point"):
        Trace(np.zeros(0), np.zeros(0))


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
