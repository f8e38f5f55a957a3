"""The headers of a tar: the members that ``tarfile`` and GNU tar know of, and claims that are not believed."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images.tars import add, header, padded, tar_of

from igcli.images.tar import LONGEST_EXTENSION, Entry, entries
from igcli.images.unpacking import ArchiveError, Stream

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
END = bytes(1024)

needs_gnu_tar = pytest.mark.skipif(
    b"GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, check=False).stdout
    if shutil.which("tar")
    else True,
    reason="no GNU tar here",
)


def listed(path: Path) -> list[Entry]:
    with closing(Stream(path)) as stream:
        return list(entries(stream))


def known_to_tarfile(path: Path) -> list[Entry]:
    """The same, as Python's own reader sees it; but that takes the slash off the names of folders."""
    with tarfile.open(path, encoding="utf-8") as tar:
        return [Entry(each.name + "/" * each.isdir(), _kind(each), each.offset_data, each.size) for each in tar]


def _kind(info: tarfile.TarInfo) -> str:
    if info.issparse():
        return "sparse"
    if info.issym() or info.islnk():
        return "link"
    return "file" if info.isreg() else "folder" if info.isdir() else "other"


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ArchiveError) as caught:
        listed(path)
    return str(caught.value)


# Whole archives


@pytest.mark.parametrize("form", FORMATS)
def test_the_members_are_those_that_tarfile_gives(tmp_path: Path, form: str) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=FORMATS[form]) as tar:
        add(tar, "a.jpg", b"x" * 1000)
        add(tar, "empty.png")
        add(tar, "folder", type=tarfile.DIRTYPE)
        add(tar, "folder/" + "long" * 20 + "/" + "name" * 20 + ".jpg", b"y" * 512)
        add(tar, "link.jpg", type=tarfile.SYMTYPE, linkname="a.jpg")
        add(tar, "hard.jpg", type=tarfile.LNKTYPE, linkname="a.jpg")
        add(tar, "pipe.jpg", type=tarfile.FIFOTYPE)
        add(tar, "tail.jpg", b"z", type=tarfile.CONTTYPE)
        if form != "ustar":
            add(tar, "l" * 300 + ".jpg", b"long")
            add(tar, "übergroß.jpg", b"umlaut")
            add(tar, "long.jpg", type=tarfile.SYMTYPE, linkname="t" * 300)

    assert listed(path) == known_to_tarfile(path)
    assert len(listed(path)) >= 8


@FUZZ
@given(
    members=st.dictionaries(
        st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=150),
        st.binary(max_size=1100),
        max_size=5,
    ),
    form=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_whatever_the_names_and_sizes_tarfile_agrees(tmp_path: Path, members: dict[str, bytes], form: int) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of(members, form))

    assert [(each.offset, each.size) for each in listed(path)] == [
        (each.offset, each.size) for each in known_to_tarfile(path)
    ]
    assert [each.name.rstrip("/") for each in listed(path)] == [name.rstrip("/") for name in members]


@needs_gnu_tar
@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_what_gnu_tar_packs_is_read(tmp_path: Path, form: str) -> None:
    (tmp_path / "photos").mkdir()
    odd = os.fsdecode(b"photos/\xff\xe4.jpg")
    for name, size in {"photos/a.jpg": 700, odd: 5, "photos/b\nc.jpg": 0}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    subprocess.run(["tar", f"--format={form}", "-cf", "x.tar", "--sort=name", "photos"], cwd=tmp_path, check=True)

    members = listed(tmp_path / "x.tar")

    assert {each.name: each.size for each in members if each.kind == "file"} == {
        "photos/a.jpg": 700,
        odd: 5,
        "photos/b\nc.jpg": 0,
    }
    assert members == known_to_tarfile(tmp_path / "x.tar")


@needs_gnu_tar
@pytest.mark.parametrize(
    "form",
    [
        ["--format=gnu"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ],
    ids=" ".join,
)
def test_sparse_members_are_known_by_their_own_name_and_passed_over(tmp_path: Path, form: list[str]) -> None:
    with (tmp_path / "holes.jpg").open("wb") as file:
        for place in range(0, 100 * 65536, 2 * 65536):  # many holes: the map takes blocks of its own
            file.seek(place)
            file.write(b"x" * 4096)
    (tmp_path / "z.jpg").write_bytes(b"whole")
    subprocess.run(["tar", "--sparse", *form, "-cf", "x.tar", "holes.jpg", "z.jpg"], cwd=tmp_path, check=True)

    assert [(each.name, each.kind) for each in listed(tmp_path / "x.tar")] == [
        ("holes.jpg", "sparse"),
        ("z.jpg", "file"),
    ]


def test_names_that_are_no_utf8_keep_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(header(b"\xff\xe9.jpg") + END)

    assert [os.fsencode(each.name) for each in listed(path)] == [b"\xff\xe9.jpg"]


def test_checksums_of_signed_bytes_are_right_too(tmp_path: Path) -> None:
    block = bytearray(header(b"\xe9\xe8.jpg"))
    block[148:156] = b"%06o\0 " % (int(block[148:154], 8) - 2 * 256)
    (tmp_path / "x.tar").write_bytes(block + END)

    assert known_to_tarfile(tmp_path / "x.tar") == listed(tmp_path / "x.tar")


def test_sizes_beyond_octal_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with path.open("wb") as file:  # nine gigabytes of nothing, that take no place on the disk
        file.write(header(size=b"\x80" + (9 << 30).to_bytes(11, "big")))
        file.seek(9 << 30, os.SEEK_CUR)
        file.write(header(b"b.jpg") + END)

    assert [(each.name, each.size) for each in listed(path)] == [("a.jpg", 9 << 30), ("b.jpg", 0)]


def test_a_members_bytes_can_be_read_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(tar_of({"a": b"x" * 700, "b": b"", "c": b"z"})))

    with closing(Stream(path)) as stream:
        assert [stream.read(each.size) for each in entries(stream)] == [b"x" * 700, b"", b"z"]


@pytest.mark.parametrize("end", [b"", bytes(512), bytes(1024), bytes(10240) + b"whatever follows"])
def test_it_ends_with_zeros_or_with_the_file(tmp_path: Path, end: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(header() + end)

    assert len(listed(tmp_path / "x.tar")) == 1


# What is none, or no longer whole


@pytest.mark.parametrize("data", [b"GIF89a", b"x" * 5000, b"<!DOCTYPE html>".ljust(512), header()[:-1] + b"!"])
def test_what_is_no_tar_is_called_so(tmp_path: Path, data: bytes) -> None:
    assert "is no tar archive" in refusal(tmp_path / "x.tar", data) or len(data) < 512


@pytest.mark.parametrize("keep", [600, 1000, 1024 + 1, 1024 + 511])
def test_a_cut_is_noticed(tmp_path: Path, keep: int) -> None:
    data = header(b"a.jpg", size=b"1000") + bytes([7]) * 512 + header(b"b.jpg", size=b"1") + padded(b"x")

    assert "is cut off" in refusal(tmp_path / "x.tar", data[:keep])
    assert "cut off" in refusal(tmp_path / "x.tgz", gzip.compress(data[:keep]))


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("negative", header(size=b"\xff" * 11 + b"\x00")),
        ("signed octal", header(size=b"-0000001")),
        ("underscores", header(size=b"1_0")),
        ("words", header(size=b"many")),
        ("huge", header(size=b"\x80" + b"\xff" * 11)),
        ("long name", header(kind=b"L", size=b"%o" % (LONGEST_EXTENSION + 1))),
        ("huge name", header(kind=b"L", size=b"\x80" + b"\x7f" * 11)),
        ("huge records", header(kind=b"x", size=b"\x80" + b"\x7f" * 11)),
        ("huge records for all", header(kind=b"g", size=b"\x80" + b"\x7f" * 11)),
        ("records that are not there", header(kind=b"x", size=b"2000")),
        ("a name for nothing", header(kind=b"L", size=b"0") * 2 + header(kind=b"L", size=b"5") + padded(b"name")),
        ("a map that is not there", header(kind=b"S", rest=b"\0" * 325 + b"\1")),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_claim_that_cannot_be_is_where_it_ends(tmp_path: Path, name: str, block: bytes, pack: object) -> None:
    data = header(b"good.jpg") + block + (bytes([9]) * 512 if "not there" in name else b"")
    assert callable(pack)
    path = tmp_path / "x.tar"
    path.write_bytes(pack(data))

    with closing(Stream(path)) as stream:
        members = entries(stream)
        assert next(members).name == "good.jpg"
        with pytest.raises(ArchiveError):
            list(members)


@pytest.mark.parametrize("record", [b"11 size=-512\n", b"10 size=-1\n", b"9 size=x\n", b"99 path=a\n", b"0 path=a\n"])
def test_records_that_cannot_be_are_where_it_ends(tmp_path: Path, record: bytes) -> None:
    pax = header(kind=b"x", size=b"%o" % len(record)) + padded(record)

    assert "is damaged after" in refusal(tmp_path / "x.tar", header() + pax + header(b"b.jpg") + END)


def test_many_headers_before_a_member_do_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes((header(kind=b"L", size=b"6") + padded(b"b.jpg\0")) * 5000 + header() + END)

    assert [each.name for each in listed(path)] == ["b.jpg"]


WHOLE = [
    tar_of({"a.jpg": b"x" * 600, "b" * 120 + ".jpg": b"y", "ü.png": b""}, FORMATS[form]) for form in ("gnu", "pax")
]


@FUZZ
@given(
    whole=st.sampled_from(WHOLE),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    keep=st.floats(0, 1),
)
def test_damaged_archives_are_read_up_to_a_sentence(
    tmp_path: Path, whole: bytes, damage: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(whole)
    for share, byte in damage:
        data[int(share * len(data))] = byte
    path = tmp_path / "x.tar"
    path.write_bytes(data[: int(keep * len(data))])
    try:
        members = listed(path)
    except ArchiveError as error:
        assert str(path) in str(error)  # noqa: PT017  # either outcome is right; only the message is looked at
        return
    assert all(each.offset <= len(data) for each in members)


@FUZZ
@given(
    blocks=st.lists(
        st.builds(
            header,
            st.sampled_from([b"a.jpg", b"b/", b""]),
            kind=st.sampled_from([bytes([byte]) for byte in b"0123456789LKxgXSV\0\xff"]),
            size=st.sampled_from([b"0", b"1", b"777", b"2000", b"\x80" + b"\1" * 11, b"\xff" * 12]),
            rest=st.binary(max_size=355),
        )
        | st.binary(min_size=512, max_size=512)
        | st.sampled_from([padded(b"9 size=5\n"), padded(b"16 path=../x.jpg"), padded(b"22 GNU.sparse.major=1\n")]),
        max_size=12,
    )
)
def test_headers_in_any_order_come_to_an_end(tmp_path: Path, blocks: list[bytes]) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(b"".join(blocks))
    with closing(Stream(path)) as stream:
        reader, count = entries(stream), 0
        try:
            for _ in reader:
                count += 1
        except ArchiveError:
            pass
    assert count <= len(blocks)
