"""Whatever bytes come, the local server reads a request as h11 does, or refuses it: never in another way."""

from __future__ import annotations

import io
import re

import h11
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st

from honeyhive_ext.local.adapters.request_reader import RequestHead, read_body, read_head
from honeyhive_ext.local.message import RequestRefused

# What stands in the place of a piece of a request, or between two.
ODD = st.sampled_from(
    [b"", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r\n", b"\r\n ", b"\r\n\t", b"\x00", b"\x0b",
     b"\xe9", b":", b";", b";a", b",", b", ", b"#", b"0", b"00", b"5", b"+5", b"-5", b"0x5", b"5_0",
     b"5, 5", b"g", b"chunked", b"gzip, chunked", b"identity", b"Host: b\r\n", b"X : y\r\n",
     b"Content-Length: 5\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
     b"transfer-encoding:\tchunked \r\n", b"Transfer-Encoding : chunked\r\n", b"Content_Length: 5\r\n",
     b"Connection: close\r\n", b"0\r\n\r\n", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.11", b"*", b"http://b/"]
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request, of which up to three pieces are replaced or joined by something odd."""
    method = draw(st.sampled_from([b"POST", b"GET", b"HEAD", b"get"]))
    pieces = [method, b" ", b"/v1/events?a=b", b" ", b"HTTP/1.1", b"\r\n"]
    pieces += [b"Host", b":", b" ", b"a:80", b"\r\n", b"X", b":", b" ", b"a b", b"\r\n"]
    kind = draw(st.sampled_from(["none", "length", "chunks"]))
    if kind == "length":
        pieces += [b"Content-Length", b":", b" ", b"5", b"\r\n", b"\r\n", b"abcde"]
    elif kind == "chunks":
        pieces += [b"Transfer-Encoding", b":", b" ", b"chunked", b"\r\n", b"\r\n"]
        for data in draw(st.lists(st.binary(min_size=1, max_size=20), max_size=3)):
            pieces += [b"%x" % len(data), b"\r\n", data, b"\r\n"]
        pieces += [b"0", b"\r\n", b"Y", b":", b" ", b"z", b"\r\n", b"\r\n"]
    else:
        pieces += [b"\r\n"]
    pieces += [draw(st.sampled_from([b"", b"GET / HTTP/1.1\r\n"]))]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(pieces) - 1))
        odd = draw(ODD)
        pieces[at] = draw(st.sampled_from([odd, odd + pieces[at], pieces[at] + odd]))
    return b"".join(pieces)


def ours(data: bytes) -> tuple[RequestHead, bytes, int] | None:
    """What the server reads: the head, the body, and how many bytes are left; None where it refuses."""
    stream = io.BytesIO(data)
    try:
        head = read_head(stream.readline)
        if head is None:
            return None
        body, size = read_body(head, stream.read, stream.readline, 10_000)
    except RequestRefused:
        return None
    assert size == 0
    return head, body, len(stream.read())


def theirs(data: bytes) -> tuple[h11.Request, bytes, int]:
    """What h11 reads. It raises where it refuses."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    connection.receive_data(b"")
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    return request, body, len(connection.trailing_data[0])


@settings(max_examples=500)
@given(requests())
@example(
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\nGET"
)
@example(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n")
def test_a_request_that_is_read_is_the_one_that_h11_reads(data: bytes) -> None:
    assume(re.search(rb"[ \t];", data) is None)  # h11 takes no blank before an extension
    found = ours(data)
    if found is None:
        return
    head, body, left = found
    request, their_body, their_left = theirs(data.lstrip(b"\r\n"))  # h11 takes no empty line before
    assert (head.method.encode(), body, left) == (request.method, their_body, their_left)
    names = [name for name, _ in request.headers]
    assert {name.encode() for name in head.fields} - {b"host"} == set(names) - {b"host"}
    length = dict(request.headers).get(b"content-length")
    assert head.length == (None if b"transfer-encoding" in names else int(length or 0))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    begin = b"POST / HTTP/1.1\r\nHost: a\r\n"
    for whole in (data, begin + data, begin + b"Transfer-Encoding: chunked\r\n\r\n" + data):
        found = ours(whole)  # raises nothing else than what it refuses with
        assert found is None or len(found[1]) + found[2] <= len(whole)


def test_every_kind_of_request_is_drawn_and_read() -> None:
    """The comparison above would say nothing if everything were refused."""
    found: set[object] = set()

    @settings(max_examples=300, database=None, derandomize=True, phases=[Phase.generate])
    @given(requests())
    def look(data: bytes) -> None:
        one = ours(data)
        found.add(None if one is None else (one[0].length is None, one[1] != b""))

    look()
    assert found == {None, (False, False), (False, True), (True, False), (True, True)}
