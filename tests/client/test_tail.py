"""`events.tail` through both clients."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from honeyhive_ext import AsyncHoneyHive, F, HoneyHive
from honeyhive_ext.local import LocalServer


def test_new_events_come_once_and_earlier_ones_do_not(hh: HoneyHive, server: LocalServer) -> None:
    hh.events.create("tool", event_name="before")
    looked = threading.Event()
    got: list[object] = []

    def send() -> None:
        assert looked.wait(60)
        late = datetime.now(UTC) - timedelta(minutes=1)
        hh.events.create("tool", event_name="late", start_time=late)
        hh.events.create("tool", event_name="new")
        hh.events.create("model", event_name="other")
        hh.events.create("tool", event_name="last")

    def seen(info: object) -> None:
        looked.set()

    with HoneyHive(api_key="x", base_url=server.url, on_response=seen) as watching:
        sending = threading.Thread(target=send)
        sending.start()
        for event in watching.events.tail(F.event_type == "tool", poll=0.01):
            got.append(event.event_name)
            if "last" in got:
                break
        sending.join()
    assert sorted(map(str, got)) == ["last", "late", "new"]


def test_with_a_start_earlier_events_come_and_idle_ends_the_loop(hh: HoneyHive) -> None:
    for name in ("a", "b"):
        hh.events.create("tool", event_name=name)
    found = hh.events.tail(start=timedelta(minutes=-1), poll=0.01, idle=0.05)
    assert [event.event_name for event in found] == ["a", "b"]


def test_the_async_twin_follows_too(hh: HoneyHive, server: LocalServer) -> None:
    hh.events.create("tool", event_name="a")

    async def main() -> list[object]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            got = []
            async with aclosing(ahh.events.tail(start=timedelta(minutes=-1), poll=0.01, idle=60)) as found:
                async for event in found:
                    got.append(event.event_name)
                    if len(got) == 2:
                        break
                    await ahh.events.create("tool", event_name="b")
            return got

    assert asyncio.run(main()) == ["a", "b"]
