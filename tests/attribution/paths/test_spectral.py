"""The spectral path: against the paper's formula written out, and where it must be the straight one."""

import numpy as np
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.paths.kind import find_path
from igcli.sample import Layout


def a_path(overlap, end, baseline=None):
    return find_path(f"spectral:{overlap}").path(torch.zeros_like(end) if baseline is None else baseline, end,
                                                 Layout.of(end, 0), ())  # fmt: skip


def random_values(*shape, seed=4):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def written_out(values, overlap, time):
    """γ(t) of arXiv 2605.19607 from black, component by component."""
    point = np.zeros(values.shape)
    for channel, matrix in enumerate(values.numpy()):
        left, sizes, right = np.linalg.svd(matrix)
        for i, size in enumerate(sizes):
            share = np.clip((time - (1 - overlap) * (1 - size / sizes[0])) / overlap, 0, 1)
            point[channel] += share * size * np.outer(left[:, i], right[i])
    return point


@pytest.mark.parametrize("overlap", [1, 0.4, 0.05])
def test_points_are_those_of_the_paper_in_another_time(overlap):
    values = random_values(2, 6, 8)
    path, times = a_path(overlap, values), np.linspace(0, 1, 2001)
    points = np.stack([written_out(values, overlap, time) for time in times])
    covered = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0).reshape(2000, -1), axis=1))])
    alphas = covered / covered[-1]
    chosen = np.arange(0, 2001, 100)
    found = path.at(torch.from_numpy(alphas[chosen])).numpy()
    np.testing.assert_allclose(found, points[chosen], atol=2e-3 * values.max().item())


@pytest.mark.parametrize("baseline", [None, random_values(3, 6, 5, seed=8)])
def test_with_an_overlap_of_one_it_is_the_straight_path(baseline):
    values, alphas = random_values(3, 6, 5), torch.linspace(0, 1, 9, dtype=torch.float64)
    path = a_path(1, values, baseline)
    torch.testing.assert_close(
        path.at(alphas), torch.lerp(path.baseline[None], values[None], alphas[:, None, None, None])
    )


@pytest.mark.parametrize("overlap", [0.4, 0.01])
def test_where_there_is_but_one_component_it_is_the_straight_path(overlap):
    matrix = torch.outer(torch.arange(1.0, 6, dtype=torch.float64), torch.arange(1.0, 4, dtype=torch.float64))
    values = torch.stack([matrix, 3 * matrix.flip(0)])
    alphas = torch.linspace(0, 1, 9, dtype=torch.float64)
    torch.testing.assert_close(a_path(overlap, values).at(alphas), alphas[:, None, None, None] * values)


def test_with_hardly_any_overlap_one_component_comes_in_after_another():
    values = torch.diag(torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64))[None]
    (first, second) = a_path(0.01, values).at(torch.tensor([4 / 7, 6 / 7], dtype=torch.float64))
    torch.testing.assert_close(first[0].diagonal(), torch.tensor([4.0, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(second[0].diagonal(), torch.tensor([4.0, 2, 0], dtype=torch.float64))


def test_the_transposed_picture_takes_the_transposed_path():
    values, alphas = random_values(3, 6, 8), torch.linspace(0, 1, 7, dtype=torch.float64)
    torch.testing.assert_close(a_path(0.4, values).at(alphas).mT, a_path(0.4, values.mT.contiguous()).at(alphas))


def test_a_channel_that_does_not_move_and_one_that_is_alone():
    values = random_values(2, 4, 4)
    values[1] = 0
    points = a_path(0.4, values).at(torch.linspace(0, 1, 5, dtype=torch.float64))
    assert points.isfinite().all()
    assert not points[:, 1].any()
    nothing = a_path(0.4, torch.zeros(1, 4, 4, dtype=torch.float64))
    assert not nothing.at(torch.tensor([0.0, 0.3, 1.0])).any()
    assert not nothing.moves(np.zeros(1), np.ones(1)).any()


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4, 5)])
def test_values_with_any_number_of_axes_before_rows_and_columns(shape):
    values = random_values(*shape)
    layout = Layout.of(values, None)
    path = find_path("spectral").path(torch.zeros_like(values), values, layout, ())
    assert path.at(torch.tensor([0.5])).shape == (1, *shape)
    assert torch.equal(path.at(torch.tensor([1.0]))[0], values)


def test_an_overlap_of_one_gives_the_map_of_integrated_gradients(small_double):
    picture = random_picture(dtype=torch.float64)
    straight, spectral = (
        igcli.attribute(small_double, picture, target=1, steps=20, path=path, baseline="white")
        for path in ("straight", "spectral:1")
    )
    torch.testing.assert_close(spectral.values, straight.values)
    assert spectral.extras["map_error"] == pytest.approx(straight.extras["map_error"])
