"""The pictures in a zip and their bytes; zips that are encrypted, hostile, damaged or not what they seem."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images.tars import found, reasons, tar_of, targets, zip_of

from igcli.errors import ImageError
from igcli.images import archive_bounds, zip_archive
from igcli.images.finding import find_images
from igcli.images.members import read_member
from igcli.images.passed_over import PassedOver
from igcli.images.source import ArchiveMember, Found
from igcli.inputs import Missing

LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"
FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def listed(path: Path, data: bytes) -> list[Found | Missing]:
    path.write_bytes(data)
    return find_images([str(path)])


def members(items: list[Found | Missing]) -> list[ArchiveMember]:
    return [item.member for item in found(items) if item.member]


def changed(data: bytes, field: int, code: str, value: int, *, local: int | None = None) -> bytes:
    """A zip with another value in a field of the first member's entry in the list, and of its own header."""
    new = bytearray(data)
    struct.pack_into(code, new, data.index(CENTRAL) + field, value)
    if local is not None:
        struct.pack_into(code, new, data.index(LOCAL) + local, value)
    return bytes(new)


# Pictures


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["x.zip", "x.ZIP", "x.tar"])
def test_the_pictures_come_in_the_zips_order_with_their_bytes_and_classes(
    tmp_path: Path, name: str, method: int
) -> None:
    data = zip_of({"b.JPG": b"x" * 6000, "notes.txt": b"n", "a.png": b"y", "b.cls": b"7", "d/c.webp": b""}, method)

    items = listed(tmp_path / name, data)

    assert targets(items, tmp_path / name) == {"b.JPG": "7", "a.png": None, "d/c.webp": None}
    assert [read_member(member) for member in members(items)] == [b"x" * 6000, b"y", b""]
    assert reasons(items) == []


@pytest.mark.skipif(not shutil.which("zip"), reason="no zip program here")
def test_what_the_zip_program_packs_is_read(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "übung 1.jpg").write_bytes(b"a" * 5000)
    (tmp_path / "photos" / "link.jpg").symlink_to("/etc/passwd")
    subprocess.run(["zip", "-q", "-r", "-y", "x.zip", "photos"], cwd=tmp_path, check=True)

    items = find_images([str(tmp_path / "x.zip")])

    assert [item.relative.as_posix() for item in found(items)] == ["photos/übung 1.jpg"]
    assert read_member(members(items)[0]) == b"a" * 5000
    assert "link.jpg is a link" in reasons(items)[0]


def test_hidden_members_and_folders_are_not_taken(tmp_path: Path) -> None:
    data = zip_of({"photos/": b"", "folder.jpg/": b"", "__MACOSX/._a.jpg": b"m", ".b.jpg": b"", "photos/a.jpg": b""})

    assert list(targets(listed(tmp_path / "x.zip", data), tmp_path / "x.zip")) == ["photos/a.jpg"]


@pytest.mark.parametrize("name", ["../../etc/a.jpg", "/etc/a.jpg", "a/../../b.jpg", "..\\..\\c.jpg"])
def test_no_member_leads_out_of_the_folder_of_results(tmp_path: Path, name: str) -> None:
    (item,) = found(listed(tmp_path / "x.zip", zip_of({name: b"inside"})))

    assert item.member is not None
    assert read_member(item.member) == b"inside"
    assert ".." not in item.relative.parts
    assert not item.relative.is_absolute()
    assert "\\" not in str(item.relative)


def test_a_comment_does_no_harm(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.jpg", b"a")
        archive.comment = b"a comment"

    (member,) = members(find_images([str(tmp_path / "x.zip")]))

    assert read_member(member) == b"a"


# What is refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(changed(zip_of({"a.jpg": b"x"}), 8, "<H", 1, local=6), "is encrypted", id="encrypted"),
        pytest.param(changed(zip_of({"a.jpg": b"x"}), 38, "<I", 0o120777 << 16), "is a link", id="link"),
        pytest.param(zip_of({"a.jpg": b"x"}, zipfile.ZIP_BZIP2), "compressed by method 12", id="bzip2"),
        pytest.param(changed(zip_of({"a.jpg": b"x"}), 10, "<H", 99, local=8), "compressed by method 99", id="unknown"),
        pytest.param(zip_of({"d/" * 510 + "a.jpg": b""}), "1,025 bytes", id="name"),
    ],
)
def test_a_member_that_is_not_read_is_one_sentence_and_the_others_go_on(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.jpg", b"good")

    items = find_images([str(path)])

    assert [read_member(member) for member in members(items)] == [b"good"]
    (sentence,) = reasons(items)
    assert reason in sentence
    assert sentence.startswith(f"{path}/")


def test_of_members_of_one_name_the_first_is_read(tmp_path: Path) -> None:
    data = zip_of({"a.jpg": b"first", "b.jpg": b"second"}).replace(b"b.jpg", b"a.jpg")

    items = listed(tmp_path / "x.zip", data)

    assert [read_member(member) for member in members(items)] == [b"first"]
    assert "a.jpg is in the archive more than once" in reasons(items)[0]


def test_a_picture_of_a_gigabyte_and_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_bounds, "ALWAYS_UNPACKED", 4 << 30)

    items = listed(tmp_path / "x.zip", changed(zip_of({"a.jpg": b"x"}), 24, "<I", (1 << 30) + 1, local=22))

    assert "1,073,741,825 bytes" in reasons(items)[0]


@pytest.mark.parametrize("data", [zip_of({"a.jpg": b"x" * 900}), zip_of({"a.jpg": b"x" * 900}, zipfile.ZIP_STORED)])
@pytest.mark.parametrize("size", [100, 90_000])
def test_a_member_of_another_size_than_stated_is_one_sentence(tmp_path: Path, data: bytes, size: int) -> None:
    (member,) = members(listed(tmp_path / "x.zip", changed(data, 24, "<I", size, local=22)))

    with pytest.raises(ImageError, match=r"x\.zip/a\.jpg (is cut off or damaged|has 900 bytes and should have)"):
        read_member(member)


def test_a_member_that_is_damaged_is_one_sentence_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.jpg": b"a" * 100, "b.jpg": b"b"}, zipfile.ZIP_STORED))
    data[60] ^= 1

    first, second = members(listed(tmp_path / "x.zip", bytes(data)))

    with pytest.raises(ImageError, match=r"x\.zip/a\.jpg is cut off or damaged \(Bad CRC"):
        read_member(first)
    assert read_member(second) == b"b"


def test_a_zip_inside_an_archive_is_counted_with_what_to_do(tmp_path: Path) -> None:
    inner = zip_of({"b.jpg": b""})
    passed_over = PassedOver()
    for name, data in (("x.tar", tar_of({"a.jpg": b"", "y.zip": inner})), ("z.zip", zip_of({"in.zip": inner}))):
        (tmp_path / name).write_bytes(data)

    items = find_images([str(tmp_path / "x.tar")], passed_over=passed_over)

    assert len(found(items)) == 1
    assert passed_over.summary() == "1 .zip (archives in archives: unpack them)"
    assert "z.zip has no images that are read: 1 .zip" in reasons(find_images([str(tmp_path / "z.zip")]))[0]


def test_a_zip_in_a_folder_is_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "y.zip").write_bytes(zip_of({"b.jpg": b""}))

    assert "archives: name them on the command line" in reasons(find_images([str(tmp_path)]))[0]


# Zips that are none, or no longer whole


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "has no images in it"),
        (b"what is this" * 100, "is no tar or zip archive"),
        (zip_of({}), "has no images in it"),
        (zip_of({"a.txt": b""}), "has no images in it"),
        (zip_of({"a.jpg": b"x" * 100})[:-30], "is cut off or damaged"),
        (LOCAL, "is cut off or damaged"),
    ],
    ids=["empty", "text", "no files", "a text file", "cut off", "the beginning alone"],
)
def test_what_has_no_pictures_says_so_in_one_sentence(tmp_path: Path, data: bytes, reason: str) -> None:
    items = listed(tmp_path / "x.zip", data)

    assert len(items) == 1
    assert reason in reasons(items)[0]
    assert str(tmp_path / "x.zip") in reasons(items)[0]


@FUZZ
@given(
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    keep=st.floats(0.3, 1),
)
def test_damaged_zips_are_read_up_to_a_sentence(tmp_path: Path, damage: list[tuple[float, int]], keep: float) -> None:
    data = bytearray(zip_of({"a.jpg": b"x" * 60, "b.jpg": b"y", "a.cls": b"3"}))
    for share, byte in damage:
        data[int(share * len(data))] = byte

    items = listed(tmp_path / "x.zip", bytes(data[-int(keep * len(data)) :]))

    assert items
    reasons(items)
    for member in members(items):
        try:
            read_member(member)
        except ImageError as error:
            assert "x.zip" in str(error)  # noqa: PT017  # either outcome is right; only the message is checked


# Bombs


def bomb(path: Path, *, members: int) -> None:
    """Pictures that all lie at one place of the file, each of half a gigabyte of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("0.jpg", "w", force_zip64=True) as member:
            for _ in range(512):
                member.write(bytes(1 << 20))
        (first,) = archive.filelist
        archive.filelist += [first] * (members - 1)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: bomb(path, members=2), "absurdly much", id="pictures at one place"),
        pytest.param(lambda path: bomb(path, members=1), "absurdly much|0.jpg does not fit", id="one huge picture"),
        pytest.param(
            lambda path: path.write_bytes(
                LOCAL + bytes(60 << 20) + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 60 << 20, 4, 0)
            ),
            "list of members has more than",
            id="a huge list",
        ),
    ],
)
def test_bombs_end_in_a_sentence_in_little_memory(tmp_path: Path, make: Callable[[Path], object], reason: str) -> None:
    make(tmp_path / "x.zip")
    program = """
import resource, sys
from igcli.errors import ImageError
from igcli.images.finding import find_images
from igcli.images.members import read_member
resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
for item in find_images([sys.argv[1]]):
    try:
        print(getattr(item, "reason", "") or len(read_member(item.member)))
    except ImageError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "x.zip")],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert done.stderr == ""
    assert any(part in done.stdout for part in reason.split("|"))


def test_a_zip_may_unpack_to_what_is_plausible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zip_of({"a.jpg": bytes(1 << 20)})
    monkeypatch.setattr(archive_bounds, "ALWAYS_UNPACKED", 1 << 20)
    assert read_member(members(listed(tmp_path / "x.zip", data))[0]) == bytes(1 << 20)
    monkeypatch.setattr(archive_bounds, "ALWAYS_UNPACKED", 1 << 19)

    assert "absurdly much" in reasons(listed(tmp_path / "x.zip", data))[0]


def test_a_longer_list_of_members_than_can_be_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MOST_DIRECTORY", 1000)

    assert len(found(listed(tmp_path / "x.zip", zip_of({f"{number}.jpg": b"" for number in range(18)})))) == 18
    items = listed(tmp_path / "x.zip", zip_of({f"{number}.jpg": b"" for number in range(40)}))
    assert "its list of members has more than 1,000 bytes" in reasons(items)[0]
