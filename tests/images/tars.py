"""Archives made for the tests of this folder, by Python's ``tarfile`` and ``zipfile`` and byte by byte."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from igcli.images.source import Found
from igcli.inputs import Missing


def tar_of(members: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of plain files, in the order given."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for name, data in members.items():
            add(tar, name, data)
    return file.getvalue()


def zip_of(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of plain files, in the order given."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> None:
    """A member with fields of its own: ``type``, ``linkname``, ``pax_headers``."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(data))


def header(name: bytes = b"a.jpg", *, kind: bytes = b"0", size: bytes = b"0", rest: bytes = b"") -> bytes:
    """One block with a right checksum, whatever it claims; ``rest`` begins at byte 157."""
    fields = name.ljust(100, b"\0") + b"0000644\0" * 3 + size.ljust(12, b"\0") + b"0" * 11 + b"\0"
    tail = kind + rest.ljust(355, b"\0")
    checksum = sum(fields) + 8 * 32 + sum(tail)
    return fields + b"%06o\0 " % checksum + tail


def padded(data: bytes) -> bytes:
    """Up to a whole block."""
    return data + bytes(-len(data) % 512)


def found(items: list[Found | Missing]) -> list[Found]:
    return [item for item in items if isinstance(item, Found)]


def reasons(items: list[Found | Missing]) -> list[str]:
    """The sentences of what is missing, each on one line."""
    sentences = [item.reason for item in items if isinstance(item, Missing)]
    assert all(reason.endswith(".") and "\n" not in reason for reason in sentences)
    return sentences


def targets(items: list[Found | Missing], folder: Path) -> dict[str, str | None]:
    """The class of each picture, by its path below ``folder``."""
    return {item.path.relative_to(folder).as_posix(): item.target for item in found(items)}
