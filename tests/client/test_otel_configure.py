"""One call sends the spans of a program; each case is a process of its own, since a provider is set once."""

from __future__ import annotations

import subprocess
import sys

from honeyhive_ext.local import LocalServer

KEY = "hh_test_key"

INSTRUMENTOR = """
class Instrumentor:
    def __init__(self, *libraries):
        self.libraries = libraries
    def instrumentation_dependencies(self):
        return self.libraries
    def instrument(self, tracer_provider):
        tracer_provider.get_tracer("lib").start_span("made by " + type(self).__name__).end()
class Another(Instrumentor): pass
class Third(Instrumentor): pass
"""


def run(server: LocalServer, program: str) -> str:
    """Run a program against the server and return what it says on stderr."""
    environment = {**server.environ, "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", INSTRUMENTOR + program],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def names(server: LocalServer) -> list[str]:
    return sorted(event["event_name"] for event in server.events())


def test_a_provider_is_made_and_its_spans_are_sent_at_the_end_of_the_process(server: LocalServer) -> None:
    program = """
from honeyhive_ext.otel import configure
from opentelemetry import trace
assert configure() is configure() is trace.get_tracer_provider()
trace.get_tracer("app").start_span("a").end()
"""
    assert run(server, program) == ""
    assert names(server) == ["a"]


def test_the_provider_of_the_program_is_used(server: LocalServer) -> None:
    program = """
from honeyhive_ext.otel import configure
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
own = TracerProvider()
trace.set_tracer_provider(own)
assert configure() is own
trace.get_tracer("app").start_span("a").end()
"""
    run(server, program)
    assert names(server) == ["a"]


def test_two_instrumentors_of_one_library_are_warned_about_once(server: LocalServer) -> None:
    program = """
from honeyhive_ext.otel import configure
configure(instrumentors=[Instrumentor("openai >= 1"), Another("anthropic"), Instrumentor("openai >= 1")])
configure(instrumentors=[Another("openai>=0.2", "httpx")])
configure(instrumentors=[Third("openai")])
"""
    said = run(server, program)
    assert said.count("both record the calls of openai") == 1
    assert "__main__.Instrumentor and __main__.Another" in said
    assert "anthropic" not in said
    assert names(server).count("made by Another") == 2


def test_what_is_no_instrumentor_is_refused_before_anything_is_set(server: LocalServer) -> None:
    program = """
from honeyhive_ext import ConfigError
from honeyhive_ext.otel import configure
from opentelemetry import trace
for wrong in ("openai", Instrumentor, None):
    try:
        configure(instrumentors=[wrong])
    except ConfigError as error:
        assert "is no instrumentor: give an object with instrument()" in str(error), error
    else:
        raise SystemExit(f"{wrong!r} was taken")
assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
"""
    assert run(server, program) == ""
    assert names(server) == []


def test_without_a_key_one_warning_is_said_and_the_program_runs(server: LocalServer) -> None:
    program = """
import os
del os.environ["HH_API_KEY"]
from honeyhive_ext.otel import configure
tracer = configure().get_tracer("app")
for _ in range(3):
    tracer.start_span("a").end()
"""
    assert run(server, program).count("nothing is recorded") == 1
    assert names(server) == []
