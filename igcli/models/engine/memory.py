"""Memory that was freed is kept for what comes next.

glibc hands every block over 32 MiB back to the system when it is freed, and asks for it anew: the system then clears
it page by page, at a tenth of the speed at which memory is written otherwise. A network's activations are many such
blocks, of the same sizes for every chunk. Kept, they make a gradient on a CPU a tenth to a fifth quicker; the price is
that the process holds on to the most memory it ever needed, up to a limit, until it ends.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

#: glibc's numbers for its settings (malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

LARGEST = 1 << 30
"""Bytes; greater blocks still go back to the system at once."""

MOST_KEPT = (1 << 31) - 1
"""Bytes at the end of the heap that are kept though free: the greatest number the setting takes."""


def keep_freed_memory() -> bool:
    """Have this process's allocator keep what is freed; returns whether it now does.

    Nothing happens where the C library is another than glibc, or where the user has settings for it in the
    environment: ``MALLOC_...`` or ``GLIBC_TUNABLES``. It never raises.
    """
    if "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    with suppress(AttributeError, OSError, ValueError):  # other systems have no such function, or no such question
        if (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            mallopt = ctypes.CDLL(None).mallopt
            return bool(mallopt(_MMAP_THRESHOLD, LARGEST) and mallopt(_TRIM_THRESHOLD, MOST_KEPT))
    return False
