"""`coalesce=True`: creations that run at once share requests, and each caller gets its own result."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from honeyhive_ext.client.aio import AsyncHoneyHive
from honeyhive_ext.errors import APIStatusError, BadRequestError, EventError
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"


def events_of(request: Recorded) -> list[dict[str, Any]]:
    body = json.loads(request.body)
    return body.get("events", [body])


def takes_all(request: Recorded) -> Answer:
    ids = [event["event_id"] for event in events_of(request)]
    return answer(200, json.dumps({"event_ids": ids, "event_id": ids[0], "success": True}))


def takes_all_but(name: str) -> Callable[[Recorded], Answer]:
    def play(request: Recorded) -> Answer:
        refused = any(event.get("event_name") == name for event in events_of(request))
        return answer(400, '{"message": "no"}') if refused else takes_all(request)

    return play


def client(server: Misbehaving, **options: Any) -> AsyncHoneyHive:
    return AsyncHoneyHive("hh_test", base_url=server.url, coalesce=True, **options)


def test_creations_of_one_turn_of_the_loop_are_one_request_and_each_gets_its_own_id() -> None:
    async def scenario() -> list[str]:
        async with client(server) as hh:
            done = await asyncio.gather(*(hh.events.create("tool", event_name=str(n)) for n in range(64)))
        return [sent.event_id for sent in done]

    with Misbehaving(then=takes_all) as server:
        ids = asyncio.run(scenario())
        (request,) = server.requests
    sent = {event["event_name"]: event["event_id"] for event in events_of(request)}
    assert ids == [sent[str(n)] for n in range(64)]
    assert len(set(ids)) == 64


def test_one_refused_event_raises_for_its_caller_alone() -> None:
    async def scenario() -> list[Any]:
        async with client(server) as hh:
            calls = (hh.events.create("tool", event_name=f"e{n}") for n in range(16))
            return await asyncio.gather(*calls, return_exceptions=True)

    with Misbehaving(then=takes_all_but("e5")) as server:
        results = asyncio.run(scenario())
    assert isinstance(results[5], BadRequestError)
    assert all(result.success for n, result in enumerate(results) if n != 5)


def test_a_failure_of_the_request_is_a_separate_error_for_each_caller() -> None:
    async def scenario() -> list[Any]:
        async with client(server, retry=False) as hh:
            calls = (hh.events.create("tool") for _ in range(8))
            return await asyncio.gather(*calls, return_exceptions=True)

    with Misbehaving(then=answer(401, "{}")) as server:
        results = asyncio.run(scenario())
    assert all(isinstance(result, APIStatusError) and result.status == 401 for result in results)
    assert len({id(result) for result in results}) == 8


def test_a_refused_key_in_the_first_of_several_requests_is_an_error_for_the_events_of_the_others_too() -> (
    None
):
    async def scenario() -> list[Any]:
        async with client(server) as hh:
            calls = (hh.events.create("tool") for _ in range(600))
            return await asyncio.gather(*calls, return_exceptions=True)

    with Misbehaving(then=answer(401, "{}")) as server:
        results = asyncio.run(scenario())
    assert all(isinstance(result, APIStatusError) and result.status == 401 for result in results)
    assert len(server.requests) == 1


def test_input_that_is_not_an_event_raises_at_once_and_sends_nothing() -> None:
    async def scenario() -> None:
        async with client(server) as hh:
            await hh.events.create("tool", inputs={"x": float("nan")})

    with Misbehaving(then=takes_all) as server:
        with pytest.raises(EventError):
            asyncio.run(scenario())
        assert not server.requests


def test_one_id_twice_at_once_goes_in_two_requests() -> None:
    async def scenario() -> list[Any]:
        async with client(server) as hh:
            return await asyncio.gather(*(hh.events.create("tool", event_id=ID) for _ in range(2)))

    with Misbehaving(then=takes_all) as server:
        assert [sent.event_id for sent in asyncio.run(scenario())] == [ID, ID]
        assert len(server.requests) == 2


def test_a_call_with_its_own_timeout_or_retry_goes_alone() -> None:
    async def scenario() -> None:
        async with client(server) as hh:
            await asyncio.gather(
                hh.events.create("tool"),
                hh.events.create("tool", timeout=5),
                hh.events.create("tool", retry=False),
            )

    with Misbehaving(then=takes_all) as server:
        asyncio.run(scenario())
        assert sorted(request.path for request in server.requests) == [
            "/v1/events",
            "/v1/events",
            "/v1/events/batch",
        ]


class Gate:
    """Holds the first answer until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, request: Recorded) -> Answer:
        self.reached.set()
        assert self.opened.wait(60)
        return takes_all(request)


def test_a_cancelled_caller_leaves_the_others_their_results() -> None:
    gate = Gate()

    async def scenario() -> list[Any]:
        async with client(server) as hh:
            tasks = [asyncio.create_task(hh.events.create("tool")) for _ in range(4)]
            assert await asyncio.to_thread(gate.reached.wait, 60)
            tasks[0].cancel()
            gate.opened.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    with Misbehaving(gate) as server:
        first, *others = asyncio.run(scenario())
        assert len(server.requests) == 1
    assert isinstance(first, asyncio.CancelledError)
    assert all(sent.success for sent in others)


def test_events_created_while_all_requests_are_in_flight_go_together_afterwards() -> None:
    gate = Gate()

    async def scenario() -> None:
        async with client(server, max_concurrency=1) as hh:
            tasks = [asyncio.create_task(hh.events.create("tool"))]
            assert await asyncio.to_thread(gate.reached.wait, 60)
            for _ in range(5):  # five turns of the loop, one creation in each
                tasks.append(asyncio.create_task(hh.events.create("tool")))
                await asyncio.sleep(0)
            gate.opened.set()
            assert all(sent.success for sent in await asyncio.gather(*tasks))

    with Misbehaving(gate, then=takes_all) as server:
        asyncio.run(scenario())
        assert [len(events_of(request)) for request in server.requests] == [1, 5]


def test_closing_waits_for_requests_in_flight() -> None:
    async def scenario() -> Any:
        hh = client(server)
        task = asyncio.create_task(hh.events.create("tool"))
        await asyncio.sleep(0)
        await hh.close()
        return await task

    with Misbehaving(then=takes_all) as server:
        assert asyncio.run(scenario()).success


def test_one_client_serves_one_event_loop_after_another() -> None:
    async def scenario() -> bool:
        return (await hh.events.create("tool")).success

    def takes_and_closes(request: Recorded) -> Answer:
        ids = [event["event_id"] for event in events_of(request)]
        return answer(200, json.dumps({"event_ids": ids, "success": True}), {"Connection": "close"})

    with Misbehaving(then=takes_and_closes) as server:
        hh = client(server)
        assert [asyncio.run(scenario()) for _ in range(2)] == [True, True]
        assert server.connections == 2


def test_events_too_large_for_one_request_go_in_several_and_each_gets_its_own_id() -> None:
    text = "x" * 2_000_000

    async def scenario() -> list[str]:
        async with client(server) as hh:
            calls = (hh.events.create("tool", event_name=str(n), inputs={"text": text}) for n in range(5))
            return [sent.event_id for sent in await asyncio.gather(*calls)]

    with Misbehaving(then=takes_all) as server:
        ids = asyncio.run(scenario())
    assert [len(events_of(request)) for request in server.requests] == [2, 2, 1]
    sent = [event for request in server.requests for event in events_of(request)]
    assert [(event["event_name"], event["event_id"]) for event in sent] == [
        (str(n), event_id) for n, event_id in enumerate(ids)
    ]


def test_more_creations_than_one_request_may_carry_go_in_several() -> None:
    async def scenario() -> list[str]:
        async with client(server) as hh:
            return [
                sent.event_id
                for sent in await asyncio.gather(*(hh.events.create("tool") for _ in range(1200)))
            ]

    with Misbehaving(then=takes_all) as server:
        ids = asyncio.run(scenario())
    assert [len(events_of(request)) for request in server.requests] == [500, 500, 200]
    assert [event["event_id"] for request in server.requests for event in events_of(request)] == ids
