"""Methods with a path of their own: the same maps as ``integrated`` along that path, whoever shares the run."""

import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted

OWN = {"spectral-integrated": "spectral", "blur-integrated": "blur"}


@pytest.mark.parametrize("settings", [{}, {"steps": 9}, {"smooth": 2, "steps": 5}], ids=str)
@pytest.mark.parametrize("method", OWN)
def test_the_map_of_integrated_along_that_path(method, settings, small_double):
    picture = random_picture(dtype=torch.float64)
    own = igcli.attribute(small_double, picture, target=1, method=method, **settings)
    integrated = igcli.attribute(small_double, picture, target=1, path=OWN[method], **settings)
    torch.testing.assert_close(own.values, integrated.values)
    assert own.settings == integrated.settings
    assert own.score == integrated.score
    assert own.gradient_evaluations == integrated.gradient_evaluations
    assert own.trace.scores.tolist() == pytest.approx(integrated.trace.scores.tolist())


@pytest.mark.parametrize("steps", [9, "auto"])
@pytest.mark.parametrize("path", ["straight", "blur"])
def test_each_is_the_same_alone_and_together_with_the_others(path, steps, small_double):
    pictures = [random_picture(seed=seed, dtype=torch.float64) for seed in range(2)]
    methods = ("integrated", *OWN, "gradient", "left-integrated")
    targets = (1, 3) if steps == 9 else (1,)  # with auto, classes share points
    together = Wanted(methods, targets, Settings(steps=steps, path=path))
    for picture, both in zip(pictures, igcli.explain(small_double, pictures, together), strict=True):
        for target, explanation in zip(targets, both, strict=True):
            for method in methods:
                alone = igcli.attribute(small_double, picture, target=target, method=method, steps=steps, path=path)
                found = explanation.results[method]
                torch.testing.assert_close(found.values, alone.values)
                assert found.steps == alone.steps
                assert found.score == alone.score


def test_a_run_says_of_each_map_where_its_path_starts(small):
    wanted = Wanted(("integrated", *OWN), settings=Settings(baseline="white", steps=4))
    ((found,),) = igcli.explain(small, [random_picture()], wanted)
    assert [result.settings.start for result in found.results.values()] == ["white", "white", "blurred"]
    assert [result.settings.path for result in found.results.values()] == ["straight", "spectral", "blur"]
    at_start = [result.score.at_baseline for result in found.results.values()]
    assert at_start[0] == at_start[1] == found.score.at_baseline != at_start[2]
    assert found.results["blur-integrated"].completeness.gap == pytest.approx(
        abs(found.results["blur-integrated"].total - (found.score.at_image - at_start[2]))
    )


def test_several_baselines_are_averaged_over_where_there_are_any(small_double):
    picture = random_picture(dtype=torch.float64)
    both, black, white = (
        igcli.attribute(small_double, picture, target=1, method="spectral-integrated", steps=6, baseline=name).values
        for name in ("black+white", "black", "white")
    )
    torch.testing.assert_close(both, (black + white) / 2)
    blurred = [
        igcli.attribute(small_double, picture, target=1, method="blur-integrated", steps=6, baseline=name)
        for name in ("black+white", "black")
    ]
    torch.testing.assert_close(blurred[0].values, blurred[1].values)
    assert blurred[0].gradient_evaluations == 6
