"""The estimate of how many gradients a photo takes, against the number taken."""

import pytest
from toys import random_picture

from igcli.attribution.adaptive.adaptive_path import FIRST_POINTS
from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.task import gradients_for
from igcli.attribution.wanted import Wanted


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(settings=Settings(steps=7)),
        Wanted(settings=Settings(tolerance=10.0)),
        Wanted(("gradient",)),
        Wanted(("gradient", "integrated", "left-integrated"), settings=Settings(steps=7)),
        Wanted(("smooth-gradient",)),
        Wanted(("decision",), settings=Settings(steps=7)),
        Wanted(("integrated",), ("top-3", 4), Settings(steps=7)),
        Wanted(settings=Settings(steps=7, baseline="black+white+noise:3", smooth=2)),
        Wanted(settings=Settings(steps=4), interior=(0.125, 0.5), alphas=(0.375, 0.7)),
        Wanted((), interior=(0.0, 0.5, 1.0), alphas=(0.5, 0.7)),
    ],
    ids=lambda wanted: "+".join(wanted.methods) or "frames",
)
def test_what_is_told_is_what_is_taken(small, wanted):
    taken = []
    explain(small, [random_picture()], wanted, on_points=taken.append)
    assert gradients_for(wanted) == sum(taken)


def test_auto_is_told_by_what_is_dealt_out_first():
    assert gradients_for(Wanted()) == FIRST_POINTS
