"""A tolerance of the map: points are added until the estimated error is below it, and what is said where it is not."""

import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.adaptive import adaptive_path
from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError


@pytest.fixture(scope="module")
def picture():
    return random_picture(dtype=torch.float64)


@pytest.mark.parametrize("how", [{}, {"baseline": "black+white"}, {"method": "spectral-integrated"}])
def test_points_are_added_until_the_estimated_error_is_below_it(small_double, picture, how):
    free = igcli.attribute(small_double, picture, **how)
    bound = free.extras["map_error"] / 2
    found = igcli.attribute(small_double, picture, map_tolerance=bound, max_steps=2000, **how)
    assert "map_within_tolerance" not in free.extras
    assert found.extras["map_within_tolerance"] is True
    assert 0 < found.extras["map_error"] <= bound
    assert free.steps < found.steps < 10 * free.steps
    assert found.completeness.within_tolerance


def test_the_cap_is_kept_and_the_tolerance_said_to_be_missed(small_double, picture):
    found = igcli.attribute(small_double, picture, map_tolerance=1e-9, max_steps=40)
    assert found.steps == 40
    assert found.extras["map_within_tolerance"] is False
    assert "(over 1e-07 %)" in repr(found)
    one = igcli.attribute(small_double, picture, map_tolerance=0.5, max_steps=1)
    assert one.extras["map_within_tolerance"] is False


@pytest.mark.parametrize("size", [1, 7])
def test_chunks_and_company_do_not_change_the_map(small_double, picture, size):
    settings = Settings(map_tolerance=0.01, max_steps=500)
    alone = igcli.attribute(small_double, picture, map_tolerance=0.01, max_steps=500)
    others = [random_picture(seed=9, dtype=torch.float64), picture]
    found = explain(small_double, others, Wanted(("integrated",), ("top",), settings), budget=size)[1][0]
    torch.testing.assert_close(found.results["integrated"].values, alone.values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("room", [0, 30])
def test_where_gradients_cannot_be_kept_the_record_says_what_was_reached(small_double, picture, monkeypatch, room):
    bytes_of_one = picture.pixels.numel() * 8
    monkeypatch.setattr(adaptive_path, "MOST_BYTES", max(1, room * bytes_of_one))
    kept = igcli.attribute(small_double, picture)
    found = igcli.attribute(small_double, picture, map_tolerance=kept.extras["map_error"] / 3, max_steps=2000)
    assert found.extras["map_within_tolerance"] is (found.extras["map_error"] <= kept.extras["map_error"] / 3)
    assert (found.steps > kept.steps) == (room > 0)  # from where the error was known, it is taken on


def test_what_it_does_not_go_with_is_refused(small):
    with pytest.raises(UsageError, match="goes with --steps auto"):
        igcli.attribute(small, random_picture(), steps=20, map_tolerance=0.1)
    with pytest.raises(UsageError, match="above 0"):
        igcli.attribute(small, random_picture(), map_tolerance=0.0)
    with pytest.raises(UsageError, match="add --method integrated"):
        igcli.attribute(small, random_picture(), method="gradient", map_tolerance=0.1)
    with pytest.raises(UsageError, match="map_tolerance is a number"):
        igcli.attribute(small, random_picture(), map_tolerance="small")


def test_of_a_function_too():
    def function(x):
        return x.relu().sum(dim=1) ** 2 / 50

    rows = torch.linspace(-3, 4, 40, dtype=torch.float64).reshape(2, 20)
    start = -rows.flip(1)
    free, found = (igcli.integrate(function, rows, start, map_tolerance=bound) for bound in (None, 0.01))
    assert (found.map_error <= 0.01).all()
    assert (free.map_error > 0.01).any()
    with pytest.raises(UsageError, match="leave it out, and take more steps"):
        igcli.integrate(function, rows, references=start, map_tolerance=0.01)
