import errno
import os
from pathlib import Path

import pytest

from igcli.errors import OutputError
from igcli.jobs.files import check_writable, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_the_bytes_and_makes_the_folder(tmp_path):
    write_whole(tmp_path / "a" / "b.bin", b"new")
    write_whole(tmp_path / "a" / "b.bin", b"newer")
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"newer"
    assert names(tmp_path / "a") == ["b.bin"]


def test_files_get_the_permissions_that_the_umask_allows(tmp_path):
    old = os.umask(0o027)
    try:
        write_whole(tmp_path / "x", b"")
    finally:
        os.umask(old)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    (tmp_path / "x").write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OutputError, match="disk is full"):
        write_whole(tmp_path / "x", b"new")
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_an_interruption_while_writing_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", b"new")
    assert names(tmp_path) == []


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        check_writable(tmp_path / "out")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        write_whole(tmp_path / "out" / "x.png", b"")


def test_a_folder_that_may_not_be_written_to_is_said(tmp_path, monkeypatch):
    def forbidden(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    with pytest.raises(OutputError, match=r"permission denied.*-o"):
        check_writable(tmp_path)
