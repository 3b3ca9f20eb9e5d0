"""Two clients of different projects in one process: no event gets a session or a parent of the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from contextvars import copy_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import current_span
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import EventSettings, build_settings
from honeyhive_ext.payload.many import prepare_events
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder


@pytest.fixture
def a() -> Recorder:
    return Recorder(EventSettings(destination="a"))


@pytest.fixture
def b() -> Recorder:
    return Recorder(EventSettings(destination="b"))


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def ids(event: dict[str, Any]) -> tuple[Any, Any]:
    return event.get("session_id"), event.get("parent_id")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["span", "session", "event"])), max_size=8))
def test_nested_spans_have_the_nearest_span_of_their_own_project_as_parent(nest: list[Any]) -> None:
    recorders = (Recorder(EventSettings(destination="a")), Recorder(EventSettings(destination="b")))
    around: dict[bool, Any] = {}
    expected: dict[str, tuple[Any, Any]] = {}
    with ExitStack() as stack:
        for depth, (which, kind) in enumerate(nest):
            mine, name = around.get(which), f"{depth}"
            if kind == "event":
                recorders[which].create("tool", event_name=name)
                expected[name] = (mine and mine.session_id, mine and mine.event_id)
                continue
            span = stack.enter_context(getattr(recorders[which], kind)(name))
            assert current_span() is span
            root = kind == "session" or mine is None
            expected[name] = (span.session_id, None if root else mine.event_id)
            assert kind == "session" or mine is None or span.session_id == mine.session_id
            around[which] = span
    sent = {event["event_name"]: ids(event) for recorder in recorders for event in recorder.events}
    assert sent == expected


def test_a_span_inside_another_project_inside_its_own_belongs_to_its_own(a: Recorder, b: Recorder) -> None:
    with a.session("A") as session, b.session("B") as other, a.span("inner") as inner:
        assert (inner.session_id, current_span()) == (session.session_id, inner)
        b.create("tool", event_name="of B")
        a.create("tool", event_name="of A")
    assert ids(a.named("inner")) == (session.session_id, session.event_id)
    assert ids(a.named("of A")) == (session.session_id, inner.event_id)
    assert ids(b.named("of B")) == (other.session_id, other.event_id)


def test_many_events_at_once_get_no_ids_of_another_project(a: Recorder, b: Recorder) -> None:
    events = [{"event_type": "tool"}] * 3
    with a.session("A"):
        made = prepare_events(events, settings=b.settings, now_ms=lambda: 1_767_225_600_000)
        mine = prepare_events(events, settings=a.settings, now_ms=lambda: 1_767_225_600_000)
    assert made is not None
    assert mine is not None
    assert all("session_id" not in wire and "parent_id" not in wire for wire in made.wires)
    assert all("session_id" in wire and "parent_id" in wire for wire in mine.wires)


def test_a_suspended_generator_keeps_each_project_to_itself(a: Recorder, b: Recorder) -> None:
    @a.span("gen")
    def gen() -> Iterator[int]:
        for number in range(3):
            a.create("tool", event_name=f"a{number}")
            b.create("tool", event_name=f"b{number}")
            yield number

    with a.session("A") as session, b.span("first") as first:
        steps = gen()
        next(steps)
        with b.span("second") as second:
            next(steps)
            b.create("tool", event_name="between")
            a.create("tool", event_name="also between")
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    event = a.named("gen")
    assert ids(event) == (session.session_id, session.event_id)
    assert {ids(a.named(f"a{number}")) for number in range(3)} == {(session.session_id, event["event_id"])}
    assert {ids(b.named(f"b{number}")) for number in range(3)} == {(first.session_id, first.event_id)}
    assert ids(b.named("between")) == (second.session_id, second.event_id)
    assert ids(a.named("also between")) == (session.session_id, session.event_id)


def test_tasks_and_threads_keep_each_project_to_itself(a: Recorder, b: Recorder) -> None:
    async def step(name: str) -> None:
        async with b.aspan(name):
            await asyncio.sleep(0)
            a.create("tool", event_name=f"{name} of A")

    async def main() -> None:
        async with a.asession("A"), asyncio.TaskGroup() as tasks:
            for name in "xyz":
                tasks.create_task(step(name))
            await asyncio.to_thread(b.create, "tool", event_name="thread of B")
            thread = threading.Thread(target=copy_context().run, args=(a.create, "tool"))
            thread.start()
            await asyncio.to_thread(thread.join)

    asyncio.run(main())
    root = a.named("A")["event_id"]
    assert {event["parent_id"] for event in a.events if event["event_type"] == "tool"} == {root}
    assert "session_id" not in b.named("thread of B")
    assert len({b.named(name)["session_id"] for name in "xyz"} - {root}) == 3
    assert all("parent_id" not in b.named(name) for name in "xyz")


def test_spans_of_two_projects_that_end_out_of_order_leave_the_rest_in_place(
    a: Recorder, b: Recorder
) -> None:
    outer, other, inner = a.span("outer"), b.span("other"), a.span("inner")
    for span in (outer, other, inner):
        span.__enter__()
    other.__exit__(None, None, None)
    b.create("tool", event_name="after")
    assert current_span() is inner
    outer.__exit__(None, None, None)
    a.create("tool", event_name="inside")
    inner.__exit__(None, None, None)
    assert "session_id" not in b.named("after")
    assert ids(a.named("inside")) == (inner.session_id, inner.event_id)


def destination(key: str = "hh_1", url: str = "https://a.example", **more: Any) -> str:
    return build_settings(
        api_key=secret(key),
        base_url=url,
        environ={},
        ingestion_api_key=secret(more.pop("writes", None)),
        **more,
    ).events.destination


def test_a_destination_is_the_service_and_the_key_for_writes() -> None:
    assert destination() == destination(url="HTTPS://A.example:443/", timeout=5, source="app")
    different = [destination(), destination("hh_2"), destination(url="https://b.example")]
    different += [destination(writes="hh_ingst_1"), destination(writes="hh_ingst_2")]
    assert len(set(different)) == len(different)
    assert destination("hh_1", writes="hh_ingst_1") == destination("hh_2", writes="hh_ingst_1")


def test_what_stands_for_a_destination_shows_no_key() -> None:
    settings = build_settings(api_key=secret("hh_very_secret"), environ={})
    assert settings.events.destination not in repr(settings)
    assert "very_secret" not in repr(settings.events.destination)
