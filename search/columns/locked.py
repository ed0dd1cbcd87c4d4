"""Mapped columns that stay in memory: what is read of a file once in a minute is otherwise the first to make room."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from typing import Any, Final

from numpy.typing import NDArray

_AS_READ: Final = 1
"""MLOCK_ONFAULT of Linux: a page stays once it was read, and is not made one's own."""
_READ_NOW: Final = 22
"""MADV_POPULATE_READ of Linux: as if every page had been read."""


def keep_in_memory(column: NDArray[Any]) -> None:
    """Have a mapped column read into memory and stay there, shared as it is, until it is let go.

    Raises
    ------
    OSError
        The process may not lock so much (`ulimit -l`), or the system does not know how.
    """
    if not column.nbytes:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    start = column.ctypes.data // mmap.PAGESIZE * mmap.PAGESIZE
    length = column.ctypes.data + column.nbytes - start
    if not hasattr(libc, "mlock2"):
        raise OSError("this system cannot lock memory page by page")
    for call, flag, can_wait in ((libc.mlock2, _AS_READ, False), (libc.madvise, _READ_NOW, True)):
        if call(ctypes.c_void_p(start), ctypes.c_size_t(length), ctypes.c_int(flag)):
            number = ctypes.get_errno()
            if can_wait and number == errno.EINVAL:  # Linux before 5.14: its pages stay from when they are first read
                continue
            raise OSError(number, os.strerror(number))
