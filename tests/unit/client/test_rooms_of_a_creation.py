"""`events.create` goes down the table of rooms, from the call to the bytes of the event and to the wire."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import httpx
import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from tests.support import rooms

ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"
LEVEL = {name: number for number, row in enumerate(rooms.table()) for name in row}
EVENTS: dict[str, dict[str, Any]] = {
    "plain": {
        "event_type": "model",
        "inputs": {"question": "What is a trace?"},
        "start_time": 1_767_225_600_000,
    },
    "rich": {"event_type": "tool", "outputs": {"at": datetime(2026, 1, 1, tzinfo=UTC), "tags": {"a", "b"}}},
    "typed": {"event_type": "tool", "start_time": datetime(2026, 1, 1, tzinfo=UTC), "event_id": ID.upper()},
}


class Calls:
    """The calls between functions of the package, while it is a profile function."""

    def __init__(self) -> None:
        self.rooms: list[tuple[str, str]] = []  # of the caller and of the called, for each call
        self.returned: list[tuple[bytes, int]] = []  # bytes, and how many calls had been made before

    def __call__(self, frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and type(value) is bytes:
            self.returned.append((value, len(self.rooms)))
        elif event == "call" and (called := _room(frame)):
            self.rooms.append((_caller(frame), called))

    def entered(self, calls: int | None = None) -> list[str]:
        """The rooms in the order in which they are entered for the first time."""
        return list(dict.fromkeys(called for _, called in self.rooms[:calls]))

    def upward(self) -> list[tuple[str, str]]:
        """Calls from a room to one that does not stand below it."""
        return [
            (caller, called)
            for caller, called in self.rooms
            if caller not in ("", called) and LEVEL[caller] >= LEVEL[called]
        ]


def _room(frame: FrameType) -> str:
    module = str(frame.f_globals.get("__name__", ""))
    return rooms.room(module) if module.split(".")[0] == rooms.TOP else ""


def _caller(frame: FrameType) -> str:
    """The nearest room among the callers, whatever libraries are between."""
    caller = frame.f_back
    while caller is not None and not _room(caller):
        caller = caller.f_back
    return "" if caller is None else _room(caller)


class Wire:
    """A transport that keeps the last body it was given."""

    body = b""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.body = request.read()
        return httpx.Response(200, json={"success": True, "event_id": json.loads(self.body)["event_id"]})


def create(event: dict[str, Any]) -> tuple[Calls, bytes]:
    """The calls of one creation, and the body that it sent."""
    calls, wire = Calls(), Wire()
    with HoneyHive("hh_1", base_url="http://local", transport=httpx.MockTransport(wire)) as hh:
        hh.events.create(event)  # what is imported at the first use is imported now
        sys.setprofile(calls)
        try:
            hh.events.create(event)
        finally:
            sys.setprofile(None)
    return calls, wire.body


def create_async(event: dict[str, Any]) -> tuple[Calls, bytes]:
    """The same with `AsyncHoneyHive`."""
    calls, wire = Calls(), Wire()

    async def main() -> None:
        transport = httpx.MockTransport(wire)
        async with AsyncHoneyHive("hh_1", base_url="http://local", transport=transport) as hh:
            await hh.events.create(event)
            sys.setprofile(calls)
            try:
                await hh.events.create(event)
            finally:
                sys.setprofile(None)

    asyncio.run(main())
    return calls, wire.body


@pytest.fixture(autouse=True)
def profiler() -> Iterator[None]:
    """Give a profiler of the whole run its place back, such as that of a measurement of coverage."""
    before = sys.getprofile()
    yield
    sys.setprofile(before)


@pytest.mark.parametrize("made", [create, create_async])
@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_becomes_bytes_within_four_rooms_each_below_the_one_before(
    made: Callable[[dict[str, Any]], tuple[Calls, bytes]], event: dict[str, Any]
) -> None:
    calls, body = made(event)
    entered = calls.entered(next(before for value, before in calls.returned if value == body))
    print(*entered, sep=" -> ")
    assert 1 < len(entered) <= 4
    assert entered == sorted(entered, key=LEVEL.__getitem__)
    assert len({LEVEL[room] for room in entered}) == len(entered)


@pytest.mark.parametrize("made", [create, create_async])
@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_no_call_of_a_creation_leads_up_the_table_of_rooms(
    made: Callable[[dict[str, Any]], tuple[Calls, bytes]], event: dict[str, Any]
) -> None:
    calls, _ = made(event)
    assert len(calls.entered()) > 4  # to the answer, and not only to the bytes
    assert calls.upward() == []


def test_a_call_upwards_would_be_found() -> None:
    calls = Calls()
    bottom, top = (row[0] for row in (rooms.table()[-1], rooms.table()[0]))
    calls.rooms = [(top, bottom), (bottom, bottom), ("", top), (bottom, top)]
    assert calls.upward() == [(bottom, top)]
