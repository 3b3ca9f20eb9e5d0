"""Details of a call that no user sees at once. Each test says which promise of a call it holds."""

from __future__ import annotations

import time

import httpx
import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import Secret, secret
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.http.exchange import Answer, Call, CallLimits, exchange, without_key
from honeyhive_ext.http.retry import Bucket, wait
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.observe.hooks import Observer


def test_an_answer_is_copied_only_if_it_repeats_the_key() -> None:
    """The promise: no error shows the key; and a large answer without it costs no second copy."""
    clean = Answer(500, {"a": "b"}, b"nothing")
    assert without_key(clean, Secret("hh_canary")) is clean
    cleaned = without_key(Answer(500, {"a": "b"}, b"<hh_canary hh_canary>"), Secret("hh_canary"))
    assert cleaned == Answer(500, {"a": "b"}, b"<[key] [key]>")


def test_an_attempt_without_an_outcome_is_a_type_error() -> None:
    """The promise: a sender that breaks the rules is told so, and no call ends without an answer."""
    limits = CallLimits(
        policy=RetryPolicy(),
        timeout=5.0,
        accept=(),
        bucket=Bucket(10),
        clock=lambda: 0.0,
        wall=lambda: 0.0,
        uniform=lambda _, high: high,
        key=Secret("hh_1"),
    )
    call = Call("createEvent", {"method": "POST", "content": b"12345"}, write=True)
    steps = exchange(call, httpx.URL("https://a.example/v1/events"), limits, Observer())
    next(steps)
    with pytest.raises(TypeError, match=r"^an attempt is answered with its outcome$"):
        steps.send(None)


def test_a_wait_is_drawn_between_nothing_and_its_bound() -> None:
    """The promise: full jitter, so that clients that failed together do not come back together."""
    drawn: list[tuple[float, float]] = []

    def least(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    assert wait(3, None, RetryPolicy(), least) == 0.05
    assert wait(0, 10.0, RetryPolicy(first_wait=2, longest_wait=1), least) == 10.0
    assert drawn == [(0.0, 4.0), (0.0, 1), (0.0, 1.25)]


def test_the_default_clock_is_monotonic() -> None:
    """The promise: setting the machine's clock moves no deadline."""
    sender = Sender(Settings(base_url="http://127.0.0.1:9", api_key=secret("hh_1")))
    assert sender.clock is time.monotonic
    assert sender.sleep is time.sleep
