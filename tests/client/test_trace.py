"""`trace`: spans without a client in hand."""

from __future__ import annotations

import asyncio
import inspect
import logging
import pickle
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import cloudpickle
import pytest

from honeyhive_ext import ConfigError, EventError, HoneyHive, current_span
from honeyhive_ext.client.default import Trace, trace
from honeyhive_ext.config.sampling import sampled
from honeyhive_ext.local import LocalServer
from tests.support.clients import KEY


@pytest.fixture(autouse=True)
def no_client() -> Iterator[None]:
    with trace.replaced():
        yield


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> LocalServer:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HH_API_KEY", "HH_INGESTION_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@trace
def plan(question: str) -> list[str]:
    return search(question)


@trace("look up", event_type="tool", metadata={"index": "docs"})
def search(question: str) -> list[str]:
    trace.current().set(metadata={"hits": 1})
    return [question]


@trace
async def plan_async(question: str) -> list[str]:
    with trace.span("inside"):
        await asyncio.sleep(0)
    return plan(question)


@trace()
def steps(most: int) -> Iterator[int]:
    yield from range(most)


@trace
async def async_steps(most: int) -> AsyncIterator[int]:
    for number in range(most):
        yield number


def call_all() -> list[Any]:
    async def both() -> list[Any]:
        return [await plan_async("b"), [number async for number in async_steps(2)]]

    return [plan("a"), list(steps(2)), *asyncio.run(both())]


RESULTS = [["a"], [0, 1], ["b"], [0, 1]]


def test_a_trace_is_stored_as_a_tree(environment: LocalServer) -> None:
    with trace.session("chat", inputs={"question": "a"}):
        assert call_all() == RESULTS
    assert trace.flush().success
    events = {event["event_name"]: event for event in environment.events()}
    assert set(events) == {"chat", "plan", "look up", "plan_async", "inside", "steps", "async_steps"}
    assert {event["session_id"] for event in events.values()} == {events["chat"]["event_id"]}
    assert events["inside"]["parent_id"] == events["plan_async"]["event_id"]
    assert events["look up"]["metadata"] == {"index": "docs", "hits": 1}
    assert (events["look up"]["inputs"], events["look up"]["outputs"]) == (
        {"question": "b"},
        {"result": ["b"]},
    )


def test_without_a_key_one_warning_says_so_and_everything_runs(
    no_key: None, caplog: pytest.LogCaptureFixture
) -> None:
    with trace.session("chat") as session, trace.span("x") as span:
        span.outputs = {"a": 1}
        span.set(metadata={"b": 2})
        assert span.session_id == session.session_id
        assert call_all() == RESULTS
    threads = [threading.Thread(target=call_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trace.flush().success
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "HH_API_KEY" in record.getMessage()


def test_without_a_key_a_function_runs_alone(no_key: None) -> None:
    frames: list[str] = []

    @trace
    def work() -> None:
        frames.extend(frame.function for frame in inspect.stack())
        assert current_span() is None

    work()
    assert frames[:3] == ["work", "call", "test_without_a_key_a_function_runs_alone"]


def test_the_kind_of_a_function_stays() -> None:
    assert inspect.iscoroutinefunction(plan_async)
    assert inspect.isgeneratorfunction(steps)
    assert inspect.isasyncgenfunction(async_steps)
    assert (plan.__name__, inspect.signature(plan).parameters.keys()) == ("plan", {"question"})


def test_an_import_reads_no_settings(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    monkeypatch.setenv("HH_API_URL", "not a url")

    @trace(event_type="tool")
    def work() -> int:
        return 1

    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    assert work() == 1
    assert [event["event_type"] for event in server.events()] == ["tool"]


def test_a_client_can_be_given_and_taken_back(environment: LocalServer) -> None:
    with LocalServer() as other, HoneyHive(KEY, base_url=other.url) as hh:
        trace.use(hh)
        assert trace.client is hh
        plan("a")
        assert len(other.events()) == 2
        trace.use(None)
        plan("b")
        assert len(environment.events()) == len(other.events()) == 2


@pytest.mark.parametrize("given", ["hh_key", object(), Trace])
def test_only_a_client_can_be_given(given: Any) -> None:
    with pytest.raises(ConfigError, match="HoneyHive"):
        trace.use(given)


@pytest.mark.parametrize("given", [5, ["x"], {"name": "x"}])
def test_a_name_is_a_str(given: Any) -> None:
    with pytest.raises(ConfigError, match="@trace"):
        trace(given)


def test_what_is_wrong_is_an_error_at_the_line_of_the_decorator() -> None:
    with pytest.raises(EventError, match="event_type"):
        trace("x", event_tpe="tool")  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="capture_inputs"):
        trace("x", capture_inputs="question")
    with pytest.raises(ConfigError, match="class"):
        trace(dict)


def test_methods_are_decorated_too(environment: LocalServer) -> None:
    class Agent:
        @trace
        def run(self, x: int) -> int:
            return x

        @staticmethod
        @trace
        def plan(x: int) -> int:
            return x

        @trace
        @classmethod
        def make(cls, x: int) -> int:
            return x

    assert (Agent().run(1), Agent.plan(2), Agent.make(3)) == (1, 2, 3)
    assert [event["inputs"] for event in environment.events()] == [{"x": 1}, {"x": 2}, {"x": 3}]


def test_a_decorated_function_is_pickled_without_a_client(environment: LocalServer) -> None:
    plan("a")
    assert pickle.loads(pickle.dumps(plan)) is plan
    local = trace("local", event_type="tool")(lambda x: x + 1)
    assert cloudpickle.loads(cloudpickle.dumps(local))(1) == 2
    assert environment.events()[-1]["event_name"] == "local"


@pytest.mark.parametrize("value", ["true", "1", "True"])
def test_tracing_can_be_switched_off_by_operators(
    environment: LocalServer, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HH_DISABLE_TRACING", value)
    with HoneyHive() as hh:
        with trace.session("chat") as session, hh.span("x") as span:
            assert call_all() == RESULTS
            assert span.session_id == session.session_id
        enqueued = hh.events.enqueue("tool")
        assert len(enqueued) == 36
        assert hh.stats().accepted == 0
        created = hh.events.create("tool")  # what waits for the service is not tracing
        assert [event["event_id"] for event in environment.events()] == [created.event_id]


@pytest.mark.parametrize(
    ("name", "value"), [("HH_SAMPLE_RATE", "2"), ("HH_SAMPLE_RATE", "half"), ("HH_DISABLE_TRACING", "maybe")]
)
def test_a_variable_with_another_value_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name):
        HoneyHive(KEY)


def test_a_part_of_the_traces_is_recorded_each_whole_or_not_at_all(
    environment: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HH_SAMPLE_RATE", "0.5")
    ids: list[str] = []
    for _ in range(40):
        with trace.session("chat") as session:
            plan("a")
            trace_client = trace.client
            assert trace_client is not None
            trace_client.events.enqueue("tool")
        ids.append(session.session_id)
    recorded = [event["session_id"] for event in environment.events()]
    wanted = [one for one in ids if sampled(one, 0.5)]
    assert sorted(set(recorded)) == sorted(wanted)
    assert len(recorded) == 4 * len(wanted)
    assert 0 < len(wanted) < 40


def test_nothing_is_logged_about_traces_that_are_not_recorded(
    environment: LocalServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HH_SAMPLE_RATE", "0")
    with caplog.at_level(logging.INFO), pytest.raises(KeyError), trace.session("chat"):
        raise KeyError("mine")
    assert caplog.records == []
