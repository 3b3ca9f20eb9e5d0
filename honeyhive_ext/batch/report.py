"""What became of a batch: the report, and the ledger that it is made from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import orjson
from attrs import field, frozen

from honeyhive_ext.batch.ids import EventIds, IdStore
from honeyhive_ext.batch.plan import Chunk, Part
from honeyhive_ext.errors import BatchError, HoneyHiveError

Reason = Literal["invalid", "duplicate", "refused", "too_large", "failed", "not_sent"]
"""Why an event is not known to be delivered:

- `invalid`: it could not become a wire event; nothing was sent of it.
- `duplicate`: its `event_id` stands earlier in the same input; only the first one was sent.
- `refused`: the service refuses this event, alone as well as among others.
- `too_large`: the service refuses its size, alone (413).
- `failed`: its requests got no usable answer, or none before the batch was interrupted. It may be stored.
- `not_sent`: the batch stopped before it was sent.
"""

KEPT_BYTES = 32_000_000
"""Bytes of failed events that a report keeps at most; later failures carry no `content`."""


DELIVERED, FAILED = 1, 2  # what the ledger notes of an event; 0 is neither


@frozen
class BatchFailure:
    """One event that is not known to be delivered.

    Attributes:
        index: Where it stood in the input, from 0.
        event_id: Its id, or None where it got none.
        reason: Why, in one word of `honeyhive_ext.batch.Reason`: `invalid`, `duplicate`, `refused`,
            `too_large`, `failed` or `not_sent`.
        error: What happened, such as a `BadRequestError` with the service's message.
        content: The event's JSON as it was (or would have been) sent; None where there is none, and
            after the first 32 MB of failed events.
    """

    index: int
    event_id: str | None
    reason: Reason
    error: HoneyHiveError
    content: bytes | None = field(default=None, repr=False)

    @property
    def event(self) -> dict[str, Any] | None:
        """The event as a dictionary that can be sent again, with the same id; None without `content`."""
        if self.content is None:
            return None
        event: dict[str, Any] = orjson.loads(self.content)
        return event

    def __str__(self) -> str:
        return f"event {self.index} ({self.event_id or 'no id'}) {self.reason}: {self.error}"


@frozen(repr=False)
class BatchReport:
    """What became of every event of a batch.

    Attributes:
        event_ids: The ids of the delivered events, in the order of the input. A sequence that keeps
            16 bytes for each id.
        session_id: The one session of the events, for `single_session=True` and
            `sessions.create_event_batch`; else None.
        failures: The events that are not known to be delivered, in the order of the input.
        requests: HTTP requests made, repeated ones among them.
        retries: How many of them repeated events after an answer that failed, was unclear or left some
            out. Requests that split a refused batch are not retries.
        bytes_sent: Bytes of all request bodies, before any compression.
        read: How many events were read from the input. Less than there are only where the batch
            stopped early.
        stopped: What stopped the batch before its end, else None.
    """

    event_ids: Sequence[str]
    session_id: str | None = None
    failures: tuple[BatchFailure, ...] = ()
    requests: int = 0
    retries: int = 0
    bytes_sent: int = 0
    read: int = 0
    stopped: BaseException | None = field(default=None, eq=False)

    @property
    def success(self) -> bool:
        """Whether every event of the input was delivered."""
        return not self.failures and self.stopped is None

    def raise_for_failures(self) -> None:
        """Raise if anything was not delivered, else do nothing.

        Raises:
            BatchError: It carries this report, and comes from the first failure's error.
        """
        if not self.success:
            raise self.error() from (self.stopped or self.failures[0].error)

    def error(self) -> BatchError:
        """The error that says what is missing and carries this report."""
        lost = len(self.failures)
        text = f"{lost} of {len(self.event_ids) + lost} events not delivered ({_by_reason(self.failures)})"
        if self.stopped is not None:
            text = f"stopped after reading {self.read} events by {_named(self.stopped)}; {text}"
        if self.failures:
            text = f"{text}; first: {self.failures[0]}"
        return BatchError(text, self)

    def __repr__(self) -> str:
        parts = [f"{len(self.event_ids)} delivered"]
        if self.failures:
            parts.append(f"{len(self.failures)} failed ({_by_reason(self.failures)})")
        if self.session_id:
            parts.append(f"session {self.session_id}")
        parts.append(f"{self.requests} requests, {self.retries} retries, {self.bytes_sent} bytes")
        if self.stopped is not None:
            parts.append(f"stopped by {_named(self.stopped)} after reading {self.read}")
        return f"<BatchReport: {'; '.join(parts)}>"


def report_of(error: BaseException | None) -> BatchReport | None:
    """The report that an exception carries, itself or in what it came from.

    A `BatchError` carries it; so does the `KeyboardInterrupt` or `asyncio.CancelledError` that
    interrupted a batch, and a `TimeoutError` that `asyncio.timeout` made of one.

    Args:
        error: Any exception.

    Returns:
        The report so far, or None.

    >>> report_of(BatchError("one event not delivered", BatchReport(event_ids=("a",))))
    <BatchReport: 1 delivered; 0 requests, 0 retries, 0 bytes>
    >>> report_of(ValueError()) is None
    True
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        report = getattr(error, "report", None)
        if isinstance(report, BatchReport):
            return report
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _by_reason(failures: Iterable[BatchFailure]) -> str:
    counts: dict[str, int] = {}
    for failure in failures:
        counts[failure.reason] = counts.get(failure.reason, 0) + 1
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "none failed"


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class Ledger:
    """What happened so far, event by event; safe to write from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
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
        """How many events are delivered or have failed."""
        return self.delivered + len(self._failures)

    def plan(self, chunk: Chunk) -> None:
        """Note the ids of a chunk that is about to be sent. Chunks come in the order of the input."""
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
        """Whether an event with this id is in a chunk already."""
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
        """The events of a planned chunk that are neither delivered nor failed."""
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
        """Note the failure of one event, with its JSON if it has one."""
        _let_go(error)
        with self._lock:
            if self._closed:
                return
            if content is not None:
                self._kept += len(content)
                content = content if self._kept <= KEPT_BYTES else None
            self._failures.append(BatchFailure(position, event_id, reason, error, content))
            if position < len(self._state):
                self._state[position] = FAILED

    def count(self, requests: int, size: int, *, retry: bool) -> None:
        """Note `requests` attempts of one body of `size` bytes; all but the first are retries, or all."""
        with self._lock:
            self.requests += requests
            self.retries += requests if retry else requests - 1
            self.bytes_sent += requests * size

    def close(self, *, session_id: str | None, read: int, stopped: BaseException | None) -> BatchReport:
        """The report. What is noted later, by a request that was left behind, no longer counts."""
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


def _let_go(error: BaseException | None) -> None:
    """Drop the tracebacks of an error that is kept: their frames hold requests and the caller's objects."""
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _index(failure: BatchFailure) -> int:
    return failure.index


Progress = Callable[[int, int | None], object]
"""Called with how many events are settled (delivered or failed), and how many there are, if that is known."""

__all__ = ["BatchFailure", "BatchReport", "EventIds", "Ledger", "Progress", "Reason", "report_of"]
