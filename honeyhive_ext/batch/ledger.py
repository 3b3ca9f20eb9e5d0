"""The ledger of a batch: what is known of each event, and the counts of its requests."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from honeyhive_ext.batch.packed_ids import IdStore
from honeyhive_ext.batch.plan import Chunk, Part
from honeyhive_ext.batch.report import BatchFailure, BatchReport, Reason
from honeyhive_ext.errors import HoneyHiveError

KEPT_BYTES = 32_000_000
"""Bytes of failed events that a report keeps, at most. Later failures have no `content`."""

DELIVERED, FAILED = 1, 2  # the state of an event; 0 is neither


class Ledger:
    """What is known of each event so far. Several threads may write to it.

    Attributes:
        delivered: Events that the service has.
        requests: HTTP requests made, retries among them.
        retries: How many of them repeated events.
        bytes_sent: Bytes of all request bodies.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # memory is taken inside, so a finaliser may run there
        self._ids = IdStore()
        self._state = bytearray()  # one byte for each position of the input
        self._failures: list[BatchFailure] = []
        self._kept = 0
        self._closed = False
        self.delivered = 0
        self.requests = 0
        self.retries = 0
        self.bytes_sent = 0

    @property
    def settled(self) -> int:
        """Events that are delivered or have failed."""
        return self.delivered + len(self._failures)

    def plan(self, chunk: Chunk) -> None:
        """Note the ids of a chunk that will be sent. Chunks come in the order of the input."""
        positions = chunk.positions
        first, last = positions[0], positions[-1]
        with self._lock:
            if last - first + 1 == len(positions):
                self._ids.put(first, chunk.ids)
            else:
                for position, event_id in zip(positions, chunk.ids, strict=True):
                    self._ids.put(position, [event_id])
            self._state.extend(bytes(last + 1 - len(self._state)))

    def holds(self, event_id: str) -> bool:
        """Return whether a planned chunk has an event with this id."""
        return self._ids.holds(event_id)

    def deliver(self, part: Part) -> None:
        """Note that the service has these events."""
        positions = part.positions
        with self._lock:
            if self._closed:
                return
            first, last = positions[0], positions[-1]
            if last - first + 1 == len(positions):
                self._state[first : last + 1] = b"%c" % DELIVERED * len(positions)
            else:
                for position in positions:
                    self._state[position] = DELIVERED
            self.delivered += len(positions)

    def open(self, chunk: Chunk) -> Part:
        """Return the events of a planned chunk that are neither delivered nor failed."""
        with self._lock:
            state = self._state
            return Part(chunk, [row for row, position in enumerate(chunk.positions) if not state[position]])

    def fail(self, part: Part, reason: Reason, error: HoneyHiveError) -> None:
        """Note that these events are not known to be delivered."""
        for position, event_id, content in part.events():
            self.fail_one(position, event_id, reason, error, content)

    def fail_one(
        self,
        position: int,
        event_id: str | None,
        reason: Reason,
        error: HoneyHiveError,
        content: bytes | None = None,
    ) -> None:
        """Note the failure of one event, and its JSON if there is one."""
        _drop_tracebacks(error)
        with self._lock:
            if self._closed:
                return
            if content is not None:
                self._kept += len(content)
                content = content if self._kept <= KEPT_BYTES else None
            self._failures.append(BatchFailure(position, event_id, reason, error, content))
            if position < len(self._state):
                self._state[position] = FAILED

    def fail_rest(self, read: int, error: HoneyHiveError) -> int:
        """Fail the events that were read and never planned: Ctrl-C can come between any two steps.

        Args:
            read: How many events were read. An event may be noted here before it is counted there.
            error: Why they fail.

        Returns:
            How many events were read.
        """
        read = max(read, len(self._state), len(self._ids))
        self._state.extend(bytes(read - len(self._state)))
        known = {failure.index for failure in self._failures}
        position = self._state.find(0)
        while position >= 0:
            if position not in known:
                self.fail_one(position, None, "not_sent", error)
            position = self._state.find(0, position + 1)
        return read

    def count(self, requests: int, size: int, *, retry: bool) -> None:
        """Count the attempts of one request.

        Args:
            requests: How many attempts were made.
            size: Bytes of the body.
            retry: Whether the first attempt repeats events too. The other attempts always do.
        """
        with self._lock:
            self.requests += requests
            self.retries += requests if retry else requests - 1
            self.bytes_sent += requests * size

    def close(self, *, session_id: str | None, read: int, stopped: BaseException | None) -> BatchReport:
        """Return the report. What a request notes later does not count any more."""
        with self._lock:
            self._closed = True
            everything = self.delivered == len(self._state)
            return BatchReport(
                event_ids=self._ids.hand_over() if everything else self._ids.select(self._positions()),
                session_id=session_id,
                failures=tuple(sorted(self._failures, key=_index)),
                requests=self.requests,
                retries=self.retries,
                bytes_sent=self.bytes_sent,
                read=read,
                stopped=stopped,
            )

    def _positions(self) -> Iterable[int]:
        at = self._state.find(DELIVERED)
        while at >= 0:
            yield at
            at = self._state.find(DELIVERED, at + 1)


def _drop_tracebacks(error: BaseException | None) -> None:
    """Drop the tracebacks of an error that a report keeps: they hold requests and the caller's objects."""
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _index(failure: BatchFailure) -> int:
    return failure.index
