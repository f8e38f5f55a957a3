"""The bytes at an address, by fsspec: bounded in number, in time and in redirects, and not at all when offline.

``http`` and ``https`` need the extra ``remote`` (aiohttp), ``s3`` the package s3fs. Answers are taken as they are sent,
never unpacked. Redirects lead to ``http`` and ``https`` only.
"""

from __future__ import annotations

import os
from typing import Any

from igcli.errors import ImageError
from igcli.images.addresses import address_of
from igcli.images.source import shown

MOST_FETCHED = 1 << 28
"""Bytes of a picture or a list at an address."""

LONGEST_WAIT = 120.0
"""Seconds from the request to the last byte."""

LONGEST_SILENCE = 20.0
"""Seconds until a connection is there, and between two pieces of an answer."""

MOST_REDIRECTS = 5

OFFLINE = "IGCLI_OFFLINE"
"""The variable that has the effect of ``--offline`` wherever it is not empty or 0."""

_PIECE = 1 << 18


def is_offline() -> bool:
    """Whether the environment says that nothing may be fetched."""
    return os.environ.get(OFFLINE, "").lower() not in ("", "0", "false", "no")


def refused_offline(name: str) -> str:
    """The sentence for an address where nothing may be fetched."""
    return f"{name} is an address, and --offline or {OFFLINE} is set: download it first, or leave that out."


def fetched_bytes(url: str) -> bytes:
    """All that is at an address.

    Raises
    ------
    ImageError
        For what is missing, refused, too long, too slow or cut off, and where a package is missing.
    """
    name = shown(address_of(url))
    if is_offline():
        raise ImageError(refused_offline(name))
    system, how = _system(url, name)
    from fsspec.asyn import sync
    from fsspec.exceptions import FSTimeoutError

    try:
        return bytes(sync(system.loop, _read, system, url, how, name))
    except ImageError:
        raise
    except (TimeoutError, FSTimeoutError):
        raise ImageError(
            f"{name} did not arrive within {LONGEST_WAIT:g} seconds, or was silent for {LONGEST_SILENCE:g}; try again, "
            "or download it."
        ) from None
    except Exception as error:  # each kind of store has errors of its own, and their texts may hold secrets
        raise ImageError(f"{name} {_reason(error)}") from None


def _system(url: str, name: str) -> tuple[Any, dict[str, Any]]:
    """The file system of fsspec for an address, and how its files are opened."""
    try:
        import fsspec

        if url[:2].lower() == "s3":
            return fsspec.filesystem("s3"), {}
        import aiohttp
    except ImportError:
        package = "s3fs" if url[:2].lower() == "s3" else '"igcli[remote]"'
        raise ImageError(f"{name} is read by a package that is not installed: pip install {package}.") from None
    limits = aiohttp.ClientTimeout(total=LONGEST_WAIT, connect=LONGEST_SILENCE, sock_read=LONGEST_SILENCE)
    headers = {"User-Agent": "igcli", "Accept-Encoding": "identity"}
    client = {"trust_env": True, "auto_decompress": False, "headers": headers, "timeout": limits}
    return fsspec.filesystem("http", client_kwargs=client), {"max_redirects": MOST_REDIRECTS}


async def _read(system: Any, url: str, how: dict[str, Any], name: str) -> bytearray:
    import asyncio  # takes a twentieth of a second, and only what is fetched needs it

    return await asyncio.wait_for(_pieces(system, url, how, name), LONGEST_WAIT)


async def _pieces(system: Any, url: str, how: dict[str, Any], name: str) -> bytearray:
    """The answer, piece by piece; its length is checked where it is stated, and as it arrives."""
    file = await system.open_async(url, "rb", **how)
    data = bytearray()
    try:
        _check(file.size or 0, name)
        while piece := await file.read(_PIECE):
            data += piece
            _check(max(len(data), file.size or 0), name)  # a store states the size only now
    finally:
        await file.close()
    return data


def _check(size: int, name: str) -> None:
    if size > MOST_FETCHED:
        raise ImageError(
            f"{name} has more than the {MOST_FETCHED:,} bytes that are fetched; download it and name the file."
        )


def _reason(error: Exception) -> str:
    """The end of a sentence on what went wrong, without the error's text."""
    status, kind = getattr(error, "status", None), type(error).__name__
    if isinstance(error, FileNotFoundError):
        return "is not there (404); check the address."
    if isinstance(error, PermissionError) or status in (401, 403):
        return "may not be read (access is refused); check the address, or download it with the rights that it takes."
    if kind == "TooManyRedirects":
        return f"leads on more than {MOST_REDIRECTS} times; check the address."
    if kind in (
        "NonHttpUrlRedirectClientError",
        "InvalidUrlRedirectClientError",
        "InvalidURL",
        "NonHttpUrlClientError",
    ):
        return "leads to something that is no address on the web; check it."
    if kind == "ClientPayloadError":
        return "broke off before its end; try again."
    if status:
        return f"cannot be had: the server answered {status}; check the address, or try again."
    reason = getattr(getattr(error, "os_error", None), "strerror", None) or kind
    return f"cannot be reached ({reason}); check the address and the network."
