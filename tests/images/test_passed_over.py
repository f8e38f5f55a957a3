"""Files that hold pictures and are not read: counted by kind, with what can be done."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from igcli.images import optional
from igcli.images.decoding import FORMATS
from igcli.images.finding import find_images
from igcli.images.passed_over import KINDS, PassedOver, begins_as_picture
from igcli.images.source import IMAGE_SUFFIXES
from igcli.inputs import Missing


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_extras: None) -> Path:
    """A folder with one picture that is read and many files that are not."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    Image.new("RGB", (8, 8)).save(folder / "IM0001", "JPEG")
    (folder / "1.2.840.113").write_bytes(bytes(128) + b"DICM")
    for name in ("b.heic", "c.HEIC", "d.dcm", "brain.nii.gz", "notes.txt", "LICENSE", "sub/e.heif", ".hidden.heic"):
        (folder / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return folder


def over(*arguments: str, **how: object) -> PassedOver:
    passed = PassedOver()
    find_images(arguments, passed_over=passed, **how)
    return passed


@pytest.mark.usefixtures("photos")
def test_a_folders_other_files_are_counted_by_ending():
    passed = over("photos")
    assert passed
    assert passed.counts == {"": 2, ".113": 1, ".dcm": 1, ".heic": 2, ".nii.gz": 1, ".txt": 1}
    assert over("photos", recursive=True).counts[".heif"] == 1


@pytest.mark.usefixtures("photos")
def test_the_sentence_names_what_holds_pictures_and_a_remedy_for_each_kind():
    said = over("photos").summary()
    assert said.startswith("2 .heic, 1 without an ending, 1 .113, 1 .dcm, 1 .nii.gz (HEIC photos: pip install ")
    assert 'DICOM: pip install "igcli[medical]" to read this format, or export' in said
    assert ".txt" not in said


@pytest.mark.usefixtures("photos")
def test_a_file_that_is_reached_in_two_ways_is_one():
    assert over("photos", "photos/*", "photos/").counts[".heic"] == 2


@pytest.mark.usefixtures("photos")
def test_what_is_excluded_is_not_counted():
    assert over("photos", exclude=lambda path: path.suffix == ".dcm").counts.get(".dcm") is None


def test_texts_alone_are_nothing_to_mention(photos):
    for file in photos.iterdir():
        if file.is_file() and file.suffix not in (".png", ".txt"):
            file.unlink()
    passed = over("photos")
    assert not passed
    assert passed.counts == {".txt": 1}


def test_a_folder_of_nothing_else_says_what_it_holds(photos):
    (photos / "a.png").unlink()
    (item,) = find_images(["photos"])
    assert isinstance(item, Missing)
    assert "photos/ has no images that are read: 2 .heic" in item.reason
    assert 'pip install "igcli[heic]"' in item.reason


@pytest.mark.usefixtures("no_extras")
def test_an_archives_members_are_counted_too(tmp_path):
    def pack(name: str, *members: str) -> str:
        with tarfile.open(tmp_path / name, "w") as tar:
            for member in members:
                tar.addfile(tarfile.TarInfo(member), io.BytesIO())
        return str(tmp_path / name)

    assert over(pack("some.tar", "a.jpg", "b.heic", "c.heic", "d.json")).counts == {".heic": 2, ".json": 1}
    (item,) = find_images([pack("none.tar", "b.heic")])
    assert isinstance(item, Missing)
    assert "has no images that are read: 1 .heic" in item.reason


def test_dicom_files_without_an_ending_are_found_where_they_can_be_read(photos, monkeypatch):
    (photos / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    (photos / "IM0002").write_bytes(bytes(128) + b"DICM")
    assert over("photos").counts[""] == 4

    monkeypatch.setattr(optional, "has_package", lambda package: package == "pydicom")
    for arguments in (["photos"], ["photos/*"]):
        found = [item.path.name for item in find_images(arguments)]
        assert found == ["1.2.840.113", "IM0002", "a.png", "d.dcm"]
    assert over("photos").counts == {"": 3, ".heic": 2, ".nii.gz": 1, ".txt": 1}
    assert "1 without an ending" in over("photos").summary()  # the JPEG; DICOMDIR holds no picture


def test_no_ending_is_both_read_and_passed_over():
    endings = [ending for kind in KINDS for ending in kind.endings]
    assert len(endings) == len(set(endings))
    assert IMAGE_SUFFIXES & set(endings) == {".npy"}  # of which the header decides


@pytest.mark.parametrize("kind", sorted({"PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "JPEG2000"} & {*FORMATS}))
def test_pictures_are_recognised_by_what_pillow_writes(kind):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, kind)
    assert begins_as_picture(buffer.getvalue()[:132])


@pytest.mark.parametrize(
    "start",
    [b"", b"#!/bin/sh\n", b"photos/a.jpg\n", b"{}", b"\0" * 132, b"PK\3\4", b"BMW.jpg\0GIF8.jpg\0", b"a/b.WEBP"],
)
def test_other_files_are_no_pictures(start):
    assert not begins_as_picture(start)


@pytest.mark.parametrize("packing", ["folder", "glob", "tar", "tar.gz", "zip"])
def test_arrays_of_features_and_labels_next_to_pictures_are_no_pictures(tmp_path, monkeypatch, packing):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    for name, array in {
        "a": np.zeros(512, "f4"), "b": np.zeros((1, 512), "f4"), "c": np.array(3), "d": np.array(["cat", "dog"]),
        "e": np.zeros((2, 3, 8, 8)), "grey": np.zeros((6, 8)), "bands": np.zeros((5, 6, 8), "u2"),
    }.items():  # fmt: skip
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "f.npy", {"label": 3}, allow_pickle=True)
    (folder / "cut.npy").write_bytes(b"\x93NUMPY\1\0v")  # said when it is read, and so not passed over
    given = {"folder": "in", "glob": "in/*"}.get(packing)
    if given is None:
        given = shutil.make_archive("all", {"tar.gz": "gztar"}.get(packing, packing), folder)
    passed = PassedOver()
    found = find_images([given], passed_over=passed)
    assert sorted(each.relative.name for each in found) == ["a.png", "bands.npy", "cut.npy", "grey.npy"]
    assert passed.counts == {".npy": 6}
    assert "(H, W, C)" in passed.summary()
