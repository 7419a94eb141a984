"""How the C library hands out memory, which decides much of a CPU's training speed."""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Names of two settings of glibc's ``mallopt`` (malloc.h)."""


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next tensor instead of giving it back to the system.

    By default every large tensor is a fresh mapping whose pages the kernel fills with zeros, at
    each step anew, which takes a good part of the time. The price is that the process stays as
    large as its largest batch made it. Where the C library is another one, nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
