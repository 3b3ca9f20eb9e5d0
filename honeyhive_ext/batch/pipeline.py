"""One batch from the caller's iterable to the report, as steps that a driver does."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sized
from enum import Enum
from itertools import islice
from typing import Any, cast

from attrs import frozen

from honeyhive_ext.batch.dispatch import Dispatch
from honeyhive_ext.batch.intake import Intake
from honeyhive_ext.batch.options import BatchOptions
from honeyhive_ext.batch.plan import Chunk
from honeyhive_ext.batch.report import BatchReport
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import APIError, EventError, HoneyHiveError
from honeyhive_ext.http.exchange import Call, Reply
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.serialize.encoders import type_name

MOST_AT_ONCE = 1_000
"""Events of a list that are prepared together; more of them would only take more memory."""


class Await(Enum):
    """What a driver waits for."""

    EVENT = "the next event of an async iterable"
    DELIVERY = "the end of one chunk in flight"


@frozen
class EndOfEvents:
    """The iterable gave no event.

    Attributes:
        error: The exception that it raised, or None at its end.
    """

    error: Exception | None


EXHAUSTED = EndOfEvents(None)


BatchStep = Call | Chunk | Await
"""What a driver does, and the outcome that it sends back:

- `Call`: send it; a `Reply` or an `APIError`.
- `Chunk`: start its delivery when a slot is free; None.
- `Await.EVENT`: read the iterable; the event, or `EndOfEvents`.
- `Await.DELIVERY`: wait until one chunk ends; False when none is in flight.
"""


class Pipeline:
    """All decisions that the sync and the async driver share: when to read, start, report progress and stop.

    Args:
        events: The caller's events.
        source: Their iterator, or None if the driver reads an async iterable.
        options: The options of the batch.
        settings: The client's settings.
        progress: The caller's function, or whether to draw a bar.

    Attributes:
        dispatch: The delivery of the chunks.
    """

    def __init__(
        self,
        events: object,
        source: Iterator[object] | None,
        options: BatchOptions,
        settings: Settings,
        progress: bool | Progress,
    ) -> None:
        total = len(events) if isinstance(events, Sized) else None
        self.dispatch = Dispatch(options)
        self._opening = options.opening
        self._intake = Intake(self.dispatch, settings.events)
        self._source = source
        self._sized = total is not None
        # A list keeps its events until the end. A generator may change an event after it gave it, so each of
        # its events is serialized before the next one is read.
        self._at_once = min(options.limits.max_events, MOST_AT_ONCE) if type(events) in (list, tuple) else 0
        self._watcher = Watcher(progress, total)
        self._cause: Exception | None = None  # raised by the caller's iterable or progress function

    def steps(self) -> Generator[BatchStep, object, None]:
        """Yield what to do until every event is delivered or has failed."""
        yield from self._read()
        while (yield Await.DELIVERY):
            self._tell()
        self._tell()

    def _read(self) -> Generator[BatchStep, object, None]:
        intake, source, state = self._intake, self._source, self.dispatch.state
        while self._at_once and source is not None and state.stop is None and self._cause is None:
            events = list(islice(source, self._at_once))
            if not events:
                break
            for chunk in intake.take_many(events, last=len(events) < self._at_once):
                yield from self._start(chunk)
        while state.stop is None and self._cause is None:
            if source is None:
                event = yield Await.EVENT
            else:
                try:
                    event = next(source, EXHAUSTED)
                except Exception as error:  # the caller's generator; `finish` raises from it
                    if from_a_signal_handler(error):
                        raise
                    event = EndOfEvents(error)
            if isinstance(event, EndOfEvents):
                if event.error is not None:
                    self._blame(event.error)
                break
            if (complete := intake.take(event)) is not None:
                yield from self._start(complete)
        if (rest := intake.flush()) is not None:
            yield from self._start(rest)

    def _start(self, chunk: Chunk) -> Generator[BatchStep, object, None]:
        if (call := self._opening) is not None:  # the one session, before its events
            self._opening = None
            outcome = cast("Reply | APIError", (yield call))
            self.dispatch.count(call, outcome, again=False)
            if isinstance(outcome, APIError):
                self.dispatch.stop(outcome)
        yield chunk
        self._tell()

    def _blame(self, error: Exception) -> None:
        self._cause = self._cause or error

    def _tell(self) -> None:
        try:
            self._watcher.tell(self.dispatch.ledger.settled)
        except Exception as error:  # the caller's function; `finish` raises from it
            if from_a_signal_handler(error):
                raise
            self._watcher.close()
            self._blame(error)

    def finish(self) -> BatchReport:
        """Return the report of a batch whose steps are done.

        Raises:
            BatchError: Events are missing, and the caller chose `on_error="raise"`. Or the caller's own
                iterable or progress function raised; the error comes from that exception.
        """
        stop, cause = self.dispatch.state.stop, self._cause
        if stop is not None and cause is None and self._sized and self._source is not None:
            self._intake.skip(self._source, stop)
        report = self._close(cause or stop)
        if cause is not None:
            raise report.error() from cause
        if self.dispatch.options.on_error == "raise":
            report.raise_for_failures()
        return report

    def halt(self, error: BaseException) -> None:
        """Send nothing more, because this exception interrupts the call."""
        self.dispatch.stop(HoneyHiveError(f"interrupted by {type(error).__name__}"))

    def interrupt(self, error: BaseException) -> None:
        """Attach the report so far to the exception that interrupts the call; `report_of` finds it there.

        Call `halt` first, and give the requests in flight some time to end.
        """
        report = self._close(self.dispatch.state.stop)
        # The exception is the caller's. One that takes no report or no note stays what it is.
        with contextlib.suppress(Exception):
            if isinstance(getattr(error, "report", report), BatchReport):
                vars(error)["report"] = report
        with contextlib.suppress(Exception):
            error.add_note(f"the batch so far, from honeyhive_ext.batch.report_of(error): {report!r}")

    def _close(self, stopped: Exception | None) -> BatchReport:
        self._watcher.close()
        self._intake.close()
        if self.dispatch.state.stop is not None:
            self._intake.flush()  # these events are planned, and so have an id in the report
        return self.dispatch.close(self._intake.read, stopped)


def iterator(events: object) -> Iterator[object]:
    """Return the iterator of a caller's events.

    Raises:
        EventError: They are not an iterable of events.
    """
    if isinstance(events, (str, bytes, Mapping)) or not isinstance(events, Iterable):
        kind = type_name(cast("Any", events))
        raise EventError(f"give an iterable of events, such as a list or a generator, not one {kind}")
    return iter(cast("Iterable[object]", events))
