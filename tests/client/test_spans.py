"""Sessions and spans of both clients, against the local server on a real socket."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import traceback
from pathlib import Path
from typing import Any

import httpx
import pytest

from honeyhive_ext import APIConnectionError, AsyncHoneyHive, HoneyHive, current_span
from honeyhive_ext.local import LocalServer
from honeyhive_ext.serialize.to_builtins import MAX_DEPTH
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Answer, Misbehaving, hang
from tests.support.values import deep

KEY = "hh_test_key"
TRACES = sorted((Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "traces").glob("*.jsonl"))


def stored(server: LocalServer) -> dict[str, dict[str, Any]]:
    return {event["event_name"]: event for event in server.events()}


def check(events: dict[str, dict[str, Any]]) -> None:
    root, answer = events["chat"], events["answer"]
    assert root["event_type"] == "session"
    assert root["event_id"] == root["session_id"]
    assert root["outputs"] == {"resolved": True}
    assert root["user_properties"] == {"tier": "free"}
    assert answer["event_type"] == "chain"
    assert answer["parent_id"] == root["event_id"]
    assert answer["inputs"] == {"question": "What is a trace?"}
    assert answer["outputs"] == {"result": "All events of one session."}
    assert answer.get("error") is None
    assert events["search"]["parent_id"] == answer["event_id"]
    assert events["search"]["metadata"] == {"hits": 2}
    assert events["broken"]["error"] == "ValueError: no index"
    assert events["broken"]["parent_id"] == answer["event_id"]
    assert {event["session_id"] for event in events.values()} == {root["session_id"]}
    for event in events.values():
        assert event["start_time"] + event["duration"] == pytest.approx(event["end_time"], abs=0.01)


def test_a_trace_of_spans_is_stored_as_a_tree(hh: HoneyHive, server: LocalServer) -> None:
    @hh.span("answer")
    def answer(question: str) -> str:
        with hh.span("search", event_type="tool") as span:
            span.set(metadata={"hits": 2})
        with pytest.raises(ValueError, match="no index"), hh.span("broken"):
            raise ValueError("no index")
        return "All events of one session."

    with hh.session("chat", user_properties={"tier": "free"}) as session:
        answer("What is a trace?")
        session.outputs = {"resolved": True}
    check(stored(server))


def test_a_trace_of_async_spans_is_the_same_tree(server: LocalServer) -> None:
    async def main() -> None:
        async with AsyncHoneyHive(api_key=KEY, base_url=server.url) as ahh:

            @ahh.span("answer")
            async def answer(question: str) -> str:
                async with ahh.span("search", event_type="tool") as span:
                    span.set(metadata={"hits": 2})
                with pytest.raises(ValueError, match="no index"):
                    async with ahh.span("broken"):
                        raise ValueError("no index")
                return "All events of one session."

            async with ahh.session("chat", user_properties={"tier": "free"}) as session:
                await asyncio.create_task(answer("What is a trace?"))
                session.outputs = {"resolved": True}

    asyncio.run(main())
    check(stored(server))


def test_batches_inside_a_span_belong_to_it(hh: HoneyHive, server: LocalServer) -> None:
    with hh.span("load") as span:
        report = hh.events.create_batch([{"event_type": "tool", "event_name": f"step {i}"} for i in range(5)])
    assert report.success
    steps = [event for event in server.events() if event["event_name"].startswith("step")]
    assert {(event["session_id"], event["parent_id"]) for event in steps} == {
        (span.session_id, span.event_id)
    }
    assert len(steps) == 5


def test_the_work_continues_when_the_service_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with HoneyHive(api_key=KEY, base_url="http://127.0.0.1:9", retry=False, background=False) as hh:

        @hh.span()
        def work() -> int:
            assert current_span() is not None
            return 7

        with caplog.at_level(logging.ERROR, "honeyhive_ext.tracing"):
            assert work() == 7
        with pytest.raises(KeyError) as caught, hh.span("x"):
            raise KeyError("k")
    assert len(caplog.records) == 2
    assert KEY not in caplog.text
    assert "APIConnectionError" in caplog.records[0].getMessage()
    assert "was not sent: APIConnectionError" in caught.value.__notes__[0]


def test_the_deepest_event_that_is_taken_comes_back(hh: HoneyHive) -> None:
    inputs = {"deep": deep(MAX_DEPTH - 2)}
    sent = hh.events.create("tool", inputs=inputs)
    assert hh.events.get(sent.event_id).inputs == inputs


@pytest.mark.skipif(not TRACES, reason="../shared/data/traces is not here")
def test_real_events_come_back_as_they_were_given(hh: HoneyHive, server: LocalServer) -> None:
    given = [json.loads(line) for path in TRACES for line in path.read_text("utf-8").splitlines()]
    for event in given[::8]:
        hh.events.create(event)
    kept = {event["event_id"]: event for event in server.events()}
    assert len(kept) == len(given[::8])
    for event in given[::8]:
        assert {name: kept[event["event_id"]][name] for name in event} == event


def test_clients_of_one_project_share_a_trace_and_those_of_two_do_not(server: LocalServer) -> None:
    async def main() -> None:
        with HoneyHive(api_key=KEY, base_url=server.url) as hh, hh.session("chat"):
            async with AsyncHoneyHive(api_key=KEY, base_url=server.url) as same, same.span("same"):
                await same.events.create("tool", event_name="step")
            async with AsyncHoneyHive(api_key="hh_other_key", base_url=server.url) as other:
                await other.events.create("tool", event_name="alone")
                async with other.span("stranger"):
                    await other.events.create_batch([{"event_type": "tool", "event_name": "inside"}])

    asyncio.run(main())
    events = stored(server)
    root, stranger = events["chat"]["event_id"], events["stranger"]
    assert events["same"]["parent_id"] == root
    assert events["step"]["parent_id"] == events["same"]["event_id"]
    assert root not in {events[name].get("parent_id") for name in ("alone", "stranger")}
    assert events["inside"]["parent_id"] == stranger["event_id"]
    assert root not in {events[name]["session_id"] for name in ("alone", "stranger", "inside")}


class TimeLimit(Exception):  # noqa: N818 - a time limit of a task queue
    pass


@pytest.mark.parametrize("kind", [TimeLimit, TimeoutError])
@pytest.mark.parametrize("given", ["own", "client", "transport"])
def test_a_time_limit_while_a_span_sends_ends_the_application_and_not_the_sending(
    kind: type[Exception], given: str
) -> None:
    options: dict[str, Any] = {
        "own": {},
        "client": {"http_client": LIBRARY.Client()},
        "transport": {"transport": httpx.HTTPTransport()},
    }[given]
    mine = KeyError("mine")

    def handler(*_: object) -> None:
        raise kind("time is up")

    def interrupt(_: object) -> Answer:
        os.kill(os.getpid(), signal.SIGUSR1)
        return hang()

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with (
            Misbehaving(then=interrupt) as server,
            HoneyHive(KEY, base_url=server.url, timeout=60, retry=False, background=False, **options) as hh,
        ):

            @hh.span()
            def fails() -> None:
                raise mine

            with pytest.raises(kind, match="time is up"), hh.span("x"):
                pass
            with pytest.raises(kind, match="time is up") as caught:
                fails()
    finally:
        signal.signal(signal.SIGUSR1, before)
    contexts: list[BaseException | None] = [caught.value]
    while contexts[-1] is not None:
        contexts.append(contexts[-1].__context__)
    assert mine in contexts
    if given == "client":
        options["http_client"].close()


def test_the_exception_that_the_application_handles_is_left_alone_and_not_quoted() -> None:
    with pytest.raises(httpx.ConnectError) as theirs, httpx.Client() as client:
        client.get("http://127.0.0.1:9/canary", headers={"x": "y"})
    mine = theirs.value
    request, frames = mine.request, traceback.extract_tb(mine.__traceback__)
    mine.args = ("canary",)
    seen: list[str] = []
    with HoneyHive(KEY, base_url="http://127.0.0.1:9", retry=False) as hh:
        try:
            raise mine
        except httpx.ConnectError:
            with pytest.raises(APIConnectionError) as caught:
                hh.events.create("tool")
            seen.append(str(caught.value))
    assert "canary" not in seen[0]
    assert mine.request is request
    assert len(traceback.extract_tb(mine.__traceback__)) >= len(frames)
