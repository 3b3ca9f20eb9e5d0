"""The report of a batch: what happened to each event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import orjson
from attrs import field, frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import BatchError, HoneyHiveError

Reason = Literal["invalid", "duplicate", "refused", "too_large", "failed", "not_sent"]
"""Why an event is not known to be delivered:

- `invalid`: it could not become an event of the API, so it was not sent.
- `duplicate`: an earlier event of the same input has its `event_id`; only the first one was sent.
- `refused`: the service refuses this event, also when it is sent alone.
- `too_large`: the service refuses its size, also when it is sent alone (413).
- `failed`: its requests got no usable answer, or none before the batch was interrupted. It may be stored.
- `not_sent`: the batch stopped before it was sent.
"""


@never_raising
@frozen(repr=False)
class BatchFailure:
    """One event that is not known to be delivered.

    Attributes:
        index: Its position in the input, from 0.
        event_id: Its id, or None if it got none.
        reason: One word of `honeyhive_ext.batch.Reason`: `invalid`, `duplicate`, `refused`,
            `too_large`, `failed` or `not_sent`.
        error: What happened, such as a `BadRequestError` with the service's message.
        content: The event's JSON as it was sent, or would have been. None if there is none, and after the
            first 32 MB of failed events.
    """

    __module__ = "honeyhive_ext"

    index: int
    event_id: str | None
    reason: Reason
    error: HoneyHiveError
    content: bytes | None = None

    @property
    def event(self) -> dict[str, Any] | None:
        """The event as a dict that you can send again, with the same id; None without `content`."""
        if self.content is None:
            return None
        event: dict[str, Any] = orjson.loads(self.content)
        return event

    def __str__(self) -> str:
        return f"event {self.index} ({self.event_id or 'no id'}) {self.reason}: {self.error}"

    def __repr__(self) -> str:
        return f"<BatchFailure: {printable(str(self))}>"


@never_raising
@frozen(repr=False)
class BatchReport:
    """What happened to every event of a batch.

    Attributes:
        event_ids: The ids of the delivered events, in the order of the input, in a sequence that takes
            16 bytes for each id.
        session_id: The one session of the events, for `single_session=True` and
            `sessions.create_event_batch`. Otherwise None.
        failures: The events that are not known to be delivered, in the order of the input.
        requests: HTTP requests made, repeated ones among them.
        retries: Requests that repeated events after an answer that failed, was unclear or left events
            out. Requests that split a refused batch are not retries.
        bytes_sent: Bytes of all request bodies, before any compression.
        read: Events that were read from the input: all of them, unless the batch stopped early.
        stopped: The exception that stopped the batch before its end, or None.
    """

    __module__ = "honeyhive_ext"

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
        """Raise an error if an event was not delivered.

        Raises:
            BatchError: It carries this report, and comes from the error of the first failure.
        """
        if not self.success:
            raise self.error() from (self.stopped or self.failures[0].error)

    def error(self) -> BatchError:
        """Return the error that says what is missing and carries this report."""
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

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.views.markup import MOST_ROWS, card

        facts = [
            ("delivered", f"{len(self.event_ids):,}"),
            ("failed", f"{len(self.failures):,} ({_by_reason(self.failures)})" if self.failures else None),
            ("session", self.session_id),
            ("requests", self.requests),
            ("retries", self.retries),
            ("bytes", self.bytes_sent),
            ("stopped by", None if self.stopped is None else _named(self.stopped)),
        ]
        first = self.failures[:MOST_ROWS]
        rows = [(str(one.index), one.event_id, one.reason, str(one.error)) for one in first]
        columns = ("event", "id", "reason", "error")
        return card("BatchReport", facts, columns, rows, of=len(self.failures))


def report_of(error: BaseException | None) -> BatchReport | None:
    """Return the report of a batch from the exception that ended it.

    A `BatchError` carries the report. So does the `KeyboardInterrupt` or `asyncio.CancelledError` that
    interrupted a batch, and the `TimeoutError` that `asyncio.timeout` makes of that one.

    Args:
        error: Any exception. Its causes and contexts are searched too.

    Returns:
        The report so far, or None if there is none.

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


report_of.__module__ = "honeyhive_ext"


def _by_reason(failures: Iterable[BatchFailure]) -> str:
    counts: dict[str, int] = {}
    for failure in failures:
        counts[failure.reason] = counts.get(failure.reason, 0) + 1
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "none failed"


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
