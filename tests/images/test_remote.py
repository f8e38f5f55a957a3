"""Pictures at addresses, from a server on this machine that does all that servers should not."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from images.pictures import encoded, photo
from images.tars import found, reasons

pytest.importorskip("aiohttp", reason="needs the extra remote")

from igcli.errors import ImageError
from igcli.images import remote
from igcli.images.finding import find_images
from igcli.images.reading import read_image

PNG = encoded("PNG")
TABLE = b"file_name,label\nphoto.png,cat\nsub/my%20photo.png,dog\nhttp://example.invalid/x.png?key=SECRET,cow\n"


class Misbehaving(BaseHTTPRequestHandler):
    """Does what the path says."""

    protocol_version = "HTTP/1.1"
    asked: list[str]
    stop: threading.Event

    def do_HEAD(self) -> None:
        if "head" in self.path:
            self.send_error(405)
        else:
            self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        self.asked.append(f"{self.command} {self.path}")
        name = self.path.partition("?")[0].rpartition("/")[2].partition(".")[0]
        getattr(self, f"_{name}", self._photo)(body)

    def _send(self, content: bytes, body: bool, *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for header, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _photo(self, body: bool) -> None:
        self._send(PNG, body)

    def _list(self, body: bool) -> None:
        self._send(TABLE, body)

    def _page(self, body: bool) -> None:
        self._send(b"<!doctype html><html>log in", body)

    def _gone(self, body: bool) -> None:
        self._send(b"no", body, status=404)

    def _forbidden(self, body: bool) -> None:
        self._send(b"no", body, status=403)

    def _broken(self, body: bool) -> None:
        self._send(b"no", body, status=503)

    def _large(self, body: bool) -> None:
        self._send(b"x", body=False, Content_Length=str(10**12))
        self.close_connection = True

    def _short(self, body: bool) -> None:
        self._send(PNG[:100], body, Content_Length=str(len(PNG)))
        self.close_connection = True

    def _packed(self, body: bool) -> None:
        self._send(gzip.compress(bytes(1 << 24)), body, Content_Encoding="gzip")

    def _loop(self, body: bool) -> None:
        self._send(b"", body, status=302, Location="/loop")

    def _file(self, body: bool) -> None:
        self._send(b"", body, status=302, Location="file:///etc/passwd")

    def _moved(self, body: bool) -> None:
        self._send(b"", body, status=302, Location="/photo.png")

    def _silent(self, body: bool) -> None:
        self.stop.wait(20)

    def _slow(self, body: bool) -> None:
        self._drip(body, 0.05)

    def _endless(self, body: bool) -> None:
        self._drip(body, 0)

    def _drip(self, body: bool, pause: float) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        piece = b"x" if pause else bytes(1 << 16)
        try:
            while body and not self.stop.is_set():
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:  # the other side has had enough
            pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the server; requests are in ``Misbehaving.asked``."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", remote.OFFLINE):
        monkeypatch.delenv(name, raising=False)
    Misbehaving.asked, Misbehaving.stop = [], threading.Event()
    running = ThreadingHTTPServer(("127.0.0.1", 0), Misbehaving)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    Misbehaving.stop.set()
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LONGEST_WAIT", 1.0)
    monkeypatch.setattr(remote, "LONGEST_SILENCE", 0.5)


def refusal(url: str) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(url)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("path", ["photo.png", "photo.png?token=SECRET", "moved", "without_head"])
def test_a_picture_at_an_address_is_that_in_a_file(server: str, path: str, saved: Callable[..., Path]) -> None:
    here = read_image(f"{server}/{path}")
    there = read_image(saved("photo.png", photo()))

    assert (here.pixels == there.pixels).all()
    assert here.state is None
    assert "SECRET" not in str(here.path)
    assert str(here.path).startswith(f"{server}/{path.partition('?')[0]}")


def test_a_name_and_a_password_are_sent_and_not_shown(server: str) -> None:
    picture = read_image(server.replace("//", "//me:SECRET@") + "/photo.png")
    assert "SECRET" not in str(picture.path)
    assert "me:" not in str(picture.path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone", "is not there (404)"),
        ("forbidden", "access is refused"),
        ("broken", "answered 503"),
        ("page", "is a web page"),
        ("large", "more than the 268,435,456 bytes"),
        ("short", "broke off before its end"),
        ("packed", "a gzip archive"),
        ("loop", "leads on more than 5 times"),
        ("file", "no address on the web"),
    ],
)
def test_what_is_wrong_at_an_address_is_one_sentence(server: str, path: str, reason: str) -> None:
    message = refusal(f"{server}/{path}?key=SECRET")
    assert reason in message
    assert "SECRET" not in message


@pytest.mark.parametrize("path", ["silent", "slow"])
def test_a_server_that_is_too_slow_is_left(server: str, path: str, impatient: None) -> None:
    assert "did not arrive within 1 seconds" in refusal(f"{server}/{path}")


def test_a_body_without_an_end_is_left_at_the_limit(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MOST_FETCHED", 1 << 22)
    assert "more than the 4,194,304 bytes" in refusal(f"{server}/endless")


def test_an_announced_length_that_is_too_large_is_not_fetched(server: str) -> None:
    refusal(f"{server}/large")
    assert Misbehaving.asked == ["HEAD /large"]


def test_a_server_that_is_not_there_is_said() -> None:
    assert "cannot be reached" in refusal("http://127.0.0.1:9/photo.png")


def test_a_list_at_an_address_names_pictures_beside_it(server: str) -> None:
    items = find_images([f"{server}/data/list.csv"])

    assert reasons(items) == []
    assert [(item.url, item.truth) for item in found(items)] == [
        (f"{server}/data/photo.png", "cat"),
        (f"{server}/data/sub/my%20photo.png", "dog"),
        ("http://example.invalid/x.png?key=SECRET", "cow"),
    ]
    assert [item.relative.name for item in found(items)] == ["photo.png", "my photo.png", "x.png"]
    assert "SECRET" not in repr(items)


def test_a_list_that_is_not_there_is_missing(server: str) -> None:
    (reason,) = reasons(find_images([f"{server}/gone.csv"]))
    assert "is not there (404)" in reason


@pytest.mark.parametrize("how", ["option", "variable"])
def test_offline_nothing_is_asked(server: str, how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"path\n{server}/photo.png\n")
    arguments = [f"{server}/photo.png", f"{server}/list.csv", str(tmp_path / "list.csv")]
    if how == "variable":
        monkeypatch.setenv(remote.OFFLINE, "1")
        assert "--offline" in refusal(f"{server}/photo.png")
    items = find_images(arguments, offline=how == "option")

    assert found(items) == []
    assert all("--offline" in reason for reason in reasons(items))
    assert Misbehaving.asked == []


@pytest.mark.parametrize(("url", "install"), [("http://h/a.png", '"igcli[remote]"'), ("s3://bucket/a.png", "s3fs")])
def test_without_the_package_a_sentence_says_what_to_install(
    url: str, install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("aiohttp", "s3fs"):
        monkeypatch.setitem(__import__("sys").modules, package, None)
    assert f"pip install {install}" in refusal(url)


def test_a_store_is_read_through_its_own_package(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs", reason="needs s3fs")
    for name, value in {"ENDPOINT_URL": server, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)

    assert read_image("s3://bucket/photo.png").original_size == photo().size
    assert "is not there" in refusal("s3://bucket/gone.png")
