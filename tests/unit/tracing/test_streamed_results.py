"""Functions that return the stream of a model's library: it acts as before, and its pieces are recorded."""

from __future__ import annotations

import asyncio
import gc
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder

WORDS = ("It ", "is ", "sunny.")
ANSWER = {"role": "assistant", "content": "It is sunny."}


def chunk(text: str) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "model": "m", "choices": [{"delta": {"content": text}}]}


class Stream:
    """As those of openai and anthropic: an iterator, a context manager, with attributes of its own."""

    def __init__(self, words: tuple[str, ...] = WORDS, error: Exception | None = None) -> None:
        self.response = "200 OK"
        self.closed = 0
        self.error = error
        self.left = [*words]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while self.left:
            yield self.__next__()
        if self.error is not None:
            raise self.error

    def __next__(self) -> dict[str, Any]:
        if not self.left:
            raise StopIteration
        return chunk(self.left.pop(0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed += 1


class AsyncStream:
    def __init__(self) -> None:
        self.inner = Stream()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        for item in self.inner:
            await asyncio.sleep(0)
            yield item

    async def __anext__(self) -> dict[str, Any]:
        try:
            return next(self.inner)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        self.inner.close()


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Iterator[None]:
    yield
    assert CURRENT.get() is None


def test_a_stream_is_recorded_while_it_is_consumed(rec: Recorder) -> None:
    @rec.span("call", event_type="model")
    def call() -> Stream:
        return Stream()

    with rec.session() as session:
        for _ in call():
            assert current_span() is session
            assert rec.events == []
    event = rec.named("call")
    assert event["outputs"] == ANSWER
    assert event["config"] == {"model": "m"}
    assert event["parent_id"] == session.event_id


def test_what_is_returned_acts_as_the_stream(rec: Recorder) -> None:
    made: list[Stream] = []

    @rec.span(event_type="model")
    def call() -> Stream:
        made.append(Stream())
        return made[-1]

    stream = call()
    assert isinstance(stream, Stream)
    assert stream.response == "200 OK"
    stream.response = "changed"
    assert made[0].response == "changed"
    assert next(stream) == chunk("It ")
    assert list(stream) == [chunk("is "), chunk("sunny.")]
    assert list(stream) == []
    with pytest.raises(StopIteration):
        next(stream)
    assert rec.events[0]["outputs"] == ANSWER
    with call() as entered:
        assert next(entered) == chunk("It ")
    assert made[1].closed == 1
    assert rec.events[1]["outputs"]["content"] == "It "
    closed = call()
    next(closed)
    closed.close()
    assert made[2].closed == 1
    assert [event["outputs"]["content"] for event in rec.events] == ["It is sunny.", "It ", "It "]


def test_a_stream_that_is_thrown_away_is_recorded_as_far_as_it_came(rec: Recorder) -> None:
    @rec.span(event_type="model")
    def call() -> Stream:
        return Stream()

    unused = call()
    assert rec.events == []
    del unused
    begun = call()
    next(begun)
    del begun
    for _ in call():
        break
    gc.collect()
    outputs = [event["outputs"] for event in rec.events]
    assert "Stream object" in outputs[0]["result"]
    assert [one["content"] for one in outputs[1:]] == ["It ", "It "]


def test_an_error_inside_the_stream_is_the_events(rec: Recorder) -> None:
    @rec.span(event_type="model")
    def call() -> Stream:
        return Stream(error=ConnectionError("lost"))

    with pytest.raises(ConnectionError):
        list(call())
    (event,) = rec.events
    assert (event["error"], event["outputs"]) == ("ConnectionError: lost", ANSWER)


@pytest.mark.parametrize("twin", ["span", "aspan"])
def test_a_stream_of_an_async_call_is_recorded(rec: Recorder, twin: str) -> None:
    @getattr(rec, twin)("call", event_type="model")
    async def call() -> Any:
        await asyncio.sleep(0)
        return AsyncStream()

    async def main() -> None:
        assert [item async for item in await call()] == [*map(chunk, WORDS)]
        async with await call() as stream:
            assert isinstance(stream, AsyncStream)
            async for _ in stream:
                break
        assert stream.inner.closed == 1
        stream = await call()
        assert await anext(stream) == chunk("It ")
        await stream.close()
        assert stream.inner.closed == 1
        await call()
        gc.collect()

    asyncio.run(main())
    outputs = [event["outputs"] for event in rec.events]
    assert outputs[0] == ANSWER
    assert [one["content"] for one in outputs[1:3]] == ["It ", "It "]
    assert "AsyncStream object" in outputs[3]["result"]


def test_a_plain_function_that_returns_the_coroutine_of_a_stream_is_recorded(rec: Recorder) -> None:
    async def create() -> AsyncStream:
        return AsyncStream()

    @rec.span(event_type="model")
    def call() -> Any:
        return create()

    async def main() -> int:
        return len([item async for item in await call()])

    assert asyncio.run(main()) == 3
    assert rec.events[0]["outputs"] == ANSWER


def test_a_stream_with_reduce_is_reduced(rec: Recorder) -> None:
    @rec.span(event_type="model", reduce=len)
    def call() -> Stream:
        return Stream()

    assert len(list(call())) == 3
    assert rec.events[0]["outputs"] == {"result": 3}
    assert rec.events[0]["config"] == {"model": "m"}


def test_a_sync_stream_of_an_asyncio_client_is_a_value(rec: Recorder) -> None:
    made = Stream()

    @rec.aspan(event_type="model")
    async def call() -> Stream:
        return made

    assert asyncio.run(call()) is made


@pytest.mark.parametrize(
    "options", [{"event_type": "tool"}, {"event_type": "model", "capture_outputs": False}]
)
def test_elsewhere_a_stream_is_a_value(rec: Recorder, options: dict[str, Any]) -> None:
    made = Stream()

    @rec.span(**options)
    def call() -> Stream:
        return made

    assert call() is made
    assert len(rec.events) == 1


@pytest.mark.parametrize(
    "made", [iter([1]), map(str, [1]), zip([1], strict=True), io.BytesIO(b"x"), {"a": 1}, Stream]
)
def test_other_iterators_are_values(rec: Recorder, made: Any) -> None:
    @rec.span(event_type="model")
    def call() -> Any:
        return made

    assert call() is made
    assert len(rec.events) == 1


class Odd(type):
    __hash__ = None  # type: ignore[assignment]

    def __getattribute__(cls, name: str) -> Any:
        if name in ("__next__", "__module__"):
            raise RuntimeError(name)
        return super().__getattribute__(name)


class OddStream(Stream, metaclass=Odd):
    pass


def test_a_stream_whose_type_has_odd_code_is_returned(rec: Recorder) -> None:
    made = OddStream()

    @rec.span(event_type="model")
    def call() -> Any:
        return made

    assert object.__getattribute__(call(), "left") == [*WORDS]
    assert len(rec.events) == 1
