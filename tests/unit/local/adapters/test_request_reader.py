"""Requests as bytes, by the rules of RFC 9112: which are read, and which are refused, with what status."""

from __future__ import annotations

import io

import pytest

from honeyhive_ext.local.adapters.request_reader import RequestHead, read_body, read_head
from honeyhive_ext.local.message import RequestRefused

HOST = b"Host: localhost\r\n"
POST = b"POST /v1/events HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def read(data: bytes, most: int = 1000) -> tuple[RequestHead, bytes, bytes]:
    """Return the head, the body and what follows them."""
    stream = io.BytesIO(data)
    head = read_head(stream.readline)
    assert head is not None
    body, size = read_body(head, stream.read, stream.readline, most)
    assert size == 0
    return head, body, stream.read()


def fields(lines: bytes) -> bytes:
    """A request with these header lines besides its Host."""
    return POST + lines + b"\r\n"


# The sections are those of RFC 9112, but for those of RFC 9110 that say so.
REFUSED: list[tuple[str, bytes, int]] = [
    ("2.2 bare LF after the request line", b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400),
    ("2.2 bare LF after a field", b"GET / HTTP/1.1\r\nHost: localhost\nX: 1\r\n\r\n", 400),
    ("2.2 bare LF as the empty line", b"GET / HTTP/1.1\r\nHost: localhost\r\n\n", 400),
    ("2.2 bare LF before the request", b"\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("2.2 bare CR in the request line", b"GET /\ra HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("2.2 bare CR in a value", fields(b"X: a\rb\r\n"), 400),
    ("2.2 bare CR at the end of a value", fields(b"X: a\r\r\n"), 400),
    ("2.2 blank before the first field", b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    ("2.2 many empty lines", b"\r\n" * 50 + b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("2.3 version in lower case", b"GET / http/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("2.3 version of two digits", b"GET / HTTP/1.10\r\nHost: localhost\r\n\r\n", 400),
    ("2.3 version 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("2.3 version 0.9", b"GET /\r\n", 400),
    ("3 two blanks", b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3 a tab", b"GET\t/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3 a blank at the end", b"GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n", 400),
    ("3 a blank at the beginning", b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3 NUL", b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3 beyond ASCII", "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), 400),
    ("3.1 a method that is no token", b"GE(T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2 no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("3.2 two Hosts", fields(b"Host: localhost\r\n"), 400),
    ("3.2 two Hosts in another case", fields(b"HOST: other\r\n"), 400),
    ("3.2 Host with a user", b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n", 400),
    ("3.2 Host with a blank", b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n", 400),
    ("3.2 Host with a path", b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n", 400),
    ("3.2 a port of letters", b"GET / HTTP/1.1\r\nHost: localhost:http\r\n\r\n", 400),
    ("3.2 a port that is too large", b"GET / HTTP/1.1\r\nHost: localhost:65536\r\n\r\n", 400),
    ("3.2 a port of many digits", b"GET / HTTP/1.1\r\nHost: localhost:" + b"9" * 5000 + b"\r\n\r\n", 400),
    ("3.2 a negative port", b"GET / HTTP/1.1\r\nHost: localhost:-1\r\n\r\n", 400),
    ("3.2 two ports", b"GET / HTTP/1.1\r\nHost: localhost:1:2\r\n\r\n", 400),
    ("3.2 a bracket that stays open", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    ("3.2 text after the bracket", b"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400),
    ("3.2 an absolute form without Host", b"GET http://localhost/ HTTP/1.1\r\n\r\n", 400),
    ("3.2.1 no slash", b"GET v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2.1 a fragment", b"GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2.2 another scheme", b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2.2 no host", b"GET http:///a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2.2 a user", b"GET http://a@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2.2 a port of letters", b"GET http://localhost:x/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("3.2.3 the authority form", b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("5 no colon", fields(b"X\r\n"), 400),
    ("5 no name", fields(b": x\r\n"), 400),
    ("5 a name that is no token", fields(b"X(: x\r\n"), 400),
    ("5 a name beyond ASCII", fields(b"\xe9: x\r\n"), 400),
    ("5.1 a blank before the colon", fields(b"X : x\r\n"), 400),
    ("5.1 a tab before the colon", fields(b"Content-Length\t: 0\r\n"), 400),
    ("5.2 obs-fold", fields(b"X: a\r\n b\r\n"), 400),
    ("5.2 obs-fold by a tab", fields(b"X: a\r\n\tb\r\n"), 400),
    ("5.2 obs-fold of nothing", fields(b"X: a\r\n \r\n"), 400),
    ("9110 5.5 NUL in a value", fields(b"X: a\x00b\r\n"), 400),
    ("9110 5.5 another control character", fields(b"X: a\x0bb\r\n"), 400),
    ("9110 5.5 DEL", fields(b"X: \x7f\r\n"), 400),
    ("6.1 two codings", fields(b"Transfer-Encoding: gzip, chunked\r\n"), 400),
    (
        "6.1 two Transfer-Encodings",
        fields(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        400,
    ),
    ("6.1 another coding", fields(b"Transfer-Encoding: identity\r\n"), 400),
    ("6.1 an empty coding", fields(b"Transfer-Encoding:\r\n"), 400),
    ("6.1 chunked with a parameter", fields(b"Transfer-Encoding: chunked;q=1\r\n"), 400),
    ("6.1 both lengths", fields(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 400),
    (
        "6.1 both lengths, turned",
        fields(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + b"0\r\n\r\n",
        400,
    ),
    (
        "6.1 Transfer-Encoding in HTTP/1.0",
        b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("6.2 two lengths", fields(b"Content-Length: 1\r\nContent-Length: 2\r\n") + b"ab", 400),
    ("6.2 two equal lengths", fields(b"Content-Length: 1\r\nContent-Length: 1\r\n") + b"a", 400),
    ("6.2 a list of lengths", fields(b"Content-Length: 1, 1\r\n") + b"a", 400),
    ("6.2 a sign", fields(b"Content-Length: +1\r\n") + b"a", 400),
    ("6.2 a negative length", fields(b"Content-Length: -1\r\n"), 400),
    ("6.2 a hexadecimal length", fields(b"Content-Length: 0x1\r\n") + b"a", 400),
    ("6.2 an underscore", fields(b"Content-Length: 1_0\r\n") + b"a" * 10, 400),
    ("6.2 a blank inside", fields(b"Content-Length: 1 0\r\n") + b"a" * 10, 400),
    ("6.2 digits beyond ASCII", fields(b"Content-Length: \xb2\r\n") + b"aa", 400),
    ("6.2 no digits", fields(b"Content-Length: \r\n"), 400),
    ("6.2 too many digits", fields(b"Content-Length: " + b"9" * 5000 + b"\r\n"), 400),
    ("6.3 a body that is cut", fields(b"Content-Length: 5\r\n") + b"abcd", 400),
    ("6.3 no body at all", fields(b"Content-Length: 5\r\n"), 400),
    ("7.1 no last chunk", CHUNKED + b"3\r\nabc\r\n", 400),
    ("7.1 a chunk that is cut", CHUNKED + b"5\r\nabc", 400),
    ("7.1 a chunk without its end", CHUNKED + b"3\r\nabc", 400),
    ("7.1 a chunk with half an end", CHUNKED + b"3\r\nabc\r", 400),
    ("7.1 a chunk with another end", CHUNKED + b"3\r\nabcXX0\r\n\r\n", 400),
    ("7.1 a chunk that ends with LF", CHUNKED + b"3\r\nabc\n0\r\n\r\n", 400),
    ("7.1 a chunk that is longer than its size", CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    ("7.1 a size that ends with LF", CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size with 0x", CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size with a sign", CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a negative size", CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size with an underscore", CHUNKED + b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n", 400),
    ("7.1 a size with a blank before it", CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size with a blank behind it", CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 an empty size", CHUNKED + b"\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size of letters", CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size of many digits", CHUNKED + b"0" * 900 + b"3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1 a size that is 0 beside other digits", CHUNKED + b"0 3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1.1 bare LF in an extension", CHUNKED + b"3;a\nb\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1.1 bare CR in an extension", CHUNKED + b"3;a\rb\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1.1 NUL in an extension", CHUNKED + b"3;a\x00\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1.1 an extension without end", CHUNKED + b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1.2 no end of the trailers", CHUNKED + b"0\r\n", 400),
    ("7.1.2 trailers that end with LF", CHUNKED + b"0\r\n\n", 400),
    ("7.1.2 a trailer without a colon", CHUNKED + b"0\r\nX\r\n\r\n", 400),
    ("7.1.2 a folded trailer", CHUNKED + b"0\r\nX: a\r\n b\r\n\r\n", 400),
    ("7.1.2 too many trailers", CHUNKED + b"0\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
    ("8 no end of the headers", POST, 400),
    ("8 half a line", b"POST /v1/ev", 400),
    ("8 half a header", POST + b"Content-Le", 400),
    ("9110 5.4 a long URL", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ("9110 5.4 a long header", fields(b"X: " + b"a" * 70_000 + b"\r\n"), 431),
    ("9110 5.4 many headers", fields(b"X: a\r\n" * 100), 431),
    ("9110 5.3 two Origins", fields(b"Origin: http://localhost\r\nOrigin: http://localhost\r\n"), 400),
    ("9110 5.3 two keys", fields(b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400),
    ("9110 5.3 two types", fields(b"Content-Type: text/html\r\nContent-Type: application/json\r\n"), 400),
    ("9110 10.1.1 another expectation", fields(b"Expect: 200-ok\r\n"), 417),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
]


@pytest.mark.parametrize(("data", "status"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_can_be_read_in_two_ways_or_is_incomplete_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(data)
    assert refused.value.status == status


READ: list[tuple[str, bytes, bytes, bytes]] = [
    ("no body", fields(b""), b"", b""),
    ("a length", fields(b"Content-Length: 3\r\n") + b"abcd", b"abc", b"d"),
    ("a length of zero", fields(b"Content-Length: 0\r\n") + b"GET", b"", b"GET"),
    ("a length with zeros before it", fields(b"Content-Length: 003\r\n") + b"abc", b"abc", b""),
    ("tabs and blanks around a value", fields(b"Content-Length:\t 3 \t\r\n") + b"abc", b"abc", b""),
    ("no blank before a value", fields(b"Content-Length:3\r\n") + b"abc", b"abc", b""),
    ("a name in another case", fields(b"CONTENT-LENGTH: 3\r\n") + b"abc", b"abc", b""),
    ("chunks", CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET", b"abcde", b"GET"),
    ("chunked in another case", fields(b"Transfer-Encoding: Chunked\r\n") + b"0\r\n\r\n", b"", b""),
    (
        "hexadecimal sizes",
        CHUNKED + b"00A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
        b"0123456789" * 2,
        b"",
    ),
    ("extensions", CHUNKED + b'3;a;b="c;d"\r\nabc\r\n0;last\r\n\r\n', b"abc", b""),
    ("an extension after a blank", CHUNKED + b"3 ; a=1\r\nabc\r\n0\r\n\r\n", b"abc", b""),
    ("trailers", CHUNKED + b"3\r\nabc\r\n0\r\nX-Sum: 7\r\nY:\r\n\r\nGET", b"abc", b"GET"),
    ("CR LF inside a chunk", CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n", b""),
    ("an empty line before", b"\r\n" + fields(b""), b"", b""),
    ("an empty value", fields(b"X:\r\n"), b"", b""),
    ("a value beyond ASCII", fields(b"X: \xe9\xff\r\n"), b"", b""),
    ("a minor version of the future", b"GET / HTTP/1.7\r\n" + HOST + b"\r\n", b"", b""),
    ("HTTP/1.0 without Host", b"GET / HTTP/1.0\r\n\r\n", b"", b""),
    ("an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", b"", b""),
    ("a Host with an empty port", b"GET / HTTP/1.1\r\nHost: localhost:\r\n\r\n", b"", b""),
    ("a Host of IPv6", b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", b"", b""),
    ("as many headers as there may be", fields(b"X: a\r\n" * 99), b"", b""),
    ("a list over two lines", fields(b"Accept: a\r\nAccept: b\r\n"), b"", b""),
]


@pytest.mark.parametrize(("data", "body", "rest"), [one[1:] for one in READ], ids=[one[0] for one in READ])
def test_what_the_rfc_allows_is_read_to_its_end_and_no_further(data: bytes, body: bytes, rest: bytes) -> None:
    assert read(data)[1:] == (body, rest)


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"/v1/events?a=%20b&c", "/v1/events", "a=%20b&c", "localhost"),
        (b"/a%20b%C3%A9", "/a bé", "", "localhost"),
        (b"//v1//events", "//v1//events", "", "localhost"),
        (b"/a?b?c", "/a", "b?c", "localhost"),
        (b"http://127.0.0.1:8080/v1/events?a=b", "/v1/events", "a=b", "127.0.0.1:8080"),
        (b"HTTP://LocalHost/v1", "/v1", "", "LocalHost"),
        (b"http://[::1]:80/v1", "/v1", "", "[::1]:80"),
        (b"http://127.0.0.1", "/", "", "127.0.0.1"),
        (b"http://127.0.0.1?a=/b", "/", "a=/b", "127.0.0.1"),
        (b"/http://evil.example/", "/http://evil.example/", "", "localhost"),
        (b"*", "*", "", "localhost"),
    ],
)
def test_each_form_of_a_target_gives_a_path_a_query_and_a_host(
    target: bytes, path: str, query: str, host: str
) -> None:
    head = read(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")[0]
    assert (head.path, head.query, head.fields["host"]) == (path, query, host)


@pytest.mark.parametrize(
    ("version", "lines", "closes"),
    [
        (b"1.1", b"", False),
        (b"1.1", b"Connection: close\r\n", True),
        (b"1.1", b"Connection: Close\r\n", True),
        (b"1.1", b"Connection: keep-alive, close\r\n", True),
        (b"1.1", b"Connection: keep-alive\r\nConnection: close\r\n", True),
        (b"1.1", b"Connection: disclose\r\n", False),
        (b"1.0", b"", True),
        (b"1.0", b"Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_ends_where_the_client_says_so_and_after_http_1_0(
    version: bytes, lines: bytes, closes: bool
) -> None:
    assert read(b"GET / HTTP/" + version + b"\r\n" + HOST + lines + b"\r\n")[0].closes is closes


@pytest.mark.parametrize(
    ("version", "lines", "expects"),
    [
        (b"1.1", b"Content-Length: 1\r\nExpect: 100-continue\r\n", True),
        (b"1.1", b"Content-Length: 1\r\nExpect: 100-Continue\r\n", True),
        (b"1.1", b"Content-Length: 0\r\nExpect: 100-continue\r\n", False),
        (b"1.1", b"Expect: 100-continue\r\n", False),
        (b"1.1", b"Content-Length: 1\r\n", False),
        (b"1.0", b"Content-Length: 1\r\nExpect: 100-continue\r\n", False),
        (b"1.0", b"Content-Length: 1\r\nExpect: something\r\n", False),
    ],
)
def test_a_client_waits_for_100_only_with_a_body_and_not_in_http_1_0(
    version: bytes, lines: bytes, expects: bool
) -> None:
    assert read(b"POST / HTTP/" + version + b"\r\n" + HOST + lines + b"\r\n1")[0].expects is expects


def test_a_connection_that_ends_between_requests_is_no_request() -> None:
    for data in (b"", b"\r\n", b"\r\n\r\n"):
        assert read_head(io.BytesIO(data).readline) is None


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (fields(b"Content-Length: 1001\r\n"), 1001),
        (fields(b"Content-Length: 999999999999999\r\n"), 999_999_999_999_999),
        (CHUNKED + b"3e9\r\n", 1001),
        (CHUNKED + b"FFFFFFFFFFFFFFFF\r\n", 2**64 - 1),
        (CHUNKED + b"3e8\r\n" + b"a" * 1000 + b"\r\n1\r\n", 1001),
    ],
)
def test_a_body_that_is_too_large_is_not_read(data: bytes, size: int) -> None:
    stream = io.BytesIO(data)
    head = read_head(stream.readline)
    assert head is not None
    assert read_body(head, stream.read, stream.readline, 1000) == (b"", size)


def test_many_small_chunks_cost_no_more_than_what_they_hold() -> None:
    import tracemalloc

    data = CHUNKED + b"2\r\nab\r\n" * 200_000 + b"0\r\n\r\n"
    tracemalloc.start()
    try:
        body = read(data, 1_000_000)[1]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert body == b"ab" * 200_000
    assert most < len(data) + 4 * len(body)
