"""What processes that ended have left in a spool, as entries: one window in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.records import entries_of
from honeyhive_ext.background.spool.backlog import Backlog
from honeyhive_ext.background.spool.trouble import SpoolError

WINDOW = 1_048_576  # bytes that are read at a time


class Leftovers:
    """Reads backlogs, one after another, and closes each when it is read.

    Args:
        backlogs: Such as those of `adopt`.

    Attributes:
        counts: The counts of the backlogs that are closed; see `Backlog.counts`.
    """

    def __init__(self, backlogs: Iterable[Backlog]) -> None:
        self.counts: Counter[str] = Counter()
        self._backlogs: Iterator[Backlog] = iter(backlogs)
        self._backlog: Backlog | None = None
        self._position = -1
        self._buffer: deque[Entry] = deque()

    def take(self, most: int) -> list[Entry]:
        """Return the next entries, none at the end. Settle them before the next call.

        Raises:
            SpoolError, OSError: The spool cannot be read.
        """
        while not self._buffer and self._fill():
            pass
        return [self._buffer.popleft() for _ in range(min(most, len(self._buffer)))]

    def _fill(self) -> bool:
        """Read a window into the buffer. Return False at the end."""
        if self._backlog is None:
            self._backlog = next(self._backlogs, None)
            self._position = -1
            if self._backlog is None:
                return False
        backlog = self._backlog
        reading = backlog.read(self._position, WINDOW)
        self._position = reading.after
        if reading.expired:
            backlog.drop([one.position for one in reading.expired], "max_age")
        self._buffer.extend(entries_of(reading.records, backlog))
        if reading.end and not reading.records:
            self.close()
        return True

    def close(self) -> None:
        """Leave what is not settled of the backlog that is being read to others."""
        backlog, self._backlog = self._backlog, None
        if backlog is None:
            return
        with suppress(SpoolError, OSError):
            while not self._buffer:  # what has nothing more is deleted, and nobody has to look at it again
                reading = backlog.read(self._position, WINDOW)
                self._position = reading.after
                if reading.end or reading.records or reading.expired:
                    break
        backlog.close()
        self.counts += backlog.counts
