"""What to send next for one chunk, given the answers so far. Pure: no socket, no sleep.

A `Delivery` yields steps and is sent their outcomes, so the sync and the async driver need a few lines each,
and tests need no network. Its promises, whatever the service answers:

- an event counts as delivered only when the service named its id (or, for a session's batch, said
  success), never by its position;
- an event that the service named is never sent again;
- k refused events among n cost at most 2k(1 + log2(n/k)) + 2 requests to find, and the others arrive.
"""

from __future__ import annotations

from collections.abc import Generator

from attrs import define, frozen

from honeyhive_ext.batch.answers import BatchAnswer, left_out, listed_ids, missing, status_error
from honeyhive_ext.batch.ledger import Ledger
from honeyhive_ext.batch.limits import RequestLimits
from honeyhive_ext.batch.plan import Chunk, Part
from honeyhive_ext.errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    HoneyHiveError,
    PermissionDeniedError,
    ResponseError,
)
from honeyhive_ext.http.retry import Decision, classify

UNCLEAR_SENDS = 3
"""How often a request is sent if its answers, all successes, do not say what happened to its events."""

STRIKES = 3
"""After this many requests in a row that fail in all their attempts, the batch stops: the service is down."""

WHOLE_ROUTE = (404, 415)
"""Refusals that can be about the address or the media type, and not about an event."""

ROUTE_EVENTS = 8
"""When a chunk of at least this many events is refused one by one with such a status, the route is wrong."""


@frozen
class SendPart:
    """Step: send these events in one request. Its outcome is a `BatchAnswer` or an `APIError`."""

    part: Part
    again: bool  # it repeats events after an answer that was unclear or left them out


@frozen
class Backoff:
    """Step: wait as before a retry. Its outcome is None."""

    retry: int  # from 0
    asked: float | None = None  # seconds, from the answer's Retry-After


DeliveryStep = SendPart | Backoff
DeliveryOutcome = BatchAnswer | APIError | None


class BatchState:
    """What the chunks of one batch share while several are in flight.

    Attributes:
        ledger: What is known of each event.
        limits: How much one request may hold.
        ids_in_answer: Whether a success must list ids.
        deadline: Seconds that a wait may last, at most.
        stop: The error that stopped the batch, or None. After it, no chunk sends anything more.
        dead_route: The status that refuses the route itself, or None.
        strikes: Requests in a row that failed in all their attempts.
    """

    def __init__(
        self, ledger: Ledger, limits: RequestLimits, *, ids_in_answer: bool, deadline: float
    ) -> None:
        self.ledger = ledger
        self.limits = limits
        self.ids_in_answer = ids_in_answer
        self.deadline = deadline
        self.stop: HoneyHiveError | None = None
        self.dead_route: int | None = None
        self.strikes = 0

    def failed(self, error: APIError) -> None:
        """Note a request that failed in all its attempts."""
        self.strikes += 1
        if _ends_batch(error) or self.strikes >= STRIKES:
            self.stop = self.stop or error


@define(eq=False)
class _Piece:
    """Events for one request, and what is known about them."""

    part: Part
    sent: bool = False  # the last answer left out exactly these
    probing: bool = False  # part of the search for the one event that is refused
    suspect: bool = False  # one of them is refused, because the other half of the request arrived whole
    unclear: int = 0
    wait: Backoff | None = None
    sibling: _Piece | None = None


class Delivery:
    """The delivery of one chunk."""

    def __init__(self, chunk: Chunk, state: BatchState) -> None:
        self._state = state
        self._ledger = state.ledger
        self._todo = [_Piece(Part.of(chunk))]
        self._total = len(chunk.ids)
        self._refused_alone: dict[int, int] = {}

    def steps(self) -> Generator[DeliveryStep, DeliveryOutcome, None]:
        """Yield what to do, and take its outcome, until every event is delivered or has failed."""
        while self._todo:
            piece = self._todo[-1]
            if self._state.stop is not None:
                self.abandon(self._state.stop)
                return
            if piece.suspect and len(piece.part) > 1:
                self._todo.pop()
                self._halve(piece)
                continue
            self._fit(piece)
            if piece.wait is not None:
                wait, piece.wait = piece.wait, None
                yield wait
                continue  # another chunk may have observed something during the wait
            outcome = yield SendPart(piece.part, bool(piece.sent or piece.unclear))
            self._todo.pop()
            self._judge(piece, outcome)

    def abandon(self, error: HoneyHiveError) -> None:
        """Fail every event that is neither delivered nor failed yet."""
        while self._todo:
            piece = self._todo.pop()
            self._ledger.fail(piece.part, "failed" if piece.unclear else "not_sent", error)

    def _fit(self, piece: _Piece) -> None:
        """Cut off what does not fit any more, if a size limit was observed after the planning."""
        if self._state.limits.observed.value is None:
            return
        most = piece.part.fitting(self._state.limits.size)
        if most < len(piece.part):
            piece.part, later = piece.part.cut(most)
            piece.sibling = None
            rest = _Piece(later, sent=piece.sent, probing=piece.probing, unclear=piece.unclear)
            self._todo.insert(len(self._todo) - 1, rest)

    def _judge(self, piece: _Piece, outcome: DeliveryOutcome) -> None:
        if isinstance(outcome, BatchAnswer):
            decision = classify(outcome.status)
            if decision in (Decision.SPLIT, Decision.REFUSED, Decision.DELIVERED):
                self._state.strikes = 0
            if decision is Decision.SPLIT:
                self._too_large(piece, outcome)
            elif decision is Decision.REFUSED:
                self._refused(piece, outcome)
            elif decision is Decision.DELIVERED:
                # 409: an id is stored already. Alone, it is this event's. Among others, find out whose it is.
                if len(piece.part) == 1:
                    self._ledger.deliver(piece.part)
                else:
                    self._halve(piece)
            else:
                self._reconcile(piece, outcome)
        elif isinstance(outcome, APIError):
            self._state.failed(outcome)
            # a refusal for the key is certain: nothing was stored
            self._ledger.fail(piece.part, "not_sent" if _denied(outcome) else "failed", outcome)
        else:
            raise TypeError(f"the outcome of a request is a BatchAnswer or an APIError, not {outcome!r}")

    def _too_large(self, piece: _Piece, answer: BatchAnswer) -> None:
        self._state.limits.observed.observe(piece.part.size)
        if len(piece.part) == 1:
            self._ledger.fail(piece.part, "too_large", status_error(answer))
            return
        first, second = piece.part.cut(piece.part.half_of_bytes())
        for part in (second, first):
            self._todo.append(_Piece(part, sent=piece.sent, probing=piece.probing, unclear=piece.unclear))

    def _refused(self, piece: _Piece, answer: BatchAnswer) -> None:
        error = status_error(answer)
        if len(piece.part) == 1:
            alone = self._refused_alone[answer.status] = self._refused_alone.get(answer.status, 0) + 1
            if answer.status in WHOLE_ROUTE and alone == self._total >= ROUTE_EVENTS:
                self._state.dead_route = answer.status
            self._ledger.fail(piece.part, "refused", error)
        elif self._state.dead_route == answer.status and not self._ledger.delivered:
            self._ledger.fail(piece.part, "refused", error)
        else:
            self._halve(piece)

    def _reconcile(self, piece: _Piece, answer: BatchAnswer) -> None:
        """Handle a success, or a 500 that says which events are stored."""
        left = missing(answer, piece.part.ids, ids_in_answer=self._state.ids_in_answer)
        if left is None:
            self._unclear(piece, answer)
            return
        self._state.strikes = 0
        if not left:
            self._ledger.deliver(piece.part)
            if piece.sibling is not None and not piece.sent:
                piece.sibling.suspect = True
        elif len(left) < len(piece.part):
            self._ledger.deliver(piece.part.without(left))
            self._again(_Piece(piece.part.only(left), sent=True), answer, 0)
        elif not piece.sent and not piece.probing:
            self._again(_Piece(piece.part, sent=True), answer, 0)
        elif len(left) == 1:
            self._ledger.fail(piece.part, "refused", left_out(answer))
        else:
            self._halve(piece)

    def _unclear(self, piece: _Piece, answer: BatchAnswer) -> None:
        """Handle an answer that is not about our events: as after a lost connection, they may be stored."""
        if piece.unclear + 1 < UNCLEAR_SENDS:
            again = _Piece(piece.part, piece.sent, piece.probing, unclear=piece.unclear + 1)
            self._again(again, answer, piece.unclear)
            return
        listed = listed_ids(answer.content)
        said = "does not say which events are stored" if listed is None else "names other events"
        text = f"the answer {answer.status} {said}, so this event may be stored or not"
        error = ResponseError(text, status=answer.status, body=answer.scrub.content(answer.content))
        self._state.failed(error)
        self._ledger.fail(piece.part, "failed", error)

    def _again(self, piece: _Piece, answer: BatchAnswer, retry: int) -> None:
        asked = None if answer.error is None else answer.error.retry_after
        if asked is not None and asked > self._state.deadline:
            self._ledger.fail(piece.part, "failed", status_error(answer))
            return
        piece.wait = Backoff(retry, asked)
        self._todo.append(piece)

    def _halve(self, piece: _Piece) -> None:
        first, second = piece.part.cut(len(piece.part) // 2)
        later = _Piece(second, probing=True)
        self._todo += [later, _Piece(first, probing=True, sibling=later)]


def _denied(error: APIError) -> bool:
    return isinstance(error, (AuthenticationError, PermissionDeniedError))


def _ends_batch(error: APIError) -> bool:
    """Return whether every request would fail alike: the key is refused, or the answer is a redirect."""
    return _denied(error) or (isinstance(error, APIStatusError) and error.status < 400)
