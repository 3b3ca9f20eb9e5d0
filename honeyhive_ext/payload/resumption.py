"""A block of a session that has many, such as a turn of a chat: two requests that lose no other block. Pure.

The first starts the session. For a session that exists, the service keeps what it has, merges `metadata` and
`user_properties`, and answers with its event. From the answer comes when the session began, and the second
request, an update, sets the end and the duration of the whole. Each may be sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import orjson

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import SESSION, UPDATE, begin, prepare_session, prepare_update
from honeyhive_ext.payload.times import complete, tidy
from honeyhive_ext.serialize.exact_json import answered_value

LATEST = 253_402_300_799_999  # the last millisecond of the year 9999

# What the update brings: the session keeps its first, or has no such field.
_LATER = frozenset(UPDATE.converters) - {"metadata", "user_properties", "duration"}
_TAKEN = frozenset({"event_type", "event_id", "error", *SESSION.converters, *UPDATE.converters})


def check_resumption(fields: Mapping[str, Any]) -> None:
    """Check the fields of a session that is resumed.

    Raises:
        EventError: The session has no id, or a field that cannot be given for a session that exists.
    """
    if fields.get("session_id") is None and fields.get("event_id") is None:
        raise EventError("resume=True adds to a session: give its session_id", path="session_id")
    for name in fields:
        if name not in _TAKEN:
            raise EventError("cannot be given with resume=True", path=name)


def prepare_resumption(
    fields: Mapping[str, Any], *, settings: EventSettings, now_ms: Callable[[], float]
) -> tuple[str, bytes]:
    """Return the id of a session, and the JSON of both requests, which `first_request` and the next one read.

    Args:
        fields: The fields of the session's event, as the end of a block leaves them. `error`, which neither
            request takes, becomes `metadata.error`.
        settings: The default `source`, what happens to values that JSON cannot hold, the redact hook.
        now_ms: The clock, in Unix ms.

    Raises:
        EventError: A field has a value that the API does not take. Nothing was sent.
    """
    given = {name: value for name, value in fields.items() if name in _TAKEN}
    complete(given)
    begin(given, now_ms)
    error = given.pop("error", None)
    if error is not None:
        given["metadata"] = {"error": error, **given.get("metadata", {})}
    given.setdefault("end_time", now_ms())
    first = {name: value for name, value in given.items() if name in SESSION.converters}
    for name in ("outputs", "end_time", "duration", "children_ids"):
        first.pop(name, None)
    later = {name: given[name] for name in _LATER & given.keys() if given[name] not in ([], None)}
    session_id, session = prepare_session(first, settings=settings, now_ms=now_ms)
    _, update = prepare_update(session_id, later, settings=settings)
    content = b'{"event_id":"%b","session":%b,"update":%b}' % (session_id.encode(), session, update)
    return session_id, content


def first_request(content: bytes) -> bytes:
    """Return the body of the request that starts the session."""
    return orjson.dumps(orjson.loads(content)["session"])


def next_request(content: bytes, answer: bytes) -> tuple[str, bytes]:
    """Return the session's id and the body of the update, after the answer to the first request.

    The session lasts from its first start to its latest end. Without a readable answer, no duration is sent.

    >>> content = b'{"event_id":"a","session":{},"update":{"end_time":9000}}'
    >>> next_request(content, b'{"start_time":2000,"end_time":5000}')
    ('a', b'{"end_time":9000,"duration":7000}')
    """
    whole = orjson.loads(content)
    update: dict[str, Any] = whole["update"]
    stored = _times(answer)
    ends = [*stored.get("end_time", []), *_numbers(update.get("end_time"))]
    if ends:
        update["end_time"] = max(ends)
        for start in stored.get("start_time", []):
            update["duration"] = tidy(max(update["end_time"] - start, 0))
    return whole["event_id"], orjson.dumps(update)


def _times(answer: bytes) -> dict[str, list[int | float]]:
    stored = answered_value(answer)
    if not isinstance(stored, Mapping):
        return {}
    event = cast(Mapping[str, Any], stored)
    return {name: _numbers(event.get(name)) for name in ("start_time", "end_time")}


def _numbers(value: Any) -> list[int | float]:
    return [value] if (type(value) is int or type(value) is float) and abs(value) <= LATEST else []
