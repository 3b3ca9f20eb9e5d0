"""Bringing one chunk to its end: what to send next, given what came back. Pure: no socket, no sleep.

A `Delivery` yields steps and is sent their outcomes, so the two shells drive it in a few lines each and
the tests drive it without a network. What it promises, whatever the service answers:

- an event counts as delivered only when the service named its id (or, for a session's batch, said
  success), never by its position;
- an event that the service named is not sent again;
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
"""How often a request is made whose success answers do not say what became of its events."""

STRIKES = 3
"""Requests in a row that fail after all their retries before the batch stops: the service is down."""

WHOLE_ROUTE = (404, 415)
"""Refusals that are about the address or the media type as often as about an event."""

ROUTE_EVENTS = 8
"""How many events, each refused alone with such a status, say that it is about the route."""


@frozen
class SendPart:
    """Step: make one request of these events; its outcome is a `BatchAnswer` or an `APIError`."""

    part: Part
    again: bool  # it repeats events after an answer that was unclear or left them out


@frozen
class Backoff:
    """Step: wait as before a retry; its outcome is None."""

    retry: int  # from 0
    asked: float | None = None  # seconds, by the answer's Retry-After


DeliveryStep = SendPart | Backoff
DeliveryOutcome = BatchAnswer | APIError | None


class BatchState:
    """What the chunks of one batch share while several are in flight.

    Attributes:
        stop: What stopped the batch; a chunk that sees it sends nothing more.
    """

    def __init__(
        self, ledger: Ledger, limits: RequestLimits, *, ids_in_answer: bool, deadline: float
    ) -> None:
        self.ledger = ledger
        self.limits = limits
        self.ids_in_answer = ids_in_answer
        self.deadline = deadline  # seconds that a wait may last
        self.stop: HoneyHiveError | None = None
        self.dead_route: int | None = None
        self.strikes = 0

    def failed(self, error: APIError) -> None:
        """Note a request that failed after all its retries."""
        self.strikes += 1
        if _ends_batch(error) or self.strikes >= STRIKES:
            self.stop = self.stop or error


@define(eq=False)
class _Piece:
    """Events that go into one request, and what is known about them."""

    part: Part
    sent: bool = False  # the last answer left out exactly these
    probing: bool = False  # on the way to the one event that is refused
    suspect: bool = False  # one of them is refused: the other half of a refused request arrived whole
    unclear: int = 0
    wait: Backoff | None = None
    sibling: _Piece | None = None


class Delivery:
    """One chunk on its way."""

    def __init__(self, chunk: Chunk, flow: BatchState) -> None:
        self._flow = flow
        self._ledger = flow.ledger
        self._todo = [_Piece(Part.of(chunk))]
        self._total = len(chunk.ids)
        self._refused_alone: dict[int, int] = {}

    def steps(self) -> Generator[DeliveryStep, DeliveryOutcome, None]:
        """Yield what to do; send the outcome in. Ends when every event is delivered or has failed."""
        while self._todo:
            piece = self._todo[-1]
            if self._flow.stop is not None:
                self.abandon(self._flow.stop)
                return
            if piece.suspect and len(piece.part) > 1:
                self._todo.pop()
                self._halve(piece)
                continue
            self._fit(piece)
            if piece.wait is not None:
                wait, piece.wait = piece.wait, None
                yield wait
                continue  # another chunk may have learnt something meanwhile
            outcome = yield SendPart(piece.part, bool(piece.sent or piece.unclear))
            self._todo.pop()
            self._judge(piece, outcome)

    def abandon(self, error: HoneyHiveError) -> None:
        """Give up on every event that has no verdict yet."""
        while self._todo:
            piece = self._todo.pop()
            self._ledger.fail(piece.part, "failed" if piece.unclear else "not_sent", error)

    def _fit(self, piece: _Piece) -> None:
        """Cut off what a limit learnt since the planning leaves no room for."""
        if self._flow.limits.observed.value is None:
            return
        most = piece.part.fitting(self._flow.limits.size)
        if most < len(piece.part):
            piece.part, later = piece.part.cut(most)
            piece.sibling = None
            rest = _Piece(later, sent=piece.sent, probing=piece.probing, unclear=piece.unclear)
            self._todo.insert(len(self._todo) - 1, rest)

    def _judge(self, piece: _Piece, outcome: DeliveryOutcome) -> None:
        if isinstance(outcome, BatchAnswer):
            decision = classify(outcome.status)
            if decision in (Decision.SPLIT, Decision.REFUSED, Decision.DELIVERED):
                self._flow.strikes = 0
            if decision is Decision.SPLIT:
                self._too_large(piece, outcome)
            elif decision is Decision.REFUSED:
                self._refused(piece, outcome)
            elif decision is Decision.DELIVERED:
                # 409: an id is stored already. Alone it is this event's; among others, find whose it is
                if len(piece.part) == 1:
                    self._ledger.deliver(piece.part)
                else:
                    self._halve(piece)
            else:
                self._reconcile(piece, outcome)
        elif isinstance(outcome, APIError):
            self._flow.failed(outcome)
            # a refusal for the key is certain: nothing was stored
            self._ledger.fail(piece.part, "not_sent" if _denied(outcome) else "failed", outcome)
        else:
            raise TypeError(f"the outcome of a request is a BatchAnswer or an APIError, not {outcome!r}")

    def _too_large(self, piece: _Piece, answer: BatchAnswer) -> None:
        self._flow.limits.observed.observe(piece.part.size)
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
                self._flow.dead_route = answer.status
            self._ledger.fail(piece.part, "refused", error)
        elif self._flow.dead_route == answer.status and not self._ledger.delivered:
            self._ledger.fail(piece.part, "refused", error)
        else:
            self._halve(piece)

    def _reconcile(self, piece: _Piece, answer: BatchAnswer) -> None:
        """A success, or a 500 that says which events are stored."""
        left = missing(answer, piece.part.ids, ids_in_answer=self._flow.ids_in_answer)
        if left is None:
            self._unclear(piece, answer)
            return
        self._flow.strikes = 0
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
        """The answer is not about our events: they may be stored or not, as after a lost connection."""
        if piece.unclear + 1 < UNCLEAR_SENDS:
            again = _Piece(piece.part, piece.sent, piece.probing, unclear=piece.unclear + 1)
            self._again(again, answer, piece.unclear)
            return
        listed = listed_ids(answer.content)
        said = "does not say which events are stored" if listed is None else "names other events"
        text = f"the answer {answer.status} {said}: whether these are stored is not known"
        error = ResponseError(text, status=answer.status, body=answer.content)
        self._flow.failed(error)
        self._ledger.fail(piece.part, "failed", error)

    def _again(self, piece: _Piece, answer: BatchAnswer, retry: int) -> None:
        asked = None if answer.error is None else answer.error.retry_after
        if asked is not None and asked > self._flow.deadline:
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
    """A refusal of the key, or an answer from another place: it would be the same for every request."""
    return _denied(error) or (isinstance(error, APIStatusError) and error.status < 400)
