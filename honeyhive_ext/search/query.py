"""The arguments of a search, made strict once, and each request of it as a call. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from attrs import frozen
from honeyhive_client.api.events import search_events

from honeyhive_ext.config.defaults import MOST_A_PAGE
from honeyhive_ext.errors import EventError, QueryError
from honeyhive_ext.filters.condition import Filter, FilterLike, as_filters
from honeyhive_ext.http.exchange import Call
from honeyhive_ext.payload.times import unix_ms
from honeyhive_ext.search.pages.page import Ask
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, iso
from honeyhive_ext.search.walk.steps import Position

When: TypeAlias = datetime | timedelta | float | None

MOST_PARALLEL = 64
OPEN_START = 0  # Unix ms; where a range without a start begins once it needs one: 1970-01-01
OPEN_END = 4_102_444_800_000  # where a range without an end ends: 2100-01-01, so that a clock may be wrong


@frozen
class Query:
    """What is searched, checked.

    Attributes:
        filters: All must hold.
        start: Unix ms, inclusive; None for no start.
        end: Unix ms, inclusive; None for no end.
        evaluation_id: Only events of this experiment run.
        limit: The most events to hand out; None for all.
        page_size: Events in one request.
        parallel: Requests at the same time.
        range_text: start and end as they were given, so that "the last day" is the same tomorrow.
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
        """Where a walk begins. With neither start nor end the first request names no range."""
        if self.start is None and self.end is None:
            return Position(None, None, open=True)
        return Position(
            OPEN_START if self.start is None else self.start, OPEN_END if self.end is None else self.end
        )

    def fingerprint(self) -> str:
        """The same for the same filters and evaluation_id, whatever the range."""
        asked = {"filters": [one.to_dict() for one in self.filters], "evaluation_id": self.evaluation_id}
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=12).hexdigest()

    def body(self, ask: Ask) -> dict[str, Any]:
        """One request as a SearchEventsRequest of the API document."""
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
        """One request, ready to send."""
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
    """The arguments of `search` as a `Query`.

    Raises:
        QueryError: An argument that cannot be asked; the message says what to write instead.
    """
    low = _moment(start, "start", now_ms)
    high = _moment(end, "end", now_ms)
    if isinstance(start, timedelta) and start > timedelta(0):
        raise QueryError(f"start={start!r} lies in the future: write start=-{start!r} for the time until now")
    first = None if low is None else math.floor(low)
    last = None if high is None else math.ceil(high)
    if first is not None and last is not None and first > last:
        raise QueryError(f"start ({iso(first)}) is later than end ({iso(last)})")
    if isinstance(evaluation_id, UUID):
        evaluation_id = str(evaluation_id)
    if evaluation_id is not None and not _is_id(evaluation_id):
        raise QueryError(f"evaluation_id is the id of an experiment run as text, not {evaluation_id!r}")
    if limit is not None:
        limit = _whole(limit, "limit", 0, None)
    return Query(
        filters=as_filters(filters),
        start=first,
        end=last,
        evaluation_id=evaluation_id,
        limit=limit,
        page_size=_whole(page_size, "page_size", 1, MOST_A_PAGE),
        parallel=_whole(parallel, "parallel", 1, MOST_PARALLEL),
        range_text=f"{_given(start, low)}..{_given(end, high)}",
    )


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and value.encode() != b""
    except UnicodeEncodeError:  # half a character, which JSON cannot hold
        return False


def _moment(value: object, name: str, now_ms: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, timedelta):
        value = now_ms + value / timedelta(milliseconds=1)
    try:
        moment = unix_ms(value, name)
    except EventError as error:
        raise QueryError(f"{error}; or a timedelta from now, such as timedelta(hours=-24)") from error
    if not YEAR_ONE <= moment <= YEAR_9999:
        raise QueryError(f"{name}: {moment} Unix ms lies beyond the years 1 to 9999")
    return moment


def _given(value: object, ms: float | None) -> str:
    if isinstance(value, timedelta):
        return f"now{value.total_seconds():+}s"
    return "" if ms is None else repr(float(ms))


def _whole(value: object, name: str, least: int, most: int | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise QueryError(f"{name} is a whole number, not {value!r}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise QueryError(f"{name} must be {bounds}, not {value}")
    return value
