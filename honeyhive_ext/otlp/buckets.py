"""What a span says, in the fields of an event that hold objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from honeyhive_ext.otlp import messages
from honeyhive_ext.otlp.flattened import unflattened
from honeyhive_ext.otlp.messages import decoded, parsed, with_chat
from honeyhive_ext.otlp.otel_span import OtelSpan
from honeyhive_ext.otlp.registry import GIVEN_INPUTS, GIVEN_OUTPUTS, is_steering
from honeyhive_ext.otlp.shape import Shape

Buckets = dict[str, dict[str, Any]]

_PAIRS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))


def buckets(span: OtelSpan, shape: Shape) -> Buckets:
    """Return `inputs`, `outputs`, `config`, `metadata` and the others that a span fills."""
    attributes = span.attributes
    metadata: dict[str, Any] = {}
    found: Buckets = {"inputs": {}, "outputs": {}, "config": {}, "metadata": metadata}
    taken: set[str] = set()
    if shape.flattened:
        _flattened(attributes, shape, found, taken)
    for name, key in shape.json_metadata:
        if key not in metadata:
            metadata[key] = decoded(attributes[name])
            taken.add(name)
    _chat(attributes, shape, found, taken)
    if shape.given:
        _given(attributes, found, taken)
    empty = _rows(attributes, shape, found)
    for pair in _PAIRS:
        counts = [metadata.get(name) for name in pair]
        if metadata.get("total_tokens") is None and type(counts[0]) is type(counts[1]) is int:
            metadata["total_tokens"] = sum(cast("list[int]", counts))
    lineage = _lineage(span, shape)
    covered: dict[str, Any] = {name: metadata.pop(name) for name in lineage if name in metadata}
    metadata |= lineage
    for name in (*shape.plain, *shape.unless, *empty) if shape.unless or empty else shape.plain:
        if name in taken:
            continue
        if name not in metadata:
            metadata[name] = attributes[name]
        elif name not in covered and metadata[name] != attributes[name]:
            covered[name] = attributes[name]
    if "honeyhive_error_type" in attributes:
        metadata.setdefault("error_type", attributes["honeyhive_error_type"])
    if covered:
        if "covered" in metadata:
            covered["covered"] = metadata["covered"]
        metadata["covered"] = covered
    if not found["outputs"]:
        del found["outputs"]
    return found


def _flattened(attributes: Mapping[str, Any], shape: Shape, found: Buckets, taken: set[str]) -> None:
    """Fill what the honeyhive tracers write: each field as a whole, or its parts."""
    for bucket, whole, parts in shape.flattened:
        values = unflattened((inner, parsed(attributes[name])) for name, inner in parts)
        value = parsed(attributes[whole]) if whole else None
        if isinstance(value, dict):
            taken.add(cast(str, whole))
            values = {**cast("dict[str, Any]", value), **values}
        if values:
            found.setdefault(bucket, {}).update(values)


def _lineage(span: OtelSpan, shape: Shape) -> dict[str, Any]:
    """Return what is known of a span but for its attributes."""
    said: dict[str, Any] = {
        "has_otlp_lineage": True,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_id or "",
        "instrumentor": _of_scope(span.scope) or shape.instrumentor,
    }
    if span.kind and span.kind != "internal":
        said["otel_kind"] = span.kind
    if span.scope:
        said["scope"] = {"name": span.scope} | ({"version": span.scope_version} if span.scope_version else {})
    if span.resource:
        said["resource"] = _stored(span.resource)
    if span.events:
        said["span_events"] = [
            {"name": one.name, "time": milliseconds(one.time_ns), "attributes": dict(one.attributes)}
            for one in span.events
        ]
    if span.links:
        said["span_links"] = [
            {"trace_id": one.trace_id, "span_id": one.span_id, "attributes": dict(one.attributes)}
            for one in span.links
        ]
    if span.dropped:
        said["dropped"] = dict(span.dropped)
    return said


_last: list[tuple[Mapping[str, Any], dict[str, Any]]] = [({}, {})]  # as a rule, many spans have the same


def _stored(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a resource."""
    known, found = _last[0]
    if known is not resource:
        found = {name: value for name, value in resource.items() if not is_steering(name)}
        _last[0] = resource, found
    return found


def _chat(attributes: Mapping[str, Any], shape: Shape, found: Buckets, taken: set[str]) -> None:
    """Fill `inputs.chat_history` and the message of `outputs`."""
    given = messages.input_messages(attributes) if shape.asked else ()
    if given and "chat_history" not in found["inputs"]:
        found["inputs"]["chat_history"] = given
        taken |= shape.asked
    answered = messages.output_messages(attributes) if shape.answered else ()
    if answered and not found["outputs"].keys() & {"role", "content", "chat_history"}:
        first = {"role": "assistant", **answered[0]}
        found["outputs"].update(first)
        if len(answered) > 1:
            found["outputs"]["chat_history"] = answered
        taken |= shape.answered
    for source in shape.parameters:
        parameters = parsed(attributes[source])
        if isinstance(parameters, dict):
            for name, value in cast("dict[str, Any]", parameters).items():
                found["config"].setdefault(name, value)
            taken.add(source)


def _given(attributes: Mapping[str, Any], found: Buckets, taken: set[str]) -> None:
    """Fill `inputs` and `outputs` of a step that is no chat."""
    for bucket, names, plain in (("inputs", GIVEN_INPUTS, "value"), ("outputs", GIVEN_OUTPUTS, "text")):
        for name in names:
            if found[bucket] or attributes.get(name) in (None, ""):
                continue
            value = with_chat(name, parsed(attributes[name]))
            whole = cast("dict[str, Any]", value) if isinstance(value, dict) else None
            found[bucket] = whole or {plain if isinstance(value, str) else "value": value}
            taken.add(name)


def _rows(attributes: Mapping[str, Any], shape: Shape, found: Buckets) -> list[str]:
    """Fill what the table names, and return the attributes of it that have no value."""
    empty: list[str] = []
    for source, bucket, name, how, keys in shape.rows:
        value = attributes[source]
        if value is None:
            empty.append(source)
        elif name not in found[bucket]:
            if how == "as it is":
                found[bucket][name] = value
            elif (made := _taken_over(how, value, keys)) is not None:
                found[bucket][name] = made
    return empty


def _taken_over(how: str, value: Any, keys: tuple[str, ...]) -> Any:
    if how in ("first", "list"):
        listed = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
        return [*listed] if how == "list" else listed[0] if listed else None
    if how == "json":
        return parsed(value)
    if keys:
        return _inside(parsed(value), keys, how)
    return value * 1000 if isinstance(value, int | float) else value  # milliseconds


def _inside(value: Any, keys: tuple[str, ...], how: str) -> Any:
    """Return what an object has under the first of some keys, or the sum of its numbers."""
    if not isinstance(value, dict):
        return None
    counts = cast("dict[str, Any]", value)
    found = next((counts[key] for key in keys if counts.get(key) is not None), None)
    if found is not None or how == "inside":
        return found
    numbers = [one for one in counts.values() if type(one) is int or type(one) is float]
    return sum(numbers) if numbers else None


def milliseconds(nanoseconds: int) -> int | float:
    """Return Unix ms, whole where they are whole.

    >>> milliseconds(1_795_646_619_518_000_000), milliseconds(1_795_646_619_518_219_313)
    (1795646619518, 1795646619518.2192)
    """
    whole, rest = divmod(nanoseconds, 1_000_000)
    return whole if not rest else round(nanoseconds / 1e6, 4)


@lru_cache(1_000)
def _of_scope(scope: str) -> str:
    """Return which library made a span, by the name of its scope; "" if that does not say it."""
    lower = scope[:1_000].lower()
    return next((name for part, name in _SCOPES if part in lower), "")


_SCOPES = (
    ("openinference", "openinference"),
    ("strands", "aws-strands"),
    ("gcp.vertex.agent", "google-adk"),
    ("google_adk", "google-adk"),
    ("traceloop", "traceloop"),
    ("langfuse", "langfuse"),
    ("honeyhive", "honeyhive"),
)
