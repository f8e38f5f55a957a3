"""``ig weights`` as its users meet it."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from igcli.cli import weights as command
from igcli.cli.main import Commands, ig
from igcli.models.published_weights import PublishedWeights
from igcli.models.weights_store import Source

CONTENT = b"the weights of a network" * 1000
NAME = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture(autouse=True)
def published(monkeypatch):
    """One published network, which a server on this machine has."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    source = Source.at(f"http://127.0.0.1:{server.server_port}/{NAME}")
    entry = PublishedWeights("net", "V1", default=True, source=source, size=224, classes=10, megabytes=1)
    monkeypatch.setattr(command, "all_published", lambda: [entry])
    real = command.find_published
    monkeypatch.setattr(command, "find_published", lambda name: entry if name in ("net", "net@V1") else real(name))
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run():
    group = Commands("ig", commands={"weights": command.weights}, context_settings=ig.context_settings)
    return lambda *arguments: CliRunner().invoke(group, ["weights", *map(str, arguments)])


def test_fetch_brings_the_file_once_and_verify_finds_it_whole(run, checkpoints):
    first, second, check = run("fetch", "net"), run("fetch", "net@V1", "--json"), run("verify")
    assert (first.exit_code, second.exit_code, check.exit_code) == (0, 0, 0)
    assert first.stdout.split() == ["net", "fetched", str(checkpoints / NAME)]
    record = json.loads(second.stdout)
    assert (record["done"], record["file"]) == ("was here", str(checkpoints / NAME))
    assert check.stdout.split()[1] == "whole"


def test_a_damaged_file_is_found_by_verify_and_replaced_by_fetch(run, checkpoints):
    checkpoints.mkdir(parents=True)
    (checkpoints / NAME).write_bytes(b"half")
    check = run("verify")
    assert check.exit_code == 1
    assert "ig weights fetch net" in check.stderr
    assert "fetched" in run("fetch", "net").stdout
    assert run("verify", "net").exit_code == 0


def test_verify_of_an_empty_cache_has_nothing_to_say_unless_a_network_is_named(run):
    everything, named = run("verify"), run("verify", "net")
    assert (everything.exit_code, everything.output) == (0, "")
    assert named.exit_code == 1
    assert "not here" in named.stderr


def test_path_prints_the_folder_or_the_file(run, checkpoints):
    assert run("path").stdout.strip() == str(checkpoints)
    assert run("path", "net").stdout.strip() == str(checkpoints / NAME)


@pytest.mark.parametrize("command", ["fetch", "verify", "path"])
def test_an_unknown_name_is_a_sentence(run, command):
    result = run(command, "resnet5")
    assert result.exit_code == 2
    assert "Did you mean 'resnet50'" in result.stderr
