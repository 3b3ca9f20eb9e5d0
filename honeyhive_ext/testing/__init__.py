"""Hypothesis strategies for tests of code that sends or reads events; made from the JSON Schemas.

Needs hypothesis (`pip install 'honeyhive-ext[testing]'`). The guide is docs/testing.md.

>>> from hypothesis import given
>>> from honeyhive_ext.testing import events
>>> @given(events())
... def test_my_redaction_keeps_every_field(event):
...     assert {**event} == event
>>> test_my_redaction_keeps_every_field()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import honeyhive_schemas

from honeyhive_ext.errors import ConfigError

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "honeyhive_ext.testing needs hypothesis: pip install 'honeyhive-ext[testing]'"
    ) from error

from honeyhive_ext.testing.values import Strategy, objects, values

__all__ = [
    "RESPONSES",
    "batches",
    "events",
    "responses",
    "searches",
    "sessions",
    "stored_events",
    "updates",
    "values",
]

# The schema of each documented answer that has a body, by operationId; a test holds it against openapi.yaml.
RESPONSES: Mapping[str, str] = {
    "createEvent": "PostEventResponse",
    "getEvent": "GetEventResponse",
    "searchEvents": "ExportEventsResponse",
    "createEventBatch": "PostEventBatchResponse",
    "createSession": "PostSessionStartResponse",
    "createSessionEventBatch": "SessionTracesResponse",
}

_MOMENTS = st.integers(10**12, 4 * 10**12) | st.floats(1e12, 4e12).map(
    lambda ms: round(ms, 3)
)  # 2001 to 2096
_LENGTHS = st.integers(0, 10**8) | st.floats(0, 1e8).map(lambda ms: round(ms, 3))


def events(**fields: Strategy) -> Strategy:
    """Events to create, as mappings: for `hh.events.create(event)` and for a POST to /v1/events.

    Every field of the document occurs, and free-form objects hold any JSON. Of start_time, end_time and
    duration any are given, between 2001 and 2096; three agree, as `create` asks.

    Args:
        **fields: Strategies of your own for fields that are then always there, such as
            `event_type=st.just("model")`.

    >>> from hypothesis import find, strategies as st
    >>> find(events(event_type=st.just("tool")), lambda event: "error" in event)["event_type"]
    'tool'
    """
    return _made("PostEventRequest", fields).flatmap(lambda event: _timed(event, fields))


def batches(*, max_size: int = 5) -> Strategy:
    """Bodies of a batch: for a POST to /v1/events/batch. Ids occur once in a batch.

    Args:
        max_size: The most events in one.
    """
    several = st.lists(
        events(), max_size=max_size, unique_by=lambda event: event.get("event_id") or id(event)
    )
    return _made("PostEventBatchRequest", {"events": several})


def searches() -> Strategy:
    """Bodies of a search, whose date ranges do not end before they begin."""
    day = st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z")
    ranges = st.tuples(day, day).map(
        lambda two: dict(zip(("start_time", "end_time"), sorted(two), strict=True))
    )
    return st.one_of(
        _made("SearchEventsRequest", {"dateRange": ranges}), _without("SearchEventsRequest", "dateRange")
    )


def updates(**fields: Strategy) -> Strategy:
    """Bodies of an update, and keyword arguments of `hh.events.update`; each field has effect."""
    changes = _made("UpdateEventRequest", fields).flatmap(lambda update: _timed(update, fields))
    return changes.map(_with_effect).filter(bool)


def sessions(**fields: Strategy) -> Strategy:
    """Bodies of a new session, and keyword arguments of `hh.sessions.create`; times as in `events`."""
    given = {"session_id": st.uuids().map(str), **fields}
    return _made("StartSessionRequest", given).flatmap(lambda session: _timed(session, fields))


def stored_events() -> Strategy:
    """Events as the service returns them: any field may be missing or null, and there may be unknown ones."""
    return values("LegacyEvent")


def responses(operation: str) -> Strategy:
    """Bodies of a 200 answer, also with properties that the document does not name.

    Args:
        operation: The operationId, such as "searchEvents".

    Raises:
        ConfigError: There is no such operation, or its answer has no documented body.

    >>> from hypothesis import find
    >>> find(responses("createSessionEventBatch"), lambda body: body["success"])["success"]
    True
    """
    if operation not in RESPONSES:
        raise ConfigError(f"no answer of {operation!r} is documented; there are {', '.join(RESPONSES)}")
    return values(RESPONSES[operation])


def _made(name: str, fields: Mapping[str, Strategy]) -> Strategy:
    schema = honeyhive_schemas.schema(name)
    unknown = sorted(fields.keys() - schema["properties"].keys())
    if unknown:
        raise ConfigError(f"{honeyhive_schemas.python_name(name)} has no field {unknown[0]!r}")
    return objects(schema, schema, fields)


def _without(name: str, field: str) -> Strategy:
    schema = honeyhive_schemas.schema(name)
    del schema["properties"][field]
    return objects(schema, schema)


@st.composite
def _timed(draw: st.DrawFn, event: dict[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The event with times that agree, where it has any; those of the caller's own stay."""
    timed = dict(event)
    for name, kind in (("start_time", _MOMENTS), ("duration", _LENGTHS), ("end_time", _MOMENTS)):
        if name in timed and name not in kept:
            timed[name] = draw(kind)
    if {"start_time", "end_time", "duration"} <= timed.keys():
        if "end_time" not in kept:
            timed["end_time"] = timed["start_time"] + timed["duration"]
        elif "duration" not in kept:
            timed["duration"] = timed["end_time"] - timed["start_time"]
        elif "start_time" not in kept:
            timed["start_time"] = timed["end_time"] - timed["duration"]
    return timed


def _with_effect(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the service ignores: outputs of null, an empty list of children."""
    ignored: dict[str, Any] = {"outputs": None, "children_ids": []}
    return {key: value for key, value in changes.items() if key not in ignored or value != ignored[key]}
