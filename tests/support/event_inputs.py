"""Hypothesis strategies for the input of applications: fields in every accepted form, all kinds of values."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from honeyhive_client.request_fields import REQUEST_FIELDS, Field
from hypothesis import strategies as st

from tests.support.values import MALFORMED, Answer, Celsius, Colour, Level, Point, Step, Tool

TEXT = st.text(max_size=8)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=6,
)
ZONES = st.timezones() | st.just(dt.UTC)
HASHABLE: st.SearchStrategy[Any] = (
    st.uuids()
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.datetimes(timezones=ZONES)
    | st.timedeltas()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.binary(max_size=6)
    | st.integers(-5, 5)
    | st.sampled_from([Colour.RED, Level.HIGH, Point(1, 2), PurePosixPath("a/b"), Celsius(1.5), Decimal(1)])
)
RICH = st.recursive(
    PLAIN | HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXT | st.integers(10, 20) | st.uuids(), inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.builds(Step, TEXT, inner)
        | st.builds(Point, inner, inner)
        | st.builds(Tool, inner)
        | st.builds(Answer, text=TEXT)
    ),
    max_leaves=5,
)
# Hypothesis itself asks for `__class__`, and very deep values are slow to shrink; tests/unit has these.
MADE = sorted(MALFORMED.keys() - {"raising class", "very deep"})
BAD = st.sampled_from(MADE).map(lambda name: MALFORMED[name]())
ANYTHING = st.recursive(
    RICH | BAD | st.floats() | st.characters(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.none(), inner, max_size=3),
    max_leaves=5,
)
# Timestamps in Unix ms that are no time from 2001 to 2286 in another unit.
TIMESTAMP_MS = st.integers(0, 10**9 - 1) | st.floats(1e10, 1e15, exclude_max=True)
TIMESTAMP = TIMESTAMP_MS | st.datetimes(min_value=dt.datetime(1971, 1, 1), timezones=ZONES)  # noqa: DTZ001
DURATION = st.floats(0, 1e9) | st.integers(0, 10**9) | st.timedeltas(dt.timedelta(0), dt.timedelta(30))


def value(field: Field, values: st.SearchStrategy[Any] = RICH) -> st.SearchStrategy[Any]:
    """Return a strategy of all values that a field accepts."""
    if field.unit is not None:
        return TIMESTAMP if field.unit == "unix-ms" else DURATION
    if field.enum is not None:
        return st.sampled_from(field.enum)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "object": st.dictionaries(TEXT, values, max_size=4) | st.builds(Step, TEXT, values),
        "array": st.lists(st.uuids() | TEXT, max_size=3),
        "string": st.uuids() | st.uuids().map(str) if field.format == "uuid" else TEXT,
        "null": st.none(),
    }
    return st.one_of(*(kinds[kind] for kind in field.types))


def fields(
    model: str, values: st.SearchStrategy[Any] = RICH, **given: Any
) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of the fields of a request model, with at most two of the three times."""
    table = REQUEST_FIELDS[model]
    optional = {name: value(field, values) for name, field in table.items() if not field.required}
    needed = {"event_type": value(table["event_type"])} if "event_type" in table else {}
    if "inputs" in table:
        optional["inputs"] = value(table["inputs"], values)
    return st.fixed_dictionaries({**needed, **given}, optional=optional).map(_two_times)


def _two_times(event: dict[str, Any]) -> dict[str, Any]:
    if {"start_time", "end_time", "duration"} <= event.keys():
        event = {name: given for name, given in event.items() if name != "duration"}
    return event
