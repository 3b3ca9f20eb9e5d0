"""Following new events: each once, late ones too, older ones not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from honeyhive_ext.errors import QueryError
from honeyhive_ext.search.follow import Follow, build_follow
from honeyhive_ext.search.query import Query

NOW = 1_767_225_600_000.0


def follow(start: int | None = None, overlap: timedelta = timedelta(seconds=10), **options: Any) -> Follow:
    settings: dict[str, Any] = {"poll": 1.0, "idle": None, **options}
    return build_follow(Query(start=start), overlap=overlap, now_ms=NOW, **settings)


def event(event_id: str, time: float) -> dict[str, Any]:
    return {"event_id": event_id, "start_time": time}


def ids(events: list[Any]) -> list[str]:
    return [one.event_id for one in events]


def test_what_is_there_already_is_not_new() -> None:
    one = follow()
    assert one.next_query(NOW).start == NOW - 10_000
    assert one.new([event("a", NOW - 5)]) == []
    assert ids(one.new([event("b", NOW + 2), event("a", NOW - 5)])) == ["b"]


def test_with_a_start_what_is_there_since_then_comes_first() -> None:
    one = follow(start=int(NOW) - 60_000)
    assert one.next_query(NOW).start == NOW - 60_000
    assert ids(one.new([event("b", NOW), event("a", NOW - 5)])) == ["a", "b"]
    assert one.next_query(NOW + 1000).start == NOW - 9_000


def test_a_late_event_comes_and_no_event_comes_twice() -> None:
    one = follow()
    one.new([])
    assert ids(one.new([event("b", NOW)])) == ["b"]
    assert ids(one.new([event("b", NOW), event("late", NOW - 9_000)])) == ["late"]
    assert one.new([event("b", NOW), event("late", NOW - 9_000)]) == []


def test_the_range_never_begins_before_the_start() -> None:
    one = follow(start=int(NOW) - 3)
    assert one.next_query(NOW).start == NOW - 3
    one.new([])
    assert one.next_query(NOW + 1000).start == NOW - 3
    assert one.next_query(NOW + 60_000).start == NOW + 50_000


def test_memory_holds_the_overlap_only() -> None:
    one = follow()
    for step in range(100):
        now = NOW + 1000 * step
        one.next_query(now)
        one.new([event(f"{step}", now)])
    assert len(one._seen) <= 12


@pytest.mark.parametrize(
    "options",
    [{"poll": 0}, {"poll": True}, {"poll": "2"}, {"idle": -1}, {"overlap": 5}, {"overlap": -timedelta(1)}],
)
def test_arguments_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        follow(**options)
