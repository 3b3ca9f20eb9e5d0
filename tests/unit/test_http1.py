"""Answers of HTTP/1.1 come out of a connection's bytes whole, however they are cut into pieces."""

from __future__ import annotations

import gzip
import http.client
import io
import zlib
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.exchange import Answer
from honeyhive_ext.transports.http1 import MOST_HEAD, AnswerReader

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = {
    "length": OK + b"Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
    "no body": b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "length 0": OK + b"Content-Length: 0\r\n\r\n",
    "no reason": b"HTTP/1.1 503\r\nContent-Length: 2\r\n\r\nno",
    "continue": b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 E\r\nA:\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
    "field twice": OK + b"X-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n",
    "length twice": OK + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "spaces": OK + b"X-A: \t a b \t\r\nContent-Length:3\r\n\r\nabc",
    "latin-1": OK + b"X-A: \xe9\r\nContent-Length: 1\r\n\r\nx",
    "chunks": CHUNKED + b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "line ends inside chunks": CHUNKED + b"4\r\n\r\n\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n",
    "chunk extensions": CHUNKED + b'3;a="b"\r\nabc\r\n0;z\r\n\r\n',
    "trailers": CHUNKED + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n",
    "no chunks": CHUNKED + b"0\r\n\r\n",
}  # fmt: skip
ENDED = {
    "until the end": OK + b"Content-Type: text/plain\r\n\r\nall there is",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nold",
}
BAD = {
    "nonsense": b"\x00\x01 nonsense\r\n\r\n",
    "another version": b"HTTP/2 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "short status": b"HTTP/1.1 20 OK\r\n\r\n",
    "a zero byte": OK + b"X-A: \x00\r\nContent-Length: 0\r\n\r\n",
    "space in a name": OK + b"X A: 1\r\n\r\n",
    "a folded line": OK + b"X-A: 1\r\n 2\r\n\r\n",
    "a line without a name": OK + b": 1\r\n\r\n",
    "a switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "length x": OK + b"Content-Length: x\r\n\r\n",
    "length -1": OK + b"Content-Length: -1\r\n\r\n",
    "length +1": OK + b"Content-Length: +1\r\n\r\n1",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n12",
    "unknown coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunk x": CHUNKED + b"x\r\nabc\r\n0\r\n\r\n",
    "chunk -1": CHUNKED + b"-1\r\n\r\n",
    "chunk too long": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "chunk without a line": CHUNKED + b"\r\n",
    "endless head": OK + b"X-A: " + b"a" * MOST_HEAD,
    "endless chunk line": CHUNKED + b"1;" + b"a" * MOST_HEAD,
    "endless trailers": CHUNKED + b"0\r\nX: " + b"a" * MOST_HEAD,
}


def pieces(message: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(message), *(cut % (len(message) + 1) for cut in cuts)})
    return [message[start:end] for start, end in pairwise(edges)]


def read(message: bytes, cuts: list[int], *, end: bool = False) -> tuple[Answer, AnswerReader]:
    reader = AnswerReader()
    *first, last = pieces(message, cuts)
    assert [reader.feed(piece) for piece in first] == [None] * len(first)
    answer = reader.feed(last)
    if end:
        assert answer is None
        answer = reader.end()
    assert answer is not None
    return answer, reader


class Held:
    """What http.client takes for a socket."""

    def __init__(self, message: bytes) -> None:
        self.message = message

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.message)


def as_the_standard_library_reads_it(message: bytes) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(Held(message))  # type: ignore[arg-type]
    while message.startswith(b"HTTP/1.1 1") and (end := message.find(b"\r\n\r\n")) >= 0:
        message = message[end + 4 :]
        response = http.client.HTTPResponse(Held(message))  # type: ignore[arg-type]
    response.begin()
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        text = value.strip()
        headers[name.lower()] = f"{headers[name.lower()]}, {text}" if name.lower() in headers else text
    return response.status, headers, response.read()


CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@pytest.mark.parametrize("name", [*GOOD, *ENDED])
@given(cuts=CUTS)
def test_an_answer_reads_as_the_standard_library_reads_it_wherever_it_is_cut(
    name: str, cuts: list[int]
) -> None:
    message = {**GOOD, **ENDED}[name]
    answer, _ = read(message, cuts, end=name in ENDED)
    assert (answer.status, answer.headers, answer.content) == as_the_standard_library_reads_it(message)


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_that_arrives_byte_by_byte_is_the_same(name: str) -> None:
    message = GOOD[name]
    assert read(message, [*range(len(message))])[0] == read(message, [])[0]


@pytest.mark.parametrize("name", BAD)
@given(cuts=CUTS)
def test_what_is_no_answer_is_an_error_and_never_an_answer(name: str, cuts: list[int]) -> None:
    reader = AnswerReader()
    with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 - whichever piece it is that shows it
        for piece in pieces(BAD[name], cuts):
            assert reader.feed(piece) is None
        raise AssertionError("taken for the beginning of an answer")


@pytest.mark.parametrize("name", [n for n in GOOD if n != "continue"])
def test_an_answer_that_is_cut_off_is_an_error(name: str) -> None:
    for size in range(len(GOOD[name])):
        reader = AnswerReader()
        assert reader.feed(GOOD[name][:size]) is None
        with pytest.raises(httpx.RemoteProtocolError):
            reader.end()


@pytest.mark.parametrize(
    ("message", "reusable"),
    [
        (GOOD["length"], True),
        (GOOD["chunks"], True),
        (GOOD["no body"], True),
        (GOOD["length"] + b"more", False),
        (GOOD["chunks"] + b"\r\n", False),
        (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n", False),
        (OK + b"Connection: Keep-Alive, CLOSE\r\nContent-Length: 0\r\n\r\n", False),
        (OK + b"Connection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
    ],
)
def test_a_connection_carries_another_request_only_after_an_answer_with_a_sure_end(
    message: bytes, reusable: bool
) -> None:
    assert read(message, [])[1].reusable is reusable


def test_a_connection_whose_answer_ends_with_it_carries_no_other() -> None:
    assert not read(ENDED["until the end"], [], end=True)[1].reusable


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
def test_an_encoded_body_is_decoded(coding: str, encode: object) -> None:
    assert callable(encode)
    body = encode(b'{"events": []}')
    head = OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert read(head + body, [])[0].content == b'{"events": []}'


def test_a_body_that_does_not_decode_is_an_error() -> None:
    with pytest.raises(httpx.DecodingError):
        read(OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", [])
