"""Give freed memory back to the operating system at once.

A stage that holds one row per piece allocates and frees large arrays all the time. The allocators
of Arrow and of the C library keep what is freed for later use, in blocks that new arrays often do
not fit in: of a million tunes, that is several hundred MiB.
"""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa

MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
LARGE = 32 << 10  # bytes; smaller blocks are recycled, and keep the pages between them


def return_freed_memory() -> None:
    """Allocate from now on so that every array of 32 KiB or more is returned when it is freed.

    Arrow uses the allocator of the C library. With glibc, blocks of that size are mapped singly;
    with another C library, it decides itself.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform.startswith("linux"):
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)
        if set_option is not None:
            set_option(MMAP_THRESHOLD, LARGE)
