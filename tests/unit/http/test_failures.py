"""Answers without success and lost connections become errors that say what to do."""

from __future__ import annotations

import pickle
import ssl
import sys
import traceback
from time import process_time

import httpx
import pytest

from honeyhive_ext.config.scrub import NO_KEYS
from honeyhive_ext.errors import APIConnectionError, APIStatusError, APITimeoutError, RateLimitError
from honeyhive_ext.http.failures import connection_error, hide_keys, status_error, without_wire_frames


def made(status: int, body: bytes, **headers: str) -> APIStatusError:
    return status_error(
        status,
        httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}),
        body,
        attempts=2,
        retry_after=3.0,
    )


def test_the_error_body_gives_message_code_and_request_id() -> None:
    body = b'{"statusCode": 429, "message": "slow down", "success": false, "errorCode": "RATE"}'
    error = made(429, body, X_Request_Id="r-1")
    assert isinstance(error, RateLimitError)
    assert (error.status, error.message, error.error_code) == (429, "slow down", "RATE")
    assert (error.request_id, error.body, error.retry_after, error.attempts) == ("r-1", body, 3.0, 2)
    assert str(error).startswith("429: slow down, code RATE, request id r-1, 2 attempts. ")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b'{"message": "old server"}', "old server"),
        (b'{"error": "Not Found"}', "Not Found"),
        (b'{"message": 5}', '{"message": 5}'),
        (b"[1]", "[1]"),
        (b"upstream  connect\n error", "upstream connect error"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (
            b"<html><head><title> 502 Bad\n Gateway</title>",
            "502 Bad Gateway (an HTML page, so probably a proxy's answer)",
        ),
    ],
)
def test_any_body_gives_a_message(body: bytes, message: str) -> None:
    assert made(502, body).message == message


@pytest.mark.parametrize(
    "body", [b"<title>" + b" " * 4_089, b"<title" * 682, b"<title> " * 512, b"<title>" + b" \n" * 2_044]
)
def test_a_page_of_blanks_is_read_in_no_time(body: bytes) -> None:
    began = process_time()
    made(502, body)
    assert process_time() - began < 5  # half a minute, if blanks can be read in several ways


def test_a_quote_is_found_behind_any_number_of_blanks_in_no_time() -> None:
    error = httpx.RemoteProtocolError(" " * 65_000 + ": bytearray(b'HTTP/1.1 2x0')")
    began = process_time()
    hide_keys(error, NO_KEYS)
    assert process_time() - began < 5
    assert str(error) == " " * 65_000


def test_a_long_body_is_cut_in_the_message_and_whole_in_the_error() -> None:
    error = made(500, b"x" * 100_000)
    assert len(str(error)) < 700
    assert len(error.body) == 100_000


@pytest.mark.parametrize(
    ("failure", "kind", "says"),
    [
        (httpx.ConnectTimeout(""), APITimeoutError, "no connection within 5 s"),
        (httpx.ReadTimeout(""), APITimeoutError, "may or may not have acted"),
        (httpx.WriteTimeout(""), APITimeoutError, "no complete answer within 5 s"),
        (httpx.PoolTimeout(""), APITimeoutError, "no free connection"),
        (httpx.ConnectError("[Errno 111] Connection refused"), APIConnectionError, "Errno 111"),
        (httpx.ProxyError("403 Forbidden"), APIConnectionError, "proxy"),
        (httpx.ReadError(""), APIConnectionError, "ReadError. The service may or may not"),
        (httpx.RemoteProtocolError("peer closed"), APIConnectionError, "peer closed"),
        (httpx.DecodingError("bad gzip"), APIConnectionError, "bad gzip"),
        (httpx.UnsupportedProtocol("no ftp"), APIConnectionError, "cannot be sent: .*no ftp"),
    ],
)
def test_every_lost_connection_says_what_is_known(
    failure: httpx.RequestError, kind: type[APIConnectionError], says: str
) -> None:
    error = connection_error(failure, attempts=3, timeout=5.0)
    assert type(error) is kind
    assert error.attempts == 3
    with pytest.raises(kind, match=says):
        raise error


def test_a_tls_failure_is_found_below_the_library_s_own_error() -> None:
    failure = httpx.ConnectError("")
    failure.__cause__ = ssl.SSLCertVerificationError("certificate verify failed")
    error = connection_error(failure, attempts=1, timeout=5.0)
    assert "TLS failed" in str(error)
    assert "certificate verify failed" in str(error)


def test_frames_of_the_http_library_go_and_frames_of_others_stay() -> None:
    def transport(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("from below", request=request)

    with httpx.Client(transport=httpx.MockTransport(transport)) as client:
        try:
            client.get("http://a.example/x", headers={"Authorization": "Bearer hh_canary"})
        except httpx.ReadError as caught:
            error = caught
    before = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    without_wire_frames(error)
    after = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert "handle_request" in before
    assert after == [sys._getframe().f_code.co_name, "transport"]
    assert str(error.request.url) == "http://a.example/x"
    assert "authorization" not in error.request.headers


def test_a_circle_of_causes_ends() -> None:
    first, second = httpx.ReadError("a"), ValueError("b")
    first.__cause__, second.__context__ = second, first
    without_wire_frames(first)
    assert first.__traceback__ is None
