"""Blocks as decorators: what is recorded of functions of every kind, and that they stay what they are."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.errors import APIConnectionError, ConfigError
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def test_a_call_is_recorded_with_its_arguments_and_its_result(rec: Recorder) -> None:
    @rec.span(event_type="tool", metadata={"version": 1})
    def search(query: str, limit: int = 3, *more: int, deep: bool = False, **rest: str) -> list[str]:
        """Find documents."""
        span = current_span()
        assert span is not None
        span.set(metadata={"hits": 1})
        return [query]

    assert search("trace", 5, 6, lang="en") == ["trace"]
    (event,) = rec.events
    assert event["event_name"].endswith("search")
    assert event["event_type"] == "tool"
    assert event["inputs"] == {
        "query": "trace",
        "limit": 5,
        "more": [6],
        "deep": False,
        "rest": {"lang": "en"},
    }
    assert event["outputs"] == {"result": ["trace"]}
    assert event["metadata"] == {"version": 1, "hits": 1}
    assert search.__doc__ == "Find documents."


def test_each_call_is_an_event_of_its_own(rec: Recorder) -> None:
    @rec.span("fact")
    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(3) == 6
    inner_first = rec.events
    assert [event["inputs"] for event in inner_first] == [{"n": n} for n in range(4)]
    for child, parent in pairwise(inner_first):
        assert child["parent_id"] == parent["event_id"]
    assert len({event["event_id"] for event in rec.events}) == 4
    assert len({event["session_id"] for event in rec.events}) == 1


def test_a_session_decorator_makes_a_session_of_each_call(rec: Recorder) -> None:
    @rec.session("job")
    def job() -> None:
        rec.create("tool", event_name="step")

    job()
    job()
    sessions = [event for event in rec.events if event["event_type"] == "session"]
    steps = [event for event in rec.events if event["event_name"] == "step"]
    assert len({event["session_id"] for event in sessions}) == 2
    assert [step["parent_id"] for step in steps] == [event["event_id"] for event in sessions]


def test_arguments_are_recorded_as_they_were_at_the_call(rec: Recorder) -> None:
    @rec.span("x")
    def consume(items: list[int]) -> list[int]:
        items.clear()
        return items

    consume([1, 2])
    assert rec.named("x")["inputs"] == {"items": [1, 2]}


def test_what_is_captured_can_be_chosen(rec: Recorder) -> None:
    def login(user: str, password: str) -> str:
        return "token"

    rec.span("none", capture_inputs=False, capture_outputs=False)(login)("ada", "1815")
    rec.span("some", capture_inputs=["user"])(login)("ada", password="1815")
    rec.span("own", inputs={"mine": 1}, outputs={"o": 2})(login)("ada", "1815")
    assert rec.named("none")["inputs"] == {}
    assert "outputs" not in rec.named("none")
    assert rec.named("some")["inputs"] == {"user": "ada"}
    assert rec.named("own")["inputs"] == {"mine": 1}
    assert rec.named("own")["outputs"] == {"o": 2}
    assert "1815" not in str(rec.events)


def test_outputs_set_inside_hold(rec: Recorder) -> None:
    @rec.span("x")
    def answer() -> int:
        span = current_span()
        assert span is not None
        span.outputs = {"mine": 1}
        return 2

    assert answer() == 2
    assert rec.named("x")["outputs"] == {"mine": 1}


def test_methods_are_recorded_without_self_and_cls(rec: Recorder) -> None:
    class Service:
        @rec.span("method")
        def method(self, a: int) -> int:
            return a

        @rec.span("class method")
        @classmethod
        def of(cls, a: int) -> str:
            return cls.__name__

        @rec.span("static method")
        @staticmethod
        def static(a: int) -> int:
            return a

    service = Service()
    assert (service.method(1), Service.of(2), service.static(3)) == (1, "Service", 3)
    assert [event["inputs"] for event in rec.events] == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_wrong_call_raises_what_it_would_without_the_decorator(rec: Recorder) -> None:
    @rec.span("x")
    def f(a: int) -> int:
        return a

    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        f()  # type: ignore[call-arg]
    assert rec.named("x")["error"].startswith("TypeError: ")


def test_the_result_reaches_the_caller_when_sending_fails(rec: Recorder) -> None:
    rec.failure = APIConnectionError("no route")

    @rec.span("x")
    def f() -> int:
        return 7

    assert f() == 7


def test_kind_and_signature_stay(rec: Recorder) -> None:
    def function(a: int, b: str = "x") -> None: ...

    async def coroutine(a: int, b: str = "x") -> None: ...

    def generator(a: int, b: str = "x") -> Iterator[int]:
        yield a

    async def agenerator(a: int, b: str = "x") -> AsyncIterator[int]:
        yield a

    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    for target in (function, coroutine, generator, agenerator):
        decorators = [rec.span()] if target in (function, generator) else [rec.span(), rec.aspan()]
        for decorate in decorators:
            wrapped: Any = decorate(target)  # type: ignore[operator]
            assert [kind(wrapped) for kind in kinds] == [kind(target) for kind in kinds]
            assert inspect.signature(wrapped) == inspect.signature(target)
            assert wrapped.__name__ == target.__name__


def test_the_async_client_refuses_what_it_cannot_await(rec: Recorder) -> None:
    def function() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    for target in (function, generator):
        with pytest.raises(ConfigError, match="is not async"):
            rec.aspan()(target)  # type: ignore[type-var]


def test_a_decorator_without_parentheses_is_refused(rec: Recorder) -> None:
    def function() -> None: ...

    for span in (rec.span, rec.aspan):
        with pytest.raises(ConfigError, match=r"write @hh\.span\(\)"):
            span(function)


def test_partials_and_callable_objects_are_recorded(rec: Recorder) -> None:
    class Add:
        def __call__(self, a: int, b: int) -> int:
            return a + b

    assert rec.span("add")(Add())(1, 2) == 3
    assert rec.span("partial")(functools.partial(Add(), 1))(2) == 3
    assert rec.named("add")["inputs"] == {"a": 1, "b": 2}
    assert rec.named("partial")["inputs"] == {"b": 2}


def test_other_context_variables_behave_as_without_the_decorator(rec: Recorder) -> None:
    colour: ContextVar[str] = ContextVar("colour", default="none")

    @rec.span("gen")
    def gen() -> Iterator[str]:
        yield colour.get()
        colour.set("green")
        yield colour.get()

    steps = gen()
    colour.set("red")
    assert next(steps) == "red"
    assert next(steps) == "green"
    assert colour.get() == "green"
    steps.close()  # type: ignore[attr-defined]


def test_a_function_that_hides_its_signature_is_recorded_too(rec: Recorder) -> None:
    assert rec.span("max")(max)(3, 5) == 5
    assert rec.named("max")["inputs"] == {"args": [3, 5], "kwargs": {}}


def test_a_parameter_that_does_not_exist_is_found_when_decorating(rec: Recorder) -> None:
    def f(query: str) -> None: ...

    with pytest.raises(
        ConfigError,
        match=r"capture_inputs names 'qeury', but the function takes \['query'\]",
    ):
        rec.span("x", capture_inputs=["qeury"])(f)
