"""A server plants a key anywhere in its answer, in any writing: nothing that a call leaves shows it."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext import AsyncHoneyHive, HoneyHive, HoneyHiveError, RetryPolicy
from honeyhive_ext.transports import AiohttpTransport
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Answer, Misbehaving, Wire, raw
from tests.support.writings import WRITINGS

PROJECT = "hh_proj_canary5c1f77ab9d31"
INGESTION = "hh_ingst_canary0bd4e6f8a2"
OTHER = "hh_fgdp_canaryOfAnother0000"
EVENT_ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"
HTTP = b"HTTP/1.1 "
NOT_OURS = (str(Path(__file__).parents[1]), "hypothesis", "_pytest", "pluggy")

Place = Callable[[bytes], bytes]


def message(status: bytes, headers: bytes = b"", body: bytes = b"{}") -> bytes:
    return HTTP + status + b"\r\n" + headers + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def header(name: bytes, status: bytes = b"400 No", body: bytes = b"{}") -> Place:
    return lambda text: message(status, name + b": " + text + b"\r\n", body)


def body(before: bytes, after: bytes, status: bytes) -> Place:
    return lambda text: message(status, b"Content-Type: application/json\r\n", before + text + after)


def zipped(text: bytes) -> bytes:
    return message(b"200 OK", b"Content-Encoding: gzip\r\n", gzip.compress(b'{"message":"' + text + b'"}'))


PLACES: dict[str, Place] = {
    "nothing else": lambda text: text + b"\r\n\r\n",
    "status": lambda text: HTTP + b"2x0 " + text + b"\r\n\r\n",
    "version": lambda text: b"HTTP/" + text + b" 200 OK\r\n\r\n",
    "reason": lambda text: message(b"400 " + text),
    "reason of a success": lambda text: message(b"200 " + text),
    "line without a colon": lambda text: message(b"200 OK", text + b"\r\n"),
    "name of a header": lambda text: message(b"200 OK", text + b": 1\r\n"),
    "forbidden bytes": lambda text: message(b"200 OK", b"X: " + text + b"\x01\0\r\n"),
    "second line of a header": lambda text: message(b"400 No", b"X-Request-Id: a\r\n " + text + b"\r\n"),
    "X-Request-Id": header(b"X-Request-Id"),
    "X-Request-Id of a success": header(b"X-Request-Id", b"200 OK"),
    "CF-Ray": header(b"CF-Ray", b"503 No"),
    "Location": header(b"Location", b"302 No"),
    "Location of the same origin": lambda text: message(b"307 No", b"Location: /v1/" + text + b"\r\n"),
    "host of a Location": lambda text: message(b"308 No", b"Location: http://" + text + b".invalid/\r\n"),
    "Retry-After": header(b"Retry-After", b"429 No"),
    "Date": lambda text: message(b"429 No", b"Retry-After: 5 " + text + b"\r\nDate: " + text + b"\r\n"),
    "Content-Length": lambda text: HTTP + b"200 OK\r\nContent-Length: " + text + b"\r\n\r\n{}",
    "Transfer-Encoding": lambda text: HTTP + b"200 OK\r\nTransfer-Encoding: " + text + b"\r\n\r\n{}",
    "Content-Encoding": header(b"Content-Encoding", b"200 OK"),
    "Content-Type": header(b"Content-Type", b"200 OK", b"<html>"),
    "chunk": lambda text: HTTP + b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + text + b"\r\n",
    "end of a chunk": lambda text: (
        HTTP + b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}" + text + b"\r\n0\r\n\r\n"
    ),
    "trailer": lambda text: (
        HTTP + b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + text + b"\r\n\r\n"
    ),
    "cut body": lambda text: HTTP + b"200 OK\r\nContent-Length: 9999\r\n\r\n" + text,
    "no gzip": header(b"Content-Encoding: gzip\r\nX", b"200 OK"),
    "gzip": zipped,
    "another object": body(b'{"seen": "', b'"}', b"200 OK"),
    "name in an object": body(b'{"', b'": 1, "events": {}}', b"200 OK"),
    "half an object": body(b'{"events": [{"event_id": "', b"", b"200 OK"),
    "a value of another type": body(b'{"success": {"', b'": 1}, "event_id": 5, "event": 7}', b"200 OK"),
    "a model of another type": body(b'{"success": true, "event_id": ["', b'"], "event": [1]}', b"200 OK"),
    "a list": body(b'["', b'"]', b"200 OK"),
    "a page": body(b"<html><p>", b"</p>", b"200 OK"),
    "message": body(b'{"message": "', b'"}', b"400 No"),
    "error code": body(b'{"message": "no", "errorCode": "', b'"}', b"401 No"),
    "title": body(b"<html><title>", b"</title>", b"502 No"),
    "text": body(b"", b"", b"500 No"),
    "beyond what a message shows": body(b"x" * 490, b"", b"404 No"),
    "informational": lambda text: (
        HTTP + b"103 " + text + b"\r\nLink: " + text + b"\r\n\r\n" + message(b"400 No")
    ),
}


def create(hh: Any) -> Any:
    return hh.events.create("tool", event_id=EVENT_ID)


def read(hh: Any) -> Any:
    return hh.events.get(EVENT_ID)


def start(hh: Any) -> Any:
    return hh.sessions.create(session_name="chat")


def update(hh: Any) -> Any:
    return hh.events.update(EVENT_ID, metadata={"a": 1})


def send_batch(hh: Any) -> Any:
    return hh.events.create_batch([{"event_type": "tool", "event_id": EVENT_ID}])


def search(hh: Any) -> Any:
    if isinstance(hh, HoneyHive):
        return list(hh.events.search(limit=5))

    async def found() -> list[Any]:
        return [event async for event in hh.events.search(limit=5)]

    return found()


OPERATIONS = (create, read, start, update, send_batch, search)
HOOKS = ("on_request", "on_response", "on_retry")


async def _in_asyncio(operation: Callable[[Any], Any], options: dict[str, Any], **given: Any) -> Any:
    async with AsyncHoneyHive(PROJECT, **options, **given) as hh:
        return await operation(hh)


async def _in_asyncio_over_httpx(operation: Callable[[Any], Any], options: dict[str, Any]) -> Any:
    async with LIBRARY.AsyncClient(trust_env=False) as http_client:
        return await _in_asyncio(operation, options, http_client=http_client)


def _sync(operation: Callable[[Any], Any], options: dict[str, Any], **given: Any) -> Any:
    with HoneyHive(PROJECT, **options, **given) as hh:
        return operation(hh)


def _sync_over_httpx(operation: Callable[[Any], Any], options: dict[str, Any]) -> Any:
    with LIBRARY.Client(trust_env=False) as http_client:
        return _sync(operation, options, http_client=http_client)


TRANSPORTS: dict[str, Callable[[Callable[[Any], Any], dict[str, Any]], Any]] = {
    "sync": _sync,
    "async": lambda operation, options: asyncio.run(_in_asyncio(operation, options)),
    "aiohttp": lambda operation, options: asyncio.run(
        _in_asyncio(operation, options, transport=AiohttpTransport())
    ),
    "httpx": _sync_over_httpx,
    "async httpx": lambda operation, options: asyncio.run(_in_asyncio_over_httpx(operation, options)),
}


def shown(value: object, depth: int = 4) -> str:
    """What tools that report errors find in a variable: they look into containers, and take others' repr."""
    if depth and isinstance(value, Mapping):
        return "".join(shown(each, depth - 1) for pair in value.items() for each in pair)
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        return "".join(shown(each, depth - 1) for each in value)
    fields = getattr(type(value), "__attrs_attrs__", ())
    if depth and fields:
        return "".join(shown(getattr(value, each.name, None), depth - 1) for each in fields if each.repr)
    return value.decode("latin-1") if isinstance(value, bytes) else repr(value)


def left_by(error: BaseException) -> Iterator[str]:
    """Everything of an error that a program could print, log, store or send."""
    seen: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None or any(each is one for one in seen):
            continue
        seen.append(each)
        pending += [each.__cause__, each.__context__]
        yield f"{each} {each!r} {each.args!r} {vars(each)!r} {getattr(each, '__notes__', '')}"
        yield shown(vars(each))
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if not any(name in frame.f_code.co_filename for name in NOT_OURS):
                yield shown(frame.f_locals)
                yield "".join(map(repr, frame.f_locals.values()))
    for failure in getattr(getattr(error, "report", None), "failures", ()):
        yield from left_by(failure.error)
    if isinstance(error, HoneyHiveError):
        pickled = pickle.dumps(error)
        yield pickled.decode("latin-1") + repr(vars(pickle.loads(pickled)))


def told(operation: Callable[[Any], Any], transport: str, answer: Answer) -> tuple[str, BaseException | None]:
    """Make a call, and return what its log, hooks and error tell, and the error."""
    log, infos = io.StringIO(), []
    handler = logging.StreamHandler(log)
    loggers = [logging.getLogger(name) for name in ("honeyhive_ext", "asyncio", "aiohttp")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    failed: HoneyHiveError | None = None
    try:
        with Misbehaving(answer, answer, then=raw(message(b"400 No"))) as server:
            options = {
                "base_url": server.url,
                "ingestion_api_key": INGESTION,
                "retry": RetryPolicy(attempts=2, first_wait=0.001, longest_wait=0.001),
                "timeout": 30,
                **dict.fromkeys(HOOKS, infos.append),
            }
            TRANSPORTS[transport](operation, options)
    except HoneyHiveError as error:
        failed = error
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
    assert infos
    left = () if failed is None else left_by(failed)
    return "\n".join([log.getvalue(), repr(infos), pickle.dumps(infos).decode("latin-1"), *left]), failed


def assert_hidden(text: str, key: str, written: str) -> None:
    assert key.lower() not in text.lower()
    assert written not in text
    assert key[:16] not in text


@pytest.mark.parametrize("transport", TRANSPORTS)
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    place=st.sampled_from(sorted(PLACES)),
    writing=st.sampled_from(["as it is", *sorted(WRITINGS)]),
    key=st.sampled_from([PROJECT, INGESTION, OTHER]),
    operation=st.sampled_from(OPERATIONS),
    data=st.data(),
)
def test_no_key_that_a_server_plants_is_in_anything_that_a_call_leaves(
    transport: str, place: str, writing: str, key: str, operation: Callable[[Any], Any], data: st.DataObject
) -> None:
    if key == OTHER:
        writing = "as it is"  # what looks like a key is found only as it is
    written = WRITINGS[writing](key, data.draw)
    planted = raw(PLACES[place](written.encode("latin-1")))
    text, _ = told(operation, transport, planted)
    assert_hidden(text, key, written)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_an_answer_is_cleaned(transport: str, place: str) -> None:
    for operation in (create, search):
        text, _ = told(operation, transport, raw(PLACES[place](PROJECT.encode())))
        assert_hidden(text, PROJECT, PROJECT)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "place", ["status", "forbidden bytes", "chunk", "Content-Length", "line without a colon"]
)
def test_a_key_that_comes_in_two_pieces_shows_neither(transport: str, place: str) -> None:
    whole = PLACES[place](PROJECT.encode())
    at = whole.index(PROJECT.encode()) + 12

    def play(wire: Wire, request: object) -> None:
        wire.send(whole[:at])
        wire.send(whole[at:])
        raw(b"").play(wire, request)  # type: ignore[arg-type]

    text, error = told(create, transport, Answer(play))
    assert error is not None
    assert PROJECT[12:] not in text
    assert PROJECT[:12] not in text


class StopError(BaseException):
    """What a signal handler raises while a hook runs."""


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("hook", ["on_response", "on_retry"])
def test_an_exception_that_ends_a_call_in_a_hook_shows_no_answer(transport: str, hook: str) -> None:
    def stopped(info: object) -> None:
        del info
        raise StopError

    status = b"503 " if hook == "on_retry" else b"200 "
    planted = message(
        status + b"X", b"X-Request-Id: %b\r\n" % PROJECT.encode(), b'{"%b":1}' % PROJECT.encode()
    )
    with Misbehaving(then=raw(planted)) as server, pytest.raises(StopError) as failed:
        TRANSPORTS[transport](create, {"base_url": server.url, hook: stopped})
    for text in left_by(failed.value):
        assert PROJECT not in text


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_data_that_holds_a_key_is_returned_as_it_came(transport: str) -> None:
    event = f'{{"event_id": "{EVENT_ID}", "event_type": "tool", "inputs": {{"key": "{PROJECT}"}}}}'
    answers = {read: f'{{"event": {event}}}', search: f'{{"events": [{event}], "count": 1}}'}
    for operation, answered in answers.items():
        with Misbehaving(then=raw(message(b"200 OK", body=answered.encode()))) as server:
            found = TRANSPORTS[transport](operation, {"base_url": server.url})
        one = found[0] if isinstance(found, list) else found
        assert one.inputs == {"key": PROJECT}
