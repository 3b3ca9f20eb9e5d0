"""What to write instead of a wrong field name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from honeyhive_ext.config.checks import did_you_mean

# Names that people and other tools use, and where their content goes. The field is the part before the comma.
# A hint shows only if the request has that field.
WRONG_NAMES: Mapping[str, str] = {
    "project": "project_id, or leave it out: the API key decides the project",
    "project_name": "project_id, or leave it out: the API key decides the project",
    "name": "event_name",
    "session_name": "event_name, or start the session with sessions.create(session_name=...)",
    "type": "event_type",
    "kind": "event_type",
    "id": "event_id",
    "span_id": "event_id",
    "trace_id": "session_id",
    "session": "session_id",
    "parent": "parent_id",
    "parent_event_id": "parent_id",
    "parent_span_id": "parent_id",
    "children": "children_ids",
    "model": 'config, as config={"model": ...}',
    "model_name": 'config, as config={"model": ...}',
    "provider": 'config, as config={"provider": ...}',
    "hyperparameters": 'config, as config={"hyperparameters": ...}',
    "temperature": 'config, as config={"temperature": ...}',
    "messages": 'inputs, as inputs={"messages": ...}',
    "prompt": 'inputs, as inputs={"prompt": ...}',
    "query": 'inputs, as inputs={"query": ...}',
    "response": 'outputs, as outputs={"response": ...}',
    "result": 'outputs, as outputs={"result": ...}',
    "completion": 'outputs, as outputs={"completion": ...}',
    "usage": 'metadata, as metadata={"usage": ...}',
    "cost": 'metadata, as metadata={"cost": ...}',
    "tags": 'metadata, as metadata={"tags": ...}',
    "attributes": "metadata",
    "score": 'metrics, as metrics={"score": ...}',
    "scores": "metrics",
    "rating": 'feedback, as feedback={"rating": ...}',
    "comment": 'feedback, as feedback={"comment": ...}',
    "user": "user_properties",
    "user_id": 'user_properties, as user_properties={"user_id": ...}',
    "exception": "error, as error=str(exception)",
    "status": "error, or leave it out if the step succeeded",
    "timestamp": "start_time",
    "started_at": "start_time",
    "ended_at": "end_time",
    "latency": "duration, in milliseconds",
    "duration_ms": "duration, in milliseconds",
}


def hint_for(name: str, purpose: str, known: Collection[str]) -> str:
    """Return what to write instead of a name that is not a field.

    Args:
        name: The wrong name.
        purpose: What the fields belong to, such as "an event".
        known: The names of the fields.

    >>> hint_for("metdata", "an event", ["metadata", "config"])
    "did you mean 'metadata'?"
    >>> hint_for("temperature", "an event", ["metadata", "config"])
    'write config, as config={"temperature": ...}'
    """
    instead = WRONG_NAMES.get(name.lower(), "")
    if instead.partition(",")[0] in known:
        return f"write {instead}"
    if near := did_you_mean(name, known):
        return f"did you mean {near!r}?"
    return f"{takes(purpose, known)}; put facts of your own into metadata"


def takes(purpose: str, known: Collection[str]) -> str:
    """Return a sentence with the names of all fields."""
    return f"{purpose} takes {', '.join(known)}"
