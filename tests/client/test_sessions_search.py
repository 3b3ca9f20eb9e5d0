"""Sessions are found with what each has in all, and what was computed is named."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import httpx
import pytest

from honeyhive_ext import AsyncHoneyHive, F, HoneyHive, QueryError, SessionInfo
from honeyhive_ext.local import LocalServer
from tests.support.inert import inert

BASE = 1_767_225_600_000
IDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]


def fill(server: LocalServer) -> None:
    events: list[dict[str, Any]] = []
    for number, session_id in enumerate(IDS):
        own = {"event_type": "session", "event_id": session_id, "session_id": session_id, "inputs": {}}
        start = BASE + 1000 * number
        events.append({**own, "event_name": f"chat {number}", "start_time": start})
        events += [
            {
                "event_type": "model",
                "inputs": {},
                "session_id": session_id,
                "start_time": start + 10,
                "duration": 100 + step,
                "metadata": {"cost": 0.1, "prompt_tokens": 5, "total_tokens": 7},
                **({"error": "boom"} if step else {}),
            }
            for step in range(number)
        ]
    told = {"num_events": 9, "num_model_events": 8, "total_tokens": 70, "cost": 2.5, "prompt_tokens": 1}
    events[0]["metadata"] = {**told, "completion_tokens": 2}
    events[0] |= {"duration": 50, "feedback": {"rating": 1}}
    server.seed(events)


def test_figures_are_those_of_the_session_s_event_or_computed_and_named(
    hh: HoneyHive, server: LocalServer
) -> None:
    fill(server)
    third, second, first = hh.sessions.search()
    assert (third.name, third.session_id, third.start_ms) == ("chat 2", IDS[2], BASE + 2000)
    assert (third.events, third.model_events, third.errors) == (3, 2, 1)
    assert (third.prompt_tokens, third.completion_tokens, third.total_tokens) == (10, None, 14)
    assert (third.cost, third.duration_ms) == (0.2, 111)
    assert third.computed == {
        "events", "model_events", "errors", "prompt_tokens", "total_tokens", "cost", "duration_ms",
    }  # fmt: skip
    assert second.events == 2
    assert (first.events, first.model_events, first.total_tokens, first.cost) == (9, 8, 70, 2.5)
    assert (first.duration_ms, first.feedback, first.errors) == (50, {"rating": 1}, 0)
    assert first.computed == {"errors"}
    assert str(first.started_at) == "2026-01-01 00:00:00+00:00"
    assert repr(first) == (
        "SessionInfo('chat 0', 2026-01-01 00:00:00.000 UTC, 50 ms, 9 events, 0 errors, 70 tokens, $2.50, "
        "computed: errors)"
    )


def test_without_computing_one_request_is_sent_and_unknown_figures_are_none(
    hh: HoneyHive, server: LocalServer
) -> None:
    fill(server)
    (third,) = hh.sessions.search(limit=1, compute=False)
    assert (third.events, third.errors, third.cost, third.computed) == (None, None, None, frozenset())
    assert len(server.requests) == 1


def test_sessions_are_searched_by_conditions_and_time_in_both_clients(
    hh: HoneyHive, server: LocalServer
) -> None:
    fill(server)
    found = hh.sessions.search("event_name is 'chat 1'", F.start_time > BASE, end="2026-01-01T00:00:01Z")
    assert [one.name for one in found] == ["chat 1"]

    async def ahead() -> list[SessionInfo]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            return await ahh.sessions.search(limit=None)

    assert asyncio.run(ahead()) == hh.sessions.search()
    with pytest.raises(QueryError, match="compute is 'no'"):
        hh.sessions.search(compute="no")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="write event_name"):
        hh.sessions.search("evnt_name is a")


def test_odd_events_are_sessions_without_figures_or_left_out() -> None:
    odd: list[Any] = [
        {"event_type": "session", "session_id": "not a uuid", "start_time": 1e300, "metadata": [1]},
        {"event_type": "session", "session_id": None},
        {"event_type": "session", "event_id": "x"},
        None,
        5,
    ]
    answer = httpx.Response(200, json={"events": odd, "count": 5})
    transport = httpx.MockTransport(lambda _: answer)
    with HoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=transport) as hh:
        (only,) = hh.sessions.search(compute=False)
    assert (only.session_id, only.name, only.events, only.started_at) == ("not a uuid", "", None, None)
    assert "not a uuid" not in repr(only)


def test_a_notebook_shows_what_a_session_has_in_all() -> None:
    info = SessionInfo("s", "<chat>", 1_767_225_600_000, 1250.0, 4, total_tokens=1240, cost=0.0042)
    read = inert(str(info._repr_html_()))
    assert "<chat>sessions" in read.text
    for text in (
        "start2026-01-01 00:00:00.000 UTC",
        "duration1.25 s",
        "events4",
        "tokens1,240",
        "cost$0.0042",
    ):
        assert text in read.text


def test_the_events_of_a_session_are_not_kept_while_it_is_computed(
    hh: HoneyHive, server: LocalServer
) -> None:
    peaks: list[int] = []
    for session_id, number in zip(IDS, (1_000, 3_000), strict=False):
        own = {"event_type": "session", "event_id": session_id, "session_id": session_id, "inputs": {}}
        step = {"event_type": "tool", "inputs": {"texts": ["x"] * 400}, "session_id": session_id}
        server.seed([own, *([step] * number)])
        tracemalloc.start()
        try:
            (found,) = hh.sessions.search(f"session_id == {session_id}")
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert found.events == number + 1
    assert peaks[1] < 1.5 * peaks[0], peaks
