"""The words of every error of a call, and what hooks see of a call."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import BODY_SHOWN, APIError, APIStatusError
from honeyhive_ext.http.exchange import Answer, Call, CallLimits, Wait, exchange
from honeyhive_ext.http.failures import connection_error, redirect_hint, status_error
from honeyhive_ext.http.redirects import same_origin
from honeyhive_ext.http.retry import Bucket
from honeyhive_ext.observe.hooks import Observer, RequestInfo, ResponseInfo, RetryInfo, request_id

AGAIN = ". The service may or may not have acted on the request; sending it again with the same id is safe"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, ""),
        (401, "Check the API key: HH_API_KEY or api_key="),
        (402, "The account's plan does not cover this"),
        (403, "This API key may not do this; an ingestion key can only write"),
        (404, "Check the id and base_url (HH_API_URL)"),
        (408, "The service did not wait longer for the request"),
        (413, "Send fewer events at once, or shorten the event"),
        (429, "Too many requests: slow down, or wait as long as retry_after says"),
        (499, ""),
        (500, "The service, or a proxy in front of it, failed"),
        (503, "The service, or a proxy in front of it, failed"),
    ],
)
def test_a_status_says_what_to_do(status: int, hint: str) -> None:
    error = status_error(status, {}, b'{"message": "m"}', attempts=1, retry_after=None)
    assert (error.hint, error.message, error.error_code) == (hint, "m", None)
    told = status_error(status, {}, b"", attempts=1, retry_after=None, hint="Do this")
    assert (told.hint, str(told)) == ("Do this", f"{status}. Do this")


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "x-amzn-requestid", "x-amz-cf-id", "cf-ray"])
def test_the_request_id_is_found_under_each_name(name: str) -> None:
    assert request_id(httpx.Headers({name.title(): "r-1", "x-other": "r-2"})) == "r-1"
    assert request_id({"x-other": "r-2"}) is None


def test_the_service_s_own_request_id_comes_before_the_proxy_s() -> None:
    assert request_id({"cf-ray": "proxy", "x-request-id": "service"}) == "service"
    assert request_id({"cf-ray": "proxy", "x-request-id": ""}) == "proxy"


def test_an_error_body_s_fields_count_only_as_text() -> None:
    def told(body: bytes) -> tuple[str, str | None]:
        error = status_error(500, {}, body, attempts=1, retry_after=None)
        return error.message, error.error_code

    assert told(b'{"detail": "d"}') == ("d", None)
    assert told(b'{"message": "", "error": "e", "detail": "d", "errorCode": "C"}') == ("e", "C")
    assert told(b'{"message": "m", "errorCode": 5}') == ("m", None)
    assert told(b'{"message": "%b"}' % (b"x" * 5000)) == ("x" * BODY_SHOWN, None)
    assert told(b"y" * 5000) == ("y" * BODY_SHOWN, None)
    # An e with an accent takes two bytes, so what is read of the body is longer than what is shown.
    assert told("\u00e9".encode() * 5000) == ("\u00e9" * BODY_SHOWN, None)
    assert told(b"<TITLE class='x'>\n Oops </TITLE>") == (
        "Oops (an HTML page, so probably a proxy's answer)",
        None,
    )
    late = b"<html>" + b" " * 4096 + b"<title>Late</title>"
    assert told(late) == ("<html>", None)


@pytest.mark.parametrize(
    ("failure", "attempts", "says"),
    [
        (
            httpx.PoolTimeout(""),
            3,
            (
                "no free connection within 5 s (3 attempts): more calls run at once than the pool "
                "holds; run fewer, or pass http_client= with larger limits"
            ),
        ),
        (httpx.ConnectTimeout(""), 1, "no connection within 5 s: check base_url and the network"),
        (
            httpx.ReadTimeout(""),
            2,
            (
                "no complete answer within 5 s (2 attempts): the service may or may not have acted "
                "on the request. Sending it again with the same id is safe; timeout= allows more"
            ),
        ),
        (
            httpx.ConnectError("refused"),
            2,
            (
                "no connection (2 attempts): ConnectError: refused. Check base_url (HH_API_URL), the "
                "network and the proxy settings"
            ),
        ),
        (
            httpx.ProxyError("403"),
            1,
            "no connection: ProxyError: 403. Check base_url (HH_API_URL), the network and the proxy settings",
        ),
        (httpx.UnsupportedProtocol("no ftp"), 1, "the request cannot be sent: UnsupportedProtocol: no ftp"),
        (httpx.LocalProtocolError("bad"), 1, "the request cannot be sent: LocalProtocolError: bad"),
        (httpx.ReadError(""), 1, "the connection broke before the answer was complete: ReadError" + AGAIN),
        (
            httpx.RemoteProtocolError("cut"),
            2,
            "the connection broke before the answer was complete (2 attempts): RemoteProtocolError: cut"
            + AGAIN,
        ),
    ],
)
def test_a_lost_connection_says_what_is_known_and_what_to_do(
    failure: httpx.RequestError, attempts: int, says: str
) -> None:
    assert str(connection_error(failure, attempts=attempts, timeout=5.0)) == says


def test_a_failure_of_tls_says_the_innermost_reason() -> None:
    failure, below = httpx.ConnectError("outer"), OSError("middle")
    failure.__cause__ = below
    below.__context__ = ssl.SSLError("inner")
    assert str(connection_error(failure, attempts=2, timeout=5.0)) == (
        f"TLS failed (2 attempts): ConnectError: {ssl.SSLError('inner')}. Check that base_url is "
        "https:// where the service speaks TLS, and the machine's certificates (SSL_CERT_FILE)"
    )


def test_a_redirect_says_where_to_without_its_query() -> None:
    assert redirect_hint("", "https://a.example") == (
        "The redirect has no Location: check base_url (HH_API_URL)"
    )
    assert redirect_hint("https://b.example/x?token=1", "https://a.example") == (
        "The answer redirects from https://a.example to 'https://b.example/x'. It is not followed, "
        "so that the API key goes nowhere else and a write stays a write. If that is the right "
        "place, make it the base_url"
    )
    assert repr("https://b.example/" + "x" * 182) + "." in redirect_hint("https://b.example/" + "x" * 900, "")


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/v1/x", "https://a.example:8443/v1/x"),
        ("https://a.example:8443/other", "https://a.example:8443/other"),
        ("https://a.example/other", None),
        ("https://b.example:8443/other", None),
        ("https://user:word@a.example:8443/other", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_redirect_is_followed_only_within_the_origin(location: str, leads_to: str | None) -> None:
    target = same_origin(httpx.URL("https://a.example:8443/v1"), location)
    assert (None if target is None else str(target)) == leads_to


class Watched:
    """One call whose attempts take a second each, and what its hooks saw."""

    def __init__(self, *outcomes: Any, attempts: int = 8, budget: int = 10, accept: Any = ()) -> None:
        self.told: list[Any] = []
        self.now = 100.0
        observer = Observer(
            on_request=self.told.append, on_response=self.told.append, on_retry=self.told.append
        )
        limits = CallLimits(
            policy=RetryPolicy(attempts=attempts),
            timeout=5.0,
            accept=accept,
            bucket=Bucket(budget),
            clock=lambda: self.now,
            wall=lambda: 0.0,
            uniform=lambda _, high: high,
            key=Secret("hh_canary"),
            scrub=Scrub(Secret("hh_canary")),
        )
        call = Call("createEvent", {"method": "POST", "content": b"12345"}, write=True)
        self.result: Any = None
        steps = exchange(call, httpx.URL("https://a.example/v1/events"), limits, observer)
        pending = iter(outcomes)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Wait):
                    self.now += step.seconds
                    step = steps.send(None)
                else:
                    self.now += 1.0
                    step = steps.send(next(pending))
        except StopIteration as stop:
            self.result = stop.value
        except APIError as error:
            self.result = error


def test_hooks_see_every_attempt_answer_and_retry() -> None:
    call = {"operation": "createEvent", "method": "POST", "path": "/v1/events"}
    run = Watched(Answer(503, {"x-request-id": "r-1"}, b""), httpx.ReadError("cut"), Answer(200, {}, b"{}"))
    assert run.told == [
        RequestInfo(**call, attempt=1),
        ResponseInfo(**call, attempt=1, status=503, error=None, seconds=1.0, request_id="r-1"),
        RetryInfo(**call, attempt=1, wait=0.5, reason="503"),
        RequestInfo(**call, attempt=2),
        ResponseInfo(**call, attempt=2, status=None, error="ReadError", seconds=1.0, request_id=None),
        RetryInfo(**call, attempt=2, wait=1.0, reason="ReadError"),
        RequestInfo(**call, attempt=3),
        ResponseInfo(**call, attempt=3, status=200, error=None, seconds=1.0, request_id=None),
    ]
    assert (run.result.attempts, run.result.bytes_sent) == (3, 15)


def test_a_redirect_is_timed_and_seen_by_hooks_as_its_own_answer() -> None:
    run = Watched(Answer(307, {"location": "/v2/events"}, b""), Answer(200, {}, b"{}"))
    assert [(type(info).__name__, info.path, info.attempt) for info in run.told] == [
        ("RequestInfo", "/v1/events", 1),
        ("ResponseInfo", "/v1/events", 1),
        ("RequestInfo", "/v2/events", 1),
        ("ResponseInfo", "/v2/events", 1),
    ]
    assert [info.seconds for info in run.told if isinstance(info, ResponseInfo)] == [1.0, 1.0]
    assert (run.result.attempts, run.result.bytes_sent) == (1, 10)


def test_a_call_that_gives_up_says_why_there_is_no_further_attempt() -> None:
    spent = Watched(Answer(503, {}, b""), budget=0).result
    assert spent.__notes__ == [
        (
            "not tried again: the client's budget of retries is used up until calls succeed again "
            "(RetryPolicy(budget=))"
        )
    ]
    last = Watched(Answer(503, {}, b""), attempts=1).result
    assert isinstance(last, APIStatusError)
    assert not hasattr(last, "__notes__")


def test_a_lost_connection_is_the_cause_of_its_error_and_an_answer_has_none() -> None:
    cut = httpx.ReadError("cut")
    assert Watched(cut, attempts=1).result.__cause__ is cut
    assert Watched(Answer(400, {}, b"")).result.__cause__ is None


def test_a_reply_is_what_came_and_shows_a_key_that_is_in_it_to_no_one_but_its_caller() -> None:
    reply = Watched(Answer(200, {"x-request-id": "hh_canary"}, b"<p>hh_canary</p>")).result
    assert reply.content == b"<p>hh_canary</p>"
    assert "canary" not in repr(reply)
    error = reply.unusable("not 'hh_canary'")
    assert (str(error), error.body) == ("not '[key]'", b"<p>[key]</p>")
    assert Watched(Answer(404, {}, b"hh_canary"), accept=(404,)).result.content == b"hh_canary"


def test_what_is_accepted_may_depend_on_the_body() -> None:
    def accept(status: int, content: bytes) -> bool:
        return (status, content) == (500, b"partial")

    assert Watched(Answer(500, {}, b"partial"), accept=accept).result.status == 500
    assert isinstance(Watched(Answer(500, {}, b"other"), attempts=1, accept=accept).result, APIStatusError)


@pytest.mark.parametrize("odd", [b"NaN", b'"\\ud83d"', b"9" * 5_000])
def test_an_odd_value_does_not_hide_the_message_of_the_service(odd: bytes) -> None:
    body = b'{"message":"cut in half: \\ud83d","errorCode":"E1","x":%s}' % odd
    error = status_error(400, {}, body, attempts=1, retry_after=None)
    assert (error.message, error.error_code) == ("cut in half: \\ud83d", "E1")
