"""Spark's filters narrow a search only where no row that Spark wants could be missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.engines.pushdown import narrowed
from honeyhive_ext.export.nested_columns import NestedColumn, read_columns
from honeyhive_ext.export.table import cells, columns, fits
from honeyhive_ext.search.pages.rows import iso
from honeyhive_ext.search.query import Query
from tests.support import oracle

NESTED = read_columns("metadata.cost:number, metadata.n:integer, metadata.ok:boolean, metadata.tag:string")
COLUMNS = {column.name: (column.name, column.kind) for column in columns()}
COLUMNS |= {one.name: (".".join(one.keys), one.kind or "string") for one in NESTED}


@dataclass(frozen=True)
class EqualTo:
    attribute: tuple[str, ...]
    value: Any


class EqualNullSafe(EqualTo): ...


class GreaterThan(EqualTo): ...


class GreaterThanOrEqual(EqualTo): ...


class LessThan(EqualTo): ...


class LessThanOrEqual(EqualTo): ...


class StringContains(EqualTo): ...


class StringStartsWith(EqualTo): ...


class StringEndsWith(EqualTo): ...


class In(EqualTo): ...


@dataclass(frozen=True)
class IsNotNull:
    attribute: tuple[str, ...]


class IsNull(IsNotNull): ...


@dataclass(frozen=True)
class Not:
    child: Any


def asked(*conditions: Any, query: Query = Query()) -> list[str]:  # noqa: B008 - frozen
    return [one.to_text() for one in narrowed(query, conditions, COLUMNS).filters]


def of(name: str) -> tuple[str, ...]:
    return (name,)


@pytest.mark.parametrize(
    ("condition", "filters"),
    [
        (EqualTo(of("event_type"), "model"), ["event_type == model"]),
        (EqualNullSafe(of("event_name"), "a b"), ['event_name == "a b"']),
        (Not(EqualTo(of("event_type"), "session")), ["event_type != session"]),
        (IsNotNull(of("error")), ["error exists"]),
        (StringContains(of("error"), "time"), ["error contains time"]),
        (StringStartsWith(of("error"), "time"), ["error contains time"]),
        (GreaterThan(of("metadata.cost"), 0.5), ["metadata.cost > 0.5"]),
        (LessThanOrEqual(of("metadata.n"), 4), [f"metadata.n < {math.nextafter(4, 5)!r}"]),
        (EqualTo(of("metadata.ok"), True), ["metadata.ok == true"]),
        (GreaterThan(of("duration"), 5), ["duration > 5"]),
    ],
    ids=repr,
)
def test_conditions_that_the_api_can_ask(condition: Any, filters: list[str]) -> None:
    assert asked(condition) == filters


@pytest.mark.parametrize(
    "condition",
    [
        IsNull(of("error")),
        EqualNullSafe(of("error"), None),
        In(of("event_type"), ("model", "tool")),
        Not(EqualTo(of("session_id"), "a")),
        EqualTo(of("session_id"), "chat-1"),
        EqualTo(of("event_id"), "00000000-0000-4000-8000-00000000AAAA"),
        StringStartsWith(of("parent_id"), "0000"),
        Not(EqualTo(of("metadata.tag"), "a")),
        Not(IsNull(of("error"))),
        Not(GreaterThan(of("duration"), 5)),
        Not(LessThan(of("start_time"), 5)),
        EqualTo(of("inputs"), "{}"),
        IsNotNull(of("inputs")),
        EqualTo(of("elsewhere"), 1),
        EqualTo(("metadata", "cost"), [1]),
        EqualTo(of("event_name"), "a\0b"),
        EqualTo(of("event_name"), "\ud800"),
        EqualTo(of("event_name"), 5),
        EqualTo(of("duration"), math.nan),
        GreaterThan(of("duration"), -math.inf),
        GreaterThan(of("duration"), 2**60),
        EqualTo(of("duration"), True),
        StringContains(of("event_name"), ""),
        EqualTo(of("unreadable"), None),
    ],
    ids=repr,
)
def test_conditions_that_are_left_to_spark(condition: Any) -> None:
    assert narrowed(Query(start=1), [condition], COLUMNS) == Query(start=1)


def test_a_column_that_is_compared_is_not_asked_to_exist_too() -> None:
    assert asked(IsNotNull(of("event_type")), EqualTo(of("event_type"), "model")) == ["event_type == model"]


def test_conditions_on_the_start_narrow_the_range() -> None:
    query = Query(start=100, end=1000)
    both = [GreaterThanOrEqual(of("start_time"), 200.5), LessThan(of("start_time"), 300.5)]
    assert (narrowed(query, both, COLUMNS).start, narrowed(query, both, COLUMNS).end) == (200, 301)
    wide = [GreaterThan(of("start_time"), 5), LessThan(of("start_time"), 5000)]
    assert narrowed(query, wide, COLUMNS) == query
    same = narrowed(Query(), [EqualTo(of("start_time"), 7)], COLUMNS)
    assert (same.start, same.end) == (7, 7)


def test_a_contradiction_leaves_a_range_that_can_be_asked() -> None:
    found = narrowed(Query(start=5, end=9), [GreaterThan(of("start_time"), 100)], COLUMNS)
    assert found.start is not None
    assert found.end is not None
    assert found.start <= found.end


def test_a_range_beyond_the_years_of_dates_can_be_asked() -> None:
    for value in (-(2.0**52), 2.0**52):
        found = narrowed(Query(), [GreaterThan(of("start_time"), value)], COLUMNS)
        assert found.start is not None
        assert iso(found.start)
        found = narrowed(Query(), [LessThan(of("start_time"), value)], COLUMNS)
        assert found.end is not None
        assert iso(found.end)


texts = st.sampled_from(["model", "tool", "a", "A", "ab", "", "5", "true"])
numbers = st.sampled_from([0, 1, 5, 5.0, 5.5, -1, 2**53 + 1, 1e300, 10**30])
scalars = texts | numbers | st.booleans() | st.none()
anything = scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2)
inner = st.dictionaries(st.sampled_from(["cost", "n", "ok", "tag"]), anything)
events = st.fixed_dictionaries(
    {},
    optional={
        "event_type": texts,
        "event_name": anything,
        "session_id": anything,
        "error": anything,
        "duration": anything,
        "start_time": numbers,
        "metadata": inner | anything,
    },
)
names = st.sampled_from(
    [
        *["event_type", "event_name", "session_id", "error", "duration", "start_time"],
        *(n.name for n in NESTED),
    ]
)
KINDS = [EqualTo, EqualNullSafe, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, StringContains]
KINDS += [StringStartsWith, StringEndsWith]


@st.composite
def conditions(draw: st.DrawFn) -> Any:
    """A condition as Spark makes it: the value is of the column's type."""
    name = draw(names)
    where, kind = of(name), COLUMNS[name][1]
    one: Any = IsNotNull(where)
    if draw(st.booleans()):
        values = {"string": texts, "boolean": st.booleans()}.get(
            kind, st.sampled_from([0, 1.0, 5, 5.5, -1.0])
        )
        chosen = draw(st.sampled_from(KINDS if kind == "string" else KINDS[:-3]))
        one = chosen(where, draw(values))
    return Not(one) if draw(st.booleans()) else one


def spark_keeps(event: Any, condition: Any) -> bool:
    """Whether Spark's own evaluation is true, and not false or null."""
    if isinstance(condition, Not):
        cell = cell_of(event, condition.child.attribute[0])
        if isinstance(condition.child, IsNotNull):
            return cell is None
        return cell is not None and not spark_keeps(event, condition.child)
    cell = cell_of(event, condition.attribute[0])
    if cell is None:
        return False
    if isinstance(condition, IsNotNull):
        return True
    value = condition.value
    return {
        "EqualTo": lambda: cell == value,
        "EqualNullSafe": lambda: cell == value,
        "GreaterThan": lambda: cell > value,
        "GreaterThanOrEqual": lambda: cell >= value,
        "LessThan": lambda: cell < value,
        "LessThanOrEqual": lambda: cell <= value,
        "StringContains": lambda: value in cell,
        "StringStartsWith": lambda: cell.startswith(value),
        "StringEndsWith": lambda: cell.endswith(value),
    }[type(condition).__name__]()


def cell_of(event: Any, name: str) -> Any:
    nested: NestedColumn | None = next((one for one in NESTED if one.name == name), None)
    if nested is None:
        return cells(event).get(name)
    (value,) = nested.values([event])
    return None if value is None else fits(nested.kind or "string", value)


@given(st.lists(events, max_size=6), st.lists(conditions(), max_size=3))
def test_no_event_that_spark_keeps_is_missing_from_the_narrower_search(
    found: list[Any], wanted: list[Any]
) -> None:
    query = narrowed(Query(), wanted, COLUMNS)
    numbered = [{**event, "event_id": f"id {at}"} for at, event in enumerate(found)]
    timed = [{"start_time": 0, **event} for event in numbered]
    matching = oracle.matches(timed, [one.to_dict() for one in query.filters])
    for event in numbered:
        if all(spark_keeps(event, one) for one in wanted):
            assert event["event_id"] in matching
            time = event.get("start_time")
            assert query.start is None or (time is not None and query.start <= time)
            assert query.end is None or (time is not None and time <= query.end)
