"""Fetching a file of weights: the whole right file arrives under its name, or nothing does.

The standard library's urllib honours HTTPS_PROXY and SSL_CERT_FILE by itself. Where files are kept is ``cache``'s
concern.
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from concurrent.futures import Future
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from igcli.errors import NetworkUnavailable
from igcli.models.weights import is_web_page

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from pathlib import Path
    from typing import BinaryIO

BLOCK = 1 << 18
STALLED_AFTER = 20.0
"""Seconds without a byte after which a download that has begun is given up."""


def fetch(url: str, destination: Path, *, sha256_prefix: str, timeout: float = 15.0, progress: bool = False) -> Path:
    """Download ``url`` to ``destination``; the file appears there whole and checked, or not at all.

    Parameters
    ----------
    url
        An http or https address.
    sha256_prefix
        How the file's SHA-256 begins, in hexadecimal.
    timeout
        Seconds that may pass before the server begins its answer: name look-up, every address tried, and redirects
        together.
    progress
        Draw a bar on stderr.

    Raises
    ------
    NetworkUnavailable
        When the file cannot be had, or is not the right one. The first line of its message says why, the others all
        ways to get the file.
    """
    partial = destination.with_name(f"{destination.name}.{uuid.uuid4().hex}.part")  # two processes may fetch at once
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise _Failure("is not a web address")
        destination.parent.mkdir(parents=True, exist_ok=True)
        with _open(url, timeout) as response, partial.open("xb") as file:
            sha256, head = _stream(response, file, progress=progress)
            os.fsync(file.fileno())
        if is_web_page(head):
            raise _Failure("sent a web page instead of the file (a login page or a proxy?)")
        if not sha256.startswith(sha256_prefix):
            raise _Failure(f"sent another file: its SHA-256 begins with {sha256[: len(sha256_prefix)]}")
        partial.replace(destination)
    except (_Failure, OSError, HTTPException, ValueError) as problem:
        reason = f"The weights are not on this machine, and {url} {_reason(problem)}."
        raise NetworkUnavailable(f"{reason}\n{ways_to_get(url, destination, sha256_prefix=sha256_prefix)}") from problem
    finally:
        with suppress(OSError):
            partial.unlink()
    return destination


def ways_to_get(url: str, destination: Path, *, sha256_prefix: str) -> str:
    """How a person can get the file, or do without it; a few lines."""
    return (
        f"By hand: download {url} and save it as {destination} (its SHA-256 begins with {sha256_prefix}).\n"
        "Behind a proxy: HTTPS_PROXY, SSL_CERT_FILE and TORCH_HOME are honoured.\n"
        "Without a network: --weights FILE for a copy of the file, or --model caltech101 for the bundled network."
    )


class _Failure(Exception):
    """Ends the sentence that begins with the address."""


def _open(url: str, timeout: float) -> HTTPResponse:
    """The server's answer, once it has begun.

    A socket's timeout counts anew for each of a host's addresses and does not cover the look-up of its name; waiting
    for a thread bounds them all.
    """
    answer: Future[HTTPResponse] = Future()

    def ask() -> None:
        try:
            answer.set_result(_opener().open(_request(url), timeout=STALLED_AFTER))
        except Exception as problem:  # handed to the waiting thread
            answer.set_exception(problem)

    threading.Thread(target=ask, name="igcli-fetch", daemon=True).start()
    try:
        return answer.result(timeout)
    except TimeoutError:
        answer.add_done_callback(_discard)
        raise


def _request(url: str) -> request.Request:
    return request.Request(url, headers={"User-Agent": "igcli"})  # noqa: S310 (fetch has checked the scheme)


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


def _stream(response: HTTPResponse, file: BinaryIO, *, progress: bool) -> tuple[str, bytes]:
    """Copy the answer into the file; returns its SHA-256 and first bytes."""
    from tqdm import tqdm

    length = response.headers.get("Content-Length")
    expected = int(length) if length else None
    digest, head, received = hashlib.sha256(), b"", 0
    with tqdm(total=expected, desc="weights", unit="B", unit_scale=True, disable=not progress) as bar:
        while block := response.read(BLOCK):
            head = head or block[:512]
            digest.update(block)
            file.write(block)
            received += len(block)
            bar.update(len(block))
    if expected is not None and received != expected:
        raise _Failure(f"broke off after {received} of {expected} bytes")
    file.flush()
    return digest.hexdigest(), head


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
