"""Options that would do nothing are refused where the user typed them, and pass as defaults of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

PHOTO = ("photo.png", "--model", "caltech101", "--device", "cpu")


@pytest.fixture
def photo(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")


@pytest.mark.usefixtures("photo")
@pytest.mark.parametrize(
    ("arguments", "next_step"),
    [
        (("explain", *PHOTO, "--phi", "0.5"), "--method left-integrated or right-integrated"),
        (("compare", *PHOTO, "-m", "gradient", "-m", "integrated", "--references", "."), "--method ig2"),
        (("explain", *PHOTO, "--ig2-step", "2"), "--method ig2"),
        (("explain", *PHOTO, "--guided-fraction", "0.1"), "--method guided-integrated"),
        (("report", *PHOTO, "--guided-distance", "0.1"), "--method guided-integrated"),
        (("ablate", *PHOTO, "--top", "5", "--smooth-sigma", "0.1"), "--smooth N"),
        (("explain", *PHOTO, "--steps", "8", "--max-steps", "9"), "leave out --steps"),
        (("animate", *PHOTO, "--format", "frames", "--fps", "3"), "leave out --format frames"),
        (("animate", *PHOTO, "--format", "frames", "--loop", "3"), "leave out --format frames"),
        (("animate", *PHOTO, "--format", "frames", "--hold", "3"), "leave out --format frames"),
        (("evaluate", *PHOTO, "--mosaics", "3"), "--metric focus"),
        (("evaluate", *PHOTO, "--classes", "."), "--metric focus"),
        (("text", "we must do more", "--points", "3"), "--saturation"),
        (("text", "we must do more", "--steps", "8", "--max-steps", "9"), "leave out --steps"),
        (("text", "we must do more", "--phi", "0.3"), "--method left-integrated or right-integrated"),
        (("text", "we must do more", "--column", "review"), "-f FILE.csv"),
        (("text", "we must do more", "--whole"), "-f FILE"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused_with_what_makes_it_do_something(
    shell, tmp_path, arguments, next_step
):
    result = shell(*arguments)
    assert result.exit_code == 2
    assert next_step in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "next_step"),
    [
        (("--points", "3"), "--saturation"),
        (("--column", "x"), ".csv or .tsv"),
        (("--steps", "8", "--max-steps", "9"), "leave out --steps"),
    ],
)
def test_so_it_is_of_molecules(shell, arguments, next_step):
    pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")
    result = shell("molecule", "CCO", *arguments)
    assert result.exit_code == 2
    assert next_step in result.stderr


@pytest.mark.usefixtures("photo")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--phi", "0.5", "-m", "left-integrated"),
        ("--smooth-sigma", "0.1", "--smooth", "2"),
        ("--guided-fraction", "0.5", "-m", "guided-integrated"),
    ],
)
def test_with_what_it_belongs_to_it_is_taken(shell, arguments):
    result = shell("explain", *PHOTO, "--steps", "2", *arguments)
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("photo")
def test_the_curve_of_a_photos_report_is_split_by_phi_whatever_the_method(shell, tmp_path):
    result = shell("report", *PHOTO, "--steps", "2", "--phi", "0.5", "-o", "page.html")
    assert result.exit_code == 0, result.output
    assert '"phi":0.5' in (tmp_path / "page.html").read_text()
    result = shell("explain", *PHOTO, "--steps", "2", "--phi", "0.5", "--report", "-o", "out")
    assert result.exit_code == 0, result.output
    assert '"phi":0.5' in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.usefixtures("photo")
def test_a_default_of_ones_own_is_for_all_commands(shell, monkeypatch):
    monkeypatch.setenv("IGCLI_EXPLAIN_PHI", "0.5")
    assert shell("explain", *PHOTO, "--steps", "2").exit_code == 0
