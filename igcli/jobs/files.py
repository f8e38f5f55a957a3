"""Writing files whole or not at all.

A file is written under a temporary name in its own folder, flushed to the disk, and renamed: an interruption at any
moment leaves the old file, the new file, or none, never half of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from igcli.errors import OutputError

#: In an output folder: what is for ``ig`` alone.
FOLDER = ".igcli"


def write_whole(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write ``data``, all at once or piece by piece, to ``path``, replacing what is there; the folder is made.

    Raises
    ------
    OutputError
        When the folder cannot be written to or the disk is full; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=_own_prefix(), suffix=_PARTIAL, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o666 & ~_umask())  # noqa: PTH101
            os.replace(partial, path)  # noqa: PTH105
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)  # noqa: PTH108
            raise
    except OSError as error:
        raise output_error(path, error) from error


def inside(output: Path, path: Path) -> Path:
    """``path``, if its folder lies in ``output``.

    Raises
    ------
    OutputError
        When a link leads out of it.
    """
    if not path.parent.resolve().is_relative_to(output.resolve()):
        raise OutputError(f"{path} would lie outside {output}. Remove the link that leads there.")
    return path


def unlinked(output: Path, path: Path) -> Path:
    """``path``, if it lies in ``output`` and is no link, which would be written through.

    Raises
    ------
    OutputError
        When it is.
    """
    if path.is_symlink():
        raise OutputError(f"{path} is a link: remove it, or choose another folder with -o.")
    return inside(output, path)


def remove_partials(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder; those still at work are let alone."""
    host = _own_prefix().rpartition("-")[0].rpartition("-")[0]
    for path in folder.glob(f".ig-*{_PARTIAL}"):
        machine, _, rest = path.name.removesuffix(_PARTIAL).rpartition("-")[0].rpartition("-")
        with contextlib.suppress(OSError):
            gone = not _alive(rest) if machine == host else time.time() - path.stat().st_mtime > _STALE
            if gone:
                path.unlink()


def check_writable(folder: Path) -> None:
    """Make ``folder`` and try whether files can be made in it, before any work is done.

    What killed runs have left there half-written is removed.

    Raises
    ------
    OutputError
        When they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        remove_partials(folder)
    except OSError as error:
        raise output_error(folder, error) from error


def output_error(path: Path, error: OSError) -> OutputError:
    """Why ``path`` could not be written, as a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full: {path} was not written. Make room, or choose another folder with -o.")
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return OutputError(f"{path} cannot be written: a file stands where a folder is needed. Choose another with -o.")
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"{path} cannot be written ({reason}). Choose another folder with -o.")


_PARTIAL = ".partial"
#: Seconds after which a file half-written on another machine is taken for abandoned.
_STALE = 3600.0


def _own_prefix() -> str:
    """``.ig-<machine>-<process>-``: so that it can be told later whether the writer still lives."""
    machine = "".join(c for c in platform.node() if c.isalnum())[:32]
    return f".ig-{machine}-{os.getpid()}-"


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
