"""Which entry is whose; the cases are those of common folders: flat, mirrored, the same names in every class."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from igcli.evaluation.ground_truth.names import Ambiguous, Match, pair


def paired(photos: list[str], entries: list[str]) -> dict[str, str | tuple[str, ...]]:
    """Photo to entry, or to the names among which it cannot be decided."""
    found = pair([Path(photo) for photo in photos], [PurePosixPath(entry) for entry in entries])
    return {
        str(photo): at.others if isinstance(at, Ambiguous) else entries[at.entry] for photo, at in sorted(found.items())
    }


def test_an_entry_with_folders_belongs_to_the_photo_whose_path_ends_with_it():
    both = ["cats/1.jpg", "dogs/1.jpg"]
    assert paired(["/data/dogs/1.jpg", "/data/cats/1.jpg"], both) == {
        "/data/cats/1.jpg": "cats/1.jpg",
        "/data/dogs/1.jpg": "dogs/1.jpg",
    }


def test_an_entry_without_folders_belongs_to_the_photo_of_that_name():
    assert paired(["/data/1.jpg", "/data/2.jpg"], ["2.jpg"]) == {"/data/2.jpg": "2.jpg"}


def test_a_relative_photo_is_taken_from_where_one_stands(monkeypatch, tmp_path):
    (tmp_path / "cats").mkdir()
    monkeypatch.chdir(tmp_path / "cats")
    assert paired(["1.jpg"], ["cats/1.jpg", "dogs/1.jpg"]) == {"1.jpg": "cats/1.jpg"}


def test_the_longer_of_two_fitting_entries_wins():
    assert paired(["/d/cats/1.jpg", "/d/dogs/1.jpg"], ["1.jpg", "cats/1.jpg"]) == {
        "/d/cats/1.jpg": "cats/1.jpg",
        "/d/dogs/1.jpg": "1.jpg",
    }


@pytest.mark.parametrize("entry", ["cats/1.png", "cats/1"])
def test_the_ending_may_differ_or_lack_and_the_folders_decide(entry):
    assert paired(["/d/cats/1.jpg"], ["dogs/1.jpg", entry]) == {"/d/cats/1.jpg": entry}


def test_other_folders_are_passed_over_and_said():
    found = pair([Path("/d/val/1.jpg")], [PurePosixPath("VOC2012/JPEGImages/1.jpg")])
    assert found == {Path("/d/val/1.jpg"): Match(0, by_name=True)}
    assert pair([Path("/d/1.jpg")], [PurePosixPath("1.jpg")]) == {Path("/d/1.jpg"): Match(0, by_name=False)}


def test_a_base_name_comes_before_a_stem():
    assert paired(["/d/1.jpg"], ["a/1.png", "b/1.jpg"]) == {"/d/1.jpg": "b/1.jpg"}


def test_an_entry_is_never_lent_to_a_second_photo():
    assert paired(["/d/cats/1.jpg", "/d/dogs/1.jpg"], ["cats/1.jpg"]) == {"/d/cats/1.jpg": "cats/1.jpg"}


def test_two_photos_for_one_entry_are_ambiguous():
    found = paired(["/d/cats/1.jpg", "/d/dogs/1.jpg"], ["1.jpg"])
    assert found == {"/d/cats/1.jpg": ("/d/dogs/1.jpg",), "/d/dogs/1.jpg": ("/d/cats/1.jpg",)}


def test_two_entries_for_one_photo_are_ambiguous():
    assert paired(["/d/1.jpg"], ["a/1.jpg", "b/1.jpg"]) == {"/d/1.jpg": ("a/1.jpg", "b/1.jpg")}
    assert paired(["/d/1.jpg"], ["1.jpg", "1.jpg"]) == {"/d/1.jpg": ("1.jpg", "1.jpg")}


def test_photo_jpg_and_photo_png_share_a_mask_only_if_it_is_for_one_of_them():
    assert paired(["/d/1.jpg", "/d/1.png"], ["1.png"]) == {"/d/1.png": "1.png"}
    assert set(paired(["/d/1.jpg", "/d/1.png"], ["1.bmp"])) == {"/d/1.jpg", "/d/1.png"}


def test_a_dot_in_a_name_without_an_ending_is_no_ending():
    assert paired(["/d/scan.5.jpg", "/d/scan.jpg"], ["scan.5"]) == {"/d/scan.5.jpg": "scan.5"}


def test_accents_match_in_either_spelling():
    assert paired(["/d/caf\u00e9.jpg"], ["cafe\u0301.jpg"]) == {"/d/caf\u00e9.jpg": "cafe\u0301.jpg"}


def test_what_fits_nothing_is_left_alone():
    assert paired(["/d/1.jpg"], ["11.jpg", "", "x/y.jpg"]) == {}
