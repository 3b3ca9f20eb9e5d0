"""Entries on disk: what this process keeps, and what was left by processes that ended."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.leftovers import WINDOW, Leftovers
from honeyhive_ext.background.losses import log
from honeyhive_ext.background.records import entries_of, kind_of, payload_of, settle
from honeyhive_ext.background.spool.adopt import adopt
from honeyhive_ext.background.spool.header import Destination
from honeyhive_ext.background.spool.layout import RecordKind
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.spool import Spool
from honeyhive_ext.background.spool.trouble import SpoolError

LOOK_AGAIN = 60.0  # seconds from one look for what other processes left to the next
SAY_AGAIN = 60.0  # seconds
CREATE = int(RecordKind.CREATE)


class Keeper:
    """The spool of one background sender, and the backlogs that it takes over.

    Args:
        folder: The folder of the spool.
        destination: Where the events go.
        options: See `Background`.

    Raises:
        SpoolError: The folder cannot be used.
    """

    def __init__(self, folder: str, destination: Destination, options: Background) -> None:
        self.spool = Spool(
            folder,
            destination,
            sync=options.sync,
            max_bytes=options.max_spool_bytes,
            max_age=options.max_age,
        )
        self._append = self.spool.append_here
        self.not_kept = 0  # entries that are in memory only, as the disk did not take them
        self._destination, self._max_age = destination, options.max_age
        self._left: Leftovers | None = None
        self._open = 0  # entries of the backlog that are handed out and not settled
        self._next_look = 0.0
        self._said = -SAY_AGAIN

    def keep(self, entry: Entry) -> None:
        """Append an entry, and note its position; without one, it is in memory only."""
        try:
            if entry.update or entry.resumes:
                entry.position = self.spool.append(kind_of(entry), payload_of(entry))
            else:
                entry.position = self._append(CREATE, entry.content)
        except SpoolError as error:
            self.not_kept += 1
            now = time.monotonic()
            if now - self._said >= SAY_AGAIN:
                self._said = now
                log.error("events are in memory only, and lost if the process is killed: %s", error)

    def read(self, after: int) -> tuple[list[Entry], list[Entry], int, bool]:
        """Return own entries that are on disk only, expired ones, where to go on, and whether that is all."""
        reading = self.spool.read(after, WINDOW)
        own = self.spool
        return entries_of(reading.records, own), entries_of(reading.expired, own), reading.after, reading.end

    def settle(
        self,
        delivered: Collection[Entry],
        rejected: Collection[tuple[Entry, str]],
        gone: Collection[tuple[Entry, str]],
    ) -> None:
        """Note on disk what need not be sent any more."""
        settle(delivered, rejected, gone, self.spool)
        settled = [*delivered, *(entry for part in (rejected, gone) for entry, _ in part)]
        self._open -= sum(entry.backlog is not None for entry in settled)

    def left_by_others(self, most: int) -> list[Entry]:
        """Return some entries of processes that ended; none while those of the last call are not settled."""
        if self._open:
            return []
        if self._left is None:
            if time.monotonic() < self._next_look:
                return []
            self._next_look = time.monotonic() + LOOK_AGAIN
            self._left = Leftovers(adopt(self.spool.folder, self._destination, max_age=self._max_age))
        taken: list[Entry] = []
        try:
            taken = self._left.take(most)
        except (SpoolError, OSError) as error:
            log.warning("what other processes left in the spool cannot be read: %s", error)
        if not taken:
            self._left = None
        self._open = len(taken)
        return taken

    @property
    def seconds_to_next_look(self) -> float:
        """Seconds until `left_by_others` may have something again."""
        return 0.0 if self._left is not None else max(0.0, self._next_look - time.monotonic())

    def vanished(self) -> Ranges:
        """Return the positions of own entries whose files somebody has deleted."""
        return self.spool.vanished()

    def close(self) -> None:
        """Leave what is not delivered to the next process."""
        with suppress(SpoolError, OSError):
            if self._left is not None:
                self._left.close()
        with suppress(SpoolError, OSError):
            self.spool.close()
