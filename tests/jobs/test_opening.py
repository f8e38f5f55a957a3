"""Files in a hostile output folder: nothing is written elsewhere, nothing is waited for."""

import os
from pathlib import Path

import pytest

from igcli.errors import OutputError
from igcli.jobs.opening import open_to_append, read_regular

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


def test_a_pipe_is_not_waited_for_and_a_device_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing"):
        with pytest.raises(OSError):  # noqa: PT011 - several kinds
            read_regular(path)
    if os.path.exists("/dev/zero"):  # noqa: PTH110
        with pytest.raises(OSError, match="regular"):
            read_regular(Path("/dev/zero"))


def test_no_more_than_the_limit_is_read(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 11)
    assert read_regular(tmp_path / "large", limit=11) == b"x" * 11
    assert read_regular(tmp_path / "large", limit=4, at_most=True) == b"x" * 4
    with pytest.raises(OSError, match="too large"):
        read_regular(tmp_path / "large", limit=10)
