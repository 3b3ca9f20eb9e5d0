"""The tracer of the official SDK: what of it arrives, and what does not."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

# The tracer starts its sessions in a form that its own client warns about.
pytestmark = pytest.mark.filterwarnings("ignore:Passing a flat session payload:DeprecationWarning")


@pytest.fixture
def tracer(honeyhive_local: LocalServer) -> Iterator[Any]:
    from honeyhive import HoneyHiveTracer

    tracer = HoneyHiveTracer.init(session_name="demo", source="sdk-test")
    yield tracer
    tracer.shutdown()


def test_the_tracer_starts_and_enriches_its_session(tracer: Any, honeyhive_local: LocalServer) -> None:
    tracer.enrich_session(
        metadata={"tier": "gold"},
        feedback={"rating": 5},
        metrics={"turns": 2},
        outputs={"answer": 42},
        user_properties={"user": "u1"},
    )
    (session,) = honeyhive_local.events()
    assert session["event_id"] == session["session_id"] == tracer.session_id
    assert (session["event_name"], session["source"]) == ("demo", "sdk-test")
    assert (session["metadata"], session["feedback"]) == ({"tier": "gold"}, {"rating": 5})
    assert (session["metrics"], session["outputs"]) == ({"turns": 2}, {"answer": 42})
    assert session["user_properties"] == {"user": "u1"}


def test_the_tracer_creates_events(tracer: Any, honeyhive_local: LocalServer) -> None:
    event_id = tracer.create_event(
        "step", event_type="model", inputs={"q": 1}, outputs={"a": 2}, error="bad", metadata={"m": 1}
    )
    event = next(event for event in honeyhive_local.events() if event["event_id"] == event_id)
    assert (event["event_type"], event["event_name"], event["error"]) == ("model", "step", "bad")
    assert (event["inputs"], event["outputs"]) == ({"q": 1}, {"a": 2})
    assert (event["metadata"], event["session_id"]) == ({"m": 1}, tracer.session_id)


def test_the_tracer_creates_further_sessions(tracer: Any, honeyhive_local: LocalServer) -> None:
    wanted = str(uuid.uuid4())
    options = {"session_name": "second", "inputs": {"a": 1}, "metadata": {"b": 2}}
    assert tracer.create_session(session_id=wanted, **options) == wanted
    assert {event["event_name"] for event in honeyhive_local.events()} == {"demo", "second"}


SPANS = """
from honeyhive import HoneyHiveTracer
tracer = HoneyHiveTracer.init(session_name="demo")
with tracer.start_span("step"):
    pass
tracer.force_flush()
tracer.shutdown()
print("went on")
"""


def test_spans_go_to_the_telemetry_route_which_is_not_served_and_the_program_continues(
    honeyhive_local: LocalServer,
) -> None:
    # In its own process: OpenTelemetry keeps the first exporter of a process forever.
    done = subprocess.run([sys.executable, "-c", SPANS], capture_output=True, text=True, check=True)
    assert "went on" in done.stdout
    sent = [one for one in honeyhive_local.requests if one.path == "/opentelemetry/v1/traces"]
    assert {one.status for one in sent} == {404}
    assert [event["event_type"] for event in honeyhive_local.events()] == ["session"]
