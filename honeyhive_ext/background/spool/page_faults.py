"""Pages of a mapping are made ready before they are written to, by a thread that appends do not wait for.

The first write to each page of a new file takes the system as long as several events take otherwise, and
more while a disk is busy. Linux does that work ahead in one call. The method of `mmap` would keep the
interpreter's lock meanwhile, so the call goes through `ctypes`. benchmarks/README.md has the difference.
Where there is no such call, each first write waits as ever.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_POPULATE_WRITE = 23  # of madvise, since Linux 5.14; it changes no byte

_madvise: Any = None
if sys.platform == "linux":
    with suppress(ImportError, OSError, AttributeError):  # Python was built without it
        import ctypes

        _madvise = ctypes.CDLL(None).madvise
        _madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def page_maker(mapping: mmap.mmap) -> Callable[[int, int], bool] | None:
    """Return a function that makes a part of a mapping ready, from one page to another one, in bytes.

    It returns whether that was done. It must not be called once the mapping is closed.

    Returns:
        None where the system has no such call.
    """
    if _madvise is None:
        return None
    import ctypes

    begin = ctypes.c_char.from_buffer(mapping)
    address: int = ctypes.addressof(begin)
    del begin  # while it exists, the mapping cannot be closed

    def make(first: int, end: int) -> bool:
        return bool(_madvise(address + first, end - first, _POPULATE_WRITE) == 0)

    return make
