"""What a span says, in the fields of an event that hold objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from honeyhive_ext.otlp import messages
from honeyhive_ext.otlp.flattened import under, unflattened
from honeyhive_ext.otlp.messages import parsed
from honeyhive_ext.otlp.otel_span import OtelSpan
from honeyhive_ext.otlp.registry import BUCKETS, OWN, ROWS, STEERING, AttributeRow

Buckets = dict[str, dict[str, Any]]

_PAIRS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))
# What a step got and gave where it is no chat, by the name of the library that writes it.
_INPUTS = ("input.value", "traceloop.entity.input", "gen_ai.tool.call.arguments")
_OUTPUTS = ("output.value", "traceloop.entity.output", "gen_ai.tool.call.result")


def buckets(span: OtelSpan) -> Buckets:
    """Return `inputs`, `outputs`, `config`, `metadata` and the others that a span fills."""
    attributes = span.attributes
    found: Buckets = {name: {} for name in ("inputs", "outputs", "config", "metadata")}
    taken: set[str] = set()
    for bucket in BUCKETS:
        prefix = f"honeyhive_{bucket}"
        inside = under(attributes, f"{prefix}.")
        taken |= {f"{prefix}.{name}" for name in inside}
        values = unflattened((name, parsed(value)) for name, value in inside.items())
        whole = parsed(attributes.get(prefix))
        if isinstance(whole, dict):
            taken.add(prefix)
            values = {**cast("dict[str, Any]", whole), **values}
        if values:
            found.setdefault(bucket, {}).update(values)
    _chat(attributes, found, taken)
    _given(attributes, found, taken)
    _rows(attributes, found, taken)
    metadata = found["metadata"]
    for pair in _PAIRS:
        counts = [metadata.get(name) for name in pair]
        if metadata.get("total_tokens") is None and all(type(count) is int for count in counts):
            metadata["total_tokens"] = sum(cast("list[int]", counts))
    for name, value in attributes.items():
        if name not in taken and name not in OWN and not name.startswith(STEERING):
            metadata.setdefault(name, value)
    if "honeyhive_error_type" in attributes:
        metadata.setdefault("error_type", attributes["honeyhive_error_type"])
    metadata |= _lineage(span)
    return {name: value for name, value in found.items() if value or name in ("inputs", "config", "metadata")}


def _lineage(span: OtelSpan) -> dict[str, Any]:
    said: dict[str, Any] = {
        "has_otlp_lineage": True,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_id or "",
        "instrumentor": instrumentor_of(span),
    }
    if span.kind and span.kind != "internal":
        said["otel_kind"] = span.kind
    if span.scope:
        said["scope"] = {"name": span.scope} | ({"version": span.scope_version} if span.scope_version else {})
    if span.resource:
        said["resource"] = {k: v for k, v in span.resource.items() if not k.startswith(STEERING)}
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
    return said | ({"dropped": dict(span.dropped)} if span.dropped else {})


def _chat(attributes: Mapping[str, Any], found: Buckets, taken: set[str]) -> None:
    """Fill `inputs.chat_history` and the message of `outputs`."""
    given = messages.input_messages(attributes)
    if given and "chat_history" not in found["inputs"]:
        found["inputs"]["chat_history"] = given
        taken |= _named(attributes, messages.INPUT_PREFIXES, messages.INPUT_NAMES)
    answered = messages.output_messages(attributes)
    if answered and not found["outputs"].keys() & {"role", "content", "chat_history"}:
        first = {"role": "assistant", **answered[0]}
        found["outputs"].update(first)
        if len(answered) > 1:
            found["outputs"]["chat_history"] = answered
        taken |= _named(attributes, messages.OUTPUT_PREFIXES, messages.OUTPUT_NAMES)
    parameters = parsed(attributes.get("llm.invocation_parameters"))
    if isinstance(parameters, dict):
        for name, value in cast("dict[str, Any]", parameters).items():
            found["config"].setdefault(name, value)
        taken.add("llm.invocation_parameters")


def _named(attributes: Mapping[str, Any], prefixes: tuple[str, ...], names: tuple[str, ...]) -> set[str]:
    return {key for key in attributes if key in names or key.startswith(prefixes)}


def _given(attributes: Mapping[str, Any], found: Buckets, taken: set[str]) -> None:
    """Fill `inputs` and `outputs` of a step that is no chat."""
    for bucket, names, plain in (("inputs", _INPUTS, "value"), ("outputs", _OUTPUTS, "text")):
        for name in names:
            if found[bucket] or attributes.get(name) in (None, ""):
                continue
            value = parsed(attributes[name])
            whole = cast("dict[str, Any]", value) if isinstance(value, dict) else None
            found[bucket] = whole or {plain if isinstance(value, str) else "value": value}
            taken.add(name)


def _rows(attributes: Mapping[str, Any], found: Buckets, taken: set[str]) -> None:
    for row in ROWS:
        value = attributes.get(row.source)
        if value is None:
            continue
        taken.add(row.source)
        bucket, name = row.target.split(".", 1)
        if name not in found[bucket]:
            found[bucket][name] = _taken_over(row, value)


def _taken_over(row: AttributeRow, value: Any) -> Any:
    if row.how in ("first", "list"):
        listed = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
        return [*listed] if row.how == "list" else listed[0] if listed else None
    if row.how == "json":
        return parsed(value)
    if row.how == "milliseconds":
        return value * 1000 if isinstance(value, int | float) else value
    return value


def milliseconds(nanoseconds: int) -> int | float:
    """Return Unix ms, whole where they are whole.

    >>> milliseconds(1_795_646_619_518_000_000), milliseconds(1_795_646_619_518_219_313)
    (1795646619518, 1795646619518.2192)
    """
    whole, rest = divmod(nanoseconds, 1_000_000)
    return whole if not rest else round(nanoseconds / 1e6, 4)


def instrumentor_of(span: OtelSpan) -> str:
    """Return which library made a span, by the name of its scope and by its attributes."""
    scope = span.scope.lower()
    for part, name in _SCOPES:
        if part in scope:
            return name
    for prefix, name in _ATTRIBUTES:
        if any(key.startswith(prefix) for key in span.attributes):
            return name
    return "unknown"


_SCOPES = (
    ("openinference", "openinference"),
    ("strands", "aws-strands"),
    ("gcp.vertex.agent", "google-adk"),
    ("google_adk", "google-adk"),
    ("traceloop", "traceloop"),
    ("honeyhive", "honeyhive"),
)
_ATTRIBUTES = (
    ("openinference.", "openinference"),
    ("llm.input_messages.", "openinference"),
    ("traceloop.span.", "traceloop"),
    ("traceloop.entity.", "traceloop"),
    ("honeyhive_", "honeyhive"),
    ("gen_ai.", "standardgenai"),
    ("llm.", "openinference"),
)
