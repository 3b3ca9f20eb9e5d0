"""Following new events: each once, late ones too, older ones not."""

from __future__ import annotations

import asyncio
import gc
import weakref
from datetime import timedelta
from typing import Any, cast

import pytest

from honeyhive_ext.errors import QueryError
from honeyhive_ext.reading.event import Event
from honeyhive_ext.results import follow as following
from honeyhive_ext.results.follow import Follow, build_follow
from honeyhive_ext.search.pages.form import ROWS
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import Query

NOW = 1_767_225_600_000.0


def follow(start: int | None = None, overlap: timedelta = timedelta(seconds=10), **options: Any) -> Follow:
    settings: dict[str, Any] = {"poll": 1.0, "idle": None, **options}
    return build_follow(Query(start=start), overlap=overlap, now_ms=NOW, **settings)


def event(event_id: str, time: float) -> Row:
    return Row(event_id, time, Event(event_id=str(event_id), start_time=time))


def ids(events: list[Any]) -> list[str]:
    return [one.event_id for one in events]


def test_events_that_are_there_already_are_not_new() -> None:
    one = follow()
    assert one.next_query(NOW).start == NOW - 10_000
    assert one.new([event("a", NOW - 5)]) == []
    assert ids(one.new([event("b", NOW + 2), event("a", NOW - 5)])) == ["b"]


def test_with_a_start_the_events_since_then_come_first() -> None:
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


class Id(str):
    """An id whose end can be seen."""


def test_memory_holds_the_overlap_only() -> None:
    one = follow()
    ids = weakref.WeakSet[Id]()
    for step in range(100):
        now = NOW + 1000 * step
        one.next_query(now)
        event_id = Id(step)
        ids.add(event_id)
        one.new([event(event_id, now)])
        del event_id
    gc.collect()
    assert 10 <= len(ids) <= 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"poll": 0}, "poll is 0: give seconds of 0.01 or more, such as 30"),
        ({"poll": 3601}, "poll is 3601 seconds, more than 3600: is it in milliseconds?"),
        ({"poll": True}, "poll is True: give seconds of 0.01 or more, such as 30"),
        ({"poll": "2"}, "poll is '2': give seconds of 0.01 or more, such as 30"),
        ({"idle": -1}, "idle is -1: give seconds of 0 or more, such as 30"),
        ({"overlap": 5}, "overlap is 5: give a timedelta of zero or more"),
        (
            {"overlap": -timedelta(1)},
            "overlap is datetime.timedelta(days=-1): give a timedelta of zero or more",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError) as raised:
        follow(**options)
    assert str(raised.value) == message


def test_the_bounds_of_each_argument_are_taken() -> None:
    for options in ({"poll": 0.01}, {"poll": 3600}, {"idle": 0}, {"idle": float("inf")}):
        assert {"poll": 1.0, "idle": None, **options} == {
            "poll": follow(**options).poll,
            "idle": follow(**options).idle,
        }
    assert follow(overlap=timedelta(0)).next_query(NOW).start == NOW


def test_an_event_that_may_come_again_is_remembered_to_the_millisecond() -> None:
    one = follow(start=0)
    timeless = Row("timeless", None, Event(event_id="timeless"))
    one.new([event("old", NOW - 11_000), event("edge", NOW - 10_000), timeless])
    one.next_query(NOW)
    again = [event("old", NOW - 11_000), event("edge", NOW - 10_000), timeless]
    assert ids(one.new(again)) == ["old"]


def test_a_part_of_a_millisecond_is_within_the_range() -> None:
    assert follow().next_query(NOW + 20_000.9).start == NOW + 10_000
    one = build_follow(Query(), poll=1, overlap=timedelta(0), idle=None, now_ms=NOW + 0.9)
    assert one.next_query(NOW).start == NOW


RETRY: Any = object()


class Turn:
    """A clock that stands still but for the sleeps, and the answers to the searches of a following."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.now = 0.0
        self.sleeps: list[float] = []
        self.starts: list[int | None] = []
        self.clock = lambda: self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def search(self, sender: Any, query: Query, convert: Any, *, retry: Any, timeout: Any) -> Any:
        assert (convert, retry, timeout) == (ROWS, RETRY, 7.5)
        assert sender is self or sender.turn is self
        self.starts.append(query.start)
        return self.answers.pop(0) if self.answers else []

    def now_ms(self) -> float:
        return NOW + 1000 * self.now


class AsyncTurn:
    """The same for code that awaits."""

    def __init__(self, turn: Turn) -> None:
        self.turn, self.clock = turn, turn.clock

    async def sleep(self, seconds: float) -> None:
        self.turn.sleep(seconds)

    def search(self, *args: Any, **options: Any) -> Any:
        found = self.turn.search(*args, **options)

        class Result:
            async def to_list(self) -> Any:
                return found

        return Result()


def followed(kind: str, monkeypatch: pytest.MonkeyPatch, turn: Turn, one: Follow) -> list[str]:
    """The ids that a following yields until it ends; an event takes the caller half a second."""
    got: list[str] = []

    def take(found: Any) -> None:
        got.append(found.event_id)
        turn.now += 0.5

    options = {"retry": RETRY, "timeout": 7.5}
    if kind == "sync":
        monkeypatch.setattr(following, "SearchResult", turn.search)
        for found in following.follow_events(cast("Any", turn), one, turn.now_ms, **options):
            take(found)
        return got
    sender = AsyncTurn(turn)
    monkeypatch.setattr(following, "AsyncSearchResult", sender.search)

    async def main() -> None:
        async for found in following.follow_events_async(cast("Any", sender), one, turn.now_ms, **options):
            take(found)

    asyncio.run(main())
    return got


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_it_looks_every_poll_and_ends_once_nothing_new_came_for_so_long(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Turn([event("a", NOW - 2), event("b", NOW - 1)], [], [event("b", NOW - 1), event("c", NOW)], [])
    one = follow(start=int(NOW) - 60_000, poll=2.0, idle=4.0)
    assert followed(kind, monkeypatch, turn, one) == ["a", "b", "c"]
    # a and b until 1 s, c at 5 s and until 5.5 s; at 7.5 s and at 9.5 s nothing came.
    assert turn.sleeps == [2.0] * 4
    assert turn.now == 9.5
    starts = [NOW - 60_000, NOW - 7_000, NOW - 5_000, NOW - 2_500, NOW - 500]
    assert turn.starts == starts


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_without_an_event_it_ends_after_the_time_too(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Turn()
    turn.now = 100.0
    assert followed(kind, monkeypatch, turn, follow(poll=2.0, idle=4.0)) == []
    assert turn.sleeps == [2.0] * 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_without_an_idle_time_it_never_ends(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Turn(*[[]] * 20, [event("a", NOW)])
    sleep = turn.sleep

    def sleep_until(seconds: float) -> None:
        sleep(seconds)
        if len(turn.sleeps) == 50:
            raise KeyboardInterrupt

    monkeypatch.setattr(turn, "sleep", sleep_until)
    with pytest.raises(KeyboardInterrupt):
        followed(kind, monkeypatch, turn, follow(poll=2.0))
    assert len(turn.starts) == 50
