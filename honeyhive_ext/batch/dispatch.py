"""The delivery of planned chunks, and the report of what happened to their events.

`Dispatch` takes chunks from any source: the events of a caller's iterable (`pipeline.py`), or events that
are prepared already (`deliver` in `run.py` and `aio_run.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.ledger import Ledger
from honeyhive_ext.batch.options import BatchOptions
from honeyhive_ext.batch.plan import Chunk
from honeyhive_ext.batch.reconcile import BatchState, Delivery, DeliveryOutcome, DeliveryStep, SendPart
from honeyhive_ext.batch.report import BatchReport, Reason
from honeyhive_ext.batch.requests import batch_call
from honeyhive_ext.errors import APIError, APIStatusError, HoneyHiveError
from honeyhive_ext.http.exchange import Call, Reply


class Dispatch:
    """The chunks of one batch: which are planned, which are in flight, and what is known of their events.

    One thread or task plans chunks and closes the report. Several may run `steps`, each for its own chunk.

    Attributes:
        options: What the caller chose.
        ledger: What is known of each event.
        state: What the chunks share.
    """

    def __init__(self, options: BatchOptions) -> None:
        self.options = options
        self.ledger = Ledger()
        self.state = BatchState(
            self.ledger,
            options.limits,
            ids_in_answer=not options.by_path,
            deadline=options.policy.deadline,
        )
        self._planned: dict[Chunk, None] = {}  # those that are not finished, in the order of the input
        self._in_flight: set[Chunk] = set()

    def plan(self, chunk: Chunk) -> None:
        """Note a chunk that is about to be sent. Chunks come in the order of the input."""
        self.ledger.plan(chunk)
        self._planned[chunk] = None

    def steps(self, chunk: Chunk) -> Generator[DeliveryStep, DeliveryOutcome, None]:
        """Yield what to do for a planned chunk until each of its events is delivered or has failed.

        Yields:
            A `SendPart`, whose outcome is `answer(...)`, or a `Backoff`, whose outcome is None.
        """
        self._in_flight.add(chunk)
        yield from Delivery(chunk, self.state).steps()
        self._in_flight.discard(chunk)
        del self._planned[chunk]

    def call(self, step: SendPart) -> Call:
        """Return the request of a step."""
        return batch_call(step.part.body(), self.options.session_id if self.options.by_path else None)

    def answer(
        self,
        step: SendPart,
        call: Call,
        outcome: Reply | APIError,
        error_of: Callable[[Call, Reply], APIStatusError],
    ) -> DeliveryOutcome:
        """Count a request, and return its outcome as `steps` takes it.

        Args:
            step: The step.
            call: Its request.
            outcome: What the sender returned or raised.
            error_of: The sender's function from a reply to the error that it is.
        """
        self.count(call, outcome, again=step.again)
        if isinstance(outcome, APIError):
            return outcome
        error = error_of(call, outcome) if outcome.status >= 400 else None
        return BatchAnswer(outcome.status, outcome.content, error, outcome.scrub)

    def count(self, call: Call, outcome: Reply | APIError, *, again: bool) -> None:
        """Count the attempts of one request; `again` says that it repeats events."""
        self.ledger.count(outcome.attempts, len(call.request["content"]), retry=again)

    def stop(self, error: HoneyHiveError) -> None:
        """Send nothing more, because of this error or an earlier one."""
        self.state.stop = self.state.stop or error

    def close(self, read: int, stopped: Exception | None) -> BatchReport:
        """Return the report. Requests that end later no longer count.

        Args:
            read: How many events were read from the input.
            stopped: What ended the batch early, or None.
        """
        stop = self.state.stop
        if stop is not None:
            for chunk in list(self._planned):
                reason: Reason = "failed" if chunk in self._in_flight else "not_sent"
                self.ledger.fail(self.ledger.open(chunk), reason, stop)
            read = self.ledger.fail_rest(read, stop)
        return self.ledger.close(session_id=self.options.session_id, read=read, stopped=stopped)

    def finish(self, read: int) -> BatchReport:
        """Return the report of a batch that was not interrupted, as `close` does.

        Raises:
            BatchError: Events are missing, and the caller chose `on_error="raise"`.
        """
        report = self.close(read, self.state.stop)
        if self.options.on_error == "raise":
            report.raise_for_failures()
        return report
