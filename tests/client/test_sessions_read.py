"""A session read back as a tree, through both clients."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest

from honeyhive_ext import AsyncHoneyHive, EventError, HoneyHive
from honeyhive_ext.local import LocalServer

TRACES = sorted(Path("../shared/data/traces").glob("*.jsonl"))


def test_a_session_is_read_as_a_tree_by_both_clients(hh: HoneyHive, server: LocalServer) -> None:
    session = hh.sessions.create(session_name="nightly")
    chain = hh.events.create("chain", event_name="plan", session_id=session.session_id)
    hh.events.create("tool", event_name="search", session_id=session.session_id, parent_id=chain.event_id)
    hh.events.create("tool", event_name="elsewhere")
    tree = hh.sessions.tree(session.session_id)
    assert [(node.event.event_name, node.depth) for node in tree] == [
        ("nightly", 0),
        ("plan", 1),
        ("search", 2),
    ]
    assert [event.event_name for event in hh.sessions.events(session.session_id)] == [
        "nightly",
        "plan",
        "search",
    ]

    async def read() -> list[str]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            tree = await ahh.sessions.tree(session.session_id)
            assert len(await ahh.sessions.events(session.session_id)) == 3
            return str(tree).splitlines()

    assert asyncio.run(read()) == str(tree).splitlines()


def test_a_session_without_events_is_an_empty_tree(hh: HoneyHive) -> None:
    assert hh.sessions.events(uuid4()) == []
    with pytest.raises(EventError, match="session_id"):
        hh.sessions.tree("no id")


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_real_traces_are_drawn_with_every_event(hh: HoneyHive, path: Path) -> None:
    sent = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    hh.events.create_batch(sent)
    tree = hh.sessions.tree(sent[0]["session_id"])
    assert sorted(str(node.event.event_id) for node in tree) == sorted(one["event_id"] for one in sent)
    assert len(str(tree).splitlines()) == len(sent)


def test_what_belongs_to_a_session_names_it(hh: HoneyHive, server: LocalServer) -> None:
    with hh.session("nightly") as session, hh.span("load") as span:
        pass
    created = hh.sessions.create(session_id=session.session_id)
    names = ["nightly", "load"]
    for given in (session, span, created, *hh.sessions.events(session)):
        assert [node.event.event_name for node in hh.sessions.tree(given)] == names

    async def read() -> list[str | None]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            return [str(event.event_name) for event in await ahh.sessions.events(span)]

    assert asyncio.run(read()) == names


def test_what_names_no_session_is_refused_before_a_request(hh: HoneyHive, server: LocalServer) -> None:
    class NoSession:
        session_id = None

    for given, message in (
        (NoSession(), "NoSession has no session_id: give the id"),
        (hh.span("not begun"), "enter it with a `with` statement"),
        (object(), "give a UUID"),
    ):
        with pytest.raises(EventError, match=message):
            hh.sessions.tree(given)  # type: ignore[arg-type]
    assert len(server.requests) == 0


def test_the_block_itself_is_updated_by_both_clients(hh: HoneyHive, server: LocalServer) -> None:
    with hh.session("nightly") as session, hh.span("load") as span:
        pass
    hh.events.update(span, metadata={"rows": 5})
    hh.events.enqueue_update(session, metadata={"done": True})
    first, second = hh.sessions.events(session)
    assert (first.event_name, first.metadata) == ("nightly", {"done": True})
    assert (second.event_name, second.metadata) == ("load", {"rows": 5})
    with pytest.raises(EventError, match="enter it with a `with` statement first"):
        hh.events.update(hh.span("never entered"), metadata={"rows": 5})
    with pytest.raises(EventError, match="give a UUID"):
        hh.events.update(object(), metadata={"rows": 5})  # type: ignore[arg-type]

    async def ahead() -> list[str]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            async with ahh.session("async") as session, ahh.span("step") as span:
                pass
            await ahh.events.update(span, metadata={"rows": 6})
            return [str(event.metadata) for event in await ahh.sessions.events(session)][1:]

    assert asyncio.run(ahead()) == ["{'rows': 6}"]
