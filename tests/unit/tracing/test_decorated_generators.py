"""Decorated generators: they act as before, and their span reaches no code between two steps."""

from __future__ import annotations

import gc
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import current_span
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.tracing.capture import ITEMS_KEPT
from tests.support.recorder import Recorder


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def test_a_generator_is_recorded_from_first_step_to_end(rec: Recorder) -> None:
    @rec.span("gen")
    def gen(n: int) -> Generator[int, None, str]:
        for i in range(n):
            rec.create("tool", event_name=f"step {i}")
            yield i
        return "done"

    made = gen(2)
    assert rec.events == [], "nothing happens before the first step"
    with rec.session("consumer") as consumer:
        assert list(made) == [0, 1]
    event = rec.named("gen")
    assert event["inputs"] == {"n": 2}
    assert event["outputs"] == {"result": [0, 1], "returned": "done"}
    assert event["parent_id"] == consumer.event_id
    assert rec.named("step 1")["parent_id"] == event["event_id"]


def test_the_consumer_is_not_inside_the_generators_span(rec: Recorder) -> None:
    @rec.span("gen")
    def gen() -> Generator[int, None, None]:
        with rec.span("inner"):
            yield 1
            assert current_span() is not None
            yield 2
        yield 3

    with rec.span("consumer") as consumer:
        for item in gen():
            assert current_span() is consumer
            with rec.span(f"work {item}"):
                pass
            rec.create("tool", event_name=f"step {item}")
    for item in (1, 2, 3):
        assert rec.named(f"work {item}")["parent_id"] == consumer.event_id
        assert rec.named(f"step {item}")["parent_id"] == consumer.event_id
    assert rec.named("inner")["parent_id"] == rec.named("gen")["event_id"]


def test_generators_side_by_side_do_not_mix(rec: Recorder) -> None:
    @rec.span()
    def gen(name: str) -> Generator[str, None, None]:
        with rec.span(f"{name} inner"):
            for i in range(3):
                rec.create("tool", event_name=f"{name}{i}")
                yield name

    for _ in zip(gen("a"), gen("b"), strict=True):
        assert current_span() is None
    for name in "ab":
        inner = rec.named(f"{name} inner")
        assert {rec.named(f"{name}{i}")["parent_id"] for i in range(3)} == {inner["event_id"]}


def test_send_throw_and_return_reach_the_body(rec: Recorder) -> None:
    @rec.span("gen")
    def gen() -> Generator[Any, Any, Any]:
        got = yield "first"
        try:
            yield got
        except KeyError as error:
            got = yield ("caught", error.args[0])
        return got

    steps = gen()
    assert next(steps) == "first"
    assert steps.send("sent") == "sent"
    assert steps.throw(KeyError("k")) == ("caught", "k")
    with pytest.raises(StopIteration) as stop:
        steps.send("last")
    assert stop.value.value == "last"
    assert rec.named("gen")["outputs"] == {"result": ["first", "sent", ["caught", "k"]], "returned": "last"}


def test_an_exception_of_the_body_or_thrown_in_is_recorded(rec: Recorder) -> None:
    @rec.span("gen")
    def gen(fail: bool) -> Generator[int, None, None]:
        yield 1
        if fail:
            raise ValueError("inside")
        yield 2

    with pytest.raises(ValueError, match="inside"):
        list(gen(True))
    steps = gen(False)
    next(steps)
    with pytest.raises(OSError, match="outside"):
        steps.throw(OSError("outside"))
    with pytest.raises(StopIteration):
        next(steps)
    assert [event["error"] for event in rec.events] == ["ValueError: inside", "OSError: outside"]


def test_a_stop_iteration_thrown_in_becomes_a_runtime_error_as_always(rec: Recorder) -> None:
    @rec.span("gen")
    def gen() -> Generator[int, None, None]:
        yield 1

    steps = gen()
    next(steps)
    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        steps.throw(StopIteration())
    assert rec.named("gen")["error"].startswith("RuntimeError")


@pytest.mark.parametrize("how", ["close", "del", "break"])
def test_a_generator_that_is_left_early_is_recorded_without_an_error(rec: Recorder, how: str) -> None:
    cleaned: list[bool] = []

    @rec.span("gen")
    def gen() -> Generator[int, None, None]:
        try:
            yield from range(100)
        finally:
            cleaned.append(current_span() is not None)

    steps = gen()
    next(steps)
    if how == "close":
        steps.close()
    elif how == "break":
        for _ in steps:
            break
    del steps
    gc.collect()
    event = rec.named("gen")
    assert "error" not in event
    assert event["outputs"]["result"] == ([0, 1] if how == "break" else [0])
    assert cleaned == [True], "the body is cleaned up inside its span"


def test_a_long_generator_is_recorded_in_bounded_memory(rec: Recorder) -> None:
    @rec.span("gen")
    def gen() -> Generator[int, None, None]:
        yield from range(ITEMS_KEPT + 5)

    assert sum(1 for _ in gen()) == ITEMS_KEPT + 5
    assert len(rec.named("gen")["outputs"]["result"]) == ITEMS_KEPT
    assert rec.named("gen")["outputs"]["not_kept"] == 5


def test_items_are_recorded_as_they_were_when_yielded(rec: Recorder) -> None:
    @rec.span("gen")
    def gen() -> Generator[list[int], None, None]:
        yield [1]

    for item in gen():
        item.append(2)
    assert rec.named("gen")["outputs"] == {"result": [[1]]}


@given(
    script=st.lists(
        st.tuples(st.sampled_from(["next", "send", "throw", "close"]), st.integers(0, 3)), max_size=8
    )
)
def test_a_decorated_generator_acts_as_the_bare_one(script: list[tuple[str, int]]) -> None:
    rec = Recorder()

    def body(start: int) -> Generator[Any, Any, Any]:
        value: Any = start
        while True:
            try:
                value = yield value
                if value == 3:
                    return "three"
            except KeyError as error:
                value = error.args[0]
                if value == 2:
                    raise
                if value == 1:
                    return "one"

    def run(generator: Generator[Any, Any, Any]) -> list[Any]:
        seen: list[Any] = []
        for action, value in script:
            try:
                if action == "next":
                    seen.append(next(generator))
                elif action == "send":
                    seen.append(generator.send(value))
                elif action == "throw":
                    seen.append(generator.throw(KeyError(value)))
                else:
                    seen.append(generator.close())
            except StopIteration as stop:
                seen.append(("stop", stop.value))
            except (KeyError, TypeError) as error:
                seen.append((type(error), str(error)))
            assert CURRENT.get() is None
        return seen

    assert run(rec.span("x")(body)(0)) == run(body(0))
