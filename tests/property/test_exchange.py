"""Whatever happens to a call, it ends in time, within its attempts, and with its last outcome."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import APIError, APIStatusError
from honeyhive_ext.http.exchange import (
    Answer,
    Attempt,
    AttemptOutcome,
    Call,
    CallLimits,
    Reply,
    Wait,
    exchange,
)
from honeyhive_ext.http.retry import Bucket, Decision, classify
from honeyhive_ext.observe.hooks import Observer

CALL = Call("createEvent", {"method": "POST", "url": "/v1/events", "content": b"12345"}, write=True)
URL = httpx.URL("https://api.example/v1/events")

retry_after = st.one_of(
    st.none(),
    st.integers(-5, 200).map(str),
    st.text(max_size=8),
    st.floats().map(str),
    st.just("Thu, 01 Jan 1970 00:01:00 GMT"),
)
answers = st.builds(
    lambda status, after, location: Answer(
        status,
        httpx.Headers(
            [
                (n, v)
                for n, v in ((b"retry-after", after and after.encode()), (b"location", location))
                if v is not None
            ]
        ),
        b"",
    ),
    st.one_of(st.integers(200, 599), st.sampled_from([200, 307, 429, 503])),
    retry_after,
    st.sampled_from([None, b"/moved", b"https://elsewhere.example/"]),
)
lost = st.sampled_from(
    [
        httpx.ReadTimeout(""),
        httpx.ConnectError(""),
        httpx.PoolTimeout(""),
        httpx.ReadError(""),
        httpx.UnsupportedProtocol(""),
    ]
)
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 12),
    deadline=st.floats(0.1, 300),
    first_wait=st.floats(0.01, 5),
    longest_wait=st.floats(0.01, 60),
    budget=st.integers(0, 12),
)


@given(
    policy=policies,
    timeout=st.floats(0.1, 100),
    outcomes=st.lists(st.tuples(st.one_of(answers, lost), st.floats(0, 1)), min_size=100, max_size=100),
    luck=st.floats(0, 1),
)
def test_every_call_ends_in_time_and_within_its_attempts(
    policy: RetryPolicy, timeout: float, outcomes: list[tuple[AttemptOutcome, float]], luck: float
) -> None:
    now, attempts, waits, last = 0.0, 0, 0, None
    bucket = Bucket(policy.budget)
    limits = CallLimits(
        policy=policy,
        timeout=timeout,
        accept=(),
        bucket=bucket,
        clock=lambda: now,
        wall=lambda: 0.0,
        uniform=lambda low, high: low + luck * (high - low),
        key=Secret("hh_1"),
    )
    steps = exchange(CALL, URL, limits, Observer())
    following = iter(outcomes)
    raised: APIError | None = None
    reply: Reply | None = None
    try:
        step = next(steps)
        while True:
            if isinstance(step, Wait):
                waits += 1
                assert step.seconds >= 0.05
                now += step.seconds
                assert now < policy.deadline
                step = steps.send(None)
                continue
            assert isinstance(step, Attempt)
            assert step.url.host == URL.host
            assert 0 < step.limit <= timeout
            attempts += 1
            last, share = next(following)
            now += step.limit * share
            step = steps.send(last)
    except StopIteration as finished:
        reply = finished.value
    except APIError as error:
        raised = error
    assert now <= max(timeout, policy.deadline) + 0.01
    assert waits <= min(policy.attempts - 1, policy.budget)
    if reply is not None:
        assert isinstance(last, Answer)
        assert 200 <= last.status < 300
        assert (reply.status, reply.attempts, reply.bytes_sent) == (last.status, waits + 1, attempts * 5)
    if raised is not None:
        assert raised.attempts == waits + 1
        if isinstance(last, Answer):
            assert isinstance(raised, APIStatusError)
            assert raised.status == last.status
            assert classify(last.status) is not Decision.DONE
        else:
            assert raised.__cause__ is last
