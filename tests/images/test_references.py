"""Folders of reference photos."""

import pytest
from PIL import Image

from igcli.errors import UsageError
from igcli.images.references import MOST_REFERENCES, reference_files


def filled(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (2, 2)).save(folder / f"{number:03}.png")
    return folder


def test_all_pictures_of_a_folder_and_its_sub_folders_in_their_order(tmp_path):
    filled(tmp_path / "here" / "cats", 2)
    filled(tmp_path / "here" / "dogs", 1)
    (tmp_path / "here" / "notes.txt").write_text("no picture")
    names = [file.relative.as_posix() for file in reference_files(str(tmp_path / "here"))]
    assert names == ["cats/000.png", "cats/001.png", "dogs/000.png"]


def test_of_many_those_that_are_spread_evenly_over_the_folder(tmp_path):
    folder = filled(tmp_path / "many", 3 * MOST_REFERENCES)
    names = [file.path.stem for file in reference_files(str(folder))]
    assert len(set(names)) == MOST_REFERENCES
    assert names == sorted(names)
    assert (names[0], names[-1]) == ("000", f"{3 * MOST_REFERENCES - 1:03}")


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(UsageError, match=r"a\.png is not a folder"):
        reference_files(str(tmp_path / "a.png"))
