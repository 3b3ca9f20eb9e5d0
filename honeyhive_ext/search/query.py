"""From the arguments of a search to a checked query, and to the call of each request. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from attrs import evolve, frozen
from honeyhive_client.api.events import search_events

from honeyhive_ext.config.checks import lone_surrogate, whole_number
from honeyhive_ext.config.defaults import MOST_A_PAGE
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import EventError, QueryError
from honeyhive_ext.filters.condition import Filter, FilterLike, as_filters
from honeyhive_ext.filters.time_text import DURATIONS, clock_change, duration_of, time_of_text
from honeyhive_ext.http.exchange import Call
from honeyhive_ext.payload.times import duration_ms, is_duration, unix_ms
from honeyhive_ext.search.pages.page import Ask
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, iso
from honeyhive_ext.search.walk.steps import Position

When: TypeAlias = datetime | timedelta | float | str | None

MOST_PARALLEL = 64
FEWEST_A_PAGE = 100  # events; more of them may share one millisecond
OPEN_START = 0  # Unix ms; the start of a range that has none, once it needs one: 1970-01-01
OPEN_END = 4_102_444_800_000  # Unix ms; the end of a range that has none: 2100-01-01, as a clock may be wrong


@never_raising
@frozen
class Query:
    """The checked arguments of a search.

    Attributes:
        filters: Conditions that must all hold.
        start: Unix ms, inclusive; None for no start.
        end: Unix ms, inclusive; None for no end.
        evaluation_id: Only events of this experiment run.
        limit: The most events to yield; None for all.
        page_size: The most events in one answer.
        parallel: The most requests at the same time.
        range_text: start and end as they were given, so that "the last day" is the same text tomorrow.
    """

    filters: tuple[Filter, ...] = ()
    start: int | None = None
    end: int | None = None
    evaluation_id: str | None = None
    limit: int | None = None
    page_size: int = MOST_A_PAGE
    parallel: int = 1
    range_text: str = ""

    def position(self) -> Position:
        """Return where to begin. With neither start nor end, the first request has no date range."""
        if self.start is None and self.end is None:
            return Position(None, None, open=True)
        return Position(
            OPEN_START if self.start is None else self.start, OPEN_END if self.end is None else self.end
        )

    def fingerprint(self) -> str:
        """Return a hash of the filters and evaluation_id. The range does not count."""
        asked = {"filters": [one.to_dict() for one in self.filters], "evaluation_id": self.evaluation_id}
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=12).hexdigest()

    def body(self, ask: Ask) -> dict[str, Any]:
        """Return one request as a SearchEventsRequest of the API document."""
        body: dict[str, Any] = {}
        filters = [*(one.to_dict() for one in self.filters), *map(dict[str, Any], ask.extra)]
        if filters:
            body["filters"] = filters
        if ask.lo is not None and ask.hi is not None:
            body["dateRange"] = {"start_time": iso(ask.lo), "end_time": iso(ask.hi)}
        body["limit"] = ask.limit
        body["page"] = ask.page
        if self.evaluation_id is not None:
            body["evaluation_id"] = self.evaluation_id
        return body

    def call(self, ask: Ask) -> Call:
        """Return one request, ready to send."""
        return Call("searchEvents", search_events.build_request(body=orjson.dumps(self.body(ask))))


def build_query(
    filters: Sequence[FilterLike],
    *,
    start: When = None,
    end: When = None,
    evaluation_id: str | UUID | None = None,
    limit: int | None = None,
    page_size: int = MOST_A_PAGE,
    parallel: int = 1,
    now_ms: float,
) -> Query:
    """Return the arguments of `search` as a `Query`.

    Raises:
        QueryError: An argument that the API cannot ask. The message says what to write instead.
    """
    start, end = _as_timedelta(start, "start"), _as_timedelta(end, "end")
    low = _timestamp(start, "start", now_ms)
    high = _timestamp(end, "end", now_ms)
    if isinstance(start, timedelta) and start > timedelta(0):
        raise QueryError(f"start={start!r} is in the future: write start=-{start!r} for the time until now")
    first = None if low is None else math.floor(low)
    last = None if high is None else math.ceil(high)
    if first is not None and last is not None and first > last:
        raise QueryError(f"start ({iso(first)}) is later than end ({iso(last)}): swap them")
    if isinstance(evaluation_id, UUID):
        evaluation_id = str(evaluation_id)
    if evaluation_id is not None and not _is_id(evaluation_id):
        raise QueryError(
            f"evaluation_id is {evaluation_id!r}: give the id of an experiment run, a str or UUID"
        )
    if limit is not None:
        limit = whole_number(limit, "limit", 0, error=QueryError)
    return Query(
        filters=as_filters(filters),
        start=first,
        end=last,
        evaluation_id=evaluation_id,
        limit=limit,
        page_size=whole_number(page_size, "page_size", 1, MOST_A_PAGE, error=QueryError),
        parallel=whole_number(parallel, "parallel", 1, MOST_PARALLEL, error=QueryError),
        range_text=f"{_given(start, low)}..{_given(end, high)}",
    )


def when_ms(given: When, name: str, now_ms: float) -> float | None:
    """Return a time that is written as `start` of a search is, in Unix ms.

    Raises:
        QueryError: It is no time.

    >>> when_ms("24h", "since", 86_400_005), when_ms(None, "since", 5)
    (5.0, None)
    """
    return _timestamp(_as_timedelta(given, name), name, now_ms)


def within(query: Query, filters: Sequence[Filter], start: int | None, end: int | None) -> Query | None:
    """Return a search with more filters, and of the part of its range that is also in another one.

    None if nothing is in both ranges. Either side of a range may be open (None).
    """
    starts = [ms for ms in (query.start, start) if ms is not None]
    ends = [ms for ms in (query.end, end) if ms is not None]
    if starts and ends and max(starts) > min(ends):
        return None
    return evolve(
        query,
        filters=(*query.filters, *filters),
        start=max(starts, default=None),
        end=min(ends, default=None),
    )


def at_most(query: Query, limit: int) -> Query:
    """Return a search of its first events only, in requests that ask for few more."""
    least = limit if query.limit is None else min(query.limit, limit)
    return evolve(query, limit=least, page_size=min(query.page_size, max(least, FEWEST_A_PAGE)))


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != "" and lone_surrogate(value) is None


def _as_timedelta(value: Any, name: str) -> Any:
    """Return a duration of numpy as a timedelta, and any other value as it is."""
    if not is_duration(value) or isinstance(value, timedelta):
        return value
    try:
        return timedelta(milliseconds=duration_ms(value, name))
    except (EventError, OverflowError) as error:
        raise QueryError(f"{name} is {value!r}: give a timedelta") from error


def _timestamp(value: object, name: str, now_ms: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = _from_text(value, name)
    if isinstance(value, timedelta):
        value = now_ms + value / timedelta(milliseconds=1)
    try:
        ms = unix_ms(value, name)
    except EventError as error:
        hint = 'or a timedelta from now, such as timedelta(hours=-24), or a text such as "24h"'
        raise QueryError(f"{error}; {hint}") from error
    if not YEAR_ONE <= ms <= YEAR_9999:
        raise QueryError(f"{name} is {ms} Unix ms: give a time within the years 1 to 9999")
    return ms


def _from_text(text: str, name: str) -> datetime | timedelta:
    """Return the time or the time from now that a text writes."""
    written = text.strip()
    duration = _ago(written)
    if duration is not None:
        return duration
    found = time_of_text(written)
    given = f"{name}={text[:100]!r}"
    if found is None:
        raise QueryError(
            f"{given} is not a time: write ISO 8601 with an offset, such as 2026-01-02T09:00+01:00, a day "
            f"with one, such as 2026-01-02Z, or {DURATIONS}, for a time ago; a number of Unix ms is no str"
        )
    if found.time.utcoffset() is None:
        raise QueryError(
            f"{given} has no time zone, so its time is not known: write {written}Z for UTC, or "
            f"{written}+01:00 or '{written} Europe/Berlin' for another zone"
        )
    if doubt := clock_change(found):
        raise QueryError(f"{given} {doubt}")
    try:
        return found.end if name == "end" else found.time
    except OverflowError as error:
        raise QueryError(f"{name}={text!r}: give a time within the years 1 to 9999") from error


def _ago(text: str) -> timedelta | None:
    """Return the time from now, which is negative, that a text such as "24h", "24 h ago" or "-24h" writes."""
    duration = duration_of(text.removeprefix("-").removesuffix("ago").replace(" ", ""))
    return None if duration is None else -duration


def _given(value: object, ms: float | None) -> str:
    if isinstance(value, str):
        value = _ago(value.strip())
    if isinstance(value, timedelta):
        return f"now{value.total_seconds():+}s"
    return "" if ms is None else repr(float(ms))
