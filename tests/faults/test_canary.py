"""A canary key must be in nothing that a run leaves behind: logs, reprs, tracebacks, pickles, hooks."""

from __future__ import annotations

import asyncio
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from honeyhive_ext.client.aio import AsyncHoneyHive
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import ConfigError, EventError, HoneyHiveError
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.frames import is_ours
from tests.support.misbehaving import TIMEOUTS, Misbehaving, Recorded, Scripted, answer, hang, raw, reset

KEYS = ("hh_canary_9d31", "hh_ingst_canary_77ab")
PAYLOAD = "payload-canary-5c1f"
EVENT_ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"


def echo(request: Recorded) -> Any:
    """An answer of a proxy that repeats the request's headers, as some error pages do."""
    return answer(400, f'{{"message": "refused: {request.headers["authorization"]}"}}')


def repeating(before: bytes, after: bytes = b"") -> tuple[Scripted, ...]:
    """Return answers that are not HTTP and repeat the key, one for each attempt."""
    return (lambda request: raw(before + request.headers["authorization"].encode() + after),) * 3


SCRIPTS: dict[str, tuple[Scripted, ...]] = {
    "refused": (answer(400, b'{"message": "no"}'),),
    "echo": (echo,),
    "denied": (answer(401, b"{}", {"X-Request-Id": "r1"}),),
    "limited": (answer(429, b"{}", {"Retry-After": "99999"}),),
    "down": (answer(503), answer(520), answer(502, b"<html><title>Bad</title>")),
    "reset": (reset(), reset(), reset()),
    "cut": tuple(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{") for _ in range(3)),
    "nonsense": tuple(raw(b"\x00\r\n\r\n") for _ in range(3)),
    "hung": (hang(), hang(), hang()),
    "malformed": (answer(200, b"<html>"),),
    "echoing page": (lambda request: answer(200, f"<html>{request.headers}"),),
    "elsewhere": (answer(302, b"", {"Location": "http://elsewhere.invalid/v1/events"}),),
    "key in the status line": repeating(b"", b"\r\n\r\n"),
    "key in a header's line": repeating(b"HTTP/1.1 200 OK\r\nno colon ", b"\r\n\r\n"),
    "key in a chunk's length": repeating(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"\r\n"),
    "key in a cut body": repeating(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"),
    "key in no gzip": repeating(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
    "bad location": (answer(302, b"", {"Location": "http://[::1"}),),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger writes, at DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)r"))
    root, names = logging.getLogger(), ("honeyhive_ext", "httpx", "httpcore", "asyncio")
    before = {name: logging.getLogger(name).level for name in ("", *names)}
    root.addHandler(handler)
    for name in before:
        logging.getLogger(name or None).setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name or None).setLevel(level)


def options(**more: Any) -> dict[str, Any]:
    return {
        "api_key": KEYS[0],
        "ingestion_api_key": KEYS[1],
        "retry": RetryPolicy(attempts=3),
        "timeout": 60,
        **more,
    }


def create(hh: Any) -> Any:
    return hh.events.create("tool", event_id=EVENT_ID, inputs={"secret": PAYLOAD})


def read(hh: Any) -> Any:
    return hh.events.get(EVENT_ID)


def caught(work: Callable[[], Any]) -> BaseException:
    try:
        work()
    except (HoneyHiveError, KeyboardInterrupt, asyncio.CancelledError, ZeroDivisionError) as error:
        return error
    raise AssertionError("nothing was raised")


def traces(error: BaseException) -> Iterator[str]:
    """Everything about an error that a program could print, store or send."""
    printed = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "capture" in printed or "create" in printed or "EitherClient" in printed
    yield printed
    seen: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        pending += [each.__cause__, each.__context__]
        yield f"{each} {each!r} {each.args!r} {vars(each)!r}"
        if isinstance(each, httpx.RequestError) and each._request is not None:
            yield f"{each.request.headers.raw!r} {each.request.url} {each.request.extensions!r}"
    if isinstance(error, HoneyHiveError):
        pickled = pickle.dumps(error)
        yield pickled.decode("latin-1") + str(pickle.loads(pickled))


def assert_no_key(*texts: str) -> None:
    for text in texts:
        for key in KEYS:
            assert key not in text


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("operation", [create, read])
def test_no_failure_shows_a_key_anywhere(
    kind: Kind, name: str, operation: Callable[[Any], Any], logged: io.StringIO
) -> None:
    for timeout in TIMEOUTS if name == "hung" else TIMEOUTS[-1:]:
        infos: list[Any] = []
        hooks = {f"on_{step}": infos.append for step in ("request", "response", "retry")}
        with (
            Misbehaving(*SCRIPTS[name]) as server,
            EitherClient(kind, server.url, **options(timeout=timeout, **hooks)) as client,
        ):
            error = caught(lambda: client.do(operation))
            assert_no_key(*traces(error), repr(client.hh), repr(infos), logged.getvalue())
            assert PAYLOAD not in logged.getvalue() + repr(infos)
            assert "/v1/events" in logged.getvalue()
        if arrived := any(key in str(server.requests) for key in KEYS):
            break
    assert arrived, "no request with a key arrived"


@pytest.mark.parametrize("operation", [create, read])
def test_no_connection_failure_shows_a_key_anywhere(
    kind: Kind, operation: Callable[[Any], Any], logged: io.StringIO
) -> None:
    with Misbehaving() as server:
        urls = ["http://127.0.0.1:9", server.url.replace("http:", "https:")]
        for url in urls:
            with EitherClient(kind, url, **options()) as client:
                assert_no_key(*traces(caught(lambda: client.do(operation))), logged.getvalue())


def test_no_success_shows_a_key_or_a_payload_in_its_logs(kind: Kind, logged: io.StringIO) -> None:
    success = answer(200, f'{{"success": true, "event_id": "{EVENT_ID}"}}')
    with Misbehaving(answer(503), success) as server, EitherClient(kind, server.url, **options()) as client:
        sent = client.do(create)
        assert_no_key(repr(sent), repr(vars(client.hh)), repr(vars(client.sender)), logged.getvalue())
    assert PAYLOAD not in logged.getvalue()
    assert "attempt 2: 200" in logged.getvalue()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupt_inside_the_http_library_shows_no_key(
    kind: Kind, interrupt: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    import aiohttp

    def interrupted(self: object, *details: object, **more: object) -> None:
        del details, more  # this frame is the test's own
        raise interrupt

    monkeypatch.setattr("honeyhive_ext.http.protocol.request_head", interrupted)
    monkeypatch.setattr(aiohttp.BaseConnector, "connect", interrupted)
    with Misbehaving() as server, EitherClient(kind, server.url, **options()) as client:
        error = caught(lambda: client.do(create))
        assert type(error) is interrupt
        assert_no_key(*traces(error))
        monkeypatch.undo()


def test_a_cancelled_call_shows_no_key() -> None:
    held = hang()

    async def scenario() -> BaseException:
        async with AsyncHoneyHive(KEYS[0], base_url=server.url) as hh:
            task = asyncio.create_task(create(hh))
            assert await asyncio.to_thread(held.reached.wait, 60)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
        raise AssertionError("not cancelled")

    with Misbehaving(held) as server:
        assert_no_key(*traces(asyncio.run(scenario())))


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": -1},
        {"base_url": "nowhere"},
        {"retry": 7},
        {"redact": 5},
        {"on_retry": 5},
        {"max_concurrency": 0},
    ],
)
def test_a_client_that_cannot_be_made_shows_no_key(kind: Kind, wrong: dict[str, Any]) -> None:
    error = caught(lambda: EitherClient(kind, **{"url": "http://127.0.0.1:9", **_made_of(wrong)}))
    assert isinstance(error, ConfigError)
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [repr(f.locals) for f in frames if is_ours(f.filename)]
    assert ours
    assert_no_key(*ours, str(error))


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": -1},
        {"base_url": "nowhere"},
        {"source": "two\nlines"},
        {"retry": 7},
        {"api_key": KEYS[0].encode()},
        {"ingestion_api_key": bytearray(KEYS[1].encode())},
        {"api_key": KEYS[0] + "\u2028x"},
        {"api_key": None, "ingestion_api_key": [KEYS[1]]},
    ],
)
@pytest.mark.parametrize("kind", [HoneyHive, AsyncHoneyHive])
def test_a_client_that_cannot_be_made_shows_neither_its_arguments_nor_the_environment(
    kind: Any, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HH_API_KEY", KEYS[0])
    monkeypatch.setenv("HH_INGESTION_API_KEY", KEYS[1])
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{KEYS[0]}@p.example")
    error = caught(lambda: kind(**{"api_key": KEYS[0], "ingestion_api_key": KEYS[1], **wrong}))
    assert isinstance(error, ConfigError)
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [repr(f.locals) for f in frames if is_ours(f.filename)]
    assert ours
    assert_no_key(*ours, str(error), repr(error.args))


def test_a_key_that_is_given_as_the_url_is_not_quoted() -> None:
    key = "hh_prj1_0123456789abcdef"
    assert key not in str(caught(lambda: HoneyHive("https://api.example", base_url=key)))


@pytest.mark.parametrize("kind", KINDS)
def test_errors_about_an_event_that_holds_a_key_do_not_show_it(kind: Kind) -> None:
    key = "hh_prj1_0123456789abcdef"
    wrong: list[Callable[[Any], Any]] = [
        lambda hh: hh.events.create("tool", event_id=key),
        lambda hh: hh.events.create("tool", start_time=key),
        lambda hh: hh.events.create("tool", inputs={key: {"at": object()}}),
        lambda hh: hh.events.create("tool", **{key: 1}),
        lambda hh: hh.events.create(key),
        lambda hh: hh.events.update(key, metadata={}),
        lambda hh: hh.events.update(EVENT_ID, **{key: 1}),
        lambda hh: hh.sessions.create(session_id=key),
        lambda hh: hh.events.create_batch([{"event_type": "tool", "duration": key}]),
    ]
    with EitherClient(kind, "http://127.0.0.1:9", api_key=key) as client:
        for work in wrong:
            error = caught(lambda work=work: client.do(work))
            causes = [failure.error for failure in getattr(getattr(error, "report", None), "failures", ())]
            for each in (error, *causes):
                assert key not in f"{each} {each!r} {each.args} {vars(each)} {each.__cause__!r}"


def _made_of(wrong: dict[str, Any]) -> dict[str, Any]:
    return {**options(), **wrong} if "base_url" not in wrong else {**options(), "url": wrong["base_url"]}


def test_bad_input_shows_no_key(kind: Kind) -> None:
    with EitherClient(kind, "http://127.0.0.1:9", **options()) as client:
        error = caught(lambda: client.do(lambda hh: hh.events.create("tool", inptus={})))
        assert isinstance(error, EventError)
        assert_no_key(*traces(error))
