"""`heads.py` writes every request as h11 writes it, and reads every answer as h11 reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from unittest import mock

import h11
import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.heads import request_head, usual_head
from honeyhive_ext.http.protocol import ClientProtocol, target_of

TARGET = target_of("http://a.example/v1/events")
HEADERS = [
    b"Content-Length: 2",
    b"content-length:5 ",
    b"Content-Length: 2, 2",
    b"Content-Length: +2",
    b"Content-Length: 0",
    b"Transfer-Encoding: chunked",
    b"Connection: close",
    b"Connection: Keep-Alive",
    b"Set-Cookie: a=1",
    b"set-cookie: b=2",
    b"X-Empty:",
    b"X-Blank:  \t a \t b \t",
    b"X-Odd: \xff\xc3\xa4",
    b"X-Control: a\x01b",
    b" folded: 1",
    b"No colon",
    b"Blank : before",
    b"Retry-After: 3",
    b"Content-Type: application/json",
]
STARTS = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1 503 Service Unavailable",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.1  200 OK",
    b"HTTP/1.1 999 Odd",
    b"HTTP/1.1 200 \x01",
    b"ICY 200 OK",
]
BODIES = [b"", b"{}", b"hello", b"2\r\n{}\r\n0\r\n\r\n", b"{}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
ANSWERS = st.builds(
    lambda start, headers, newline, body: newline.join([start, *headers, b"", b""]) + body,
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(HEADERS), max_size=5),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]),
    st.sampled_from(BODIES) | st.binary(max_size=9),
)


@contextmanager
def h11_alone() -> Iterator[None]:
    with mock.patch("honeyhive_ext.http.protocol.usual_head", return_value=None):
        yield


def outcome(pieces: list[bytes]) -> object:
    protocol = ClientProtocol()
    protocol.request("POST", TARGET, [], b"{}", AnswerBounds(60))
    for piece in pieces:
        try:
            answer = protocol.receive(piece)
        except httpx.RequestError as error:
            return type(error)
        if answer is not None:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, headers, answer.content, protocol.next()
    return "not complete"


@given(ANSWERS, st.lists(st.integers(0, 400), max_size=4))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [])
def test_an_answer_is_the_one_that_h11_reads(data: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    pieces = [*(data[begin:end] for begin, end in pairwise(places)), b""]
    found = outcome(pieces)
    with h11_alone():
        assert found == outcome(pieces)


NAMES = st.sampled_from(["Accept", "X-A", "Authorization", "", "Bad name", "Colon:", "Ümlaut", "New\r\nline"])
VALUES = st.text(st.sampled_from("ab \t\r\n\0\x01\x7fé:"), max_size=6) | st.just("Bearer hh_1")
PATHS = st.sampled_from([b"/v1/events", b"/?a=b", b"/a b", b"", b"/\x7f", b"/\r\nX: y"])


@given(PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=3), st.none() | st.integers(0, 10**9))
@example(b"/", [("A", "b\r\nC: d")], 1)
@example(b"/", [("A", "b"), ("", "")], None)
def test_a_request_is_written_as_h11_writes_it(
    path: bytes, headers: list[tuple[str, str]], length: int | None
) -> None:
    whole = [("Host", "a.example"), *headers]
    found = request_head("POST", path, whole, length)
    if length is not None:
        whole.append(("Content-Length", str(length)))
    try:
        theirs = h11.Connection(h11.CLIENT).send(h11.Request(method="POST", target=path, headers=whole))
    except (h11.LocalProtocolError, UnicodeEncodeError):
        assert found is None
        return
    control = any(re.search(r"[\x01-\x08\x0e-\x1f\x7f]", name + value) for name, value in headers)
    assert found == (None if control else theirs)  # which HTTP forbids (RFC 9110, 5.5), and h11 sends


@given(st.integers(1, 60_000))
@example(60_000)
def test_a_head_of_blanks_takes_no_longer_than_its_length(size: int) -> None:
    assert usual_head(b"HTTP/1.1 200 OK\r\nA:" + b" " * size + b"\0\r\n\r\n") is None
    assert request_head("GET", b"/", [("A", "a" + " " * size + "\0")], None) is None
