"""What a search says about its arguments, word for word, and the requests they become."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from honeyhive_ext.errors import EventError, QueryError
from honeyhive_ext.filters import F
from honeyhive_ext.search.pages.page import Ask
from honeyhive_ext.search.query import build_query

NOW = 1_767_225_600_000.0  # 2026-01-01T00:00:00Z

# These tests are about other things than names; their fields have short ones.
pytestmark = pytest.mark.filterwarnings("ignore:.*events have no field '.':honeyhive_ext.FilterWarning")


def refused(**options: Any) -> QueryError:
    with pytest.raises(QueryError) as raised:
        build_query((), now_ms=NOW, **options)
    return raised.value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"start": timedelta(hours=24)},
            (
                "start=datetime.timedelta(days=1) is in the future: write "
                "start=-datetime.timedelta(days=1) for the time until now"
            ),
        ),
        (
            {"start": NOW, "end": NOW - 1},
            "start (2026-01-01T00:00:00.000Z) is later than end (2025-12-31T23:59:59.999Z): swap them",
        ),
        ({"start": 9e14}, "start is 900000000000000.0 Unix ms: give a time within the years 1 to 9999"),
        ({"end": -7e13}, "end is -70000000000000.0 Unix ms: give a time within the years 1 to 9999"),
        ({"limit": -1}, "limit is -1: give a whole number, 0 or more"),
        ({"limit": True}, "limit is True: give a whole number, 0 or more"),
        ({"page_size": 0}, "page_size is 0: give a whole number, 1 to 1000"),
        ({"page_size": 1001}, "page_size is 1001: give a whole number, 1 to 1000"),
        ({"page_size": "x"}, "page_size is 'x': give a whole number, 1 to 1000"),
        ({"parallel": 0}, "parallel is 0: give a whole number, 1 to 64"),
        ({"parallel": 65}, "parallel is 65: give a whole number, 1 to 64"),
        ({"parallel": 2.0}, "parallel is 2.0: give a whole number, 1 to 64"),
        ({"evaluation_id": ""}, "evaluation_id is '': give the id of an experiment run, a str or UUID"),
        (
            {"evaluation_id": "\ud800"},
            "evaluation_id is '\\ud800': give the id of an experiment run, a str or UUID",
        ),
        ({"evaluation_id": 5}, "evaluation_id is 5: give the id of an experiment run, a str or UUID"),
    ],
)
def test_an_argument_that_cannot_be_asked_says_what_to_give(options: dict[str, Any], message: str) -> None:
    assert str(refused(**options)) == message


@pytest.mark.parametrize("name", ["start", "end"])
def test_a_value_that_is_not_a_time_says_what_a_search_takes(name: str) -> None:
    error = refused(**{name: datetime(2026, 1, 1)})  # noqa: DTZ001
    assert isinstance(error.__cause__, EventError)
    hint = 'or a timedelta from now, such as timedelta(hours=-24), or a text such as "24h"'
    assert str(error) == f"{error.__cause__}; {hint}"
    assert str(error).startswith(f"{name}: a datetime without a time zone")


def test_the_bounds_of_each_argument_can_be_asked() -> None:
    asked = build_query((), limit=0, page_size=1000, parallel=64, start=NOW, end=NOW, now_ms=NOW)
    assert (asked.limit, asked.page_size, asked.parallel) == (0, 1000, 64)
    asked = build_query((), page_size=1, parallel=1, start=timedelta(0), now_ms=NOW)
    assert (asked.limit, asked.page_size, asked.parallel, asked.start) == (None, 1, 1, NOW)
    first, last = -62_135_596_800_000, 253_402_300_799_999
    asked = build_query((), start=first, end=last, now_ms=NOW)
    assert (asked.start, asked.end) == (first, last)


def test_a_search_that_says_nothing_asks_for_all_in_pages_of_a_thousand() -> None:
    asked = build_query((), now_ms=NOW)
    assert (asked.page_size, asked.parallel, asked.range_text) == (1000, 1, "..")


def test_the_range_of_a_checkpoint_is_what_was_given() -> None:
    def text(**options: Any) -> str:
        return build_query((), now_ms=NOW, **options).range_text

    assert text(start=timedelta(days=-1, milliseconds=1)) == "now-86399.999s.."
    assert text(end=timedelta(minutes=5)) == "..now+300.0s"
    assert text(start=1_700_000_000_000, end=1_700_000_000_000.5) == "1700000000000.0..1700000000000.5"


def test_a_checkpoint_of_an_earlier_version_is_recognised() -> None:
    asked = build_query((F("a") == 1, F("é") == "ü"), evaluation_id="r", now_ms=NOW)
    assert asked.fingerprint() == "6358aa6278e0a7b9c423ec08"


def test_a_request_holds_what_was_asked_and_no_more() -> None:
    plain = build_query((), now_ms=NOW)
    for lo, hi in ((None, None), (5, None), (None, 5)):  # half a range is none
        assert plain.body(Ask(lo, hi, 3)) == {"limit": 3, "page": 1}
    full = build_query((F("a") == 1,), evaluation_id="r", limit=7, now_ms=NOW)
    extra = {"field": "x", "operator": "exists", "value": None}
    assert full.body(Ask(-1, 5, 3, page=2, extra=(extra,))) == {
        "filters": [{"field": "a", "operator": "is", "value": 1, "type": "number"}, extra],
        "dateRange": {"start_time": "1969-12-31T23:59:59.999Z", "end_time": "1970-01-01T00:00:00.005Z"},
        "limit": 3,
        "page": 2,
        "evaluation_id": "r",
    }
    call = plain.call(Ask(None, None, 3))
    assert (call.operation, call.request["content"]) == ("searchEvents", b'{"limit":3,"page":1}')
