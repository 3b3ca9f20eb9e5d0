"""What becomes of the events of a batch, with a service in memory."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from honeyhive_client.models import CreateEventRequest

from honeyhive_ext.batch import BatchReport, report_of
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.pipeline import MOST_AT_ONCE
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import EventSettings, Settings
from honeyhive_ext.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BatchError,
    EventError,
    ServerError,
)
from honeyhive_ext.payload import many as columns
from honeyhive_ext.serialize.dumps import write_builtin
from tests.support.batches import BOTH, Service, deliver, event_id, memory, sent_ids
from tests.support.shells import Kind

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(3_000)]
SESSION = event_id(RNG)
OTHER = event_id(RNG)
REFUSED = AuthenticationError(401, "no such key")


def tool(number: int, **more: Any) -> dict[str, Any]:
    return {
        "event_type": "tool",
        "event_id": IDS[number],
        "start_time": 1_767_225_600_000 + number,
        **more,
    }


def tools(count: int) -> list[dict[str, Any]]:
    return [tool(number) for number in range(count)]


def sessions(bodies: list[bytes]) -> list[Any]:
    """The session of each event that was sent."""
    return [event.get("session_id") for body in bodies for event in orjson.loads(body)["events"]]


def told(report: BatchReport) -> Any:
    failures = [
        (failure.index, failure.event_id, failure.reason, str(failure.error), failure.content)
        for failure in report.failures
    ]
    return list(report.event_ids), failures, report.requests, report.bytes_sent, report.read


LISTS: dict[str, list[Any]] = {
    "plain": tools(1_234),
    "exactly what is read at once": tools(MOST_AT_ONCE),
    "one more": tools(MOST_AT_ONCE + 1),
    "two requests": tools(200),
    "one": tools(1),
    "none": [],
    "one that is wrong": [*tools(40), tool(40, inputs={"x": float("nan")}), tool(41), tool(42)],
    "none that is right": [None, "tool", 5, {"event_type": "tol"}],
    "no dicts among them": [tool(0), CreateEventRequest(**tool(1), inputs={}), MappingProxyType(tool(2))],
    "the same id twice": [*tools(30), tool(7), tool(30), tool(29), tool(31)],
    "the same id twice, far apart": [*tools(600), tool(8), tool(599), tool(600)],
    "the same id in upper case": [tool(0), tool(1, event_id=IDS[0].upper())],
    "text that is no UTF-8": [*tools(20), tool(20, event_name="\udc80"), tool(21)],
    "large ones": [tool(n, inputs={"text": "x" * (n % 90) * 100}) for n in range(300)],
    "large ones at the end of what is read at once": [
        *tools(99),
        *(tool(n, inputs={"text": "x" * 20_000}) for n in range(99, 240)),
    ],
}


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_events": 100, "max_bytes": 30_000},
        {"max_events": 30},
        {"max_events": 2_000},
        {"session_id": SESSION},
    ],
)
def test_a_list_is_sent_in_the_same_bytes_as_a_generator(
    kind: Kind, name: str, options: dict[str, Any]
) -> None:
    made = []
    for events in (LISTS[name], tuple(LISTS[name]), (event for event in LISTS[name])):
        sender = memory(kind, Service().post)
        report = deliver(sender, events, on_error="collect", max_concurrency=1, **options)
        made.append((sender.bodies, told(report)))
    assert made[0] == made[1] == made[2]
    assert made[0][1][4] == len(LISTS[name])


def test_a_list_is_planned_by_the_number_of_events() -> None:
    sender = memory("sync", Service().post)
    deliver(sender, tools(250), max_events=100, max_concurrency=1)
    assert [sent_ids(body) for body in sender.bodies] == [IDS[:100], IDS[100:200], IDS[200:250]]


def test_a_list_of_usual_events_is_serialized_once_for_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[bytes | None] = []

    def counted(value: Any) -> bytes | None:
        written.append(write_builtin(value))
        return written[-1]

    monkeypatch.setattr(columns, "write_builtin", counted)
    sender = memory("sync", Service().post)
    events = [{"event_type": "tool", "event_id": identity} for identity in IDS[:250]]
    deliver(sender, events, max_events=100, max_concurrency=1)
    assert len(written) == 3
    assert written == sender.bodies


def test_the_failures_of_a_list_have_the_indexes_of_their_events() -> None:
    service = Service({IDS[4], IDS[17]})
    sender = memory("sync", service.post)
    report = deliver(sender, tools(20), max_bytes=1_000, max_concurrency=1, on_error="collect")
    assert len(sender.bodies) > 2
    assert [(failure.index, failure.event_id) for failure in report.failures] == [(4, IDS[4]), (17, IDS[17])]


@pytest.mark.parametrize("given", [tuple, iter])
def test_an_invalid_event_is_reported_with_its_index_and_the_reason(given: Any) -> None:
    sender = memory("sync", Service().post)
    report = deliver(
        sender, given([tool(0), None, {"event_type": "tol"}, tool(3), "tool"]), on_error="collect"
    )
    assert report.event_ids == [IDS[0], IDS[3]]
    assert [(failure.index, failure.event_id, failure.reason) for failure in report.failures] == [
        (1, None, "invalid"),
        (2, None, "invalid"),
        (4, None, "invalid"),
    ]
    assert all(isinstance(failure.error, EventError) for failure in report.failures)
    assert all(failure.content is None for failure in report.failures)
    assert [str(failure.error) for failure in report.failures][::2] == [
        "give a mapping of fields or a CreateEventRequest, not NoneType",
        "give a mapping of fields or a CreateEventRequest, not str",
    ]
    assert report.read == 5


@pytest.mark.parametrize("given", [list, iter])
@pytest.mark.parametrize("max_events", [2, 500])
def test_a_second_event_with_an_id_is_reported_and_not_sent(given: Any, max_events: int) -> None:
    sender = memory("sync", Service().post)
    events = [tool(0), tool(1), tool(2), tool(0, inputs={"n": 2}), tool(2), tool(3), tool(3)]
    report = deliver(sender, given(events), max_events=max_events, on_error="collect", max_concurrency=1)
    assert [identity for body in sender.bodies for identity in sent_ids(body)] == IDS[:4]
    assert [(failure.index, failure.event_id, failure.reason) for failure in report.failures] == [
        (3, IDS[0], "duplicate"),
        (4, IDS[2], "duplicate"),
        (6, IDS[3], "duplicate"),
    ]
    first = report.failures[0]
    assert str(first.error) == "event_id: an earlier event of this batch has this id; only that one is sent"
    assert first.event is not None
    assert first.event["inputs"] == {"n": 2}


def test_an_id_of_an_event_that_failed_may_come_again() -> None:
    sender = memory("sync", Service().post)
    wrong = tool(0, inputs={"x": float("nan")})
    report = deliver(sender, iter([wrong, tool(0), tool(1)]), on_error="collect")
    assert report.event_ids == IDS[:2]
    assert [failure.reason for failure in report.failures] == ["invalid"]


def test_a_second_model_with_the_same_id_is_a_duplicate_too() -> None:
    sender = memory("sync", Service().post)
    twice = [CreateEventRequest(**tool(0), inputs={}), CreateEventRequest(**tool(0), inputs={})]
    report = deliver(sender, twice, on_error="collect")
    assert [failure.reason for failure in report.failures] == ["duplicate"]


class Unreadable(Mapping[str, Any]):
    """A mapping that raises when it is read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("given", [list, iter])
def test_a_batch_of_one_session_moves_every_event_into_it(kind: Kind, given: Any) -> None:
    sender = memory(kind, Service().post)
    events = [
        tool(0),
        tool(1, session_id=OTHER),
        tool(2, session_id="no id at all"),
        CreateEventRequest(**tool(3), inputs={}, session_id=OTHER),
        MappingProxyType(tool(4, session_id=OTHER)),
        Unreadable(),
        None,
    ]
    report = deliver(sender, given(events), session_id=SESSION, on_error="collect")
    assert sessions(sender.bodies) == [SESSION] * 5
    assert report.event_ids == IDS[:5]
    assert report.session_id == SESSION
    assert [(failure.index, failure.reason) for failure in report.failures] == [
        (5, "invalid"),
        (6, "invalid"),
    ]
    (call, _) = sender.calls[0]
    assert (call.operation, call.write) == ("createSessionEventBatch", True)
    assert call.request["url"].endswith(f"/sessions/{SESSION}/events/batch")
    assert events[1]["session_id"] == OTHER  # the caller's event is unchanged


@pytest.mark.parametrize("given", [list, iter])
def test_plain_events_are_moved_into_the_one_session_too(given: Any) -> None:
    sender = memory("sync", Service().post)
    deliver(sender, given([tool(0), tool(1, session_id=OTHER)]), session_id=SESSION)
    deliver(sender, given([tool(0, session_id=OTHER), tool(1, session_id=OTHER)]), session_id=SESSION)
    assert sessions(sender.bodies) == [SESSION] * 4


def test_success_alone_delivers_a_session_s_batch_and_no_other() -> None:
    success = b'{"success": true}'
    report = deliver(memory("sync", lambda content: BatchAnswer(200, success)), tools(2), session_id=SESSION)
    assert report.event_ids == IDS[:2]
    sender = memory("sync", lambda content: BatchAnswer(200, success))
    report = deliver(sender, tools(2), on_error="collect")
    assert [failure.reason for failure in report.failures] == ["failed"] * 2


@pytest.mark.parametrize("kind", BOTH)
def test_a_failure_may_ask_for_a_wait_up_to_the_deadline_and_a_success_for_none(
    kind: Kind,
) -> None:
    def leaving_out(status: int, asked: float) -> tuple[Any, BatchReport]:
        stored = iter([IDS[:1], IDS[1:2]])
        sender = memory(kind, lambda content: BatchAnswer(status, orjson.dumps({"event_ids": next(stored)})))
        sender.asked = asked
        policy = RetryPolicy(deadline=9)
        return sender, deliver(sender, tools(2), retry=policy, on_error="collect")

    sender, report = leaving_out(500, 9.0)
    assert report.success
    assert [asked for _, asked, _ in sender.waits] == [9.0]
    sender, report = leaving_out(500, 9.5)
    assert [failure.event_id for failure in report.failures] == [IDS[1]]
    assert sender.waits == []
    sender, report = leaving_out(200, 9.5)
    assert report.success
    assert [asked for _, asked, _ in sender.waits] == [None]


@pytest.mark.parametrize("given", [list, iter])
def test_events_keep_their_own_sessions_in_an_ordinary_batch(given: Any) -> None:
    sender = memory("sync", Service().post)
    deliver(sender, given([tool(0), tool(1, session_id=OTHER)]))
    assert sessions(sender.bodies) == [None, OTHER]
    (call, _) = sender.calls[0]
    assert (call.operation, call.write) == ("createEventBatch", True)
    assert call.request["url"].endswith("/events/batch")


@pytest.mark.parametrize("given", [list, iter])
def test_the_settings_of_the_client_hold_for_the_events_of_a_batch(given: Any) -> None:
    settings = Settings(
        base_url="https://api.example", api_key=secret("hh_1"), events=EventSettings(source="nightly")
    )
    sender = memory("sync", Service().post, settings)
    deliver(sender, given(tools(2)))
    assert [event["source"] for event in orjson.loads(sender.bodies[0])["events"]] == ["nightly"] * 2


@pytest.mark.parametrize("given", [list, iter])
def test_an_event_without_a_time_starts_now_in_unix_milliseconds(
    given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_225_600_123_000_000)
    sender = memory("sync", Service().post)
    deliver(sender, given([{"event_type": "tool"}, {"event_type": "model"}]))
    times = [event["start_time"] for event in orjson.loads(sender.bodies[0])["events"]]
    assert times == [1_767_225_600_123] * 2


@pytest.mark.parametrize("kind", BOTH)
def test_the_one_session_is_created_once_and_before_its_events(kind: Kind) -> None:
    service = Service()

    def post(content: bytes) -> BatchAnswer | APIError:
        return service.post(content) if b'"events"' in content else BatchAnswer(200, b"{}")

    sender = memory(kind, post)
    report = deliver(sender, iter(tools(5)), single_session=True, max_events=2)
    assert [call.operation for call, _ in sender.calls] == ["createSession", *["createEventBatch"] * 3]
    assert sessions(sender.bodies) == [report.session_id] * 5
    assert (report.requests, report.retries, report.success) == (4, 0, True)
    assert report.bytes_sent == sum(len(call.request["content"]) for call, _ in sender.calls)
    assert sender.calls[0][1]["accept"] == {409}  # an earlier attempt created it


@pytest.mark.parametrize("kind", BOTH)
def test_without_its_session_no_event_is_sent(kind: Kind) -> None:
    lost = APIConnectionError("cut")
    lost.attempts = 3
    sender = memory(kind, lambda content: lost)
    report = deliver(sender, tools(5), single_session=True, max_events=2, on_error="collect")
    assert [call.operation for call, _ in sender.calls] == ["createSession"]
    assert [failure.reason for failure in report.failures] == ["not_sent"] * 5
    assert [failure.event_id for failure in report.failures] == IDS[:5]
    assert all(failure.error is lost for failure in report.failures)
    assert (report.stopped, report.requests, report.retries) == (lost, 3, 2)


@pytest.mark.parametrize("kind", BOTH)
def test_requests_that_repeat_events_count_as_retries_and_others_do_not(kind: Kind) -> None:
    answers = iter(
        [
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[:1]})),
            BatchAnswer(400, b"{}"),
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[1:2]})),
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[2:3]})),
        ]
    )
    sender = memory(kind, lambda content: next(answers))
    report = deliver(sender, tools(3))
    assert (report.requests, report.retries) == (4, 1)
    assert report.bytes_sent == sum(map(len, sender.bodies))


@pytest.mark.parametrize("status", [400, 422])
def test_a_failed_event_has_the_error_that_the_sender_makes_of_the_answer(status: int) -> None:
    sender = memory("sync", lambda content: BatchAnswer(status, b'{"message": "no such field"}'))
    report = deliver(sender, tools(1), on_error="collect")
    assert str(report.failures[0].error) == f"{status}: no such field"


@pytest.mark.parametrize("kind", BOTH)
def test_the_rest_of_a_list_is_not_sent_when_the_service_stops_the_batch(kind: Kind) -> None:
    sender = memory(kind, lambda content: REFUSED)
    events = [
        *tools(4),
        tool(4),
        CreateEventRequest(**tool(5), inputs={}),
        {"event_type": "tool"},
        5,
        tool(8),
        {"event_id": 9},
    ]
    report = deliver(sender, events, max_events=2, max_concurrency=1, on_error="collect")
    assert report.requests == 1
    assert report.read == len(events)
    assert [failure.index for failure in report.failures] == list(range(len(events)))
    assert [failure.event_id for failure in report.failures] == [*IDS[:6], None, None, IDS[8], None]
    assert {failure.reason for failure in report.failures} == {"not_sent"}
    assert report.stopped is REFUSED


@pytest.mark.parametrize("kind", BOTH)
def test_a_generator_is_not_read_further_when_the_service_stops_the_batch(kind: Kind) -> None:
    sender = memory(kind, lambda content: REFUSED)
    source = iter(tools(50))
    report = deliver(sender, source, max_events=2, max_concurrency=1, on_error="collect")
    assert report.read == len(report.failures) == 50 - len(list(source)) < 50
    assert not report.success


def test_missing_events_are_raised_unless_they_are_to_be_collected() -> None:
    sender = memory("sync", Service({IDS[1]}).post)
    with pytest.raises(BatchError, match="1 of 3 events not delivered") as raised:
        deliver(sender, tools(3))
    assert raised.value.report.event_ids == [IDS[0], IDS[2]]


@pytest.mark.parametrize("kind", BOTH)
def test_an_error_of_the_caller_s_iterable_ends_the_reading_and_is_raised(kind: Kind) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield from tools(3)
        raise ValueError("line 4 is no JSON")

    sender = memory(kind, Service().post)
    with pytest.raises(BatchError, match="after reading 3 events by ValueError: line 4") as raised:
        deliver(sender, broken(), max_events=2, on_error="collect")
    assert isinstance(raised.value.__cause__, ValueError)
    assert raised.value.report.event_ids == IDS[:3]


@pytest.mark.parametrize("kind", BOTH)
def test_an_error_of_the_caller_s_progress_function_ends_the_batch_and_is_raised_once(kind: Kind) -> None:
    calls: list[tuple[int, int | None]] = []

    def show(done: int, total: int | None) -> None:
        calls.append((done, total))
        raise OSError("stderr is closed")

    sender = memory(kind, Service().post)
    with pytest.raises(BatchError, match="OSError: stderr is closed") as raised:
        deliver(sender, tools(9), max_events=2, max_concurrency=1, progress=show)
    assert calls == [(2, 9)]
    assert raised.value.report.read < 9
    assert raised.value.report.failures == ()


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("error", [StopIteration(), StopAsyncIteration()])
def test_an_end_of_iteration_in_the_progress_function_is_an_error_as_any_other(
    kind: Kind, error: Exception
) -> None:
    def show(done: int, total: int | None) -> None:
        raise error

    with pytest.raises(BatchError) as raised:
        deliver(memory(kind, Service().post), tools(9), max_events=2, progress=show)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("kind", BOTH)
def test_a_stop_async_iteration_does_not_end_a_sync_iterable_in_silence(kind: Kind) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield from tools(3)
        raise StopAsyncIteration

    with pytest.raises(BatchError, match="after reading 3 events by StopAsyncIteration"):
        deliver(memory(kind, Service().post), broken(), max_events=2)


@pytest.mark.parametrize("kind", BOTH)
def test_the_first_of_two_causes_is_raised(kind: Kind) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield from tools(3)
        raise ValueError("line 4 is no JSON")

    def show(done: int, total: int | None) -> None:
        raise OSError("stderr is closed")

    sender = memory(kind, Service().post)
    with pytest.raises(BatchError) as raised:
        deliver(sender, broken(), progress=show)
    assert isinstance(raised.value.__cause__, ValueError)


class Impatient(dict[str, object]):
    """An event that raises Ctrl-C while it is read."""

    def keys(self) -> Any:
        raise KeyboardInterrupt

    items = __iter__ = keys


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("given", [list, iter])
def test_an_interrupted_batch_has_its_report_on_the_exception(kind: Kind, given: Any) -> None:
    sender = memory(kind, Service({IDS[1]}).post)
    events = [*tools(4), tool(4), {"event_type": "tol"}, Impatient(tool(6)), tool(7)]
    with pytest.raises(KeyboardInterrupt) as raised:
        deliver(sender, given(events), max_events=2, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert str(report.stopped) == "interrupted by KeyboardInterrupt"
    assert report.read == 7
    failures = {failure.index: failure.reason for failure in report.failures}
    assert failures[5] == "invalid"
    assert failures[4] == failures[6] == "not_sent"
    said = {str(failure.error) for failure in report.failures if failure.reason == "not_sent"}
    assert said == {"interrupted by KeyboardInterrupt"}
    assert len(report.event_ids) + len(report.failures) == 7
    (note,) = raised.value.__notes__
    assert note == f"the batch so far, from honeyhive_ext.batch.report_of(error): {report!r}"


@pytest.mark.parametrize("kind", BOTH)
def test_events_in_flight_at_an_unexpected_error_have_failed(kind: Kind) -> None:
    def bug(content: bytes) -> BatchAnswer | APIError:
        raise ZeroDivisionError

    sender = memory(kind, bug)
    with pytest.raises(ZeroDivisionError) as raised:
        deliver(sender, iter(tools(3)), max_events=2, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert {failure.event_id: failure.reason for failure in report.failures[:2]} == {
        IDS[0]: "failed",
        IDS[1]: "failed",
    }
    assert {str(failure.error) for failure in report.failures} == {"interrupted by ZeroDivisionError"}
    assert {failure.reason for failure in report.failures[2:]} <= {"not_sent"}


def test_a_batch_that_the_service_stopped_and_ctrl_c_interrupts_names_the_service_s_error() -> None:
    def events() -> Iterator[dict[str, Any]]:
        yield from tools(2)
        raise KeyboardInterrupt

    sender = memory("sync", lambda content: ServerError(503, "down"))
    with pytest.raises(KeyboardInterrupt) as raised:
        deliver(sender, events(), max_events=1, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert [str(failure.error) for failure in report.failures] == ["503: down"] * 2


def test_events_that_were_planned_after_a_request_ended_count_as_not_sent() -> None:
    def events() -> Iterator[dict[str, Any]]:
        yield from tools(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        deliver(memory("sync", Service().post), events(), max_events=2, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert report.event_ids == IDS[:2]
    assert [failure.reason for failure in report.failures] == ["not_sent"]
