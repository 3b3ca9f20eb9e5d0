"""`session(resume=True)`: one session of many blocks, whatever the service does with a second event."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from honeyhive_ext import AsyncHoneyHive, Background, EventError, HoneyHive, trace
from honeyhive_ext.errors import PickleRefusedError
from honeyhive_ext.local import LocalServer
from tests.support.clients import KEY
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

START = 1_760_000_000_000.0


@pytest.fixture(params=["replace", "reject", "duplicate", "merge"])
def server(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    """A server for each answer to an event that is posted a second time."""
    with LocalServer(repost=request.param) as made:
        yield made


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def sessions(server: LocalServer) -> list[dict[str, Any]]:
    return [event for event in server.events() if event["event_type"] == "session"]


def turn(number: int) -> dict[str, Any]:
    """Return the fields of one turn, which lasts a second and begins a minute after the one before."""
    return {
        "inputs": {"turn": number},
        "metadata": {f"turn {number}": True},
        "metrics": {"turns": number + 1},
        "start_time": START + number * 60_000,
        "duration": 1_000,
    }


def turns(client: str, server: LocalServer, session_id: str, background: bool) -> None:
    """Record three turns, each with a client of its own, as processes have."""
    for number in range(3):
        fields: dict[str, Any] = {"session_id": session_id, "resume": True, **turn(number)}
        if client == "sync":
            hh = HoneyHive(KEY, base_url=server.url, background=background)
            with hh, hh.session("chat", **fields) as session, hh.span(f"turn {number}"):
                session.outputs = {"answer": number}
        elif client == "trace":
            with HoneyHive(KEY, base_url=server.url, background=background) as hh, trace.replaced():
                trace.use(hh)
                with trace.session("chat", **fields) as session, trace.span(f"turn {number}"):
                    session.outputs = {"answer": number}
        else:

            async def main(number: int = number, fields: dict[str, Any] = fields) -> None:
                ahh = AsyncHoneyHive(KEY, base_url=server.url, background=background)
                async with ahh, ahh.session("chat", **fields) as session, ahh.span(f"turn {number}"):
                    session.outputs = {"answer": number}

            asyncio.run(main())


@pytest.mark.parametrize("background", [True, False], ids=["background", "waiting"])
@pytest.mark.parametrize("client", ["sync", "async", "trace"])
def test_the_turns_of_a_chat_are_one_session(client: str, background: bool, server: LocalServer) -> None:
    session_id = str(uuid4())
    turns(client, server, session_id, background)
    (session,) = sessions(server)
    assert session["event_id"] == session["session_id"] == session_id
    assert session["inputs"] == {"turn": 0}, "the first inputs are kept"
    assert session["outputs"] == {"answer": 2}, "the last outputs are kept"
    assert session["metadata"] == {"turn 0": True, "turn 1": True, "turn 2": True}
    assert session["metrics"] == {"turns": 3}
    assert session["start_time"] == START
    assert session["duration"] == 121_000, "from the first start to the last end"
    assert session["end_time"] == START + 121_000
    steps = [event for event in server.events() if event["event_type"] == "chain"]
    assert [step["event_name"] for step in steps] == ["turn 0", "turn 1", "turn 2"]
    assert {step["parent_id"] for step in steps} == {session_id}


def test_turns_at_the_same_time_are_one_session(server: LocalServer) -> None:
    session_id = str(uuid4())
    with HoneyHive(KEY, base_url=server.url) as hh:

        def handle(number: int) -> None:
            fields: dict[str, Any] = {"metadata": {str(number): True}, "session_id": session_id}
            with hh.session("chat", resume=True, **fields), hh.span("turn"):
                pass

        threads = [threading.Thread(target=handle, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (session,) = sessions(server)
    assert session["metadata"] == {str(number): True for number in range(20)}
    assert session["end_time"] - session["start_time"] == pytest.approx(session["duration"], abs=0.01)
    assert len(server.events()) == 21


def test_an_earlier_end_that_comes_later_takes_nothing_back(server: LocalServer) -> None:
    session_id = str(uuid4())
    with HoneyHive(KEY, base_url=server.url) as hh:
        for number in (2, 0):
            with hh.session("chat", session_id=session_id, resume=True, **turn(number)):
                pass
            assert hh.flush().success
    (session,) = sessions(server)
    assert session["end_time"] == START + 121_000


def test_what_a_turn_raises_becomes_metadata(server: LocalServer) -> None:
    session_id = str(uuid4())
    with HoneyHive(KEY, base_url=server.url) as hh:
        for number in range(3):
            with suppress(LookupError), hh.session("chat", session_id=session_id, resume=True):
                if number == 1:
                    raise LookupError("no such order")
    (session,) = sessions(server)
    assert session["metadata"] == {"error": "LookupError: no such order"}


def test_a_session_that_was_created_is_continued(server: LocalServer) -> None:
    with HoneyHive(KEY, base_url=server.url) as hh:
        made = hh.sessions.create(session_name="chat", inputs={"first": True}, start_time=START)
        with hh.session("chat", session_id=made.session_id, resume=True, **turn(0)):
            pass
    (session,) = sessions(server)
    assert (session["inputs"], session["duration"]) == ({"first": True}, 1_000)


def test_updates_after_a_turn_keep_their_order(server: LocalServer) -> None:
    session_id = str(uuid4())
    with HoneyHive(KEY, base_url=server.url) as hh:
        with hh.session("chat", session_id=session_id, resume=True) as session:
            session.outputs = {"answer": 1}
        hh.events.enqueue_update(session_id, feedback={"rating": 5}, outputs={"answer": 2})
        with hh.session("chat", session_id=session_id, resume=True):
            pass
        hh.events.enqueue_update(session_id, feedback={"comment": "good"})
    (session_event,) = sessions(server)
    assert session_event["outputs"] == {"answer": 2}
    assert session_event["feedback"] == {"rating": 5, "comment": "good"}


def test_a_decorated_function_resumes_at_each_call(server: LocalServer) -> None:
    session_id = str(uuid4())
    with HoneyHive(KEY, base_url=server.url) as hh:

        @hh.session("chat", session_id=session_id, resume=True)
        def answer_to(question: str) -> str:
            return question.upper()

        assert [answer_to("a"), answer_to("b")] == ["A", "B"]
    (session,) = sessions(server)
    assert (session["inputs"], session["outputs"]) == ({"question": "a"}, {"result": "B"})


def test_the_redact_hook_sees_both_requests(server: LocalServer) -> None:
    seen: list[dict[str, Any]] = []

    def redact(fields: dict[str, Any]) -> dict[str, Any]:
        seen.append(fields)
        for name in ("inputs", "outputs"):
            if name in fields:
                fields[name] = {"hidden": True}
        return fields

    hh = HoneyHive(KEY, base_url=server.url, redact=redact)
    with hh, hh.session("chat", session_id=uuid4(), resume=True, inputs={"key": 1}) as session:
        session.outputs = {"key": 2}
    (session_event,) = sessions(server)
    assert session_event["inputs"] == session_event["outputs"] == {"hidden": True}
    assert len(seen) == 2


def test_a_session_that_is_large_is_cut(server: LocalServer) -> None:
    hh = HoneyHive(KEY, base_url=server.url)
    with hh, hh.session("chat", session_id=uuid4(), resume=True, inputs={"a": "x" * 800_000}) as session:
        session.outputs = {"b": "y" * 800_000}
    (session_event,) = sessions(server)
    assert "left out>" in session_event["inputs"]["a"] + session_event["outputs"]["b"]


def test_a_session_without_an_id_cannot_be_resumed() -> None:
    hh, ahh = HoneyHive(KEY), AsyncHoneyHive(KEY)
    for make in (hh.session, ahh.session, trace.session):
        with pytest.raises(EventError, match="session_id"):
            make("chat", resume=True)
        with pytest.raises(EventError, match="resume") as caught:
            make("chat", resume=True, session_id=uuid4(), parent_id=uuid4())
        assert caught.value.path == "parent_id"


def test_a_session_that_is_resumed_is_not_pickled() -> None:
    span = HoneyHive(KEY).session("chat", session_id=uuid4(), resume=True)
    with pytest.raises(PickleRefusedError):
        span.__reduce_ex__(2)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"start_time": null}', b'{"start_time": "yesterday"}'])
def test_without_the_start_no_duration_is_sent(body: bytes) -> None:
    def respond(request: Recorded) -> Answer:
        return answer(200, body if request.method == "POST" else b"{}")

    with Misbehaving(then=respond) as server, HoneyHive(KEY, base_url=server.url) as hh:
        with hh.session("chat", session_id=uuid4(), resume=True, **turn(0)):
            pass
        assert hh.flush().success
        first, second = server.requests
    assert (first.method, first.path, second.method) == ("POST", "/v1/sessions", "PUT")
    sent = orjson.loads(second.body)
    assert sent["end_time"] == START + 1_000
    assert "duration" not in sent


def test_a_failed_request_is_sent_again_and_a_refused_one_is_counted() -> None:
    script = [answer(status, b"{}") for status in (500, 200, 503, 200, 200, 400)]
    with Misbehaving(*script) as server, HoneyHive(KEY, base_url=server.url) as hh:
        for _ in range(2):
            with hh.session("chat", session_id=uuid4(), resume=True):
                pass
            hh.flush()
        stats = hh.stats()
        methods = [request.method for request in server.requests]
    assert methods == ["POST", "POST", "PUT", "POST", "PUT", "POST"]
    assert (stats.accepted, stats.delivered, stats.rejected) == (2, 1, {"refused": 1})


KILLED = """
import os, signal, sys
from honeyhive_ext import Background, HoneyHive
background = Background(spool=sys.argv[2], flush_seconds=3600)
hh = HoneyHive("hh_test_key", base_url=sys.argv[1], background=background)
for number in (0, 1):
    fields = {"inputs": {"turn": number}, "start_time": 1760000000000 + number * 60000, "duration": 1000}
    with hh.session("chat", session_id=sys.argv[3], resume=True, **fields):
        pass
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_turns_of_a_process_that_was_killed_are_sent_by_the_next_one(
    server: LocalServer, tmp_path: Path
) -> None:
    session_id = str(uuid4())
    command = [sys.executable, "-c", KILLED, server.url, str(tmp_path), session_id]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HH_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert sessions(server) == []
    with HoneyHive(KEY, base_url=server.url, background=Background(spool=tmp_path)) as hh:
        wait_until(lambda: hh.stats().delivered == 2)
    (session,) = sessions(server)
    assert (session["inputs"], session["duration"]) == ({"turn": 0}, 61_000)


INTERRUPTED = """
import sys
from honeyhive_ext import HoneyHive
hh = HoneyHive("hh_test_key", base_url=sys.argv[1])
session = hh.session("chat", session_id=sys.argv[2], resume=True, inputs={"a": 1})
session.__enter__()
"""


def test_a_turn_that_is_open_when_the_program_ends_is_sent(server: LocalServer) -> None:
    command = [sys.executable, "-c", INTERRUPTED, server.url, str(uuid4())]
    subprocess.run(command, check=True)
    (session,) = sessions(server)
    assert session["inputs"] == {"a": 1}
    assert "interrupted" in session["metadata"]["error"]
