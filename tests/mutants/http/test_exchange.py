"""What the steps of a call do inside. Each test says which promise of a call it holds."""

from __future__ import annotations

import httpx
import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.http.exchange import Call, CallLimits, exchange
from honeyhive_ext.http.retry import Bucket
from honeyhive_ext.observe.hooks import Observer


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
