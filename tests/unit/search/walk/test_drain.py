"""Which requests a drain asks for, where a range that cannot be cut by time holds more rows than a page."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from honeyhive_ext.errors import BadRequestError, PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.walk.drain import Learned, condition, drain
from tests.support.shifting import Service, service

Event = Mapping[str, Any]


def drained(answering: Service, learned: Learned, *extra: Mapping[str, Any]) -> list[Any]:
    """The events that a drain of the range from 5 to 6 brings."""
    asking = drain(5, 6, learned, extra)
    try:
        ask = next(asking)
        while True:
            ask = asking.send(answering.answer(ask))
    except StopIteration as stop:
        assert {(ask.lo, ask.hi) for ask in answering.asks} == {(5, 6)}
        return [row.value for row in stop.value]


def tied(*events: Event, **switches: Any) -> Service:
    """Events in one millisecond; their ids are given, or letters."""
    answering = service(**switches)
    for letter, event in zip("abcdefghijklmnopqrstuvwxyz", events, strict=False):
        whole = {"event_id": letter, "event_type": "tool", "session_id": "s", "start_time": 5, **event}
        answering.events[letter] = {key: value for key, value in whole.items() if value is not None}
    return answering


def filters(answering: Service) -> list[list[tuple[str, str, str | None]]]:
    return [[(one["field"], one["operator"], one["value"]) for one in ask.extra] for ask in answering.asks]


def test_a_filter_goes_over_the_wire_as_the_document_says() -> None:
    assert condition("a", "is", "b") == {"field": "a", "operator": "is", "value": "b", "type": "string"}
    assert condition("a", "exists") == {"field": "a", "operator": "exists", "value": None}


@pytest.mark.parametrize(
    ("counts", "count", "rows", "full"),
    [
        (None, 9, 1, False),
        (False, 9, 1, False),
        (True, 9, 1, True),
        (True, 1, 1, False),
        (True, None, 1, False),
        (True, 9, 0, False),
        (None, None, 2, True),
    ],
)
def test_a_page_is_full_by_its_rows_or_by_a_count_that_was_seen_to_be_right(
    counts: bool | None, count: int | None, rows: int, full: bool
) -> None:
    found: Any = [None] * rows
    assert Learned(2, counts=counts).is_full(Page([], count), found) is full


def test_known_events_are_excluded_until_an_answer_is_short() -> None:
    answering = tied({}, {}, {}, {}, {})
    assert len(drained(answering, Learned(2))) == 5
    out = [[("event_id", "is not", letter) for letter in "abcde"[:number]] for number in (0, 2, 4)]
    assert filters(answering) == [*out, [("event_id", "not exists", None)]]


HALVES = [{"event_id": f"{half}{letter}"} for letter in "abcd" for half in "xy"]


def test_a_refusal_is_remembered_as_the_most_filters_of_a_request() -> None:
    answering = tied(*HALVES, most_filters=5)
    learned = Learned(2)
    assert len(drained(answering, learned)) == 8
    assert learned.most_filters == 5
    assert [len(ask.extra) for ask in answering.asks].count(6) == 1
    before = len(answering.asks)
    assert len(drained(answering, learned)) == 8
    assert max(len(ask.extra) for ask in answering.asks[before:]) == 5


def test_the_filters_of_a_part_count_towards_the_most_of_a_request() -> None:
    answering = tied(*HALVES, most_filters=5)
    learned = Learned(2)
    assert len(drained(answering, learned, condition("event_type", "is", "tool"))) == 8
    assert learned.most_filters == 5
    assert [len(ask.extra) for ask in answering.asks if len(ask.extra) > 5] == [7, 6]  # refused


@pytest.mark.parametrize(("count", "excluded"), [(6, True), (7, False), (None, True)])
def test_more_events_than_can_be_excluded_are_split_at_once(count: int | None, excluded: bool) -> None:
    asking = drain(5, 6, Learned(2, most_filters=5), (condition("x", "is", "y"),))
    next(asking)
    rows = [{"event_id": "ax", "start_time": 5}, {"event_id": "b", "start_time": 5}]
    ask = asking.send(Page(rows, count))
    assert (ask.extra[1]["operator"] == "is not") is excluded


def test_a_field_splits_into_its_values_and_what_has_none_of_them() -> None:
    kinds: list[Event] = [*[{"event_type": "tool"}] * 4, *[{"event_type": "model"}] * 4, {"event_type": None}]
    answering = tied(*kinds)
    learned = Learned(6, most_filters=5)
    assert len(drained(answering, learned)) == 9
    assert filters(answering) == [
        [],
        [("event_type", "is", "tool")],
        [("event_type", "is", "model")],
        [("event_type", "is not", "tool"), ("event_type", "is not", "model")],
        [("event_type", "not exists", None)],
    ]


def split_of(*events: Event, extra: tuple[Mapping[str, Any], ...] = ()) -> tuple[str, str]:
    """The field and operator of the first part, where a page of these events is full."""
    asking = drain(5, 6, Learned(len(events), most_filters=0), extra)
    next(asking)
    one = asking.send(Page([{"start_time": 5, **event} for event in events])).extra[len(extra)]
    return one["field"], one["operator"]


def test_the_field_whose_largest_value_has_the_fewest_events_splits_first() -> None:
    uneven = [{"event_type": "ab"[n == 0], "session_id": "cd"[n < 3], "event_name": "x"} for n in range(6)]
    assert split_of(*uneven) == ("session_id", "is")


BY_TEXT = ("event_id", "contains")
BY_SESSION = ("session_id", "is")


@pytest.mark.parametrize(
    ("sessions", "ids", "split"),
    [
        ("aaabbb", "uvwxyz", BY_SESSION),
        ("aabbcc", "uvwxyz", BY_TEXT),  # a value costs a request, so it should bring three events
        ("aabbcc", None, BY_SESSION),
        ("aaaaaa", "uvwxyz", BY_TEXT),
        ("abcdefghijkl" * 3, "0123456789" * 4, BY_SESSION),
        ("abcdefghijklm" * 3, "0123456789" * 4, BY_TEXT),
    ],
)
def test_a_value_that_brings_few_events_is_dearer_than_a_text_of_the_ids(
    sessions: str, ids: str | None, split: tuple[str, str]
) -> None:
    events = [
        {"session_id": session, **({"event_id": f"{ids[n]}{n}"} if ids else {"number": n})}
        for n, session in enumerate(sessions)
    ]
    assert split_of(*events) == split


@pytest.mark.parametrize(
    ("operator", "value", "split"),
    [
        ("is", "a", BY_TEXT),
        ("not exists", None, BY_TEXT),
        ("is not", "a", BY_TEXT),
        ("is not", "c", BY_SESSION),
        ("contains", "a", BY_SESSION),
    ],
)
def test_a_field_that_the_service_was_seen_not_to_compare_splits_nothing(
    operator: str, value: str | None, split: tuple[str, str]
) -> None:
    events = [{"session_id": session, "event_id": str(n)} for n, session in enumerate("aaabbb")]
    assert split_of(*events, extra=(condition("session_id", operator, value),)) == split
    other = condition("parent_id", operator, value)
    assert split_of(*events, extra=(other,)) == BY_SESSION


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (["ax", "bx", "cy", "dy"], "x"),
        (["xya", "xyb", "xc", "d"], "xy"),
        (["ab", "ac", "ad", "xe"], "a"),  # as near as any other, and the first of them
        (["a", "b"], "a"),
        (["a"], None),
    ],
)
def test_the_text_that_comes_nearest_to_half_of_the_ids_halves_them(ids: list[str], text: str | None) -> None:
    asking = drain(5, 6, Learned(len(ids), most_filters=0))
    next(asking)
    page = Page([{"start_time": 5, "event_id": event_id} for event_id in ids])
    if text is None:
        with pytest.raises(PaginationIncomplete, match="no filter tells them apart"):
            asking.send(page)
        return
    values = [asking.send(page).extra[0]["value"]]
    assert values == [text]


def test_a_text_splits_into_the_ids_with_it_and_without_it_and_no_id() -> None:
    answering = tied(*HALVES, {"event_id": None}, most_filters=4)
    assert len(drained(answering, Learned(8, most_filters=1))) == 9
    assert filters(answering) == [
        [],
        [("event_id", "contains", "x")],
        [("event_id", "not contains", "x")],
        [("event_id", "not exists", None)],
    ]


def test_a_dear_split_has_the_same_parts() -> None:
    answering = tied(*[{"event_id": None, "session_id": letter, "n": letter} for letter in "aabbcc"])
    answering.events["last"] = {"start_time": 5, "n": "last"}
    assert len(drained(answering, Learned(6))) == 7
    assert filters(answering)[1:] == [
        *[[("session_id", "is", letter)] for letter in "abc"],
        [("session_id", "is not", letter) for letter in "abc"],
        [("session_id", "not exists", None)],
    ]


class Strict(Service):
    """Refuses whatever searches inside a text."""

    def answer(self, ask: Ask) -> Page | PageRefused:
        page = super().answer(ask)
        inside = any("contains" in one["operator"] for one in ask.extra)
        return PageRefused(BadRequestError(400, "contains")) if inside else page


def test_known_events_are_excluded_after_all_if_a_count_was_too_high_and_nothing_splits() -> None:
    answering = Strict(random.Random(7), tied({}, {}, {}).events, count_is="nonsense")
    kept = condition("event_type", "is", "tool")
    assert len(drained(answering, Learned(2), kept)) == 3
    assert [[one[1] for one in asked] for asked in filters(answering)] == [
        ["is"],
        ["is", "contains"],
        ["is", "is not", "is not"],
        ["is", "not exists"],
    ]


def test_each_split_is_tried_once_if_the_service_refuses_them() -> None:
    answering = tied(*[{"session_id": letter} for letter in "aaabbb"], most_filters=0)
    with pytest.raises(PaginationIncomplete) as raised:
        drained(answering, Learned(6))
    assert str(raised.value) == (
        "The time from 5 to 6 (Unix ms) holds more events than a page of 6, and no filter tells them apart. "
        "A larger page_size may hold them all."
    )
    assert [[one[1] for one in asked] for asked in filters(answering)] == [
        [],
        ["is not"] * 6,
        ["is"],
        ["contains"],
    ]


@pytest.mark.parametrize("most_filters", [0, 100])
def test_a_service_that_ignores_filters_is_an_error_and_not_a_loop(most_filters: int) -> None:
    same = [{"event_id": "a", "start_time": 5}, {"event_id": "b", "start_time": 5}]
    asking = drain(5, 6, Learned(2, most_filters=most_filters))
    next(asking)
    with pytest.raises(PaginationIncomplete, match="no filter tells them apart"):  # noqa: PT012
        for _ in range(20):
            asking.send(Page(same))


@pytest.mark.parametrize(
    ("operator", "value", "split"),
    [("contains", "a", None), ("not contains", "a", None), ("contains", "c", "a"), ("is not", "a", "a")],
)
def test_a_text_that_the_service_was_seen_not_to_compare_splits_nothing(
    operator: str, value: str, split: str | None
) -> None:
    asking = drain(5, 6, Learned(2, most_filters=0), (condition("event_id", operator, value),))
    next(asking)
    page = Page([{"event_id": "a", "start_time": 5}, {"event_id": "b", "start_time": 5}])
    if split is None:
        with pytest.raises(PaginationIncomplete, match="no filter tells them apart"):
            asking.send(page)
    else:
        assert asking.send(page).extra[1] == condition("event_id", "contains", split)


def test_events_without_an_id_cost_no_request_that_excludes_nothing() -> None:
    answering = tied(*[{"event_id": None, "n": n} for n in range(3)])
    with pytest.raises(PaginationIncomplete):
        drained(answering, Learned(3))
    assert filters(answering) == [[]]


def test_a_count_that_is_right_is_believed_about_pages_that_are_cut() -> None:
    answering = tied(*[{}] * 5, {"event_id": None}, cut=2)
    assert len(drained(answering, Learned(4, counts=True))) == 6


@pytest.mark.parametrize(
    ("lo", "hi", "where"), [(5, 6, "The time from 5 to 6 (Unix ms)"), (None, None, "The range")]
)
def test_a_refusal_of_the_first_request_is_in_the_error(lo: int | None, hi: int | None, where: str) -> None:
    asking = drain(lo, hi, Learned(2), (condition("start_time", "not exists"),))
    next(asking)
    refused = BadRequestError(400, "too many filters")
    with pytest.raises(PaginationIncomplete) as raised:
        asking.send(PageRefused(refused))
    assert str(raised.value) == (
        f"{where} holds more events than a page, and the service refuses the filters that "
        f"split them: {refused}"
    )
    assert raised.value.__cause__ is refused
