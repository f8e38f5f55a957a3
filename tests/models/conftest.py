"""A web server on this machine, a private cache, and networks with made-up weights."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision.models import GoogLeNet

from igcli.models import auto
from igcli.models.weights_store import Source

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers every path as the test has told it to, and remembers what was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.answers.get(self.path, lambda handler: handler.send_error(404))(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serves(self, path: str, body: bytes, *, length: int | None = None) -> str:
        """Answer ``path`` with ``body``, announced as ``length`` bytes; returns the address."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body) if length is None else length))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer
        return self.address + path

    def redirects(self, path: str, *, to: str) -> str:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.answers[path] = answer
        return self.address + path

    def streams(self, path: str, block: bytes, *, pause: float = 0.0, chunked: bool = False) -> str:
        """Send the same bytes again and again, with no length announced, for as long as somebody reads."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.protocol_version = "HTTP/1.1" if chunked else "HTTP/1.0"
            handler.send_response(200)
            if chunked:
                handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            sent = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
            with contextlib.suppress(OSError):
                while not self.closing.wait(pause):
                    handler.wfile.write(sent)

        self.answers[path] = answer
        return self.address + path

    def drips_a_chunks_length(self, path: str) -> str:
        """Send the digits of a chunk's length one by one."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.protocol_version = "HTTP/1.1"
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            with contextlib.suppress(OSError):
                while not self.closing.wait(0.05):
                    handler.wfile.write(b"0")

        self.answers[path] = answer
        return self.address + path

    def hangs(self, path: str, *, after: bytes | None = None) -> str:
        """Accept the connection and say nothing; or announce a file and stop after its first bytes."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            if after is not None:
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(after) + 1))
                handler.end_headers()
                handler.wfile.write(after)
            self.closing.wait(30)

        self.answers[path] = answer
        return self.address + path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    running = Server()
    yield running
    running.close()


@pytest.fixture
def imagenet_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Source], None]:
    """Pretend that the ImageNet weights are published at another address."""
    return lambda source: monkeypatch.setattr(auto, "imagenet_source", lambda: source)


@pytest.fixture(scope="session")
def imagenet_state() -> dict[str, Tensor]:
    """Made-up weights with the keys of torchvision's file, auxiliary heads included."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = GoogLeNet(num_classes=1000, aux_logits=True, init_weights=False)
    return network.state_dict()


@pytest.fixture(scope="session")
def imagenet_file(imagenet_state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imagenet") / "mine.pth"
    torch.save(imagenet_state, path)
    return path


@pytest.fixture(scope="session")
def caltech_network() -> GoogLeNet:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return GoogLeNet(num_classes=100, aux_logits=False, init_weights=False).half().float().eval()


@pytest.fixture(scope="session")
def caltech_file(caltech_network: GoogLeNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up weights stored like the bundled ones: in half precision."""
    path = tmp_path_factory.mktemp("caltech") / "caltech101.pt"
    torch.save({k: v.half() if v.is_floating_point() else v for k, v in caltech_network.state_dict().items()}, path)
    return path


@pytest.fixture(scope="session")
def pixels() -> Tensor:
    """Two small pictures: GoogLeNet takes any size, and small ones are quick."""
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
