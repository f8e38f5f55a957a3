"""Files in a hostile output folder: nothing is written elsewhere, nothing is waited for."""

import os
from pathlib import Path

import pytest

from igcli.errors import OutputError
from igcli.jobs import files as opening
from igcli.jobs.files import open_to_append, read_own

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")


def a_link(path, victim):
    path.symlink_to(victim)


def a_hard_link(path, victim):
    path.hardlink_to(victim)


def a_pipe(path, victim):
    os.mkfifo(path)


def a_folder(path, victim):
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"), [(a_link, "link"), (a_hard_link, "second name"), (a_pipe, "pipe"), (a_folder, "folder")]
)
def test_what_is_no_file_of_this_folder_alone_is_not_appended_to(tmp_path, make, said):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    make(tmp_path / "ledger", victim)
    with pytest.raises(OutputError, match=said):
        open_to_append(tmp_path / "ledger")
    assert victim.read_text() == "mine"


def test_a_file_that_is_missing_is_created_and_appended_to(tmp_path):
    for text in (b"one", b"two"):
        descriptor = open_to_append(tmp_path / "ledger")
        os.write(descriptor, text)
        os.close(descriptor)
    assert (tmp_path / "ledger").read_bytes() == b"onetwo"


def test_what_a_run_has_written_is_read_only_from_a_regular_file_of_bounded_size(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(OSError):  # noqa: PT011 - several kinds
            read_own(path)
    (tmp_path / "large").write_bytes(b"x" * 11)
    assert read_own(tmp_path / "large") == b"x" * 11
    monkeypatch.setattr(opening, "LARGEST", 10)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_own(tmp_path / "large")
