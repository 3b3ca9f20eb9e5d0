"""The id of this process, without a question to the system for each event.

An event belongs to the process that records it, so the id is compared for each. Hooks of `os.fork` would not
do: some servers fork without them. Linux can empty a page of memory in each child, however it was forked. So
a page that is not empty says that this is still the same process; benchmarks/README.md has the gain. Where
there is no such page, the system is asked each time.
"""

from __future__ import annotations

import mmap
import os

_WIPE_ON_FORK = 18  # of madvise, since Linux 4.14
_UNKNOWN = 9_999  # of madvise, nowhere


def _wiped_on_fork() -> mmap.mmap | None:
    """Return an empty page that each child gets empty; None where the system has none."""
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (AttributeError, OSError, ValueError):
        return None
    try:
        page.madvise(_UNKNOWN)
    except OSError:
        return page
    return None  # an emulator that says yes to everything


def _asked() -> int:
    global _known
    while True:
        _known = asked = os.getpid()
        if _page is None:
            return asked
        _page[0] = 1
        if os.getpid() == asked:  # else a signal handler has forked in the meantime
            return asked


_known = 0
_page = _wiped_on_fork()
_same = bytes(1) if _page is None else _page  # its first byte says whether the id is known


def process_id() -> int:
    """Return the same as `os.getpid`."""
    return _known if _same[0] else _asked()
