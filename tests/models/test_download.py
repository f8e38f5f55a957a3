from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from igcli.errors import NetworkUnavailable, WeightsError
from igcli.models import download
from igcli.models.download import download_file

from .conftest import Server

CONTENT = bytes(range(256)) * 4000
PREFIX = hashlib.sha256(CONTENT).hexdigest()[:8]


def refusal(url: str, destination: Path, *, timeout: float = 5.0, largest: int = download.LARGEST) -> str:
    """What the download is refused with; afterwards nothing lies in the folder."""
    with pytest.raises(NetworkUnavailable) as caught:
        download_file(url, destination, sha256_prefix=PREFIX, timeout=timeout, largest=largest)
    assert isinstance(caught.value, WeightsError)
    assert not destination.parent.exists() or list(destination.parent.iterdir()) == []
    return str(caught.value)


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights.pth"


def test_the_whole_file_arrives_under_its_name_alone(server: Server, destination: Path) -> None:
    url = server.serves("/w.pth", CONTENT)
    assert download_file(url, destination, sha256_prefix=PREFIX) == destination
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def test_one_message_names_everything_that_helps(server: Server, destination: Path) -> None:
    message = refusal(server.address + "/absent.pth", destination)
    for needed in (
        server.address + "/absent.pth",
        str(destination),
        PREFIX,
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "TORCH_HOME",
        "--weights FILE",
        "--model caltech101",
    ):
        assert needed in message
    assert "answered 404" in message.splitlines()[0]


def test_other_bytes_than_promised_are_refused(server: Server, destination: Path) -> None:
    assert "sent another file" in refusal(server.serves("/w.pth", CONTENT + b"!"), destination)


def test_a_web_page_instead_of_the_file_is_called_one(server: Server, destination: Path) -> None:
    assert "web page" in refusal(server.serves("/w.pth", b"<html>Please log in</html>"), destination)


def test_a_cut_connection_is_refused(server: Server, destination: Path) -> None:
    url = server.serves("/w.pth", CONTENT, length=len(CONTENT) + 1)
    assert f"broke off after {len(CONTENT)} of {len(CONTENT) + 1} bytes" in refusal(url, destination)


def test_an_empty_answer_is_refused(server: Server, destination: Path) -> None:
    assert "sent another file" in refusal(server.serves("/w.pth", b""), destination)


def test_a_silent_server_is_given_up(server: Server, destination: Path) -> None:
    assert "did not answer in time" in refusal(server.hangs("/w.pth"), destination, timeout=0.2)


def test_a_stalled_download_is_given_up(server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "STALLED_AFTER", 0.3)
    assert "did not answer in time" in refusal(server.hangs("/w.pth", after=b"first bytes"), destination)


def test_a_refused_connection_is_said_so(destination: Path) -> None:
    with socket.socket() as unused:  # bound but not listening: connections to it are refused
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/w.pth"
        assert "could not be reached" in refusal(url, destination)


@pytest.mark.parametrize("scheme", ["file", "ftp", "data"])
def test_only_web_addresses_are_fetched(scheme: str, destination: Path) -> None:
    assert "not a web address" in refusal(f"{scheme}:///etc/hostname", destination)


def test_no_redirect_leads_to_a_local_file(server: Server, destination: Path, tmp_path: Path) -> None:
    (tmp_path / "local.pth").write_bytes(CONTENT)
    refusal(server.redirects("/w.pth", to=(tmp_path / "local.pth").as_uri()), destination)
    refusal(server.redirects("/w.pth", to="ftp://127.0.0.1/w.pth"), destination)


def test_a_redirect_within_the_web_is_followed(server: Server, destination: Path) -> None:
    server.serves("/mirror.pth", CONTENT)
    download_file(server.redirects("/w.pth", to="/mirror.pth"), destination, sha256_prefix=PREFIX)
    assert server.asked == ["/w.pth", "/mirror.pth"]


def test_the_proxy_of_the_environment_is_used(
    server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.serves("http://weights.invalid/w.pth", CONTENT)
    download_file("http://weights.invalid/w.pth", destination, sha256_prefix=PREFIX)
    assert destination.read_bytes() == CONTENT


def test_a_file_that_is_there_survives_a_failed_download(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"older")
    with pytest.raises(NetworkUnavailable):
        download_file(server.serves("/w.pth", b"other"), destination, sha256_prefix=PREFIX)
    assert destination.read_bytes() == b"older"


def test_two_downloads_at_once_do_not_disturb_each_other(server: Server, destination: Path) -> None:
    url = server.serves("/w.pth", CONTENT)
    with ThreadPoolExecutor(4) as pool:
        arrived = [pool.submit(download_file, url, destination, sha256_prefix=PREFIX) for _ in range(4)]
        assert {future.result() for future in arrived} == {destination}
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def test_a_cache_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(NetworkUnavailable, match="cannot be saved"):
        download_file(server.serves("/w.pth", CONTENT), tmp_path / "file" / "w.pth", sha256_prefix=PREFIX)


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_is_drawn_on_stderr_only_when_asked(
    server: Server, destination: Path, capsys: pytest.CaptureFixture[str], progress: bool
) -> None:
    download_file(server.serves("/w.pth", CONTENT), destination, sha256_prefix=PREFIX, progress=progress)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert bool(printed.err) == progress


def test_a_server_that_never_ends_is_stopped_at_the_size_that_the_file_can_have(
    server: Server, destination: Path
) -> None:
    message = refusal(server.streams("/w.pth", bytes(1 << 16)), destination, largest=1_000_000)
    assert "did not end after the 1,000,000 bytes" in message


def test_more_than_the_file_can_have_is_refused_when_it_is_announced(server: Server, destination: Path) -> None:
    url = server.serves("/w.pth", b"first", length=10**12)
    assert "announced 1,000,000,000,000 bytes, more than the 1,000,000" in refusal(url, destination, largest=1_000_000)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_drip_that_never_stalls_is_given_up(
    server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr(download, "WINDOW", 0.5)
    assert "less than 4,096 bytes a second" in refusal(
        server.streams("/w.pth", b"x", pause=0.05, chunked=chunked), destination
    )


def test_a_drip_inside_a_line_of_the_protocol_is_given_up(
    server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALLED_AFTER", 0.5)
    assert "did not answer in time" in refusal(server.drips_a_chunks_length("/w.pth"), destination)


KILLED = """
import sys
from pathlib import Path
from igcli.models.download import download_file
download_file(sys.argv[1], Path(sys.argv[2]), sha256_prefix="00000000", timeout=60)
"""


def test_what_a_killed_download_left_is_removed_by_the_next_and_a_living_one_is_not(
    server: Server, destination: Path
) -> None:
    hanging = server.hangs("/slow.pth", after=bytes(1000))
    with subprocess.Popen([sys.executable, "-c", KILLED, hanging, str(destination)]) as process:
        try:
            for _ in range(6000):
                if destination.parent.exists() and (left := list(destination.parent.glob(".ig-*.partial"))):
                    break
                process.poll()
                assert process.returncode is None
                server.closing.wait(0.01)
            download_file(server.serves("/w.pth", CONTENT), destination, sha256_prefix=PREFIX)
            assert left[0].exists()
        finally:
            process.kill()
    download_file(server.address + "/w.pth", destination, sha256_prefix=PREFIX)
    assert list(destination.parent.iterdir()) == [destination]


def test_files_of_others_are_not_taken_for_what_was_left(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    (destination.parent / "mine.partial").touch()
    download_file(server.serves("/w.pth", CONTENT), destination, sha256_prefix=PREFIX)
    assert (destination.parent / "mine.partial").exists()
