"""Pictures that lie at an address, on the web or in a store: what they are called, and how a list names them.

Nothing is fetched here. What comes after ``?`` in an address, and a name and password in it, can be secrets: they are
in :attr:`Found.url`, which only ``remote`` reads, and in no path, message or record.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit

from igcli.images.source import Found

SCHEMES = ("http", "https", "s3")
"""How an address that is read may begin."""

LONGEST_URL = 8192
"""Characters of an address."""

_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


class Address(type(Path())):  # type: ignore[misc]  # the system's own path, whichever that is
    """An address without secrets, as a path: to be shown and named by, never to be opened."""

    def __str__(self) -> str:
        return re.sub(r"^(\w+):[/\\]+", r"\1://", super().__str__())


def is_address(text: str) -> bool:
    """Whether a text is an address, of whatever scheme."""
    return _SCHEME.match(text) is not None


def address_of(url: str) -> Address:
    """What stands for an address in messages and records: eight digits of its SHA-256 for what is left out."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # no address at all, as with half a bracket
        return Address(f"{url.partition(':')[0].strip().lower()}://...")
    host = parts.netloc.rpartition("@")[2]
    plain = f"{parts.scheme.lower()}://{host}{parts.path}"
    hidden = parts.query or parts.fragment or host != parts.netloc
    return Address(f"{plain}#{hashlib.sha256(url.strip().encode()).hexdigest()[:8]}" if hidden else plain)


def path_of(argument: str) -> Path:
    """What an argument is called in messages and records: its path, or what stands for its address."""
    return address_of(argument) if is_address(argument) else Path(argument)


def absolute(path: Path) -> str:
    """The absolute path of a file, links not followed, or the address."""
    return str(path) if isinstance(path, Address) else os.path.abspath(path)  # noqa: PTH100 - it would follow links


def ending_at(url: str) -> str:
    """The ending, in lower case, of the last part of an address's path."""
    return PurePosixPath(urlsplit(url.strip()).path).suffix.lower()


def found_at(url: str) -> Found:
    """The picture at an address.

    Raises
    ------
    ValueError
        The end of a sentence that begins with the address, for one that is not read.
    """
    url = url.strip()
    if len(url) > LONGEST_URL or not url.isprintable():
        raise ValueError(f"is no address: it has more than {LONGEST_URL:,} characters, or some that cannot be printed.")
    try:
        parts = urlsplit(url)
        server = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise ValueError("is no address; check how it is spelled.") from None
    if parts.scheme.lower() not in SCHEMES:
        raise ValueError(f"is not read: addresses begin with {', '.join(SCHEMES)}. Download it and name the file.")
    if not server:
        raise ValueError("names no server; check the address.")
    name = PurePosixPath(unquote(parts.path, errors="replace")).name
    return Found(address_of(url), Path(name or server), url=url)


def joined(base: str, text: str) -> str:
    """The address of what a list at ``base`` names: an address itself, or a path from the list's folder.

    Raises
    ------
    ValueError
        For a store's address in a list on the web, which would be read with this machine's own rights.
    """
    on_web = not base.lower().startswith("s3:")
    if is_address(text):
        if on_web and urlsplit(text.strip()).scheme.lower() not in ("http", "https"):
            raise ValueError("is no address on the web, and the list that names it lies there; download the list.")
        return text.strip()
    path = quote(text.strip(), safe="/%")
    return urljoin(base, path) if on_web else f"{base.rpartition('/')[0]}/{text.strip()}"
