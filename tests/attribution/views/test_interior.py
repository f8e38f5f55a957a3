from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import random_picture

from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes, nodes
from igcli.attribution.scores import Score
from igcli.attribution.sweep import PathRun, sweep
from igcli.attribution.views.interior import InteriorImportance

ALPHAS = (1.0, 0.0, 0.3, 0.55, 0.3)


def swept(model, picture, interior, points, *, size=4):
    path = Path.of(picture)
    return sweep(model, [PathRun(path, Score("softmax", 1), points, [interior])], budget=Budget(size))


@pytest.mark.parametrize("size", [1, 2, 50])
def test_each_frame_is_the_gradient_at_its_alpha_taken_alone(small_double, size):
    picture = random_picture(dtype=torch.float64)
    interior = InteriorImportance(ALPHAS)
    swept(small_double, picture, interior, Nodes.none().including(interior.alphas), size=size)
    assert interior.frame_alphas.tolist() == [0.0, 0.3, 0.55, 1.0]
    small_double.network.eval()
    for alpha, frame in zip(interior.frame_alphas, interior.frames, strict=True):
        point = (alpha * picture.pixels)[None].requires_grad_()
        small_double(point).softmax(1)[0, 1].backward()
        np.testing.assert_allclose(frame, point.grad[0].abs().sum(0).numpy(), rtol=1e-5, atol=1e-12)


def test_the_rules_own_points_serve_as_frames_at_no_further_gradient(small, picture):
    interior = InteriorImportance()
    points = nodes("midpoint", 6)
    assert swept(small, picture, interior, points) == 6
    assert (interior.frame_alphas == points.alphas).all()
    assert interior.frames.shape == (6, *picture.pixels.shape[1:])
    assert (interior.frames.max(axis=(1, 2)) > 0).all()


def test_points_between_those_asked_for_leave_no_frame(small, picture):
    interior = InteriorImportance([0.25])
    assert swept(small, picture, interior, nodes("midpoint", 6).including(interior.alphas)) == 6  # 0.25 is a node
    assert len(interior.frames) == 1
