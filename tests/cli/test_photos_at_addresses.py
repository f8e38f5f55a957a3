"""Photos at addresses, from the command line: a folder of results like any other, without the addresses' secrets."""

from __future__ import annotations

import functools
import json
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from igcli.jobs.outputs.record import typed

pytest.importorskip("aiohttp", reason="needs the extra remote")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serves a photo, the same one turned over, and a list of both."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "IGCLI_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    with Image.open(samples / "motorcycle.jpg") as photo:
        photo.save(folder / "motorcycle.jpg")
        photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "turned.jpg")
    (folder / "list.csv").write_text("file_name,label\nmotorcycle.jpg,Motorbikes\nturned.jpg?key=SECRET,Motorbikes\n")
    running = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_photo_is_explained_and_no_secret_written(shell, server, bundled, tmp_path, read_json):
    url = server.replace("//", "//me:SECRET@") + "/motorcycle.jpg?token=SECRET"
    done = shell("explain", url, *bundled, "--steps", 4, "--full-size", "--report", "--save-arrays")

    assert done.exit_code == 0, done.output
    record = read_json(tmp_path / "out" / "motorcycle.json")
    assert record["image"]["path"] == record["image"]["absolute"]
    assert record["image"]["path"].startswith(f"{server}/motorcycle.jpg#")
    assert {"motorcycle.integrated.png", "motorcycle.integrated.full.png"} <= set(record["files"].values())
    assert not [file for file in (tmp_path / "out").rglob("*") if file.is_file() and b"SECRET" in file.read_bytes()]
    assert "SECRET" not in done.output


def test_a_list_is_resumed_and_its_columns_recorded(shell, server, bundled, tmp_path):
    (tmp_path / "list.csv").write_text(f"image,label\n{server}/motorcycle.jpg,a\n{server}/turned.jpg?key=SECRET,b\n")
    command = ("explain", "list.csv", *bundled, "--steps", 4)
    assert "2 explained" in shell(*command).output
    assert "0 explained, 0 failed, 2 skipped" in shell(*command).output
    assert "0 explained, 0 failed, 2 skipped" in shell(*command, "--verify").output

    Image.new("RGB", (50, 50)).save(tmp_path / "served" / "turned.jpg")
    assert "1 explained" in shell(*command, "--verify").output
    records = [json.loads(line) for line in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert [record["columns"]["label"] for record in records] == ["a", "b"]
    assert not [file for file in (tmp_path / "out").rglob("*") if file.is_file() and b"SECRET" in file.read_bytes()]


def test_a_list_at_an_address_is_a_list(shell, server, bundled, tmp_path):
    done = shell("explain", f"{server}/list.csv", *bundled, "--steps", 4)
    assert "1 explained, 1 failed" in done.output  # a path in a list has no query: the name itself is asked for
    assert (tmp_path / "out" / "motorcycle.integrated.png").exists()


def test_offline_says_so(shell, server, bundled):
    done = shell("explain", f"{server}/motorcycle.jpg", *bundled, "--offline")
    assert done.exit_code == 1
    assert "--offline" in done.output


def test_the_command_line_is_kept_without_secrets(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ig", "explain", "https://h.org/a.jpg?token=SECRET", "b.jpg"])
    assert "SECRET" not in typed()
    assert typed().endswith(" b.jpg")


def test_variables_that_are_defaults_of_options_are_kept_too(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ig", "report", "a.jpg"])
    monkeypatch.setenv("IGCLI_STYLE", "heat")
    monkeypatch.setenv("IGCLI_TARGET", "tabby cat")
    monkeypatch.setenv("IGCLI_BASELINE", "https://h.org/a.jpg?token=SECRET")
    assert "SECRET" not in typed()
    assert typed().endswith(" IGCLI_STYLE=heat IGCLI_TARGET='tabby cat' ig report a.jpg")
