"""What a search finds, in plain and slow Python: the reference for the SQL.

It follows docs/local-server.md and shares no code with the server.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

IDS = {"event_id", "session_id", "parent_id", "children_ids"}
NEGATIONS = {"not exists": "exists", "is not": "is", "not contains": "contains"}


def values_at(value: Any, path: str) -> Iterator[Any]:
    """Yield everything that a dotted path can mean. A key may hold dots; an array stands for its elements."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == path:
                yield inner
            elif path.startswith(key + "."):
                yield from values_at(inner, path[len(key) + 1 :])
    elif isinstance(value, list):
        first, dot, rest = path.partition(".")
        for at, inner in enumerate(value):
            yield from values_at(inner, path)
            if first == str(at):
                if dot:
                    yield from values_at(inner, rest)
                else:
                    yield inner


def values_inside(value: Any) -> Iterator[Any]:
    """Yield a value and, if it is an array, every value in it and in the arrays in it."""
    yield value
    if isinstance(value, list):
        for inner in value:
            yield from values_inside(inner)


def as_id(text: str) -> str:
    """Return a text as it compares in a field of ids: a UUID, with hyphens or without, as its digits."""
    digits = text.replace("-", "").lower()
    shaped = [len(part) for part in text.split("-")] in ([8, 4, 4, 4, 12], [32])
    if not shaped or not set(digits) <= set(string.hexdigits):
        return text
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def milliseconds(value: Any) -> Fraction | None:
    """Return a number, or ISO text (UTC if it has no offset), as an exact number of Unix ms."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Fraction(value)
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value.strip().upper())
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    exact = Fraction((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, 1000)
    return Fraction(float(exact))  # times are doubles


def type_name(value: Any) -> str:
    """Return the type of a JSON value as a filter names it."""
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number" if isinstance(value, int | float) else "other"


def positive(value: Any, operator: str, wanted: Any, type_: str) -> bool:
    """Return whether a value fulfils a positive operator."""
    if operator == "exists":
        return True
    if operator in ("after", "before") or type_ == "datetime":
        mine, other = milliseconds(value), milliseconds(wanted)
        if mine is None or other is None:
            return False
        if operator == "is":
            return mine == other
        return mine > other if operator in ("after", "greater than") else mine < other
    if type_name(value) != type_:
        return False
    if type_ == "number":
        value, wanted = Fraction(value), Fraction(wanted)
    if operator == "is":
        return bool(value == wanted)
    if operator == "contains":
        return bool(wanted in value)
    return bool(value > wanted if operator == "greater than" else value < wanted)


def holds(event: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    """Return whether an event meets a filter, with the default switches."""
    operator: str = one["operator"]
    base = NEGATIONS.get(operator, operator)
    wanted = one["value"]
    there = [value for value in values_at(event, one["field"]) if value is not None]
    if base == "is" and wanted is None:
        return bool(there) == (operator == "is not")
    type_ = one.get("type") or type_name(wanted)
    each = [inner for value in there for inner in values_inside(value) if inner is not None]
    if one["field"].split(".")[0] in IDS and isinstance(wanted, str) and type_ == "string":
        fold = str.casefold if base == "contains" else as_id
        wanted = fold(as_id(wanted))
        each = [fold(value) if isinstance(value, str) else value for value in each]
    found = any(positive(value, base, wanted, type_) for value in each)
    return found != (operator in NEGATIONS)


def matches(events: Iterable[Mapping[str, Any]], filters: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the events that meet every filter, in search order; `events` come as inserted."""
    conditions = list(filters)
    found = [
        (event["start_time"], at, event["event_id"])
        for at, event in enumerate(events)
        if all(holds(event, one) for one in conditions)
    ]
    return [event_id for _, _, event_id in sorted(found, key=lambda row: row[:2], reverse=True)]


def dotted(value: Any) -> Iterator[str]:
    """Yield every dotted path inside a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            for rest in dotted(inner):
                yield f"{key}.{rest}"
    elif isinstance(value, list):
        for inner in value:
            yield from dotted(inner)


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON. true and 1 are different."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
