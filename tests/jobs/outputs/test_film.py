from dataclasses import replace

import numpy as np
import pytest
from toys import random_picture

from igcli.attribution.explain import explain
from igcli.attribution.wanted import Wanted
from igcli.errors import ImageError, UsageError
from igcli.images.options import ReadOptions
from igcli.jobs.outputs.film import MOST_FRAMES, Filming, few_frames, film_of
from igcli.rendering.film import Look
from igcli.rendering.sheet import SHEET_ALPHAS


def test_the_papers_grid_has_51_points_and_the_sheets_are_among_them():
    filming = Filming(sheet=True)
    assert len(filming.frame_alphas) == 51
    assert (filming.frame_alphas[0], filming.frame_alphas[-1]) == (0.0, 1.0)
    assert np.diff(filming.frame_alphas) == pytest.approx(0.02)
    assert filming.sheet_alphas() == SHEET_ALPHAS
    assert len(filming.wanted(Wanted()).interior) == 51


def test_alphas_given_serve_both_and_are_put_in_order():
    filming = Filming(sheet=True, alphas=(1.0, 0.25, 0.25))
    assert filming.frame_alphas == filming.sheet_alphas() == (0.25, 1.0)
    assert Filming(alphas=(0.0, 1.0)).sheet_alphas() == ()


def test_the_sheet_of_another_path_has_even_points():
    alphas = Filming(sheet=True).sheet_alphas("spectral")
    assert len(alphas) == len(SHEET_ALPHAS)
    assert alphas[0] == 0
    assert alphas[-1] == 1
    assert len(set(np.diff(alphas).round(6))) == 1


@pytest.mark.parametrize(
    "filming", [Filming(count=1), Filming(alphas=(0.3,)), Filming(ending=".mp4"), Filming(Look("signed"))]
)
def test_what_no_film_can_be_is_refused(filming):
    with pytest.raises(UsageError):
        filming.check()


def test_the_film_has_the_frames_and_the_curves_of_the_explanation(small):
    ((explanation,),) = explain(small, [random_picture()], Filming(count=5).wanted(Wanted()))
    film = film_of(explanation, Look(), reading=ReadOptions())
    assert film.alphas.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert film.frames.mean(axis=(1, 2)) == pytest.approx(explanation.trace.mean_importance, rel=1e-5)
    with pytest.raises(ImageError, match="more than this photo has"):
        film_of(explanation, Look(size=2000), reading=ReadOptions())


def test_many_frames_are_thinned_out_evenly_with_both_ends(small):
    ((explanation,),) = explain(small, [random_picture()], Filming(count=3).wanted(Wanted()))
    film = film_of(explanation, Look(), reading=ReadOptions())
    assert few_frames(film).alphas.tolist() == film.alphas.tolist()
    many = replace(film, alphas=np.linspace(0, 1, 1001), frames=np.arange(1001.0)[:, None, None] * np.ones((1, 2, 2)))
    few = few_frames(many)
    assert len(few.alphas) == MOST_FRAMES
    assert np.diff(few.alphas) == pytest.approx(0.01)
    assert few.frames[:, 0, 0] == pytest.approx(1000 * few.alphas)
