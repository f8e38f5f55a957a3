"""The bytes of pictures in archives: in any order, from any thread, without unpacking again and again."""

from __future__ import annotations

import bz2
import gzip
import lzma
import multiprocessing
import pickle
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from images.tars import found, header, tar_of, zip_of

from igcli.images import members
from igcli.images.archive_bounds import ArchiveError
from igcli.images.finding import find_images
from igcli.images.members import is_sequential, read_member
from igcli.images.source import ArchiveMember, Found
from igcli.images.tar_archive import TarArchive

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
CONTENTS = {f"{number:03}.jpg": random.Random(number).randbytes(number * 37) for number in range(200)}


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The archives that were opened to read members, in order; what is open at the end is closed."""
    paths: list[Path] = []

    class Noting(TarArchive):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            paths.append(path)

    monkeypatch.setattr(members, "TarArchive", Noting)
    yield paths
    members._READERS.close()


def in_archive(path: Path, data: bytes) -> list[ArchiveMember]:
    path.write_bytes(data)
    return [item.member for item in found(find_images([str(path)])) if item.member]


@pytest.fixture(params=[*PACKINGS, "zip"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> list[ArchiveMember]:
    data = zip_of(CONTENTS) if request.param == "zip" else PACKINGS[request.param](tar_of(CONTENTS))
    return in_archive(tmp_path / "x.tar", data)


def test_every_member_has_its_own_bytes(packed: list[ArchiveMember]) -> None:
    assert {member.name: read_member(member) for member in packed} == CONTENTS


def test_members_are_read_in_any_order(packed: list[ArchiveMember]) -> None:
    mixed = random.Random(1).sample(packed, len(packed))

    assert {member.name: read_member(member) for member in mixed} == CONTENTS


def test_threads_do_not_get_each_others_bytes(packed: list[ArchiveMember]) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert dict(zip([each.name for each in packed], threads.map(read_member, packed), strict=True)) == CONTENTS


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_member_can_be_read_in_another_process(packed: list[ArchiveMember]) -> None:
    read_member(packed[100])  # so that a forked process gets an open file, standing at that place

    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(read_member, packed) == list(CONTENTS.values())
    assert [read_member(member) for member in packed[101:]] == list(CONTENTS.values())[101:]


def test_a_compressed_archive_is_unpacked_once_for_members_in_about_their_order(
    tmp_path: Path, opened: list[Path]
) -> None:
    packed = in_archive(tmp_path / "x.tgz", gzip.compress(tar_of(CONTENTS)))
    opened.clear()  # without the listing
    about = sorted(range(len(packed)), key=lambda place: place + random.Random(place).uniform(0, 12))
    assert about != sorted(about)

    assert [read_member(packed[place]) for place in about] == [CONTENTS[packed[place].name] for place in about]
    assert len(opened) == 1


def test_drawing_may_lag_behind_reading(tmp_path: Path, opened: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "BEHIND", 20_000)
    packed = in_archive(tmp_path / "x.tgz", gzip.compress(tar_of(CONTENTS)))
    opened.clear()  # without the listing

    for place in range(80, 200):
        for member in (packed[place], packed[place - 80]):
            assert read_member(member) == CONTENTS[member.name]
    assert len(opened) == 2


def test_no_more_than_the_stated_number_of_bytes_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "BEHIND", 5000)
    packed = in_archive(tmp_path / "x.tgz", gzip.compress(tar_of(CONTENTS)))

    for member in packed:
        read_member(member)
        assert all(len(reader._recent) <= 5000 for reader in members._READERS._open)


def test_few_archives_are_open_at_a_time(tmp_path: Path) -> None:
    for name in "abcd":
        for member in in_archive(tmp_path / f"{name}.tgz", gzip.compress(tar_of({"1.jpg": b"x", "2.jpg": b"y"})))[:1]:
            assert read_member(member) == b"x"

    assert len(members._READERS._open) == members.MOST_READERS


def test_what_was_found_in_an_archive_can_be_sent_and_compared(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(tar_of({"1.jpg": b"x", "1.cls": b"7"})))
    (item,) = found(find_images([str(path)]))

    assert pickle.loads(pickle.dumps(item)) == item
    assert len({item, item}) == 1


def test_only_members_of_compressed_archives_have_to_be_read_in_order(tmp_path: Path) -> None:
    def first(name: str, data: bytes) -> bool:
        (tmp_path / name).write_bytes(data)
        return is_sequential(found(find_images([str(tmp_path / name)]))[0])

    tar = tar_of({"1.jpg": b"x"})
    assert not is_sequential(Found(Path("a.jpg"), Path("a.jpg")))
    assert not first("a.tar", tar)
    assert not first("b.tgz", tar)  # its name says otherwise
    assert first("c.tgz", gzip.compress(tar))
    assert first("d.tar", gzip.compress(tar))
    assert not first("e.zip", zip_of({"1.jpg": b"x"}))


@pytest.mark.parametrize("packing", [*PACKINGS, "zip"])
def test_an_archive_that_goes_is_one_sentence(tmp_path: Path, packing: str) -> None:
    files = {"1.jpg": b"x"}
    (member,) = in_archive(tmp_path / "x.tar", zip_of(files) if packing == "zip" else PACKINGS[packing](tar_of(files)))
    read_member(member)
    (tmp_path / "x.tar").unlink()

    with pytest.raises(ArchiveError, match=r"x\.tar does not exist"):
        read_member(member)


@pytest.mark.parametrize("pack", [tar_of, lambda files: gzip.compress(tar_of(files)), zip_of])
def test_an_archive_that_is_replaced_after_its_listing_is_not_read_by_the_old_places(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    path = tmp_path / "x.tgz"
    (member,) = in_archive(path, pack({"1.jpg": b"old"}))
    assert read_member(member) == b"old"
    (tmp_path / "new").write_bytes(pack({"1.jpg": b"newer"}))
    (tmp_path / "new").replace(path)
    with pytest.raises(ArchiveError, match="has changed since it was listed"):
        read_member(member)
    (listed_again,) = in_archive(path, path.read_bytes())
    assert read_member(listed_again) == b"newer"


def test_an_archive_that_is_packed_another_way_by_now_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    (member,) = (replace(each, state=None) for each in in_archive(path, gzip.compress(tar_of({"1.jpg": b"old"}))))
    path.write_bytes(tar_of({"1.jpg": b"new"}))

    with pytest.raises(ArchiveError, match="has changed since it was listed"):
        read_member(member)


def test_of_a_cut_member_there_is_what_there_is(tmp_path: Path) -> None:
    data = header(size=b"1000") + b"x" * 100
    (plain,) = in_archive(tmp_path / "x.tar", data)
    (packed,) = in_archive(tmp_path / "x.tgz", gzip.compress(data))

    assert read_member(plain) == read_member(packed) == b"x" * 100


def test_damage_on_the_way_is_one_sentence_and_those_before_it_are_read(tmp_path: Path) -> None:
    data = gzip.compress(tar_of(CONTENTS), compresslevel=0)
    (tmp_path / "x.tgz").write_bytes(data)
    packed = [replace(each, state=None) for each in in_archive(tmp_path / "x.tgz", data)]  # as if always cut
    (tmp_path / "x.tgz").write_bytes(data[: len(data) // 2])

    with pytest.raises(ArchiveError, match="cut off or damaged"):
        read_member(packed[-1])
    assert read_member(packed[10]) == CONTENTS["010.jpg"]
