"""A run of LangChain as an event. Pure: it imports nothing of LangChain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from honeyhive_ext.otlp.to_event import uuid_of
from honeyhive_ext.tracing.model_outputs import dict_of, list_of, text_of, tokens, tool_call


class FinishedRun(Protocol):
    """What is read of a run; see `langchain_core.tracers.schemas.Run`."""

    @property
    def id(self) -> UUID: ...
    @property
    def trace_id(self) -> UUID | None: ...
    @property
    def parent_run_id(self) -> UUID | None: ...
    @property
    def name(self) -> str: ...
    @property
    def run_type(self) -> str: ...
    @property
    def start_time(self) -> datetime: ...
    @property
    def end_time(self) -> datetime | None: ...
    @property
    def inputs(self) -> Any: ...
    @property
    def outputs(self) -> Any: ...
    @property
    def error(self) -> str | None: ...
    @property
    def extra(self) -> Any: ...
    @property
    def tags(self) -> Any: ...
    @property
    def events(self) -> Any: ...


_TYPES = {"llm": "model", "chat_model": "model", "embedding": "model", "tool": "tool", "retriever": "tool"}
_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "HumanMessageChunk": "user"}
_SETTINGS = ("temperature", "top_p", "top_k", "max_tokens", "stop", "tools", "tool_choice", "seed")
_SESSIONS = ("session_id", "thread_id", "conversation_id")


def session_of(run: FinishedRun) -> str:
    """Return the session that the metadata of a call names, else one of the call's own.

    What is not a UUID stands for one, always the same.
    """
    metadata = _metadata(run)
    named = next((metadata[name] for name in _SESSIONS if metadata.get(name) not in (None, "")), None)
    return uuid_of(f"langchain {run.trace_id}" if named is None else str(named))


def event_of(run: FinishedRun, session_id: str, parent_id: str | None) -> dict[str, Any]:
    """Return the event of a run that has ended.

    Args:
        run: The run.
        session_id: Its session.
        parent_id: The parent of the outermost run; None for the session itself.
    """
    started = run.start_time
    ended = run.end_time or started
    event: dict[str, Any] = {
        "event_id": str(run.id),
        "session_id": session_id,
        "parent_id": str(run.parent_run_id) if run.parent_run_id else parent_id or session_id,
        "event_type": _TYPES.get(run.run_type, "chain"),
        "event_name": run.name,
        "start_time": _milliseconds(started),
        "end_time": _milliseconds(ended),
        "duration": max((ended - started).total_seconds() * 1000, 0),
        "inputs": dict(run.inputs or {}),
        "metadata": {"langchain_run_type": run.run_type, **_metadata(run)},
    }
    if run.tags:
        event["metadata"]["tags"] = [*run.tags]
    if run.outputs:
        event["outputs"] = dict(run.outputs)
    if run.error:
        event["error"] = _without_traceback(run.error)
        event["metadata"]["error_details"] = run.error
    if event["event_type"] == "model":
        _model(run, event)
    return event


def _metadata(run: FinishedRun) -> dict[str, Any]:
    return dict(dict_of(dict_of(run.extra).get("metadata")))


def _milliseconds(time: datetime) -> float:
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000, 3)


def _without_traceback(error: str) -> str:
    """Return the repr of the exception, without the traceback that LangChain appends.

    Its last line is the exception too, such as `ValueError: no weather`.
    """
    kind = error.partition("(")[0]
    last = next((line for line in reversed(error.splitlines()) if line.split(":")[0].endswith(kind)), "")
    shown = f"{kind}{last.partition(kind)[2]}" if last else ""
    head = error.split("Traceback (most recent call last)", 1)[0].strip()
    return shown or head or error


def _model(run: FinishedRun, event: dict[str, Any]) -> None:
    """Fill what a call of a model has besides: messages, model, tokens, finish reason, first token."""
    metadata = event["metadata"]
    parameters = dict_of(dict_of(run.extra).get("invocation_params"))
    generations = [*_generations(run)]
    answers = [dict_of(dict_of(one.get("message")).get("kwargs")) for one in generations]
    facts = dict_of(answers[0].get("response_metadata")) if answers else {}
    whole = dict_of(dict_of(run.outputs).get("llm_output"))
    model = text_of(parameters.get("model")) or text_of(parameters.get("model_name"))
    model = model or text_of(metadata.get("ls_model_name"))
    answered = (
        text_of(facts.get("model_name")) or text_of(facts.get("model")) or text_of(whole.get("model_name"))
    )
    config = {name: parameters[name] for name in _SETTINGS if parameters.get(name) is not None}
    if model or answered:
        config["model"] = model or answered
        metadata["model_name"] = answered or model
    if provider := text_of(metadata.get("ls_provider")):
        config["provider"] = metadata["provider"] = provider
    event["config"] = config
    usage = next((one["usage_metadata"] for one in answers if dict_of(one.get("usage_metadata"))), None)
    metadata.update(tokens(usage or whole.get("token_usage")))
    reason = facts.get("finish_reason") or facts.get("stop_reason")
    reason = reason or next(
        (dict_of(one.get("generation_info")).get("finish_reason") for one in generations), None
    )
    if reason:
        metadata["finish_reason"] = reason
    first = next(
        (one.get("time") for one in map(dict_of, list_of(run.events)) if one.get("name") == "new_token"), None
    )
    if isinstance(first, datetime):
        metadata["time_to_first_token_ms"] = (first - run.start_time).total_seconds() * 1000
    asked = [
        _message(one) for batch in list_of(dict_of(run.inputs).get("messages")) for one in list_of(batch)
    ]
    if asked:
        event["inputs"] = {"chat_history": asked}
    said = [_message(dict_of(one.get("message"))) for one in generations if one.get("message")]
    if said:
        event["outputs"] = said[0] if len(said) == 1 else {**said[0], "chat_history": said}
    elif generations:
        event["outputs"] = {"text": text_of(generations[0].get("text"))}


def _generations(run: FinishedRun) -> Iterator[dict[str, Any]]:
    for batch in list_of(dict_of(run.outputs).get("generations")):
        yield from map(dict_of, list_of(batch))


def _message(dumped: Any) -> dict[str, Any]:
    """Return a dumped message with a role, a content, and the calls of tools."""
    given: Mapping[str, Any] = dict_of(dict_of(dumped).get("kwargs"))
    kind = text_of(given.get("type")) or text_of(given.get("role"))
    made: dict[str, Any] = {"role": text_of(given.get("role")) or _ROLES.get(kind, kind or "user")}
    calls = [
        tool_call(call.get("id"), call.get("name"), call.get("args"))
        for call in map(dict_of, list_of(given.get("tool_calls")))
    ]
    if given.get("content") or not calls:
        made["content"] = given.get("content", "")
    if calls:
        made["tool_calls"] = calls
    for name in ("tool_call_id", "name"):
        if given.get(name):
            made[name] = given[name]
    return made
