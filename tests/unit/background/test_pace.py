"""When what waits is sent."""

from __future__ import annotations

import pytest

from honeyhive_ext import APIConnectionError, AuthenticationError, RateLimitError, RetryPolicy, ServerError
from honeyhive_ext.background.pace import MOST_ASKED, PAUSE, Pace


@pytest.fixture
def pace() -> Pace:
    return Pace(500, 1_000, 0.5, RetryPolicy(first_wait=0.5, longest_wait=30))


def longest(low: float, high: float) -> float:
    return high


def test_nothing_is_due_while_nothing_waits(pace: Pace) -> None:
    assert pace.due(now=5, count=0, size=0, since=0) is None


def test_it_is_due_by_age_by_count_and_by_bytes(pace: Pace) -> None:
    assert pace.due(now=5.0, count=1, size=1, since=4.9) == pytest.approx(0.4)
    assert pace.due(now=5.0, count=1, size=1, since=4.0) == 0
    assert pace.due(now=5.0, count=500, size=1, since=5.0) == 0
    assert pace.due(now=5.0, count=1, size=1_000, since=5.0) == 0


def test_a_failure_waits_longer_each_time_whatever_is_due(pace: Pace) -> None:
    waits: list[float | None] = []
    for _ in range(9):
        pace.failed(APIConnectionError("away"), 100.0, longest)
        waits.append(pace.due(now=100.0, count=500, size=1, since=0))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    pace.succeeded()
    assert pace.due(now=100.0, count=500, size=1, since=0) == 0


def test_a_flush_does_not_wait_after_a_failure_but_for_what_the_service_asks(pace: Pace) -> None:
    pace.failed(ServerError(503, "away"), 100.0, longest)
    pace.hurry()
    assert pace.due(now=100.0, count=1, size=1, since=100.0) == 0
    pace.begun()
    assert pace.due(now=100.0, count=1, size=1, since=100.0) == 0.5
    pace.failed(RateLimitError(429, "slow down", retry_after=7.0), 100.0, longest)
    pace.hurry()
    assert pace.due(now=100.0, count=1, size=1, since=100.0) == 7


def test_the_service_may_ask_for_an_hour_and_not_for_more(pace: Pace) -> None:
    pace.failed(RateLimitError(429, "slow down", retry_after=1e9), 0.0, longest)
    pace.hurry()
    assert pace.due(now=0.0, count=1, size=1, since=0.0) == MOST_ASKED


def test_a_key_that_is_refused_pauses(pace: Pace) -> None:
    pace.failed(AuthenticationError(401, "who are you?"), 0.0, longest)
    assert pace.due(now=0.0, count=1, size=1, since=0.0) == PAUSE
    assert pace.rest(0.0) == PAUSE
