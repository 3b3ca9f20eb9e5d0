"""The generator that decides about a call, driven step by step: no server, no clock, no chance."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    RateLimitError,
    ServerError,
)
from honeyhive_ext.http.exchange import (
    Answer,
    Attempt,
    AttemptOutcome,
    Call,
    CallLimits,
    Reply,
    Wait,
    answer_error,
    exchange,
)
from honeyhive_ext.http.retry import Bucket
from honeyhive_ext.observe.hooks import Observer

CALL = Call("createEvent", {"method": "POST", "url": "/v1/events", "content": b"12345"}, write=True)
URL = httpx.URL("https://api.example/v1/events")


def reply(status: int, content: bytes = b"", **headers: str) -> Answer:
    return Answer(status, httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), content)


class Run:
    """Feeds outcomes to an exchange; every outcome takes `takes` seconds of its clock."""

    def __init__(
        self, *outcomes: AttemptOutcome, takes: float = 0.0, call: Call = CALL, **limits: Any
    ) -> None:
        self.now = 0.0
        self.attempts: list[Attempt] = []
        self.waits: list[float] = []
        self.bucket = Bucket(limits.pop("budget", 10))
        limits.setdefault("policy", RetryPolicy())
        limits.setdefault("timeout", 30.0)
        limits.setdefault("accept", ())
        settings = CallLimits(
            bucket=self.bucket,
            clock=lambda: self.now,
            wall=lambda: 0.0,
            uniform=lambda _, high: high,
            key=Secret("hh_canary"),
            scrub=Scrub(Secret("hh_canary")),
            **limits,
        )
        self.steps = exchange(call, URL, settings, Observer())
        self.outcomes: Iterator[AttemptOutcome] = iter(outcomes)
        self.takes = takes

    def reply(self) -> Reply:
        try:
            step = next(self.steps)
            while True:
                if isinstance(step, Wait):
                    self.waits.append(step.seconds)
                    self.now += step.seconds
                    step = self.steps.send(None)
                else:
                    self.attempts.append(step)
                    self.now += self.takes
                    step = self.steps.send(next(self.outcomes))
        except StopIteration as finished:
            value: Reply = finished.value
            return value

    def error(self, kind: type[APIError] = APIError) -> Any:
        with pytest.raises(kind) as caught:
            self.reply()
        return caught.value


def test_a_success_at_once_is_one_attempt() -> None:
    run = Run(reply(200, b"{}"))
    assert run.reply() == Reply(200, httpx.Headers(), b"{}", 1, 5)
    assert run.waits == []


def test_failures_are_retried_with_doubling_waits_until_one_succeeds() -> None:
    run = Run(reply(503), httpx.ReadTimeout(""), httpx.ConnectError(""), reply(520), reply(201))
    assert (run.reply().attempts, run.waits) == (5, [0.5, 1.0, 2.0, 4.0])


def test_the_last_failure_is_raised_after_the_last_attempt() -> None:
    run = Run(
        *[reply(500 + n, b'{"message": "m%d"}' % n) for n in range(6, 10)], policy=RetryPolicy(attempts=3)
    )
    error = run.error(ServerError)
    assert (error.status, error.message, error.attempts, len(run.waits)) == (508, "m8", 3, 2)


def test_retry_after_is_a_floor() -> None:
    run = Run(reply(429, Retry_After="4"), reply(503, Retry_After="0.1"), reply(200))
    run.reply()
    assert run.waits == [4.65, 1.0]


def test_a_wait_beyond_the_deadline_raises_at_once_and_says_what_was_asked() -> None:
    run = Run(reply(429, Retry_After="3600"))
    error = run.error(RateLimitError)
    assert (error.retry_after, error.attempts, run.waits) == (3600.0, 1, [])
    assert error.__notes__ == [
        "not tried again: a wait of 3960.2 s would end after the call's deadline (RetryPolicy(deadline=))"
    ]


def test_no_attempt_starts_after_the_deadline_and_later_ones_are_cut_to_it() -> None:
    run = Run(*[httpx.ReadTimeout("")] * 9, takes=30.0, policy=RetryPolicy(deadline=60, attempts=99))
    error = run.error(APITimeoutError)
    assert [a.limit for a in run.attempts] == [30.0, 29.5]
    assert error.attempts == 2


def test_the_first_attempt_has_its_whole_timeout_even_beyond_the_deadline() -> None:
    run = Run(httpx.ReadTimeout(""), timeout=300.0, takes=300.0)
    assert run.error().attempts == 1
    assert [a.limit for a in run.attempts] == [300.0]


def test_an_empty_bucket_ends_the_retries_of_every_call() -> None:
    run = Run(*[reply(503)] * 9, budget=2, policy=RetryPolicy(attempts=99, deadline=1e6))
    error = run.error(ServerError)
    assert error.attempts == 3
    assert "budget of retries is used up" in error.__notes__[0]


def test_an_error_that_is_final_costs_no_token() -> None:
    run = Run(reply(400))
    run.error()
    assert run.bucket.tokens == 10


@pytest.mark.parametrize("last", [reply(200), reply(409), reply(400), reply(404), reply(501)])
def test_an_answer_after_retries_gives_back_what_they_cost(last: Answer) -> None:
    run = Run(reply(503), httpx.ReadError(""), reply(429), last, accept={409})
    with contextlib.suppress(APIError):
        run.reply()
    assert run.waits == [0.5, 1.0, 2.0]
    assert run.bucket.tokens == 10


def test_a_call_that_fails_loses_what_its_retries_cost() -> None:
    run = Run(*[reply(503)] * 4, policy=RetryPolicy(attempts=4))
    assert run.error().attempts == 4
    assert run.bucket.tokens == 7


def test_a_first_answer_that_is_refused_gives_nothing_back() -> None:
    run = Run(reply(400))
    assert run.bucket.take()
    run.bucket.lose(1)
    for _ in range(10):
        again = Run(reply(400))
        again.bucket = run.bucket
        again.error()
    assert run.bucket.tokens == 9


def test_a_retry_that_is_given_up_before_it_is_sent_costs_nothing() -> None:
    run = Run()
    next(run.steps)
    assert isinstance(run.steps.send(reply(503)), Wait)
    assert run.bucket.tokens == 9
    run.steps.close()
    assert run.bucket.tokens == 10


def test_a_retry_that_is_given_up_while_it_is_sent_is_lost() -> None:
    run = Run()
    next(run.steps)
    run.steps.send(reply(503))
    assert isinstance(run.steps.send(None), Attempt)
    with pytest.raises(KeyboardInterrupt):
        run.steps.throw(KeyboardInterrupt())
    assert run.bucket.tokens == 9


def test_one_attempt_when_retries_are_off() -> None:
    run = Run(reply(503), policy=RetryPolicy(attempts=1))
    assert run.error().attempts == 1
    assert run.bucket.tokens == 10


def test_an_accepted_status_is_a_reply_and_not_retried() -> None:
    assert Run(reply(409), accept={409}).reply().status == 409
    assert Run(reply(500, b"x"), accept={500}).reply().content == b"x"
    assert Run(reply(500, b"x"), accept=lambda s, c: (s, c) == (500, b"x")).reply().attempts == 1


def test_bytes_sent_counts_every_attempt() -> None:
    assert Run(reply(503), reply(200)).reply().bytes_sent == 10


@pytest.mark.parametrize("error", [httpx.UnsupportedProtocol("ftp"), httpx.LocalProtocolError("bad header")])
def test_a_request_that_cannot_be_sent_is_not_tried_again(error: httpx.RequestError) -> None:
    run = Run(error)
    assert run.error(APIConnectionError).attempts == 1


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize(
    "location", ["/v1/events/", "https://api.example/v1/events/", "//api.example:443/v1/events/"]
)
def test_a_redirect_within_the_origin_keeps_method_and_body(status: int, location: str) -> None:
    run = Run(reply(status, Location=location), reply(200))
    answer = run.reply()
    assert [str(a.url) for a in run.attempts] == [str(URL), "https://api.example/v1/events/"]
    assert (answer.attempts, answer.bytes_sent, run.waits) == (1, 10, [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://api.example/v1/events",
        "https://api.example:8443/v1/events",
        "https://evil.example/v1/events",
        "//evil.example/",
        "https://user:pw@api.example/v1/events",
        "https://api.example.evil.example/",
        "javascript:alert(1)",
        "http://[",
        "",
    ],
)
def test_a_redirect_to_another_origin_is_an_error_that_names_base_url(status: int, location: str) -> None:
    run = Run(reply(status, Location=location))
    error = run.error(APIStatusError)
    assert (error.status, len(run.attempts)) == (status, 1)
    assert "base_url" in str(error)


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_without_a_location_is_an_error_at_once(status: int) -> None:
    run = Run(reply(status), reply(200))
    assert run.error(APIStatusError).status == status
    assert len(run.attempts) == 1


def test_an_answer_that_its_caller_refuses_is_an_error_with_the_message_of_the_service_alone() -> None:
    refused = Reply(418, httpx.Headers(), b'{"message": "no"}', 1, 5)
    assert str(answer_error(refused, attempts=1, asked=None)).endswith("no")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 399])
def test_a_redirect_that_would_turn_a_write_into_a_read_is_an_error(status: int) -> None:
    assert Run(reply(status, Location="/v1/events/")).error(APIStatusError).status == status


def test_a_circle_of_redirects_ends() -> None:
    run = Run(*[reply(307, Location="/v1/events")] * 20)
    assert run.error(APIStatusError).status == 307
    assert len(run.attempts) == 6


def test_a_body_that_repeats_the_key_is_cleaned_of_it() -> None:
    error = Run(reply(400, b'{"message": "bad token hh_canary"}')).error()
    assert "hh_canary" not in f"{error} {error!r} {error.body!r} {error.__dict__}"
    assert "[key]" in error.message
