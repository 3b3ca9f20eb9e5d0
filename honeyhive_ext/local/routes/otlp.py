"""The routes that tracers of OpenTelemetry send to: traces become events, logs and metrics are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from honeyhive_ext.local import codec
from honeyhive_ext.local.codec import TooDeepError
from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.local.message import JSON, RequestRefused, Response
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.events import session_draft
from honeyhive_ext.local.routes.ingest import drafts
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.validate import failures, is_uuid
from honeyhive_ext.local.store import Draft, Transaction
from honeyhive_ext.otlp.otel_span import OtelSpan
from honeyhive_ext.otlp.read_json import ReadSpans, SpanRefusedError, read_json
from honeyhive_ext.otlp.to_event import named_session, session_id_of, session_ids_of, steering, to_events

PROTOBUF = "application/x-protobuf"
_PROTOBUF = (PROTOBUF, "application/protobuf")
_NAMED = 20  # reasons that an answer names
_INVALID = 3  # INVALID_ARGUMENT of google.rpc.Code


def post_traces(context: Context) -> Response:
    """Answer POST /opentelemetry/v1/traces and /v1/traces: store each span as an event."""
    protobuf = _is_protobuf(context)
    try:
        read = _read_protobuf(context) if protobuf else read_json(_json(context))
    except SpanRefusedError as problem:
        return _status(str(problem), protobuf=protobuf)
    refused = [*read.refused]
    made = _drafts(context, read, refused)
    wanted = _wanted_sessions(read.spans, always=context.switches.otlp_sessions == "always")

    def work(transaction: Transaction) -> None:
        transaction.insert(made, "replace")
        missing = [given for given in wanted.values() if transaction.get(given["session_id"]) is None]
        transaction.insert([session_draft(context, context.guarded(given)) for given in missing], "replace")

    context.store.write(work)
    context.state.otlp["spans"] += len(made)
    context.state.otlp["refused"] += len(refused)
    return _answer(refused, protobuf=protobuf)


def _drafts(context: Context, read: ReadSpans, refused: list[str]) -> list[Draft]:
    """Return the events to store, and note why the others cannot be."""
    made: list[Draft] = []
    exact = context.switches.otlp_session_id == "refuse"
    for span, event in zip(read.spans, to_events(read.spans), strict=True):
        if exact and (named := named_session(span)) and not is_uuid(named):
            refused.append(f"span {span.span_id}: its session id {named[:100]!r} is not a UUID")
            continue
        problems = [] if context.lenient else failures("PostEventRequest", event)
        if problems:
            refused.append(f"span {span.span_id}: {problems[0].path}: {problems[0].message}")
            continue
        try:
            made += drafts(context, [codec.guard(event)])
        except TooDeepError as problem:
            refused.append(f"span {span.span_id}: {problem.path}: {problem}")
    return made


def _wanted_sessions(spans: Sequence[OtelSpan], *, always: bool) -> dict[str, dict[str, Any]]:
    """Return the sessions that spans ask to be started, by id."""
    wanted: dict[str, dict[str, Any]] = {}
    sessions = session_ids_of(spans)
    for span in spans:
        if always or steering(span, "session_auto_create") in (True, "true", "True", "1", 1):
            session_id = session_id_of(span) or sessions[span.trace_id]
            wanted.setdefault(
                session_id,
                {
                    "session_id": session_id,
                    "session_name": str(steering(span, "session_name") or "Session"),
                    "source": str(steering(span, "source") or "otlp"),
                    "start_time": span.start_ns // 1_000_000,
                },
            )
    return wanted


def _is_protobuf(context: Context) -> bool:
    """Return whether the body is protobuf and not JSON.

    Raises:
        RequestRefused: 415, it is neither.
    """
    given = context.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given in _PROTOBUF:
        return True
    if given in (JSON, ""):
        return False
    message = f"Content-Type {given[:40]} is not accepted: send {JSON} or {PROTOBUF}"
    raise RequestRefused(415, message, "UNSUPPORTED_MEDIA_TYPE", headers=[("accept", f"{JSON}, {PROTOBUF}")])


def _json(context: Context) -> Any:
    try:
        return codec.loads(context.request.body)
    except codec.NotJSONError as problem:
        raise SpanRefusedError(f"the body is {problem}") from problem


def _read_protobuf(context: Context) -> ReadSpans:
    try:
        from honeyhive_ext.otlp.read_protobuf import read_protobuf
    except ImportError as problem:
        raise _missing() from problem
    return read_protobuf(context.request.body)


def _missing() -> RequestRefused:
    message = f"{PROTOBUF} needs the extra otel: install honeyhive-ext[otel], or send {JSON}"
    return RequestRefused(415, message, "UNSUPPORTED_MEDIA_TYPE", headers=[("accept", JSON)])


def _answer(refused: Sequence[str], *, protobuf: bool) -> Response:
    """Return the answer of OTLP: {} if everything was stored, else how many spans were not, and why."""
    reason = "; ".join(refused[:_NAMED])
    if protobuf:
        from honeyhive_ext.otlp.read_protobuf import answer

        return Response(200, answer(len(refused), reason), media_type=PROTOBUF)
    if not refused:
        return Response(200, b"{}")
    partial = {"rejectedSpans": str(len(refused)), "errorMessage": reason}
    return Response(200, orjson.dumps({"partialSuccess": partial}))


def _status(message: str, *, protobuf: bool) -> Response:
    """Return a 400 with a google.rpc.Status, as OTLP asks, in the form of the request."""
    if not protobuf:
        return Response(400, orjson.dumps({"code": _INVALID, "message": message}))
    text = message.encode()[:100]
    body = bytes([0x08, _INVALID, 0x12, len(text)]) + text
    return Response(400, body, media_type=PROTOBUF)


def _counted(signal: str, groups: str, scopes: str, records: str) -> Callable[[Context], Response]:
    """Return the route of a signal that is counted and not stored."""

    def post_signal(context: Context) -> Response:
        protobuf = _is_protobuf(context)
        try:
            if protobuf:
                try:
                    from honeyhive_ext.otlp.read_protobuf import counted
                except ImportError as problem:
                    raise _missing() from problem
                count = counted(context.request.body, signal)
            else:
                count = _count(_json(context), groups, scopes, records)
        except SpanRefusedError as problem:
            return _status(str(problem), protobuf=protobuf)
        context.state.otlp[signal] += count
        return _answer((), protobuf=protobuf)

    return post_signal


def _count(body: Any, *names: str) -> int:
    """Return how many records there are under nested lists of these names."""
    if not is_object(body):
        raise SpanRefusedError(f"the body must be a JSON object with {names[0]}")
    inside: list[Any] = [body]
    for name in names:
        found = [one.get(name) for one in inside if is_object(one)]
        inside = [one for each in found if is_array(each) for one in each]
    return len(inside)


_logs = _counted("logs", "resourceLogs", "scopeLogs", "logRecords")
_metrics = _counted("metrics", "resourceMetrics", "scopeMetrics", "metrics")

ROUTES: Sequence[Route] = (
    *(
        Route("POST", path, endpoint, codings=("gzip", "deflate"))
        for base in ("/opentelemetry", "")
        for path, endpoint in (
            (f"{base}/v1/traces", post_traces),
            (f"{base}/v1/logs", _logs),
            (f"{base}/v1/metrics", _metrics),
        )
    ),
)
