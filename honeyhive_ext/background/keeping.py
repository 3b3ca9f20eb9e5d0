"""Entries on disk: how they become records and come back, and what was left by processes that ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

import orjson

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.losses import log
from honeyhive_ext.background.spool.adopt import adopt
from honeyhive_ext.background.spool.backlog import Backlog
from honeyhive_ext.background.spool.header import Destination
from honeyhive_ext.background.spool.layout import RecordKind, Spooled
from honeyhive_ext.background.spool.spool import Spool
from honeyhive_ext.background.spool.trouble import SpoolError

WINDOW = 1_048_576  # bytes that are read at a time
LOOK_AGAIN = 60.0  # seconds from one look for what other processes left to the next
SAY_AGAIN = 60.0  # seconds

_BEFORE, _BETWEEN, _AFTER = b'{"event_id":"', b'","changes":', b"}"


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
        self.not_kept = 0  # entries that are in memory only, as the disk did not take them
        self._destination, self._max_age = destination, options.max_age
        self._after = -1
        self._found: Iterator[Backlog] | None = None
        self._backlog: Backlog | None = None
        self._position = -1
        self._buffer: deque[Entry] = deque()
        self._open = 0  # entries of the backlog that are handed out and not settled
        self._next_look = 0.0
        self._said = -SAY_AGAIN

    def keep(self, entry: Entry) -> None:
        """Append an entry, and note its position; without one, it is in memory only."""
        kind, payload = RecordKind.CREATE, entry.content
        if entry.update:
            kind = RecordKind.UPDATE
            payload = b"".join((_BEFORE, entry.event_id.encode(), _BETWEEN, payload, _AFTER))
        try:
            entry.position = self.spool.append(kind, payload)
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
        return _entries(reading.records, own), _entries(reading.expired, own), reading.after, reading.end

    def settle(
        self,
        delivered: Iterable[Entry],
        rejected: Iterable[tuple[Entry, str]],
        gone: Iterable[tuple[Entry, str]],
    ) -> None:
        """Note on disk what need not be sent any more."""
        acknowledged: dict[int, tuple[Backlog, list[int]]] = {}
        for entry in delivered:
            if entry.backlog is not None or entry.position >= 0:
                backlog = entry.backlog or self.spool
                acknowledged.setdefault(id(backlog), (backlog, []))[1].append(entry.position)
                self._settled(entry)
        for backlog, positions in acknowledged.values():
            with suppress(SpoolError):
                backlog.acknowledge(positions)
        for entry, reason in rejected:
            if entry.position >= 0:
                with suppress(SpoolError):
                    (entry.backlog or self.spool).reject(_record(entry), reason)
                self._settled(entry)
        for entry, reason in gone:
            with suppress(SpoolError):
                (entry.backlog or self.spool).drop([entry.position], reason)
            self._settled(entry)

    def _settled(self, entry: Entry) -> None:
        if entry.backlog is not None:
            self._open -= 1

    def left_by_others(self, most: int) -> list[Entry]:
        """Return some entries of processes that ended; none while those of the last call are not settled."""
        if self._open:
            return []
        try:
            while not self._buffer and self._fill():
                pass
        except (SpoolError, OSError) as error:
            self._backlog = self._found = None
            log.warning("what other processes left in the spool cannot be read: %s", error)
        taken = [self._buffer.popleft() for _ in range(min(most, len(self._buffer)))]
        self._open = len(taken)
        return taken

    @property
    def seconds_to_next_look(self) -> float:
        """Seconds until `left_by_others` may have something again."""
        if self._buffer or self._backlog is not None or self._found is not None:
            return 0.0
        return max(0.0, self._next_look - time.monotonic())

    def _fill(self) -> bool:
        """Read a window into the buffer. Return False if there is nothing."""
        if self._found is None:
            if time.monotonic() < self._next_look:
                return False
            self._next_look = time.monotonic() + LOOK_AGAIN
            self._found = iter(adopt(self.spool.folder, self._destination, max_age=self._max_age))
        if self._backlog is None:
            self._backlog = next(self._found, None)
            self._position = -1
            if self._backlog is None:
                self._found = None
                return False
        backlog = self._backlog
        reading = backlog.read(self._position, WINDOW)
        self._position = reading.after
        if reading.expired:
            backlog.drop([one.position for one in reading.expired], "max_age")
        self._buffer.extend(_entries(reading.records, backlog))
        if reading.end and not reading.records:
            backlog.close()
            self._backlog = None
        return True

    def close(self) -> None:
        """Leave what is not delivered to the next process."""
        with suppress(SpoolError, OSError):
            if self._backlog is not None:
                self._backlog.close()
        with suppress(SpoolError, OSError):
            self.spool.close()


def _entries(records: Iterable[Spooled], backlog: Backlog) -> list[Entry]:
    """Return records as entries. What is no event is dropped, and counted there."""
    entries: list[Entry] = []
    for record in records:
        try:
            entries.append(_entry(record, backlog))
        except (ValueError, KeyError, TypeError):
            backlog.drop([record.position], "invalid")
    return entries


def _entry(record: Spooled, backlog: Backlog) -> Entry:
    payload = record.payload
    update = record.kind is RecordKind.UPDATE
    event_id = str(orjson.loads(payload)["event_id"])
    if update:
        payload = payload[len(_BEFORE) + len(event_id.encode()) + len(_BETWEEN) : -len(_AFTER)]
    entry = Entry(event_id, payload, update=update)
    entry.position = record.position
    entry.backlog = backlog
    entry.since -= max(0.0, time.time() - record.written_at)
    return entry


def _record(entry: Entry) -> Spooled:
    kind = RecordKind.UPDATE if entry.update else RecordKind.CREATE
    written = time.time() - (time.monotonic() - entry.since)
    return Spooled(entry.position, kind, entry.content, int(written))
