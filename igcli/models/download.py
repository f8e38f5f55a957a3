"""Fetching a file of weights: the whole right file arrives under its name, or nothing does.

The standard library's urllib honours HTTPS_PROXY and SSL_CERT_FILE by itself. Where files are kept is in
``weights_store``.
"""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from http.client import HTTPException
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from igcli.errors import NetworkUnavailable
from igcli.models.weights import is_web_page
from igcli.partial_files import partial_file, remove_partials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse
    from pathlib import Path
    from typing import BinaryIO

BLOCK = 1 << 18
STALLED_AFTER = 20.0
"""Seconds without a byte after which a download that has begun is stopped."""


LARGEST = 4 << 30
"""Bytes of a file of unknown size; torchvision's largest has 2.6 · 10⁹."""

SLOWEST = 4096
"""Bytes per second, on average over ``WINDOW``, below which a download is stopped."""

WINDOW = 60.0
"""Seconds over which the speed is measured."""

MOST_DIGITS = 19
"""Digits of a length that a server announces."""


def download_file(
    url: str,
    destination: Path,
    *,
    sha256_prefix: str,
    timeout: float = 15.0,
    progress: bool = False,
    largest: int = LARGEST,
) -> Path:
    """Download ``url`` to ``destination``; the file appears there whole and checked, or not at all.

    Parameters
    ----------
    sha256_prefix
        How the file's SHA-256 begins, in hexadecimal.
    timeout
        Seconds until the server must begin its answer: DNS, all addresses tried, and redirects together.
    largest
        Bytes that the file has at most; a longer download is stopped.

    Raises
    ------
    NetworkUnavailable
        The file cannot be downloaded, or is not the right one. The first line of the message says why, the others
        how to get the file.
    """
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise _Failure("is not a web address")
        with partial_file(destination) as file:
            remove_partials(destination.parent)
            sha256, head = _stream(_open(url, timeout), file, largest=largest, progress=progress)
            if is_web_page(head):
                raise _Failure("sent a web page instead of the file (a login page or a proxy?)")
            if not sha256.startswith(sha256_prefix):
                raise _Failure(f"sent another file: its SHA-256 begins with {sha256[: len(sha256_prefix)]}")
    except (_Failure, OSError, HTTPException, ValueError) as problem:
        reason = f"The weights are not on this machine, and {url} {_reason(problem)}."
        raise NetworkUnavailable(f"{reason}\n{ways_to_get(url, destination, sha256_prefix=sha256_prefix)}") from problem
    return destination


def ways_to_get(url: str, destination: Path, *, sha256_prefix: str) -> str:
    """How to get the file by hand, or do without it; a few lines."""
    return (
        f"By hand: download {url} and save it as {destination} (its SHA-256 begins with {sha256_prefix}).\n"
        "Behind a proxy: HTTPS_PROXY, SSL_CERT_FILE and TORCH_HOME are honoured.\n"
        "Without a network: --weights FILE for a copy of the file, or --model caltech101 for the bundled network."
    )


class _Failure(Exception):
    """What went wrong, as the rest of a sentence that begins with the address."""


def _open(url: str, timeout: float) -> HTTPResponse:
    """The server's answer, once it has begun.

    A socket's timeout starts again for each of a host's addresses and does not cover DNS. Waiting for a thread limits
    the total.
    """
    answer: Future[HTTPResponse] = Future()
    asked = request.Request(url, headers={"User-Agent": "igcli"})  # noqa: S310 (the scheme is checked)

    def ask() -> None:
        try:
            answer.set_result(_opener().open(asked, timeout=STALLED_AFTER))
        except Exception as problem:  # passed to the waiting thread
            answer.set_exception(problem)

    threading.Thread(target=ask, name="igcli-fetch", daemon=True).start()
    try:
        return answer.result(timeout)
    except TimeoutError:
        answer.add_done_callback(_discard)
        raise


def _opener() -> request.OpenerDirector:
    """Speaks http and https only: no redirect leads to a local file."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _discard(answer: Future[HTTPResponse]) -> None:
    late = answer.exception() or answer.result()
    if isinstance(late, HTTPError) or not isinstance(late, BaseException):
        late.close()


def _stream(response: HTTPResponse, file: BinaryIO, *, largest: int, progress: bool) -> tuple[str, bytes]:
    """Copy the answer into the file; returns its SHA-256 and first bytes."""
    from tqdm.auto import tqdm  # in a notebook its own bar

    expected = _announced(response)
    if expected is not None and expected > largest:
        response.close()
        raise _Failure(f"announced {expected:,} bytes, more than the {largest:,} that the file can have")
    digest, head, received = hashlib.sha256(), b"", 0
    with tqdm(total=expected, desc="weights", unit="B", unit_scale=True, disable=not progress) as bar:
        for block in _blocks(response):
            head = head or block[:512]
            received += len(block)
            if received > largest:
                raise _Failure(f"did not end after the {largest:,} bytes that the file can have")
            digest.update(block)
            file.write(block)
            bar.update(len(block))
    if expected is not None and received != expected:
        raise _Failure(f"broke off after {received} of {expected} bytes")
    return digest.hexdigest(), head


def _announced(response: HTTPResponse) -> int | None:
    length = (response.headers.get("Content-Length") or "").strip()
    return int(length) if length.isdecimal() and len(length) < MOST_DIGITS else None


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    """The answer's bytes, block by block; raises if they come too slowly, whatever the server does.

    A socket's timeout starts again with each byte. So another thread reads, and this one waits for it.
    """
    arrived: Queue[bytes | Exception] = Queue(maxsize=16)
    given_up = threading.Event()
    reader = threading.Thread(target=_read, args=(response, arrived, given_up), name="igcli-download", daemon=True)
    reader.start()
    received, begun = 0, time.monotonic()
    try:
        while True:
            try:
                block = arrived.get(timeout=STALLED_AFTER)
            except Empty:
                raise TimeoutError from None
            if isinstance(block, Exception):
                raise block
            if not block:
                return
            yield block
            received += len(block)
            if time.monotonic() - begun > WINDOW:
                if received < SLOWEST * WINDOW:
                    raise _Failure(f"sent less than {SLOWEST:,} bytes a second")
                received, begun = 0, time.monotonic()
    finally:
        given_up.set()


def _read(response: HTTPResponse, arrived: Queue[bytes | Exception], given_up: threading.Event) -> None:
    """Put the answer's blocks into the queue, the empty one or an exception last."""
    with response:  # closed here and nowhere else: closing waits for whoever reads
        while not given_up.is_set():
            try:
                block: bytes | Exception = response.read1(BLOCK)
            except Exception as problem:  # passed to the waiting thread
                block = problem
            while not given_up.is_set():
                with suppress(Full):
                    arrived.put(block, timeout=1)
                    break
            if not block or isinstance(block, Exception):
                return


def _reason(problem: Exception) -> str:
    if isinstance(problem, _Failure):
        return str(problem)
    if isinstance(problem, HTTPError):
        problem.close()
        return f"answered {problem.code} {problem.reason}"
    if isinstance(problem, URLError):
        inner = problem.reason
        return f"could not be reached ({getattr(inner, 'strerror', None) or inner or 'no reason given'})"
    if isinstance(problem, TimeoutError):
        return "did not answer in time"
    if isinstance(problem, OSError) and problem.filename is not None:
        return f"cannot be saved: {problem.filename}: {problem.strerror}"
    return f"broke off ({getattr(problem, 'strerror', None) or problem})"
