"""One run at a time: a lock in the output folder's ``.igcli`` released when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from igcli.errors import OutputError
from igcli.jobs.files import FOLDER, open_to_append, output_error, unlinked

if TYPE_CHECKING:
    from filelock import BaseFileLock

#: What file systems without locks say.
_WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
#: How often the lock's file may be removed by another run between its opening and its locking.
_ATTEMPTS = 20


class RunLock:
    """The right to write some files of an output folder; taken at construction, without waiting.

    Parameters
    ----------
    output
        The folder; it is made.
    name
        Of what is written. Runs under different names share the folder.
    keep
        Whether the lock's file stays; else it is removed, and so is ``.igcli`` if nothing else lies in it.

    Attributes
    ----------
    warning
        A sentence where the file system knows no locks, else empty.

    Raises
    ------
    OutputError
        When another run holds it, and when the file cannot be written or is no file of this folder alone.
    """

    def __init__(self, output: Path, name: str, *, keep: bool = False) -> None:
        self._path = unlinked(output, output / FOLDER / f"{name}.lock")
        self._keep, self.warning = keep, ""
        self._lock = self._taken(output)

    def __enter__(self) -> RunLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock."""
        if self._lock is None:
            return
        if not self._keep:
            with contextlib.suppress(OSError):  # while it is held: another run would make a file of its own
                self._path.unlink()
        self._lock.release()
        self._lock = None
        if not self._keep:
            with contextlib.suppress(OSError):
                self._path.parent.rmdir()

    def _taken(self, output: Path) -> BaseFileLock | None:
        from filelock import FileLock, Timeout  # not before it is needed

        for _ in range(_ATTEMPTS):
            before = self._file()
            if before is None:
                continue
            lock = FileLock(self._path, thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                raise OutputError(
                    f"Another run is writing to {output}: wait for it, or choose another folder."
                ) from None
            except (FileNotFoundError, FileExistsError):  # the folder was removed just now, before or while it was made
                continue
            except (NotImplementedError, OSError) as error:
                if isinstance(error, OSError) and error.errno not in _WITHOUT_LOCKS:
                    raise output_error(self._path, error) from error
                self.warning = f"{output} lies on a file system without locks: start no second run into it."
                return None
            if self._number() == before:
                return lock
            lock.release()  # of a file that another run has removed: it keeps nobody out
        raise OutputError(f"Another run is writing to {output}: wait for it, or choose another folder.")

    def _file(self) -> int | None:
        """Make the lock's file, or make sure that it is one; its number, or ``None`` if it was removed meanwhile."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(open_to_append(self._path))
        except OSError as error:
            if isinstance(error, FileExistsError) and not self._path.parent.is_file():  # removed just now
                return None
            raise output_error(self._path, error) from error
        except OutputError as error:
            if isinstance(error.__cause__, FileNotFoundError):  # the folder was removed just now
                return None
            raise
        return self._number()

    def _number(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except OSError:
            return None


def lock_of_photo(output: Path, stem: Path, *, kind: str) -> RunLock:
    """The lock for the files of one photo by one command, so that several runs can write others of the same folder."""
    digest = hashlib.sha256(stem.as_posix().encode("utf-8", "replace")).hexdigest()[:16]
    return RunLock(output, f"{kind}-{digest}")
