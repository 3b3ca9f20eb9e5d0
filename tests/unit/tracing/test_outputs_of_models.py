"""The outputs of decorated generators with `reduce`, and of functions that return what a model answered."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from attrs import define
from pydantic import BaseModel

from honeyhive_ext import ConfigError, EventError, current_span
from honeyhive_ext.tracing import capture
from tests.support.recorder import Recorder


class Message(BaseModel):
    role: str = "assistant"
    content: str | None = None


class Choice(BaseModel):
    message: Message | None = None
    delta: Message | None = None


class Answer(BaseModel):
    model: str = "gpt-4o-mini"
    object: str = "chat.completion"
    choices: list[Choice]
    usage: dict[str, int] | None = {"prompt_tokens": 12, "completion_tokens": 3}


def answer(text: str) -> Answer:
    return Answer(choices=[Choice(message=Message(content=text))])


def chunk(text: str) -> Answer:
    return Answer(object="chat.completion.chunk", choices=[Choice(delta=Message(content=text))], usage=None)


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


# What `reduce` makes of the items.


def test_reduce_joins_what_a_generator_yields(rec: Recorder) -> None:
    @rec.span(reduce="".join)
    def say() -> Iterator[str]:
        yield from ("all ", "is ", "well")

    assert list(say()) == ["all ", "is ", "well"]
    assert rec.events[0]["outputs"] == {"result": "all is well"}


def test_a_dict_that_reduce_returns_is_the_outputs(rec: Recorder) -> None:
    @rec.span(reduce=lambda items: {"text": "".join(items), "items": len(items)})
    async def say() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    async def main() -> list[str]:
        return [item async for item in say()]

    assert asyncio.run(main()) == ["a", "b"]
    assert rec.events[0]["outputs"] == {"text": "ab", "items": 2}


def test_reduce_gets_the_items_themselves(rec: Recorder) -> None:
    made = [object(), object()]
    seen: list[Any] = []

    @rec.span(reduce=seen.extend)
    def give() -> Iterator[object]:
        yield from made

    assert list(give()) == made
    assert seen == made
    assert rec.events[0]["outputs"] == {"result": None}


def test_reduce_runs_inside_the_span(rec: Recorder) -> None:
    def count(items: list[int]) -> int:
        span = current_span()
        assert span is not None
        span.set(metadata={"items": len(items)})
        with rec.span("reduce"):
            return sum(items)

    @rec.span("count", reduce=count)
    def numbers() -> Iterator[int]:
        yield from range(4)

    assert list(numbers()) == [0, 1, 2, 3]
    assert rec.named("count")["metadata"] == {"items": 4}
    assert rec.named("reduce")["parent_id"] == rec.named("count")["event_id"]
    assert current_span() is None


def test_what_a_plain_function_returned_is_reduced_too(rec: Recorder) -> None:
    @rec.span(reduce=sum)
    def numbers() -> Iterator[int]:
        return (number for number in range(5))

    assert list(numbers()) == [0, 1, 2, 3, 4]
    assert rec.events[0]["outputs"] == {"result": 10}


def test_a_generator_that_is_closed_early_or_fails_is_reduced_as_far_as_it_came(rec: Recorder) -> None:
    @rec.span("early", reduce=sum)
    def numbers(most: int) -> Iterator[int]:
        yield from range(most)
        raise LookupError

    early = numbers(10)
    next(early), next(early)
    early.close()
    with pytest.raises(LookupError):
        list(numbers(3))
    unused = numbers(10)
    next(unused)
    del unused
    gc.collect()
    assert [event["outputs"]["result"] for event in rec.events] == [1, 3, 0]
    assert [event.get("error") for event in rec.events] == [None, "LookupError", None]


class Odd(BaseException):
    pass


@pytest.mark.parametrize(
    "kind", [ValueError, StopIteration, GeneratorExit, SystemExit, KeyboardInterrupt, Odd]
)
def test_whatever_reduce_raises_the_items_stay_and_a_line_says_so(
    rec: Recorder, caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    def fail(items: list[int]) -> None:
        raise kind

    @rec.span(reduce=fail)
    def numbers() -> Iterator[int]:
        yield from (1, 2)

    @rec.span(reduce=fail)
    async def later() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> list[int]:
        return [item async for item in later()]

    assert list(numbers()) == asyncio.run(main()) == [1, 2]
    assert [event["outputs"] for event in rec.events] == [{"result": [1, 2]}] * 2
    assert [event.get("error") for event in rec.events] == [None, None]
    assert [kind.__name__ in record.getMessage() for record in caplog.records] == [True, True]


def test_a_signal_that_comes_while_reduce_runs_is_the_applications(rec: Recorder) -> None:
    def interrupted(items: list[int]) -> None:
        signal.raise_signal(signal.SIGINT)

    @rec.span(reduce=interrupted)
    def numbers() -> Iterator[int]:
        yield 1

    with pytest.raises(KeyboardInterrupt):
        list(numbers())
    gc.collect()
    assert [event["outputs"] for event in rec.events] == [{"result": [1]}]

    def limit(number: int, frame: object) -> None:
        raise TimeoutError("time limit")

    before = signal.signal(signal.SIGTERM, limit)
    try:

        @rec.span(reduce=lambda items: signal.raise_signal(signal.SIGTERM))
        def timed() -> Iterator[int]:
            yield 1

        with pytest.raises(TimeoutError, match="time limit"):
            list(timed())
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outputs_that_the_body_sets_are_not_reduced(rec: Recorder) -> None:
    called: list[Any] = []

    @rec.span(reduce=called.append)
    def numbers() -> Iterator[int]:
        yield 1
        span = current_span()
        assert span is not None
        span.outputs = {"mine": True}

    assert list(numbers()) == [1]
    assert (called, rec.events[0]["outputs"]) == ([], {"mine": True})


def test_with_more_items_than_are_kept_a_line_says_so(
    rec: Recorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "ITEMS_REDUCED", 1_500)
    called: list[Any] = []

    @rec.span(reduce=called.append)
    def numbers(most: int) -> Iterator[int]:
        yield from range(most)

    assert len(list(numbers(1_500))) == 1_500
    assert len(called[0]) == 1_500
    assert len(list(numbers(1_501))) == 1_501
    assert len(called) == 1
    assert rec.events[1]["outputs"] == {"result": [*range(1_000)], "not_kept": 501}
    assert "not reduced" in caplog.text


@pytest.mark.parametrize("wrong", ["join", 3, [sum]])
def test_a_reduce_that_is_no_function_is_refused(rec: Recorder, wrong: Any) -> None:
    with pytest.raises(ConfigError, match="reduce"):
        rec.span(reduce=wrong)


def test_an_async_reduce_is_refused(rec: Recorder) -> None:
    async def join(items: list[Any]) -> None: ...

    with pytest.raises(ConfigError, match="plain function"):
        rec.span(reduce=join)


# What a model answered.


def test_an_answer_fills_the_fields_of_a_model_event(rec: Recorder) -> None:
    @rec.span(event_type="model")
    def call() -> Answer:
        return answer("It is sunny.")

    @rec.span(event_type="model")
    async def call_async() -> Answer:
        return answer("It is sunny.")

    assert call() == asyncio.run(call_async())
    for event in rec.events:
        assert event["config"] == {"model": "gpt-4o-mini"}
        assert (event["outputs"]["role"], event["outputs"]["content"]) == ("assistant", "It is sunny.")
        assert event["outputs"]["result"]["object"] == "chat.completion"
        counts = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
        assert counts.items() <= event["metadata"].items()


@pytest.mark.parametrize("event_type", ["tool", "chain", "session"])
def test_other_events_keep_what_was_returned_as_it_is(rec: Recorder, event_type: str) -> None:
    make = rec.session if event_type == "session" else rec.span

    @make(event_type=event_type)
    def call() -> Answer:
        return answer("It is sunny.")

    call()
    (event,) = rec.events
    assert {*event["outputs"]} == {"result"}
    assert "config" not in event
    assert "metadata" not in event


def test_what_is_set_is_kept(rec: Recorder) -> None:
    @rec.span(event_type="model", config={"model": "gpt-4o", "temperature": 0})
    def call() -> Answer:
        span = current_span()
        assert span is not None
        span.set(metadata={"prompt_tokens": 99})
        span.outputs = {"answer": "mine"}
        return answer("It is sunny.")

    call()
    (event,) = rec.events
    assert event["config"] == {"model": "gpt-4o", "temperature": 0}
    assert event["outputs"] == {"answer": "mine"}
    assert (event["metadata"]["prompt_tokens"], event["metadata"]["completion_tokens"]) == (99, 3)
    call()
    assert rec.events[1]["config"] == event["config"]


def test_without_captured_outputs_nothing_is_read(rec: Recorder) -> None:
    @rec.span(event_type="model", capture_outputs=False)
    def call() -> Answer:
        return answer("It is sunny.")

    call()
    assert not {"outputs", "config", "metadata"} & {*rec.events[0]}


def test_the_chunks_of_a_stream_are_joined(rec: Recorder) -> None:
    words = [f"{number} " for number in range(5_000)]

    @rec.span("sync", event_type="model")
    def stream() -> Iterator[Answer]:
        yield from map(chunk, words)
        yield Answer(object="chat.completion.chunk", choices=[])

    @rec.span("async", event_type="model")
    async def stream_async() -> AsyncIterator[Answer]:
        for item in map(chunk, words):
            yield item

    async def main() -> int:
        return len([item async for item in stream_async()])

    assert (len(list(stream())), asyncio.run(main())) == (5_001, 5_000)
    for event in rec.events:
        assert event["outputs"] == {"role": "assistant", "content": "".join(words)}
        assert event["config"] == {"model": "gpt-4o-mini"}
    assert rec.named("sync")["metadata"]["total_tokens"] == 15


def test_a_stream_that_is_closed_early_or_fails_is_joined_as_far_as_it_came(rec: Recorder) -> None:
    @rec.span(event_type="model")
    def stream() -> Iterator[Answer]:
        yield chunk("It ")
        yield chunk("is ")
        raise ConnectionError("lost")

    early = stream()
    next(early)
    early.close()
    with pytest.raises(ConnectionError):
        list(stream())
    left = stream()
    next(left)
    assert [event["outputs"]["content"] for event in rec.events] == ["It ", "It is "]
    assert rec.events[1]["error"] == "ConnectionError: lost"
    left.close()


def test_a_stream_that_is_open_when_the_program_ends_is_joined_as_far_as_it_came(rec: Recorder) -> None:
    reduced: list[Any] = []

    @rec.span(event_type="model", reduce=reduced.append)
    def stream() -> Iterator[Answer]:
        yield chunk("It ")
        yield chunk("is ")

    left = stream()
    next(left)
    span: Any = left.gi_frame.f_locals["steps"].run  # type: ignore[attr-defined]
    assert span.unfinished()["outputs"] == {"role": "assistant", "content": "It "}
    assert reduced == [], "no code of the application runs then"
    left.close()


def test_items_that_are_no_chunks_stay_items(rec: Recorder) -> None:
    @rec.span(event_type="model")
    def stream() -> Iterator[Any]:
        yield chunk("It ")
        yield "done"

    list(stream())
    first, second = rec.events[0]["outputs"]["result"]
    assert (first["object"], second) == ("chat.completion.chunk", "done")


def test_reduce_decides_the_outputs_of_a_stream_and_the_chunks_give_the_facts(rec: Recorder) -> None:
    def join(chunks: list[Answer]) -> str:
        return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices[0].delta)

    def whole(chunks: list[Answer]) -> Answer:
        return answer(join(chunks))

    reduces: list[Callable[[list[Answer]], Any]] = [join, whole]
    for reduce in reduces:

        @rec.span(reduce.__name__, event_type="model", reduce=reduce)
        def stream() -> Iterator[Answer]:
            yield chunk("It is ")
            yield chunk("sunny.")

        list(stream())
    joined, made = rec.events
    assert joined["outputs"] == {"result": "It is sunny."}
    assert joined["config"] == made["config"] == {"model": "gpt-4o-mini"}
    assert made["outputs"]["content"] == "It is sunny."
    assert made["metadata"]["total_tokens"] == 15


@define
class Hostile:
    """An answer of a kind that looks like one, and whose attributes raise."""

    @property
    def choices(self) -> list[Any]:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def model_dump(self, **_: Any) -> dict[str, Any]:
        raise RuntimeError("no")


def test_an_answer_whose_attributes_raise_changes_nothing(rec: Recorder) -> None:
    made = Hostile()

    @rec.span(event_type="model")
    def call() -> Hostile:
        return made

    @rec.span(event_type="model")
    def stream() -> Iterator[Any]:
        yield chunk("a")
        yield made

    assert call() is made
    assert [*stream()][1] is made
    assert len(rec.events) == 2


def test_a_large_answer_is_within_the_limits_of_one_event(rec: Recorder) -> None:
    @rec.span(event_type="model")
    def call() -> Answer:
        return answer("x" * 800_000)

    call()
    outputs = rec.events[0]["outputs"]
    assert "left out>" in outputs["content"]
    assert rec.events[0]["config"] == {"model": "gpt-4o-mini"}


# What other tools call a step.


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("llm", "model"),
        ("LLM", "model"),
        ("generation", "model"),
        ("embedding", "model"),
        ("chat_model", "model"),
        ("retriever", "tool"),
        ("function", "tool"),
        ("agent", "chain"),
        ("span", "chain"),
        ("guardrail", "chain"),
        ("trace", "session"),
    ],
)
def test_the_kinds_of_other_tools_are_answered_with_the_event_type(
    rec: Recorder, kind: str, write: str
) -> None:
    with pytest.raises(EventError, match=f"write {write};") as caught:
        rec.span(event_type=kind)
    assert caught.value.path == "event_type"
