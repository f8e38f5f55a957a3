"""Code of the user's own, by name: a file's or a module's function, class or object.

It is run, as if it were imported: name only what you would run.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

from igcli.errors import IgError, UsageError, first_line


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Inside the block, modules in the folder can be imported."""
    added = str(folder.resolve())
    sys.path.insert(0, added)
    try:
        yield
    finally:
        sys.path.remove(added)


def importing_from(where: str) -> AbstractContextManager[None]:
    """The block in which a file's or module's code runs: what lies next to it can be imported."""
    return importable(Path(where).parent if where.endswith(".py") else Path.cwd())


def imported(name: str, *, option: str) -> Any:
    """What ``name`` calls: ``path/to/file.py:attribute`` or ``package.module:attribute``; the code is run.

    Parameters
    ----------
    option
        Where the name was given, for messages.

    Raises
    ------
    UsageError
        The code cannot be found or run, or does not define the attribute.
    """
    where, _, attribute = name.rpartition(":")
    with importing_from(where):
        return _attribute(_module(where, option), attribute, name)


def _module(where: str, option: str) -> ModuleType:
    try:
        if not where.endswith(".py"):
            return importlib.import_module(where)
        path = Path(where).expanduser().resolve()
        if not path.is_file():
            raise UsageError(f"There is no file {where}. Check the path before the colon of {option}.")
        # a unique name, by which its classes can be unpickled
        own = f"igcli_model_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        spec = importlib.util.spec_from_file_location(own, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{where} is not a Python file. Give {option} FILE.py:FUNCTION.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[own] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[own]
            raise
        return module
    except IgError:
        raise
    except ModuleNotFoundError as problem:
        if problem.name is not None and f"{where}.".startswith(f"{problem.name}."):
            raise UsageError(
                f"There is no module {problem.name} to import here. Run ig in the folder that holds it, install it, "
                f"or give {option} path/to/FILE.py:FUNCTION."
            ) from problem
        raise UsageError(f"{where} could not be imported ({raised(problem)}). Correct or install it.") from problem
    except Exception as problem:  # the user's own code can raise anything
        raise UsageError(f"{where} could not be imported ({raised(problem)}). Correct it; --debug shows where.") from (
            problem
        )


def _attribute(module: ModuleType, attribute: str, name: str) -> Any:
    try:
        return reduce(getattr, attribute.split("."), module)
    except AttributeError:
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__ and callable(v)]
        offered = f"It defines: {', '.join(own)}." if own else "It defines no function or class."
        raise UsageError(f"{name.rpartition(':')[0]} has no {attribute!r}. {offered}") from None


def type_in_words(value: object) -> str:
    """A value in the words of a message."""
    return "nothing" if value is None else f"something of type {type(value).__name__}"


def raised(problem: Exception) -> str:
    """An exception in the words of a message."""
    first = first_line(problem)
    return f"{type(problem).__name__}: {first}" if first else type(problem).__name__
