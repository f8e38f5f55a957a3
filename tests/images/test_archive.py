"""The pictures in a tar, their classes, and archives that are hostile, damaged or not what they seem."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from images.pictures import encoded
from images.tars import add, found, header, padded, reasons, tar_of, targets

from igcli.images import archive
from igcli.images.archive import MOST_NAMED
from igcli.images.finding import find_images
from igcli.images.members import read_member
from igcli.images.source import Found
from igcli.inputs import Missing
from igcli.jobs.item import output_stems


def listed(path: Path, data: bytes) -> list[Found | Missing]:
    path.write_bytes(data)
    return find_images([str(path)])


# Pictures


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.TGZ"])
def test_the_pictures_come_in_the_archives_order_without_the_rest(tmp_path: Path, name: str) -> None:
    data = tar_of({"b.JPG": b"x" * 600, "notes.txt": b"n", "a.png": b"y", "deep/er/c.webp": b"z", "d.jpg.txt": b""})
    path = tmp_path / name

    items = listed(path, data if name == "x.tar" else gzip.compress(data))

    assert [item.relative.as_posix() for item in found(items)] == ["b.JPG", "a.png", "deep/er/c.webp"]
    assert [item.path for item in found(items)] == [path / "b.JPG", path / "a.png", path / "deep/er/c.webp"]
    assert [read_member(item.member) for item in found(items) if item.member] == [b"x" * 600, b"y", b"z"]
    assert reasons(items) == []


def test_hidden_members_and_folders_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        for name in ("./a.jpg", "._a.jpg", "./.cache/b.jpg", "photos/.b.png"):
            add(tar, name)
        add(tar, "folder.jpg", type=tarfile.DIRTYPE)

    assert [item.relative.as_posix() for item in found(find_images([str(path)]))] == ["a.jpg"]


def test_two_members_of_one_name_are_two_pictures_with_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        add(tar, "a.jpg", b"first")
        add(tar, "a.jpg", b"second")

    items = found(find_images([str(path)]))

    assert [read_member(item.member) for item in items if item.member] == [b"first", b"second"]
    assert len(set(output_stems([item.relative for item in items]))) == 2


def test_an_archive_given_twice_is_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of({"a.jpg": b"", "b.jpg": b""}))

    assert len(find_images([str(path), f"{tmp_path}/./x.tar", f"{tmp_path}/*.tar"])) == 2


@pytest.mark.parametrize("name", ["../../etc/a.jpg", "/etc/a.jpg", "..//.././a.jpg", "a/../../b.jpg", "//host/a.jpg"])
def test_no_member_leads_out_of_the_folder_of_results(tmp_path: Path, name: str) -> None:
    (item,) = found(listed(tmp_path / "x.tar", tar_of({name: b"inside"})))

    assert item.member is not None
    assert item.member.name == name
    assert read_member(item.member) == b"inside"
    for path in (item.relative, item.path.relative_to(tmp_path / "x.tar"), *output_stems([item.relative])):
        assert not path.is_absolute()
        assert ".." not in path.parts


def test_names_that_are_no_text_or_have_line_breaks_are_kept(tmp_path: Path) -> None:
    items = listed(tmp_path / "x.tar", header(b"\xff\n\x1b[2J.jpg") + bytes(512))

    assert [item.relative for item in found(items)] == [Path("\udcff\n\x1b[2J.jpg")]


# Classes


def test_the_class_is_that_of_the_same_key(tmp_path: Path) -> None:
    data = tar_of(
        {
            "s/001.cls": b"7",
            "s/001.left.jpg": b"",
            "s/001.right.jpg": b"",
            "t/001.jpg": b"",
            "t/001.cls": "Blüte, rot\n".encode(),
            "t/002.jpg": b"",
            "t/002.CLS": b"  ",
            "3.jpg": b"",
            "3.txt": b"a caption",
        }
    )

    assert targets(listed(tmp_path / "x.tar", data), tmp_path / "x.tar") == {
        "s/001.left.jpg": "7",
        "s/001.right.jpg": "7",
        "t/001.jpg": "Blüte, rot",
        "t/002.jpg": None,
        "3.jpg": None,
    }


def test_a_class_may_lie_anywhere_in_the_archive(tmp_path: Path) -> None:
    data = tar_of({"a.cls": b"1", "b.cls": b"2", "a.jpg": b"", "b.jpg": b"", "c.jpg": b"", "c.cls": b"3"})

    assert targets(listed(tmp_path / "x.tgz", gzip.compress(data)), tmp_path / "x.tgz") == {
        "a.jpg": "1",
        "b.jpg": "2",
        "c.jpg": "3",
    }


def test_a_key_that_comes_again_is_another_sample(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        for label in (b"1", b"2"):
            add(tar, "0001.jpg")
            add(tar, "0001.cls", label)
            add(tar, "0002.txt")

    assert [item.target for item in found(find_images([str(path)]))] == ["1", "2"]


def test_a_picture_with_classes_that_differ_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in (("a.jpg", b""), ("a.cls", b"1"), ("a.cls", b"2"), ("b.jpg", b""), ("b.cls", b"3")):
            add(tar, name, data)

    items = find_images([str(path)])

    assert targets(items, path) == {"b.jpg": "3"}
    assert ["several .cls files" in reason for reason in reasons(items)] == [True]


def test_a_class_of_any_length_is_refused(tmp_path: Path) -> None:
    items = listed(tmp_path / "x.tar", tar_of({"a.jpg": b"", "a.cls": b"9" * 513}))

    assert targets(items, tmp_path / "x.tar") == {"a.jpg": None}
    assert "a.cls has 513 bytes" in reasons(items)[0]


def test_half_a_class_is_none(tmp_path: Path) -> None:
    data = header() + header(b"a.cls", size=b"3") + b"12"

    assert targets(listed(tmp_path / "x.tar", data), tmp_path / "x.tar") == {"a.jpg": None}


# What is refused


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "is a device"),
        (tarfile.FIFOTYPE, "is a device"),
        (b"?", "is a device, or of an unknown kind"),
    ],
)
def test_links_and_devices_are_not_followed(tmp_path: Path, kind: bytes, reason: str) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"s")
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        add(tar, "a.jpg", type=kind, linkname=str(secret))
        add(tar, "b.jpg")

    items = find_images([str(path)])

    assert [item.relative.name for item in found(items)] == ["b.jpg"]
    assert reasons(items)[0].startswith(f"{path}/a.jpg {reason}")


def test_sparse_members_are_refused(tmp_path: Path) -> None:
    items = listed(tmp_path / "x.tar", header(kind=b"S") + header(b"b.jpg") + bytes(512))

    assert [item.relative.name for item in found(items)] == ["b.jpg"]
    assert "sparse" in reasons(items)[0]


def test_of_many_refused_members_some_are_named_and_the_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        for number in range(1000):
            add(tar, f"{number}.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd")

    sentences = reasons(find_images([str(path)]))

    assert len(sentences) == MOST_NAMED + 1
    assert "980 more members" in sentences[-1]


def test_a_name_that_is_no_path_is_refused(tmp_path: Path) -> None:
    items = listed(tmp_path / "x.tar", tar_of({"d/" * 510 + "a.jpg": b"", "d/" * 509 + "a.jpg": b""}))

    assert len(found(items)) == 1
    assert "1,025 bytes" in reasons(items)[0]


def test_a_picture_of_a_gigabyte_and_more_is_refused_and_those_behind_it_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with path.open("wb") as file:
        file.write(header(size=b"%o" % ((1 << 30) + 512)))
        file.seek((1 << 30) + 512, 1)
        file.write(header(b"b.jpg") + bytes(1024))

    items = find_images([str(path)])

    assert [item.relative.name for item in found(items)] == ["b.jpg"]
    assert "1,073,742,336 bytes" in reasons(items)[0]


def test_an_archive_with_too_many_members_is_taken_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 10)

    items = listed(tmp_path / "x.tar", tar_of({f"{number}.jpg": b"" for number in range(20)}))

    assert len(found(items)) == 10
    assert "more than 10" in reasons(items)[0]


# Archives that are none, or no longer whole


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "has no images in it", id="nothing"),
        pytest.param(b"what is this" * 100, "is no tar or zip archive", id="text"),
        pytest.param(encoded("JPEG"), "is no tar or zip archive", id="a picture"),
        pytest.param(gzip.compress(b"what is this" * 100), "is no tar or zip archive", id="packed text"),
        pytest.param(gzip.compress(random.Random(1).randbytes(600))[:300], "cut off or damaged", id="a piece"),
        pytest.param(b"\x1f\x8b", "cut off or damaged", id="two bytes"),
        pytest.param(tar_of({"a.txt": b""}), "has no images in it", id="other files"),
        pytest.param(bytes(10240), "has no images in it", id="zeros"),
    ],
)
def test_what_has_no_pictures_says_so_in_one_sentence(tmp_path: Path, data: bytes, reason: str) -> None:
    items = listed(tmp_path / "x.tar", data)

    assert len(items) == 1
    assert reason in reasons(items)[0]
    assert str(tmp_path / "x.tar") in reasons(items)[0]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_of_a_cut_archive_what_could_be_listed_is_kept(tmp_path: Path, pack: type[bytes]) -> None:
    whole = tar_of({"a.jpg": b"a" * 1000, "b.jpg": b"b" * 1000, "c.jpg": b"c" * 1000})

    items = listed(tmp_path / "x.tar", pack(whole[:2500]))

    assert [item.relative.name for item in found(items)] == ["a.jpg", "b.jpg"]
    assert "is cut off" in reasons(items)[0]
    assert "The pictures before that are read." in reasons(items)[0]


def test_an_archive_that_goes_while_it_is_looked_for(tmp_path: Path) -> None:
    (item,) = archive.pictures_in(tmp_path / "gone.tar")

    assert isinstance(item, Missing)
    assert "does not exist" in item.reason


# Bombs: in a process with little memory, and soon over


EIGHT_GIGABYTES = b"\x80" + (8 << 30).to_bytes(11, "big")
HALF_A_GIGABYTE = gzip.compress(bytes(1 << 20)) * 512


@pytest.mark.parametrize(
    ("block", "times", "after"),
    [
        pytest.param(header(size=b"%o" % (512 << 20)), 1, HALF_A_GIGABYTE, id="one huge member"),
        pytest.param(header(b"a.txt", size=EIGHT_GIGABYTES), 1, HALF_A_GIGABYTE, id="a huge claim"),
        pytest.param(header(kind=b"L", size=EIGHT_GIGABYTES), 1, HALF_A_GIGABYTE, id="a huge name"),
        pytest.param(header(kind=b"x", size=EIGHT_GIGABYTES), 1, HALF_A_GIGABYTE, id="huge records"),
        pytest.param(header(kind=b"S", rest=b"\1" * 355), 400_000, b"", id="an endless map"),
        pytest.param(header(b"a.txt"), 200_000, b"", id="members without end"),
        pytest.param(header(kind=b"2"), 200_000, b"", id="links without end"),
        pytest.param(header(kind=b"g"), 200_000, b"", id="records without end"),
        pytest.param(padded(b"x"), 1, HALF_A_GIGABYTE, id="no tar at all"),
    ],
)
def test_hostile_archives_end_in_a_sentence_in_little_memory(
    tmp_path: Path, block: bytes, times: int, after: bytes
) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(block * times, compresslevel=1) + after)
    program = """
import resource, sys
from igcli.images.finding import find_images
from igcli.inputs import Missing
resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
items = find_images([sys.argv[1]])
print(len(items), all(isinstance(item, Missing) or item.relative.name == "a.jpg" for item in items))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=600, check=False
    )

    assert done.stderr == ""
    count, right = done.stdout.split()
    assert 1 <= int(count) <= MOST_NAMED + 2
    assert right == "True"
