"""An archive's bytes, however they are packed: whole, in bounded memory, and never more than is plausible."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from igcli.images import unpacking
from igcli.images.unpacking import ArchiveError, Stream

CONTENT = bytes(range(256)) * 5000
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def stream_of(path: Path, data: bytes) -> closing[Stream]:
    path.write_bytes(data)
    return closing(Stream(path))


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_bytes_are_those_that_were_packed(tmp_path: Path, packing: str) -> None:
    with stream_of(tmp_path / "x", PACKINGS[packing](CONTENT)) as stream:
        assert stream.compressed == (packing != "plain")
        start = stream.read(1000)
        stream.skip_to(600_000)
        assert (stream.position, start, stream.read(10**7)) == (600_000, CONTENT[:1000], CONTENT[600_000:])
        assert stream.read(1) == b""


@pytest.mark.parametrize("packing", PACKINGS)
def test_parts_that_were_packed_one_by_one_follow_each_other(tmp_path: Path, packing: str) -> None:
    pack = PACKINGS[packing]
    with stream_of(tmp_path / "x", pack(CONTENT) + pack(b"") + pack(b"end")) as stream:
        assert stream.read(10**7) == CONTENT + b"end"


def test_padding_between_the_parts_of_an_xz_is_passed_over(tmp_path: Path) -> None:
    with stream_of(tmp_path / "x", lzma.compress(b"one") + bytes(8) + lzma.compress(b"two") + bytes(4)) as stream:
        assert stream.read(100) == b"onetwo"


@pytest.mark.skipif(not shutil.which("xz"), reason="no xz here")
@pytest.mark.parametrize("level", ["-0", "-9e", "-T2"])
def test_what_the_xz_program_packs_is_unpacked(tmp_path: Path, level: str) -> None:
    packed = subprocess.run(["xz", level, "-c"], input=CONTENT, capture_output=True, check=True).stdout

    with stream_of(tmp_path / "x", packed) as stream:
        assert stream.read(10**7) == CONTENT


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "xz"])
@pytest.mark.parametrize("damage", ["cut", "changed", "cut at once"])
def test_damage_is_one_sentence_that_names_the_file(tmp_path: Path, packing: str, damage: str) -> None:
    data = bytearray(PACKINGS[packing](CONTENT))
    if damage == "changed":
        data[len(data) // 3 : len(data) // 3 + 40] = b"?" * 40
    else:
        del data[len(data) // 2 if damage == "cut" else 12 :]

    with stream_of(tmp_path / "x.tgz", data) as stream, pytest.raises(ArchiveError) as caught:
        stream.skip_to(len(CONTENT))

    assert str(tmp_path / "x.tgz") in str(caught.value)
    assert "cut off or damaged" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("packing", PACKINGS)
def test_going_beyond_the_end_is_being_cut_off(tmp_path: Path, packing: str) -> None:
    with stream_of(tmp_path / "x", PACKINGS[packing](b"short")) as stream, pytest.raises(ArchiveError, match="cut off"):
        stream.skip_to(6)


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "xz"])
def test_no_more_is_unpacked_than_is_plausible(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_UNPACKED", 1 << 20)
    packed = PACKINGS[packing](bytes(8 << 20))
    limit = (1 << 20) + unpacking.UNPACKED_PER_BYTE * len(packed)
    assert limit < 8 << 20

    with stream_of(tmp_path / "bomb.tgz", packed) as stream:
        with pytest.raises(ArchiveError, match="absurdly much"):
            stream.skip_to(limit + 1)
        assert stream.position == 0  # seen before anything was unpacked
        stream.skip_to(limit)
        with pytest.raises(ArchiveError, match="absurdly much"):
            stream.read(1)


def test_what_is_not_there_takes_no_memory(tmp_path: Path) -> None:
    with stream_of(tmp_path / "x", b"short") as stream:
        assert stream.read(1 << 62) == b"short"


def test_an_xz_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(CONTENT))
    assert packed[14:16] == b"\x21\x01"  # the filter LZMA2, one byte of properties: the size of its dictionary
    packed[16] = 40
    size = (packed[12] + 1) * 4
    packed[12 + size - 4 : 12 + size] = _crc32(packed[12 : 12 + size - 4])

    with stream_of(tmp_path / "x.txz", packed) as stream, pytest.raises(ArchiveError, match="limit"):
        stream.read(1)


def _crc32(data: bytes) -> bytes:
    import zlib

    return zlib.crc32(data).to_bytes(4, "little")


def test_a_packing_that_python_lacks_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    (tmp_path / "x.tar.bz2").write_bytes(bz2.compress(b""))
    monkeypatch.setitem(sys.modules, "bz2", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "compression", None)

    with pytest.raises(ArchiveError, match="zstd, which this Python cannot unpack"):
        Stream(tmp_path / "x.tar.zst")
    with pytest.raises(ArchiveError, match="bz2, which this Python cannot unpack"):
        Stream(tmp_path / "x.tar.bz2")


@pytest.mark.skipif(sys.version_info < (3, 14) or not shutil.which("zstd"), reason="Python reads zstd from 3.14 on")
def test_zstd_is_unpacked_where_python_can(tmp_path: Path) -> None:
    packed = subprocess.run(["zstd", "-c"], input=CONTENT, capture_output=True, check=True).stdout

    with stream_of(tmp_path / "x", packed) as stream:
        assert stream.read(10**7) == CONTENT


def test_a_file_that_is_gone_or_empty(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        Stream(tmp_path / "gone.tar")
    with stream_of(tmp_path / "x", b"") as stream:
        assert stream.read(1) == b""
