"""When a batch reads, starts, reports progress and stops, with a service in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from honeyhive_client.models import CreateEventRequest

from honeyhive_ext.batch import report_of
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BatchError,
    ServerError,
)
from tests.support.batches import BOTH, Service, deliver, event_id, memory
from tests.support.clients import Kind

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(50)]
REFUSED = AuthenticationError(401, "no such key")


def tool(number: int, **more: Any) -> dict[str, Any]:
    return {"event_type": "tool", "event_id": IDS[number], **more}


def tools(count: int) -> list[dict[str, Any]]:
    return [tool(number) for number in range(count)]


def sessions(bodies: list[bytes]) -> list[Any]:
    """The session of each event that was sent."""
    return [event.get("session_id") for body in bodies for event in orjson.loads(body)["events"]]


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


class RefusesNotes(BaseException):
    def add_note(self, note: str) -> None:
        raise TypeError(note)


class OddNotes(BaseException):
    __notes__ = "a text"


class WithoutDict(BaseException):
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no attributes")


class OwnReport(BaseException):
    report = "the application's"


class OddReport(BaseException):
    @property
    def report(self) -> str:
        raise LookupError("no report")


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("odd", [RefusesNotes, OddNotes, WithoutDict, OwnReport, OddReport])
def test_an_exception_that_takes_no_report_or_no_note_is_raised_as_it_is(
    kind: Kind, odd: type[BaseException]
) -> None:
    error = odd("stop")

    def events() -> Iterator[dict[str, Any]]:
        yield from tools(2)
        raise error

    with pytest.raises(odd) as raised:
        deliver(memory(kind, Service().post), events(), max_events=1, max_concurrency=1)
    assert raised.value is error
    assert error.__cause__ is None
    if odd is OwnReport:
        assert error.report == "the application's"  # type: ignore[attr-defined]
