"""Updates of events that still wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.grouping import MERGED, grouped, merged
from honeyhive_ext.local import LocalServer


def event(event_id: str, **fields: Any) -> Entry:
    return Entry(event_id, orjson.dumps(fields))


def update(event_id: str, **fields: Any) -> Entry:
    return Entry(event_id, orjson.dumps(fields), update=True)


def shape(entries: list[Entry]) -> list[tuple[str, bool, int]]:
    return [(group.event_id, group.update, len(group.entries)) for group in grouped(entries)]


def test_an_update_joins_its_event_and_an_earlier_update() -> None:
    entries = [event("a"), update("b", duration=1), update("a", duration=2), update("b", duration=3)]
    assert shape(entries) == [("a", False, 2), ("b", True, 2)]
    assert [orjson.loads(group.content) for group in grouped(entries)] == [{"duration": 2}, {"duration": 3}]


def test_what_resumes_a_session_stays_alone_and_in_its_place() -> None:
    resumed = [Entry("a", b"{}", resumes=True) for _ in range(2)]
    entries = [
        event("a"),
        update("a", duration=1),
        *resumed,
        update("a", duration=2),
        update("a", duration=3),
    ]
    assert shape(entries) == [("a", False, 2), ("a", False, 1), ("a", False, 1), ("a", True, 2)]
    assert [group.resumes for group in grouped(entries)] == [False, True, True, False]


def test_an_event_that_comes_a_second_time_is_a_group_of_its_own_and_takes_the_updates_after_it() -> None:
    assert shape([event("a"), event("a"), update("a", duration=1)]) == [("a", False, 1), ("a", False, 2)]


def test_an_entry_that_must_be_alone_joins_nothing() -> None:
    alone = [event("a"), update("a", duration=1)]
    for entry in alone:
        entry.alone = True
    assert shape(alone) == [("a", False, 1), ("a", True, 1)]


values = st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3)
objects = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)
changes = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(sorted(MERGED), objects),
        "outputs": objects,
        "duration": st.integers(0, 9),
    },
).filter(bool)


@pytest.fixture(scope="module")
def service() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(created=st.dictionaries(st.sampled_from([*sorted(MERGED), "outputs"]), objects), changed=changes)
def test_a_merged_event_is_what_the_service_would_have(
    service: LocalServer, created: dict[str, Any], changed: dict[str, Any]
) -> None:
    body = {"event_type": "tool", "inputs": {}, "start_time": 1, **created}
    service.reset()
    with httpx.Client(
        transport=service.transport(), base_url="http://x.test", headers={"Authorization": "Bearer hh_x"}
    ) as http:
        made = http.post("/v1/events", json=body).json()["event_id"]
        http.put(f"/v1/events/{made}", json=changed).raise_for_status()
        http.post("/v1/events", content=merged(orjson.dumps(body), orjson.dumps(changed))).raise_for_status()
    first, second = (
        {name: value for name, value in row.items() if not name.endswith("_id")} for row in service.events()
    )
    assert first == second
