"""The strategies of `honeyhive_ext.testing`: events, sessions, searches and responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import honeyhive_schemas
from hypothesis import strategies as st

from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.testing.allows import allows
from honeyhive_ext.testing.json_schema import Strategy, objects, values

# The schema of each response body, by operationId; a test compares it with openapi.yaml.
RESPONSES: Mapping[str, str] = {
    "createEvent": "PostEventResponse",
    "getEvent": "GetEventResponse",
    "searchEvents": "ExportEventsResponse",
    "createEventBatch": "PostEventBatchResponse",
    "createSession": "PostSessionStartResponse",
    "createSessionEventBatch": "SessionTracesResponse",
}

# Unix ms of the years 2001 to 2096
_TIMES = st.integers(10**12, 4 * 10**12) | st.floats(1e12, 4e12).map(lambda ms: round(ms, 3))
_DURATIONS = st.integers(0, 10**8) | st.floats(0, 1e8).map(lambda ms: round(ms, 3))


def events(**fields: Strategy) -> Strategy:
    """Generate events to create, as mappings: for `hh.events.create(event)` and for a POST to /v1/events.

    Every field of the API document occurs, and free-form objects contain any JSON. An event has any of
    start_time, end_time and duration, in the years 2001 to 2096. If it has all three, they agree, as `create`
    requires.

    Args:
        **fields: Your strategies for fields, such as `event_type=st.just("model")`. Every event has them.

    Raises:
        ConfigError: Events have no field of that name.

    >>> from hypothesis import find, strategies as st
    >>> find(events(event_type=st.just("tool")), lambda event: "error" in event)["event_type"]
    'tool'
    """
    return _made("PostEventRequest", fields).flatmap(lambda event: _timed(event, "PostEventRequest", fields))


def batches(*, max_size: int = 5) -> Strategy:
    """Generate bodies of a batch, for a POST to /v1/events/batch. No two events of a batch have the same id.

    Args:
        max_size: The most events in a batch.
    """
    named = honeyhive_schemas.schema("PostEventBatchRequest")["properties"]["events"]
    least, most = named.get("minItems", 0), min(max_size, named.get("maxItems", max_size))
    several = st.lists(
        events(), min_size=least, max_size=most, unique_by=lambda event: event.get("event_id") or id(event)
    )
    return _made("PostEventBatchRequest", {"events": several})


def searches() -> Strategy:
    """Generate bodies of a search; a date range never ends before it begins."""
    day = st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z")
    ranges = st.tuples(day, day).map(
        lambda two: dict(zip(("start_time", "end_time"), sorted(two), strict=True))
    )
    return st.one_of(
        _made("SearchEventsRequest", {"dateRange": ranges}), _without("SearchEventsRequest", "dateRange")
    )


def updates(**fields: Strategy) -> Strategy:
    """Generate bodies of an update, which are also keyword arguments of `hh.events.update`.

    They have no value that the service ignores.

    Args:
        **fields: Your strategies for some fields; see `events`.
    """
    changes = _made("UpdateEventRequest", fields).flatmap(
        lambda update: _timed(update, "UpdateEventRequest", fields)
    )
    return changes.map(_with_effect).filter(bool)


def sessions(**fields: Strategy) -> Strategy:
    """Generate bodies of a new session, which are also keyword arguments of `hh.sessions.create`.

    Args:
        **fields: Your strategies for some fields; see `events`, also for the times.
    """
    given = {"session_id": st.uuids().map(str), **fields}
    return _made("StartSessionRequest", given).flatmap(
        lambda session: _timed(session, "StartSessionRequest", fields)
    )


def stored_events() -> Strategy:
    """Generate events as the service returns them: fields may be missing, null or unknown."""
    return values("LegacyEvent")


def responses(operation: str) -> Strategy:
    """Generate bodies of a response with status 200; some have properties that no schema names.

    Args:
        operation: The operationId, such as "searchEvents".

    Raises:
        ConfigError: There is no such operation, or its response has no documented body.

    >>> from hypothesis import find
    >>> find(responses("createSessionEventBatch"), lambda body: body["success"])["success"]
    True
    """
    if operation not in RESPONSES:
        near = did_you_mean(operation, RESPONSES)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(RESPONSES)}"
        raise ConfigError(f"the API document has no response body of {operation!r}: {hint}")
    return values(RESPONSES[operation])


def _made(name: str, fields: Mapping[str, Strategy]) -> Strategy:
    schema = honeyhive_schemas.schema(name)
    unknown = sorted(fields.keys() - schema["properties"].keys())
    if unknown:
        near = did_you_mean(unknown[0], schema["properties"])
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(schema['properties'])}"
        raise ConfigError(f"{honeyhive_schemas.python_name(name)} has no field {unknown[0]!r}: {hint}")
    return objects(schema, schema, fields)


def _without(name: str, field: str) -> Strategy:
    schema = honeyhive_schemas.schema(name)
    del schema["properties"][field]
    return objects(schema, schema)


@st.composite
def _timed(draw: st.DrawFn, made: dict[str, Any], name: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Make the times of a request agree, if it has any; keep those that the caller gave."""
    schema = honeyhive_schemas.schema(name)
    known: Mapping[str, Any] = schema["properties"]
    timed = dict(made)
    for field, kind in (("start_time", _TIMES), ("duration", _DURATIONS), ("end_time", _TIMES)):
        if field in timed and field not in kept:
            usual = draw(kind)
            timed[field] = usual if allows(known[field], schema, usual) else timed[field]
    if {"start_time", "end_time", "duration"} <= timed.keys():
        computed = "end_time"
        if "end_time" in kept:
            computed = "start_time" if "duration" in kept else "duration"
        if computed not in kept:
            agreeing = _agreeing(timed, computed)
            if allows(known[computed], schema, agreeing):
                timed[computed] = agreeing
            elif computed not in schema.get("required", ()):
                del timed[computed]
    return timed


def _agreeing(timed: Mapping[str, Any], computed: str) -> Any:
    match computed:
        case "end_time":
            return timed["start_time"] + timed["duration"]
        case "duration":
            return timed["end_time"] - timed["start_time"]
        case _:
            return timed["end_time"] - timed["duration"]


def _with_effect(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what the service ignores: outputs of null, and an empty list of children."""
    ignored: dict[str, Any] = {"outputs": None, "children_ids": []}
    return {key: value for key, value in changes.items() if key not in ignored or value != ignored[key]}
