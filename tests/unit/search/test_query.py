"""The arguments of a search, and the requests they become."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy
import pytest
from honeyhive_schemas import validator
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters import F
from honeyhive_ext.search.pages.page import Ask
from honeyhive_ext.search.query import OPEN_END, Query, build_query

NOW = 1_767_225_600_000.0  # 2026-01-01T00:00:00Z

# These tests are about other things than names; their fields have short ones.
pytestmark = pytest.mark.filterwarnings("ignore:.*events have no field '.':honeyhive_ext.FilterWarning")


def query(*filters: Any, **options: Any) -> Query:
    return build_query(filters, now_ms=NOW, **options)


def test_a_timedelta_counts_from_now() -> None:
    asked = query(start=timedelta(hours=-1), end=timedelta(minutes=5))
    assert (asked.start, asked.end) == (NOW - 3_600_000, NOW + 300_000)


def test_timestamps_are_numbers_of_milliseconds_or_aware_datetimes() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert query(start=at, end=at) == query(start=NOW, end=int(NOW))
    assert query(start=NOW + 0.4, end=NOW + 0.4).start == NOW
    assert query(start=NOW + 0.4, end=NOW + 0.4).end == NOW + 1


WRITTEN = [
    ("24h", -86_400_000),
    ("1h30m", -5_400_000),
    (" 7d ago ", -604_800_000),
    ("-2 h", -7_200_000),
    ("0.5s", -500),
    ("2026-01-01T01:00+01:00", 0),
    ("2026-01-01T00:00:00.250Z", 250),
    ("2026-01-01 01:00 Europe/Berlin", 0),
    ("2026-01-01T01:00[Europe/Berlin]", 0),
    ("2026-01-01Z", 0),
    ("2026-01-01-05:00", 18_000_000),
    ("2026-01-01 Europe/Berlin", -3_600_000),
    ("20260101T0000Z", 0),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_a_time_is_written_as_people_write_it(text: str, expected: int) -> None:
    assert query(start=text).start == NOW + expected


def test_a_day_is_meant_to_its_end_in_its_zone() -> None:
    asked = query(start="2026-03-29 Europe/Berlin", end="2026-03-29 Europe/Berlin")
    assert asked.start is not None
    assert asked.end is not None
    assert asked.end - asked.start == 23 * 3_600_000 - 1  # the clocks go forward
    assert query(end="2026-01-01Z").end == NOW + 86_400_000 - 1


CHANGES = [
    ("2026-10-25T02:30", "comes twice.*write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
    ("2026-03-29T02:30", "does not come.*write 2026-03-29T02:30:00+01:00 or 2026-03-29T02:30:00+02:00"),
]


@pytest.mark.parametrize(("text", "says"), CHANGES)
def test_a_time_that_the_clocks_show_twice_or_never_is_refused_with_both_meanings(
    text: str, says: str
) -> None:
    with pytest.raises(QueryError, match=says.replace("+", r"\+")):
        query(start=f"{text} Europe/Berlin")


def test_the_duration_of_numpy_is_a_time_from_now() -> None:
    assert query(start=-numpy.timedelta64(1, "h")).start == NOW - 3_600_000
    with pytest.raises(QueryError, match="in the future"):
        query(start=numpy.timedelta64(1, "h"))
    for odd in (numpy.timedelta64("NaT", "ms"), numpy.timedelta64(1, "Y")):
        with pytest.raises(QueryError, match="give a timedelta"):
            query(end=odd)


def test_a_time_ago_is_the_same_text_whenever_it_is_asked() -> None:
    texts = {build_query((), start="1d", now_ms=NOW + later).range_text for later in (0, 5)}
    assert texts == {query(start=timedelta(days=-1)).range_text}


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d.{0,20}") | st.from_regex(r"[0-9.]{1,6}[a-z]{1,3}"))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with contextlib.suppress(QueryError):
        assert query(start=text).start is not None


def test_a_range_open_at_one_end_is_closed_where_the_documentation_says() -> None:
    assert (query(start=5.0).position().lo, query(start=5.0).position().hi) == (5, OPEN_END)
    assert (query(end=NOW).position().lo, query(end=NOW).position().hi) == (0, NOW)
    assert query().position().lo is None
    assert query().position().open


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
        ({"start": "2026-01-01"}, "no time zone, so its time is not known: write 2026-01-01Z"),
        ({"end": "2026-01-01T09:00 "}, "write 2026-01-01T09:00Z for UTC"),
        ({"start": "yesterday"}, "such as 24h, 7d or 1h30m"),
        ({"start": "1767225600000"}, "a number of Unix ms is no str"),
        ({"start": "2026-01-01 Atlantis/Port"}, "not a time"),
        ({"start": "2026-01-01 ../../etc/passwd"}, "not a time"),
        ({"start": "99999999999w"}, "not a time"),
        ({"end": "9999-12-31Z"}, "9999"),
        ({"start": "0001-01-01+05:00"}, "9999"),
        ({"start": 1_767_225_600}, "seconds"),
        ({"start": True}, "milliseconds"),
        ({"start": timedelta(hours=24)}, "start=-"),
        ({"start": NOW, "end": NOW - 1}, "later than end"),
        ({"start": 1e14 * 9}, "9999"),
        ({"limit": -1}, "0 or more"),
        ({"limit": 2.0}, "whole number"),
        ({"limit": True}, "whole number"),
        ({"page_size": 0}, "1 to 1000"),
        ({"page_size": 1001}, "1 to 1000"),
        ({"evaluation_id": ""}, "evaluation_id"),
        ({"evaluation_id": 5}, "evaluation_id"),
    ],
)
def test_an_argument_that_cannot_be_asked_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        query(**options)


def test_every_request_follows_the_schema() -> None:
    run = uuid4()
    asked = query(F.event_type == "model", F("a") > 1, start=0.0, evaluation_id=run, limit=5)
    extra = ({"field": "event_id", "operator": "is not", "value": "x", "type": "string"},)
    for ask in (Ask(None, None, 1), Ask(0, OPEN_END, 1000, page=2), Ask(-1, 10**14, 5, extra=extra)):
        body = asked.body(ask)
        assert validator("SearchEventsRequest").failures(body) == []
        assert body["evaluation_id"] == str(run)
        assert len(body["filters"]) == 2 + len(ask.extra)
    assert asked.call(Ask(None, None, 1)).request["url"] == "/v1/events/search"
    assert not asked.call(Ask(None, None, 1)).write


def test_the_fingerprint_is_of_the_filters_and_not_of_the_range() -> None:
    one, other = query(F("a") == 1, start=5.0), query(F("a") == 1)
    assert one.fingerprint() == other.fingerprint() != query(F("a") == 2).fingerprint()
    assert (
        query(start=timedelta(days=-1)).range_text
        == build_query((), start=timedelta(days=-1), now_ms=NOW + 5).range_text
    )
