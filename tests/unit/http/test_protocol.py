"""HTTP/1.1 without I/O."""

from __future__ import annotations

import pytest

from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.protocol import ClientProtocol, target_of

TARGET = target_of("http://a.example/v1/events")


@pytest.mark.parametrize(
    ("pieces", "again"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",), True),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more",), False),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",), False),
        # TLS can end a stream (close_notify) whose socket stays open.
        ((b"HTTP/1.1 200 OK\r\n\r\n{}", b""), False),
    ],
)
def test_a_connection_whose_stream_ended_or_holds_more_is_not_used_again(
    pieces: tuple[bytes, ...], again: bool
) -> None:
    protocol = ClientProtocol()
    protocol.request("GET", TARGET, [], b"", AnswerBounds(60))
    answers = [protocol.receive(piece) for piece in pieces]
    assert [one.content for one in answers if one] == [b"{}"]
    assert protocol.next() is again


def test_the_zone_of_an_address_is_for_this_machine_alone() -> None:
    target = target_of("http://[fe80::1%25eth0]:8080/v1")
    assert target.origin.host == "fe80::1%eth0"
    assert target.host == "[fe80::1]:8080"
