"""OTLP/JSON, as it is specified and as the official tracer writes it. Pure.

The reader is our own because protobuf's JSON reader takes the hexadecimal ids for base64. It takes names of
kinds and statuses as well as their numbers, null where a field may be absent, 64-bit integers as text and
as numbers, and field names with underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from attrs import frozen

from honeyhive_ext.otlp.otel_span import KINDS, OtelSpan, SpanEvent, SpanLink, finite

DEEPEST = 100  # levels of lists and maps inside one attribute
LATEST = 253_402_300_799_999_999_999  # the last nanosecond of the year 9999
_ID = re.compile(r"[0-9a-fA-F]+")
_SNAKE = re.compile(r"(?<=[a-z])([A-Z])")
_DROPPED = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


class SpanRefusedError(ValueError):
    """A span that cannot be read. The message says which, where and why."""


@frozen
class ReadSpans:
    """What was read of a request.

    Attributes:
        spans: The spans that could be read, in order.
        refused: Why each of the others could not.
    """

    spans: Sequence[OtelSpan]
    refused: Sequence[str]


def read_json(body: Any) -> ReadSpans:
    """Return the spans of the JSON body of a request to export traces.

    Args:
        body: The parsed JSON.

    Raises:
        SpanRefusedError: The body is not such a request.
    """
    if not isinstance(body, dict):
        raise SpanRefusedError("the body must be a JSON object with resourceSpans")
    return read_groups(_groups(cast("dict[str, Any]", body)))


PlacedSpan = tuple[str, Mapping[str, Any], Mapping[str, Any], Any]
"""Where a span is, its resource's attributes, its scope, and the span."""


def read_groups(groups: Iterator[PlacedSpan]) -> ReadSpans:
    """Return the spans, each with its resource and its scope."""
    spans: list[OtelSpan] = []
    refused: list[str] = []
    for at, resource, scope, span in groups:
        try:
            spans.append(_span(_object(span, at), resource, scope))
        except (SpanRefusedError, OverflowError) as problem:
            refused.append(f"{at}: {problem}")
    return ReadSpans(spans, refused)


def _groups(body: Mapping[str, Any]) -> Iterator[PlacedSpan]:
    for number, given in enumerate(_list(body, "resourceSpans")):
        at = f"resourceSpans[{number}]"
        whole = _object(given, at)
        resource = _attributes(_inner(whole, "resource"))
        scopes = [*_list(whole, "scopeSpans"), *_list(whole, "instrumentationLibrarySpans")]
        for place, each in enumerate(scopes):
            inside = _object(each, f"{at}.scopeSpans[{place}]")
            scope = _inner(inside, "scope") or _inner(inside, "instrumentationLibrary")
            for index, span in enumerate(_list(inside, "spans")):
                yield f"{at}.scopeSpans[{place}].spans[{index}]", resource, scope, span


def _span(span: Mapping[str, Any], resource: Mapping[str, Any], scope: Mapping[str, Any]) -> OtelSpan:
    status = _inner(span, "status")
    start = _time(_get(span, "startTimeUnixNano"), "startTimeUnixNano")
    if not start:
        raise SpanRefusedError("startTimeUnixNano is missing")
    parent = _get(span, "parentSpanId")
    return OtelSpan(
        trace_id=_id(_get(span, "traceId"), 32, "traceId"),
        span_id=_id(_get(span, "spanId"), 16, "spanId"),
        parent_id=None if parent in (None, "", "0" * 16) else _id(parent, 16, "parentSpanId"),
        name=_text(span.get("name")),
        kind=_kind(span.get("kind")),
        start_ns=start,
        end_ns=_time(_get(span, "endTimeUnixNano"), "endTimeUnixNano") or start,
        attributes=_attributes(span),
        events=[
            SpanEvent(
                _text(one.get("name")), _time(_get(one, "timeUnixNano"), "timeUnixNano"), _attributes(one)
            )
            for one in map(_event, _list(span, "events"))
        ],
        links=[
            SpanLink(_text(_get(one, "traceId")), _text(_get(one, "spanId")), _attributes(one))
            for one in map(_event, _list(span, "links"))
        ],
        failed=status.get("code") in (2, "2", "STATUS_CODE_ERROR"),
        message=_text(status.get("message")),
        resource=resource,
        scope=_text(scope.get("name")),
        scope_version=_text(scope.get("version")),
        dropped={name: count for name in _DROPPED if (count := _get(span, name))},
    )


def _event(value: Any) -> Mapping[str, Any]:
    return _object(value, "an event or a link")


def _get(given: Mapping[str, Any], name: str) -> Any:
    """Return a field, whose name may be written with underscores."""
    found = given.get(name)
    return given.get(_SNAKE.sub(lambda one: f"_{one[1].lower()}", name)) if found is None else found


def _list(given: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = _get(given, name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise SpanRefusedError(f"{name} must be an array")
    return cast("Sequence[Any]", found)


def _inner(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = _get(given, name)
    return {} if found is None else _object(found, name)


def _object(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SpanRefusedError(f"{at} must be an object")
    return cast("dict[str, Any]", value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _id(value: Any, digits: int, name: str) -> str:
    if not isinstance(value, str) or len(value) != digits or not _ID.fullmatch(value) or not int(value, 16):
        raise SpanRefusedError(f"{name} must be {digits} hexadecimal digits, not all of them 0")
    return value.lower()


def _time(value: Any, name: str) -> int:
    """Return Unix nanoseconds; 0 if there are none."""
    if value is None:
        return 0
    try:
        time = int(value) if isinstance(value, int | str) else -1
    except ValueError:
        time = -1
    if isinstance(value, bool) or not 0 <= time <= LATEST:
        raise SpanRefusedError(f"{name} must be Unix nanoseconds")
    return time


def _kind(value: Any) -> str:
    if isinstance(value, int) and 0 <= value < len(KINDS):
        return KINDS[value]
    name = _text(value).removeprefix("SPAN_KIND_").lower()
    return name if name in KINDS else ""


def _attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in _list(given, "attributes"):
        one = _object(pair, "an attribute")
        name = one.get("key")
        if not isinstance(name, str):
            raise SpanRefusedError("the key of an attribute must be a string")
        found[name] = value_of(one.get("value"))
    return found


def value_of(value: Any, level: int = 0) -> Any:
    """Return what an AnyValue of OTLP holds. A missing value is None; NaN and infinities are their names.

    >>> value_of({"arrayValue": {"values": [{"intValue": "7"}, {"doubleValue": "NaN"}]}})
    [7, 'NaN']
    """
    if level > DEEPEST:
        raise SpanRefusedError(f"an attribute is nested more than {DEEPEST} levels deep")
    if value is None:
        return None
    for name, inner in _object(value, "the value of an attribute").items():
        key = name.replace("_v", "V")
        if key == "intValue":
            return _integer(inner)
        if key == "doubleValue":
            return _double(inner)
        if key == "arrayValue":
            values = _list(_object(inner or {}, name), "values")
            return [value_of(one, level + 1) for one in values]
        if key == "kvlistValue":
            pairs = (_object(one, name) for one in _list(_object(inner or {}, name), "values"))
            return {_text(one.get("key")): value_of(one.get("value"), level + 1) for one in pairs}
        if key in ("stringValue", "boolValue", "bytesValue"):
            return inner  # bytes stay base64, as JSON has no bytes
    return None


def _integer(value: Any) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SpanRefusedError("intValue must be a whole number") from None


def _double(value: Any) -> Any:
    try:
        return finite(float(value))
    except (TypeError, ValueError):
        raise SpanRefusedError("doubleValue must be a number") from None
