"""What reading pictures has to say at once, as the command line's warnings; the records hold all of it as notes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MOST_SHOWN = 5
"""Warnings that are shown; a folder may hold thousands of pictures of one kind."""


@contextmanager
def shown_warnings(warn: Callable[[str], None]) -> Iterator[None]:
    """Inside the block, what ``igcli.images`` logs is given to ``warn``, each once and a few at most."""
    logger, handler = logging.getLogger("igcli.images"), _Handler(warn)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


class _Handler(logging.Handler):
    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn
        self._seen: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message in self._seen or len(self._seen) > MOST_SHOWN:
            return
        self._seen.add(message)
        shown = len(self._seen) <= MOST_SHOWN
        self._warn(message if shown else "More pictures have such a warning; the notes in their records hold them.")
