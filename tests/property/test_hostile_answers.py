"""Whatever bytes a server answers with, over every way of sending: a value or an error of ours, in time."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext.errors import HoneyHiveError
from tests.support.misbehaving import Answer, EndOfConnectionError, Misbehaving, Recorded, Wire
from tests.support.scale import scaled
from tests.support.ways import WAYS, Way, client_over

A = "caf77ace-3417-4da4-944d-f4a0688f3c23"
TIMEOUT = 0.3  # seconds of one attempt
EXAMPLES = scaled(400, least=20)
# One operation sends a few requests at most. A busy machine may be slow, an answer that never ends is slower.
IN_TIME = 60.0


async def _all(result: Any) -> Any:
    return [event async for event in result]


def to_list(result: Any) -> Any:
    return result.to_list()


def exported(hh: Any) -> Any:
    path = Path(tempfile.gettempdir()) / f"hostile-{os.getpid()}.jsonl"
    return hh.events.search(limit=5).to_jsonl(path)


EVENT = {"event_type": "tool", "event_id": A}
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "create": lambda hh: hh.events.create("tool", event_id=A),
    "get": lambda hh: hh.events.get(A),
    "update": lambda hh: hh.events.update(A, metadata={"a": 1}),
    "create_batch": lambda hh: hh.events.create_batch([EVENT, {"event_type": "tool"}]),
    "single session": lambda hh: hh.events.create_batch([EVENT], single_session=True),
    "search": lambda hh: hh.events.search(limit=5).to_list(),
    "raw": lambda hh: hh.events.search(limit=5, parallel=2).raw().to_list(),
    "count": lambda hh: hh.events.search().count(),
    "first": lambda hh: hh.events.search().first(),
    "one": lambda hh: hh.events.search().one(),
    "to_jsonl": exported,
    "session": lambda hh: hh.sessions.create(session_id=A),
    "session's batch": lambda hh: hh.sessions.create_event_batch(A, [EVENT]),
    "tree": lambda hh: hh.sessions.tree(A),
    "events": lambda hh: hh.sessions.events(A),
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from([A, A.upper(), "\ud800", "\x1b[2J", "9" * 5000]),
)
NAMES = """
    event event_id session_id events event_ids success count errors message errorCode start_time end_time
    duration event_type parent_id metadata org_id workspace_id project_id detail
"""
HEADERS = b"""
    Content-Length Content-Encoding Transfer-Encoding Location Retry-After Date Connection Content-Type
    Set-Cookie X-Request-Id Upgrade Trailer Keep-Alive
"""
names = st.sampled_from(NAMES.split())
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(names, st.text(max_size=5)), inner, max_size=6)
    ),
    max_leaves=20,
)
bodies = st.one_of(
    documents.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b"NaN",
            b"\xef\xbb\xbf{}",
            b'{"events":[' + b"1," * 999 + b"1]}",
        ]
    ),
)
statuses = st.one_of(
    st.sampled_from(
        [
            b"200",
            b"200",
            b"200",
            b"201",
            b"204",
            b"307",
            b"308",
            b"400",
            b"409",
            b"413",
            b"429",
            b"500",
            b"503",
        ]
    ),
    st.sampled_from(
        [b"000", b"099", b"100", b"101", b"103", b"199", b"304", b"600", b"999", b"2", b"20x", b"-1", b"2000"]
    ),
)
reasons = st.one_of(st.sampled_from([b"OK", b"", b"\xff\xfe", b"a\tb"]), st.binary(max_size=8))
VALUES = [
    *(b"gzip", b"deflate", b"br", b"gzip, gzip", b"chunked", b"identity, chunked", b"close", b"keep-alive"),
    *(b"0", b"-1", b"5", b"9" * 5000, b"1e999", b"0x10", b"NaN", b"Wed, 99 Foo 9999 99:99:99 GMT", b"h2c"),
    *(b"http://[bad", b"http:", b"/\t/x", b"//", b"http://a:99999/", b"/v1/other", b"?q", b"\xff"),
    *(b"text/html; charset=\xff", b"a=b; Expires=x"),
]
values = st.one_of(st.binary(max_size=20), st.sampled_from(VALUES))
fields = st.tuples(
    st.one_of(
        st.sampled_from(HEADERS.split()),
        st.binary(max_size=8),
    ),
    values,
)
codings: st.SearchStrategy[tuple[bytes, Callable[[bytes], bytes]]] = st.sampled_from(
    [(b"", bytes), (b"", bytes), (b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"gzip", bytes)]
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return the bytes of an answer that is right in most places, with some of them wrong."""
    head = draw(st.sampled_from([b"HTTP/1.1 ", b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2 ", b"", b"http/1.1 "]))
    line = head + draw(statuses) + b" " + draw(reasons)
    coding, encode = draw(codings)
    body = encode(draw(bodies))
    headers = draw(st.lists(fields, max_size=3))
    if coding:
        headers.append((b"Content-Encoding", coding))
    framing = draw(
        st.sampled_from(["length", "length", "length", "chunked", "bad chunks", "long", "short", "none"])
    )
    if framing in ("length", "long", "short"):
        size = len(body) + {"length": 0, "long": 7, "short": -1}[framing]
        headers.append((b"Content-Length", b"%d" % size))
    elif framing != "none":
        headers.append((b"Transfer-Encoding", b"chunked"))
        line_end = b"\r\n" if framing == "chunked" else draw(st.binary(max_size=4))
        body = (
            b"%x" % len(body)
            + line_end
            + body
            + b"\r\n0\r\n"
            + draw(st.sampled_from([b"", b"X: y\r\n", b"\x00: \r\n"]))
            + b"\r\n"
        )
    lines = [line, *(name + b": " + value for name, value in headers), b"", body]
    message = b"\r\n".join(lines)
    if draw(st.booleans()):
        return message
    at = draw(st.integers(0, len(message)))
    return message[:at] + draw(st.binary(max_size=3)) + message[at + draw(st.integers(0, 3)) :]


def play(message: bytes, *, ends: bool) -> Answer:
    def send(wire: Wire, _: Recorded) -> None:
        wire.send(message)
        if ends:
            raise EndOfConnectionError

    return Answer(send)


@pytest.mark.parametrize("way", WAYS)
def test_what_leaves_a_call_is_a_value_or_an_error_of_the_package_in_time(way: Way) -> None:
    with (
        Misbehaving() as server,
        client_over(way, server.url, timeout=TIMEOUT, retry=False, max_answer_bytes=1_000_000) as client,
    ):

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(sorted(OPERATIONS)), answers(), st.booleans())
        def holds(operation: str, message: bytes, ends: bool) -> None:
            server._then = play(message, ends=ends)
            began = time.monotonic()
            try:
                client.do(OPERATIONS[operation])
            except HoneyHiveError as error:
                repr(error)
            assert time.monotonic() - began < IN_TIME

        holds()
