"""Rows of a memory-mapped file, read from the disk while something else is computed."""

import ctypes
import mmap

from torch import Tensor

_madvise = ctypes.CDLL(None).madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def read_ahead(held: Tensor, rows: Tensor) -> None:
    """Ask the system to have rows in memory soon; it goes on at once.

    Args:
        held: (n, ...) on the CPU, over a memory-mapped file.
        rows: int64 (b,), which of the n.
    """
    size = held.stride(0) * held.element_size()
    for row in rows.tolist():
        start = held.data_ptr() + row * size
        skipped = start % mmap.PAGESIZE
        _madvise(start - skipped, size + skipped, mmap.MADV_WILLNEED)
