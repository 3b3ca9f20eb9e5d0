"""What one chunk of a batch does about each answer, step by step. The events are named by letters."""

from __future__ import annotations

import orjson
import pytest

from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.ledger import Ledger
from honeyhive_ext.batch.limits import RequestLimits
from honeyhive_ext.batch.reconcile import (
    ROUTE_EVENTS,
    Backoff,
    BatchState,
    Delivery,
    DeliveryOutcome,
    SendPart,
)
from honeyhive_ext.batch.report import BatchFailure, Reason
from honeyhive_ext.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    HoneyHiveError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
)
from tests.support.batches import Entry, chunk_of

DONE = "done"


def names(listed: str, status: int = 200, error: APIStatusError | None = None) -> BatchAnswer:
    """An answer that says that these events are stored."""
    return BatchAnswer(status, orjson.dumps({"event_ids": list(listed), "errors": ["no room"]}), error)


def refuses(status: int) -> BatchAnswer:
    return BatchAnswer(status, b'{"message": "no"}')


class NotingLedger(Ledger):
    """A ledger that shows its failures before it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[BatchFailure] = []

    def fail_one(
        self,
        position: int,
        event_id: str | None,
        reason: Reason,
        error: HoneyHiveError,
        content: bytes | None = None,
    ) -> None:
        super().fail_one(position, event_id, reason, error, content)
        self.failures.append(BatchFailure(position, event_id, reason, error, content))


class State(BatchState):
    """What the chunks of a test share."""

    def __init__(self, *, ids_in_answer: bool = True) -> None:
        self.noted = NotingLedger()
        self.planned = 0
        super().__init__(self.noted, RequestLimits(), ids_in_answer=ids_in_answer, deadline=60.0)


class Chunked:
    """One chunk of events `letters`; each is 10 bytes long, or as long as `sizes` says."""

    def __init__(self, letters: str, state: State | None = None, sizes: dict[str, int] | None = None) -> None:
        self.state = state or State()
        start = self.state.planned
        self.state.planned += len(letters)
        contents = [b"%s" % (letter.encode() * (sizes or {}).get(letter, 10)) for letter in letters]
        chunk = chunk_of(
            [Entry(start + n, *pair) for n, pair in enumerate(zip(letters, contents, strict=True))]
        )
        self.state.ledger.plan(chunk)
        self.delivery = Delivery(chunk, self.state)
        self._steps = self.delivery.steps()
        self.step = self._next(None)

    def _next(self, outcome: DeliveryOutcome) -> str:
        try:
            step = self._steps.send(outcome)
        except StopIteration:
            return DONE
        if isinstance(step, Backoff):
            return f"wait {step.retry}" + ("" if step.asked is None else f" {step.asked:g} s")
        assert isinstance(step, SendPart)
        return f"send {''.join(step.part.ids)}" + (" again" if step.again else "")

    def told(self, *outcomes: DeliveryOutcome) -> list[str]:
        """The steps that follow these outcomes."""
        return [self._next(outcome) for outcome in outcomes]

    @property
    def failures(self) -> list[BatchFailure]:
        return self.state.noted.failures

    @property
    def failed(self) -> dict[str | None, str]:
        return {failure.event_id: failure.reason for failure in self.failures}

    @property
    def delivered(self) -> int:
        return self.state.ledger.delivered


def test_events_that_the_answer_names_are_not_sent_again() -> None:
    run = Chunked("abcd")
    assert run.step == "send abcd"
    assert run.told(names("bd"), None, names("ac")) == ["wait 0", "send ac again", DONE]
    assert (run.delivered, run.failed) == (4, {})


def test_events_left_out_again_and_again_while_others_arrive_are_sent_again() -> None:
    run = Chunked("abcd")
    outcomes = [names("a"), None, names("b"), None, names("c"), None, names("d")]
    steps = ["wait 0", "send bcd again", "wait 0", "send cd again", "wait 0", "send d again", DONE]
    assert run.told(*outcomes) == steps
    assert run.delivered == 4


def test_events_left_out_twice_are_halved_and_the_one_left_out_is_refused() -> None:
    run = Chunked("abcd")
    assert run.told(names(""), None, names("")) == ["wait 0", "send abcd again", "send ab"]
    # "ab" arrives whole, so one of "cd" is refused: it is halved before it is sent
    assert run.told(names("ab"), names("")) == ["send c", "send d"]
    assert run.told(names("d")) == [DONE]
    assert (run.delivered, run.failed) == (3, {"c": "refused"})
    assert isinstance(run.failures[0].error, ResponseError)
    assert str(run.failures[0].error) == "no room"


def test_a_half_that_arrived_only_at_its_second_try_says_nothing_about_the_other_half() -> None:
    run = Chunked("abcd")
    assert run.told(refuses(400)) == ["send ab"]
    assert run.told(names("a"), None) == ["wait 0", "send b again"]
    assert run.told(names("b")) == ["send cd"]
    assert run.told(names("cd")) == [DONE]


@pytest.mark.parametrize("status", [400, 415, 422])
def test_a_refused_request_is_halved_until_the_event_is_alone(status: int) -> None:
    run = Chunked("abcde")
    assert run.told(refuses(status)) == ["send ab"]
    assert run.told(refuses(status)) == ["send a"]
    assert run.told(refuses(status)) == ["send b"]
    assert run.told(names("b")) == ["send cde"]
    assert run.told(names("cde")) == [DONE]
    assert (run.delivered, run.failed) == (4, {"a": "refused"})
    assert (run.failures[0].index, run.failures[0].content) == (0, b"a" * 10)
    assert run.failures[0].error.status == status  # type: ignore[attr-defined]


def test_a_retry_after_within_the_deadline_is_obeyed() -> None:
    def asks(seconds: float) -> BatchAnswer:
        error = RateLimitError(500, "slow", retry_after=seconds)
        return names("ab", 500, error)

    assert Chunked("abcd").told(asks(7), None) == ["wait 0 7 s", "send cd again"]
    assert Chunked("abcd").told(asks(60), None) == ["wait 0 60 s", "send cd again"]
    run = Chunked("abcd")
    assert run.told(asks(61)) == [DONE]
    assert (run.delivered, run.failed) == (2, {"c": "failed", "d": "failed"})
    assert run.failures[0].error.retry_after == 61  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (BatchAnswer(200, b"{}"), "the answer 200 does not say which events are stored"),
        (BatchAnswer(200, b'{"event_ids": ["z"]}'), "the answer 200 names other events"),
    ],
)
def test_events_with_an_answer_about_other_events_are_sent_three_times(
    answer: BatchAnswer, said: str
) -> None:
    run = Chunked("ab")
    assert run.told(answer, None, answer, None) == ["wait 0", "send ab again", "wait 1", "send ab again"]
    assert run.told(answer) == [DONE]
    assert run.failed == {"a": "failed", "b": "failed"}
    error = run.failures[0].error
    assert isinstance(error, ResponseError)
    assert str(error) == f"{said}, so this event may be stored or not"
    assert (error.status, error.body) == (200, answer.content)
    assert run.state.strikes == 1


def test_an_unclear_answer_is_forgotten_when_a_clear_one_comes() -> None:
    run = Chunked("ab")
    assert run.told(BatchAnswer(200, b"{}"), None, names("b")) == ["wait 0", "send ab again", "wait 0"]
    assert run.told(None, BatchAnswer(200, b"{}")) == ["send a again", "wait 0"]
    assert run.told(None, BatchAnswer(200, b"{}")) == ["send a again", "wait 1"]
    assert run.told(None, names("a")) == ["send a again", DONE]
    assert run.state.strikes == 0


def test_a_body_that_is_too_large_is_cut_by_bytes_and_the_limit_is_observed() -> None:
    run = Chunked("abcde", sizes={"a": 40})
    assert run.told(BatchAnswer(413, b"")) == ["send a"]
    # {"events":[ and ]} are 13 bytes, five events 40 + 4 * 10, and four commas
    assert run.state.limits.observed.value == int(0.9 * (13 + 80 + 4))
    assert run.told(names("a"), names("bcde")) == ["send bcde", DONE]
    assert (run.delivered, run.failed) == (5, {})


def test_an_event_that_is_too_large_alone_is_reported_and_the_others_arrive() -> None:
    run = Chunked("ab")
    assert run.told(BatchAnswer(413, b""), BatchAnswer(413, b""), names("b")) == ["send a", "send b", DONE]
    assert (run.delivered, run.failed) == (1, {"a": "too_large"})
    assert isinstance(run.failures[0].error, PayloadTooLargeError)


def test_a_limit_observed_by_another_chunk_cuts_events_that_are_not_sent_yet() -> None:
    run = Chunked("abcd")
    assert run.told(names("")) == ["wait 0"]
    run.state.limits.observed.observe(60)  # 54 bytes: 13 of frame, and three events with two commas are 32
    assert run.told(None) == ["send abc again"]
    assert run.told(names("abc")) == ["send d again"]
    assert run.told(names("d")) == [DONE]


def test_an_observed_limit_above_the_size_cuts_nothing() -> None:
    run = Chunked("abcd")
    assert run.told(names("")) == ["wait 0"]
    run.state.limits.observed.value = 13 + 4 * 10 + 3
    assert run.told(None) == ["send abcd again"]


def test_events_that_a_limit_cuts_off_are_sent_next() -> None:
    run = Chunked("abcdefgh")
    run.state.limits.observed.value = 13 + 3 * 10 + 2
    assert run.told(refuses(400), names("abc"), names("d")) == ["send abc", "send d", "send efg"]
    assert run.told(names("efg"), names("h")) == ["send h", DONE]


def test_a_cut_by_a_limit_of_another_chunk_keeps_what_was_known_of_the_events() -> None:
    unclear = Chunked("abcd")
    assert unclear.told(BatchAnswer(200, b"{}")) == ["wait 0"]
    unclear.state.limits.observed.value = 13 + 3 * 10 + 2
    assert unclear.told(None, names("abc")) == ["send abc again", "send d again"]
    probing = Chunked("abcdefgh")
    assert probing.told(refuses(400), refuses(400), names("ab"), refuses(400)) == [
        *("send abcd", "send ab", "send c", "send d")
    ]
    probing.state.limits.observed.value = 13 + 2 * 10 + 1
    assert probing.told(names("d"), names("ef")) == ["send ef", "send gh"]
    assert probing.told(names("")) == ["send g"]  # one of them may be the one that is refused


def test_a_conflict_means_that_one_of_the_events_of_the_request_is_stored() -> None:
    run = Chunked("abc")
    assert run.told(refuses(409)) == ["send a"]
    assert run.told(refuses(409)) == ["send bc"]
    assert run.told(refuses(409), refuses(409), refuses(409)) == ["send b", "send c", DONE]
    assert (run.delivered, run.failed) == (3, {})


def test_a_lost_connection_fails_the_request_and_the_rest_is_sent() -> None:
    run = Chunked("abcd")
    lost = APIConnectionError("cut")
    assert run.told(refuses(400), lost, names("cd")) == ["send ab", "send cd", DONE]
    assert (run.delivered, run.failed) == (2, {"a": "failed", "b": "failed"})
    assert run.failures[0].error is lost
    assert (run.state.strikes, run.state.stop) == (0, None)


def test_three_failed_requests_in_a_row_stop_the_batch() -> None:
    state = State()
    losses = [APIConnectionError(f"cut {n}") for n in range(4)]
    for number, letter in enumerate("abc"):
        assert state.stop is None
        assert Chunked(letter, state).told(losses[number]) == [DONE]
    assert state.stop is losses[2]
    state.failed(losses[3])
    assert state.stop is losses[2]
    after = Chunked("de", state)
    assert after.step == DONE
    assert after.failed == {"a": "failed", "b": "failed", "c": "failed", "d": "not_sent", "e": "not_sent"}
    assert after.failures[-1].error is losses[2]


@pytest.mark.parametrize("answer", [names("b"), refuses(400), refuses(409), BatchAnswer(413, b"")])
def test_any_answer_about_the_events_resets_the_count_of_failed_requests(answer: BatchAnswer) -> None:
    state = State()
    state.strikes = 2
    Chunked("b", state).told(answer)
    assert state.strikes == 0


@pytest.mark.parametrize(
    ("error", "reason", "stops"),
    [
        (AuthenticationError(401, "no"), "not_sent", True),
        (PermissionDeniedError(403, "no"), "not_sent", True),
        (APIStatusError(302, "elsewhere"), "failed", True),
        (BadRequestError(400, "no"), "failed", False),
        (APIConnectionError("cut"), "failed", False),
    ],
)
def test_a_refused_key_and_a_redirect_stop_the_batch_at_once(
    error: APIError, reason: str, stops: bool
) -> None:
    run = Chunked("ab")
    assert run.told(refuses(400)) == ["send a"]
    following = run.told(error)
    assert following == ([DONE] if stops else ["send b"])
    assert run.failed == ({"a": reason, "b": "not_sent"} if stops else {"a": reason})
    assert run.state.stop is (error if stops else None)


def test_events_that_may_be_stored_count_as_failed_when_the_batch_stops() -> None:
    run = Chunked("abc")
    assert run.told(BatchAnswer(200, b"{}")) == ["wait 0"]
    run.state.stop = APIConnectionError("elsewhere")
    assert run.told(None) == [DONE]
    assert run.failed == {"a": "failed", "b": "failed", "c": "failed"}


@pytest.mark.parametrize("status", [404, 415])
def test_a_route_that_refuses_each_of_eight_events_is_dead_for_the_chunks_that_follow(status: int) -> None:
    letters = "abcdefgh"
    assert len(letters) == ROUTE_EVENTS
    run = Chunked(letters)
    while run.told(refuses(status)) != [DONE]:
        pass
    assert run.state.dead_route == status
    assert set(run.failed.values()) == {"refused"}
    after = Chunked("ijk", run.state)
    assert after.told(refuses(status)) == [DONE]
    assert after.failed["k"] == "refused"
    assert isinstance(after.failures[-1].error, NotFoundError if status == 404 else BadRequestError)
    other = Chunked("lm", run.state)
    assert other.told(refuses(400)) == ["send l"]


@pytest.mark.parametrize(("letters", "status"), [("abcdefg", 404), ("abcdefgh", 400)])
def test_fewer_events_or_another_refusal_say_nothing_about_the_route(letters: str, status: int) -> None:
    run = Chunked(letters)
    while run.told(refuses(status)) != [DONE]:
        pass
    assert run.state.dead_route is None


def test_a_route_that_accepts_the_last_of_eight_events_is_not_dead() -> None:
    run = Chunked("abcdefgh")
    # one refusal for each of the seven events and each of the seven requests that are halved
    assert run.told(*[refuses(404)] * 14)[-1] == "send h"
    assert run.told(names("h")) == [DONE]
    assert run.state.dead_route is None


def test_a_route_that_accepted_an_event_is_not_dead() -> None:
    run = Chunked("abcdefgh")
    while run.told(refuses(404)) != [DONE]:
        pass
    assert Chunked("i", run.state).told(names("i")) == [DONE]
    assert Chunked("jk", run.state).told(refuses(404)) == ["send j"]


def test_a_session_s_batch_is_delivered_by_success_alone() -> None:
    state = State(ids_in_answer=False)
    assert Chunked("ab", state).told(BatchAnswer(200, b'{"success": true}')) == [DONE]
    assert state.ledger.delivered == 2
    # Any other batch is delivered only where its ids are named.
    assert Chunked("ab").told(BatchAnswer(200, b'{"success": true}')) == ["wait 0"]


def test_an_outcome_of_none_for_a_request_is_an_error() -> None:
    with pytest.raises(
        TypeError, match=r"^the outcome of a request is a BatchAnswer or an APIError, not None$"
    ):
        Chunked("a").told(None)


def test_a_cut_by_bytes_keeps_what_was_known_of_the_events() -> None:
    run = Chunked("abcd")
    assert run.told(names(""), None) == ["wait 0", "send abcd again"]
    assert run.told(BatchAnswer(413, b"")) == ["send ab again"]
    assert run.told(names("")) == ["send a"]  # left out a second time
    probing = Chunked("abcdefgh")
    assert probing.told(refuses(400), BatchAnswer(413, b"")) == ["send abcd", "send ab"]
    unclear = Chunked("ab")
    assert unclear.told(BatchAnswer(200, b"{}"), None) == ["wait 0", "send ab again"]
    assert unclear.told(BatchAnswer(413, b""), names("a")) == ["send a again", "send b again"]
    assert probing.told(names("")) == ["send a"]  # one of them may be the one that is refused


def test_an_unclear_answer_keeps_what_was_known_of_the_events() -> None:
    run = Chunked("ab")
    assert run.told(names(""), None, BatchAnswer(200, b"{}")) == ["wait 0", "send ab again", "wait 0"]
    assert run.told(None, names("")) == ["send ab again", "send a"]
    probing = Chunked("abcd")
    assert probing.told(refuses(400), BatchAnswer(200, b"{}"), None) == ["send ab", "wait 0", "send ab again"]
    assert probing.told(names("")) == ["send a"]


def test_three_chunks_with_unclear_answers_stop_the_batch() -> None:
    state = State()
    for letter in "abc":
        assert state.stop is None
        Chunked(letter, state).told(*[BatchAnswer(200, b"{}"), None] * 2, BatchAnswer(200, b"{}"))
    assert isinstance(state.stop, ResponseError)
