"""The members of a tar, however it is packed: those that were put in, in bounded memory, and no claim is believed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images.tars import add, header, padded, tar_of

from igcli.images import archive_bounds, tar_archive
from igcli.images.archive_bounds import ArchiveEntry, ArchiveError
from igcli.images.tar_archive import MOST_HEADER, TarArchive

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
CONTENT = bytes(range(256)) * 5000
END = bytes(1024)
FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

needs_gnu_tar = pytest.mark.skipif(
    b"GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, check=False).stdout
    if shutil.which("tar")
    else True,
    reason="no GNU tar here",
)


def listed(path: Path) -> list[ArchiveEntry]:
    with closing(TarArchive(path)) as archive:
        return list(archive.entries())


def contents(path: Path) -> dict[str, bytes]:
    """What lies at the members' places in a plain tar."""
    whole = path.read_bytes()
    return {each.name: whole[each.offset : each.offset + each.size] for each in listed(path)}


def opened(path: Path, data: bytes) -> closing[TarArchive]:
    path.write_bytes(data)
    return closing(TarArchive(path))


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ArchiveError) as caught:
        listed(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Whole archives


@pytest.mark.parametrize("form", FORMATS)
def test_the_members_are_those_that_were_packed_without_folders(tmp_path: Path, form: str) -> None:
    path = tmp_path / "x.tar"
    long = "folder/" + "long" * 20 + "/" + "name" * 20 + ".jpg"
    whole = {"a.jpg": b"x" * 1000, "empty.png": b"", long: b"y" * 512}
    if form != "ustar":
        whole |= {"l" * 300 + ".jpg": b"long", "übergroß.jpg": b"umlaut"}
    with tarfile.open(path, "w", format=FORMATS[form]) as tar:
        add(tar, "folder", type=tarfile.DIRTYPE)
        for name, data in whole.items():
            add(tar, name, data)
        add(tar, "link.jpg", type=tarfile.SYMTYPE, linkname="t" * (50 if form == "ustar" else 300))
        add(tar, "hard.jpg", type=tarfile.LNKTYPE, linkname="a.jpg")
        add(tar, "pipe.jpg", type=tarfile.FIFOTYPE)
        add(tar, "tail.jpg", b"z", type=tarfile.CONTTYPE)

    assert {name: data for name, data in contents(path).items() if data or name == "empty.png"} == {
        **whole,
        "tail.jpg": b"z",
    }
    assert {each.name: each.problem.partition(",")[0] for each in listed(path) if each.problem} == {
        "link.jpg": "is a link",
        "hard.jpg": "is a link",
        "pipe.jpg": "is a device",
    }


@FUZZ
@given(
    members=st.dictionaries(
        st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=150),
        st.binary(max_size=1100),
        max_size=5,
    ),
    form=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_whatever_the_names_and_sizes_they_are_found(tmp_path: Path, members: dict[str, bytes], form: int) -> None:
    path = tmp_path / "x.tar"
    files = {name: data for name, data in members.items() if not name.endswith("/")}
    path.write_bytes(tar_of(files, form))

    assert [(each.name, each.size) for each in listed(path)] == [(name, len(data)) for name, data in files.items()]
    assert contents(path) == files


@needs_gnu_tar
@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_what_gnu_tar_packs_is_read(tmp_path: Path, form: str) -> None:
    (tmp_path / "photos").mkdir()
    files = {"photos/a.jpg": b"x" * 700, os.fsdecode(b"photos/\xff\xe4.jpg"): b"y" * 5, "photos/b\nc.jpg": b""}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    subprocess.run(["tar", f"--format={form}", "-cf", "x.tar", "--sort=name", "photos"], cwd=tmp_path, check=True)

    assert contents(tmp_path / "x.tar") == files


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
def test_sparse_members_have_their_own_name_and_are_not_read(tmp_path: Path, form: list[str]) -> None:
    with (tmp_path / "holes.jpg").open("wb") as file:
        for place in range(0, 100 * 65536, 2 * 65536):  # many holes: the map takes blocks of its own
            file.seek(place)
            file.write(b"x" * 4096)
    (tmp_path / "z.jpg").write_bytes(b"whole")
    subprocess.run(["tar", "--sparse", *form, "-cf", "x.tar", "holes.jpg", "z.jpg"], cwd=tmp_path, check=True)

    assert [(each.name, "sparse" in each.problem) for each in listed(tmp_path / "x.tar")] == [
        ("holes.jpg", True),
        ("z.jpg", False),
    ]


def test_names_that_are_no_utf8_keep_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(header(b"\xff\xe9.jpg") + END)

    assert [os.fsencode(each.name) for each in listed(path)] == [b"\xff\xe9.jpg"]


def test_a_name_ends_at_a_nul(tmp_path: Path) -> None:
    record = b"19 path=a.jpg\0.png\n"
    path = tmp_path / "x.tar"
    path.write_bytes(header(kind=b"x", size=b"%o" % len(record)) + padded(record) + header() + END)

    assert [each.name for each in listed(path)] == ["a.jpg"]


def test_sizes_beyond_octal_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with path.open("wb") as file:  # nine gigabytes of nothing, that take no place on the disk
        file.write(header(size=b"\x80" + (9 << 30).to_bytes(11, "big")))
        file.seek(9 << 30, os.SEEK_CUR)
        file.write(header(b"b.jpg") + END)

    assert [(each.name, each.size) for each in listed(path)] == [("a.jpg", 9 << 30), ("b.jpg", 0)]


def test_a_members_bytes_can_be_read_while_listing(tmp_path: Path) -> None:
    with opened(tmp_path / "x.tgz", gzip.compress(tar_of({"a": b"x" * 700, "b": b"", "c": b"z" * 512}))) as archive:
        assert [archive.text(each) for each in archive.entries()] == [b"x" * 700, b"", b"z" * 512]


@pytest.mark.parametrize("end", [b"", bytes(512), bytes(1024), bytes(10240) + b"whatever follows"])
def test_it_ends_with_zeros_or_with_the_file(tmp_path: Path, end: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(header() + end)

    assert len(listed(tmp_path / "x.tar")) == 1


# What is none, or no longer whole


@pytest.mark.parametrize("data", [b"GIF89a", b"x" * 5000, b"<!DOCTYPE html>".ljust(512), header()[:-1] + b"!"])
def test_what_is_no_tar_is_called_so(tmp_path: Path, data: bytes) -> None:
    assert "is no tar or zip archive" in refusal(tmp_path / "x.tar", data) or len(data) < 512


@pytest.mark.parametrize("keep", [600, 1000, 1024 + 1, 1024 + 511])
def test_a_cut_is_noticed(tmp_path: Path, keep: int) -> None:
    data = header(b"a.jpg", size=b"1000") + bytes([7]) * 512 + header(b"b.jpg", size=b"1") + padded(b"x")

    assert "is cut off" in refusal(tmp_path / "x.tar", data[:keep])
    assert "cut off" in refusal(tmp_path / "x.tgz", gzip.compress(data[:keep]))


def test_damage_between_members_is_noticed(tmp_path: Path) -> None:
    data = bytearray(header() + header(b"b.jpg") + header(b"c.jpg") + END)
    data[600] ^= 1

    assert "is damaged after" in refusal(tmp_path / "x.tar", data)


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("negative", header(size=b"\xff" * 11 + b"\x00")),
        ("whole negative blocks", header(size=b"\xff" * 10 + b"\xfe\x00")),
        ("signed octal", header(size=b"-0000001")),
        ("words", header(size=b"many")),
        ("huge", header(size=b"\x80" + b"\xff" * 11)),
        ("long name", header(kind=b"L", size=b"%o" % (MOST_HEADER + 1))),
        ("huge name", header(kind=b"L", size=b"\x80" + b"\x7f" * 11)),
        ("negative name", header(kind=b"L", size=b"\xff" * 10 + b"\xfe\x00")),
        ("huge records", header(kind=b"x", size=b"\x80" + b"\x7f" * 11)),
        ("negative records", header(kind=b"x", size=b"\xff" * 10 + b"\xfe\x00")),
        ("huge records for all", header(kind=b"g", size=b"\x80" + b"\x7f" * 11)),
        ("records that are not there", header(kind=b"x", size=b"2000")),
        ("a name for nothing", header(kind=b"L", size=b"0") * 2 + header(kind=b"L", size=b"5") + padded(b"name")),
        ("many names for nothing", header(kind=b"L", size=b"0") * 2000),
        ("a map that is not there", header(kind=b"S", rest=b"\0" * 325 + b"\1")),
        ("a negative sparse member", header(kind=b"S", size=b"\xff" * 10 + b"\xfe\x00")),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_an_impossible_claim_is_where_it_ends(
    tmp_path: Path, name: str, block: bytes, pack: Callable[[bytes], bytes]
) -> None:
    data = header(b"good.jpg") + block + (bytes([9]) * 512 if "not there" in name else b"")

    with opened(tmp_path / "x.tar", pack(data)) as archive:
        members = archive.entries()
        assert next(members).name == "good.jpg"
        with pytest.raises(ArchiveError):
            list(members)


@pytest.mark.parametrize("record", [b"14 size=-5120\n", b"11 size=-1\n", b"0 path=a\n"])
def test_impossible_records_are_where_it_ends(tmp_path: Path, record: bytes) -> None:
    pax = header(kind=b"x", size=b"%o" % len(record)) + padded(record)

    assert "is damaged after" in refusal(tmp_path / "x.tar", header() + pax + header(b"b.jpg") + END)


def test_records_of_digits_alone_cost_no_time(tmp_path: Path) -> None:
    pax = header(kind=b"x", size=b"%o" % MOST_HEADER) + b"1" * MOST_HEADER  # seconds squared in older Pythons

    assert "is damaged after" in refusal(tmp_path / "x.tar", header() + pax + header(b"b.jpg") + END)


def test_an_archive_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_archive, "SECONDS", -1)

    assert "absurdly long" in refusal(tmp_path / "x.tar", header() + END)


def test_many_headers_before_a_member_do_not_pile_up(tmp_path: Path) -> None:
    names = (header(kind=b"L", size=b"%o" % (64 << 10)) + b"n" * (64 << 10)) * 100

    assert "is damaged after" in refusal(tmp_path / "x.tar", header() + names + header() + END)


def test_what_records_say_of_all_members_is_not_gathered(tmp_path: Path) -> None:
    def record(number: int) -> bytes:
        return padded(b"19 key%06d=value\n" % number)

    blocks = (header(kind=b"g", size=b"23") + record(number) + header() for number in range(50))
    with opened(tmp_path / "x.tar", b"".join(blocks) + END) as archive:
        assert len(list(archive.entries())) == 50


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
        assert str(path) in str(error)  # noqa: PT017  # either outcome is right; only the message is checked
        return
    assert all(0 <= each.offset <= len(data) and each.size >= 0 for each in members)


@FUZZ
@given(
    blocks=st.lists(
        st.builds(
            header,
            st.sampled_from([b"a.jpg", b"b/", b""]),
            kind=st.sampled_from([bytes([byte]) for byte in b"0123456789LKxgXSV\0\xff"]),
            size=st.sampled_from(
                [b"0", b"1", b"777", b"2000", b"\x80" + b"\1" * 11, b"\xff" * 12, b"\xff" * 10 + b"\xfc\0"]
            ),
            rest=st.binary(max_size=355),
        )
        | st.binary(min_size=512, max_size=512)
        | st.sampled_from([padded(b"9 size=5\n"), padded(b"16 path=../x.jpg"), padded(b"22 GNU.sparse.major=1\n")])
        | st.sampled_from([padded(b"14 size=-2048\n"), padded(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n")]),
        max_size=12,
    )
)
def test_headers_in_any_order_come_to_an_end(tmp_path: Path, blocks: list[bytes]) -> None:
    with opened(tmp_path / "x.tar", b"".join(blocks)) as archive:
        count = 0
        try:
            for _ in archive.entries():
                count += 1
        except ArchiveError:
            pass
    assert count <= len(blocks)


# Packing


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_bytes_are_those_that_were_packed(tmp_path: Path, packing: str) -> None:
    with opened(tmp_path / "x", PACKINGS[packing](CONTENT)) as archive:
        assert archive.form == ("tar" if packing == "plain" else "compressed tar")
        start = archive.read(1000)
        archive.seek(600_000)
        assert (archive.position, start, archive.read(10**7)) == (600_000, CONTENT[:1000], CONTENT[600_000:])
        assert archive.read(1) == b""


@pytest.mark.parametrize("packing", PACKINGS)
def test_parts_that_were_packed_one_by_one_follow_each_other(tmp_path: Path, packing: str) -> None:
    pack = PACKINGS[packing]
    with opened(tmp_path / "x", pack(CONTENT) + pack(b"") + pack(b"end")) as archive:
        assert archive.read(10**7) == CONTENT + b"end"


@pytest.mark.skipif(not shutil.which("xz"), reason="no xz here")
@pytest.mark.parametrize("level", ["-0", "-9e", "-T2"])
def test_what_the_xz_program_packs_is_unpacked(tmp_path: Path, level: str) -> None:
    packed = subprocess.run(["xz", level, "-c"], input=CONTENT, capture_output=True, check=True).stdout

    with opened(tmp_path / "x", packed) as archive:
        assert archive.read(10**7) == CONTENT


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "xz"])
@pytest.mark.parametrize("damage", ["cut", "changed", "cut at once"])
def test_damage_is_one_sentence_that_names_the_file(tmp_path: Path, packing: str, damage: str) -> None:
    data = bytearray(PACKINGS[packing](CONTENT))
    if damage == "changed":
        data[len(data) // 3 : len(data) // 3 + 40] = b"?" * 40
    else:
        del data[len(data) // 2 if damage == "cut" else 12 :]

    with opened(tmp_path / "x.tgz", data) as archive, pytest.raises(ArchiveError) as caught:
        archive.read(len(CONTENT))

    assert str(tmp_path / "x.tgz") in str(caught.value)
    assert "cut off or damaged" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "xz"])
def test_no_more_is_unpacked_than_is_plausible(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_bounds, "ALWAYS_UNPACKED", 1 << 20)
    packed = PACKINGS[packing](bytes(8 << 20))
    limit = (1 << 20) + archive_bounds.UNPACKED_PER_BYTE * len(packed)
    assert limit < 8 << 20

    with opened(tmp_path / "bomb.tgz", packed) as archive:
        with pytest.raises(ArchiveError, match="absurdly much"):
            archive.seek(limit + 1)
        assert archive.position == 0  # seen before anything was unpacked
        archive.seek(limit)
        with pytest.raises(ArchiveError, match="absurdly much"):
            archive.read(1)


def test_what_is_not_there_takes_no_memory(tmp_path: Path) -> None:
    with opened(tmp_path / "x", b"short") as archive:
        assert archive.read(1 << 62) == b"short"


def test_an_xz_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(CONTENT))
    assert packed[14:16] == b"\x21\x01"  # the filter LZMA2, one byte of properties: the size of its dictionary
    packed[16] = 40
    size = (packed[12] + 1) * 4
    packed[12 + size - 4 : 12 + size] = zlib.crc32(packed[12 : 12 + size - 4]).to_bytes(4, "little")
    (tmp_path / "x.txz").write_bytes(packed)

    with pytest.raises(ArchiveError, match="limit"):
        TarArchive(tmp_path / "x.txz")


def test_a_packing_that_python_lacks_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    (tmp_path / "x.tar.bz2").write_bytes(bz2.compress(b""))
    monkeypatch.setitem(sys.modules, "bz2", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "compression", None)

    with pytest.raises(ArchiveError, match="zstd, which this Python cannot unpack"):
        TarArchive(tmp_path / "x.tar.zst")
    with pytest.raises(ArchiveError, match="bz2, which this Python cannot unpack"):
        TarArchive(tmp_path / "x.tar.bz2")


@pytest.mark.skipif(sys.version_info < (3, 14) or not shutil.which("zstd"), reason="Python reads zstd from 3.14 on")
def test_zstd_is_unpacked_where_python_can(tmp_path: Path) -> None:
    packed = subprocess.run(["zstd", "-c"], input=CONTENT, capture_output=True, check=True).stdout

    with opened(tmp_path / "x", packed) as archive:
        assert archive.read(10**7) == CONTENT


def test_a_file_that_is_gone_or_empty(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        TarArchive(tmp_path / "gone.tar")
    with opened(tmp_path / "x", b"") as archive:
        assert list(archive.entries()) == []
