"""The pure decisions about statuses, Retry-After and waits."""

from __future__ import annotations

import math
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.config.retry_policy import NO_RETRY, RetryPolicy, retry_policy
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http import retry
from honeyhive_ext.http.retry import Bucket, Decision, classify, retry_after, wait

NOW = 1_700_000_000.0


def date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5.0),
        ({"Retry-After": " 5 "}, 5.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "7."}, 7.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "NaN"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e3"}, None),
        ({"Retry-After": "1_000"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": date(NOW + 20)}, 20.0),
        ({"Retry-After": date(NOW - 20)}, None),
        ({"Retry-After": date(NOW)}, None),
        ({"Retry-After": date(20), "Date": date(0)}, 20.0),
        ({"Retry-After": date(NOW + 20), "Date": "yesterday"}, 20.0),
        ({"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT", "Date": "Sun Nov  6 08:49:07 1994"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2015 08:28:30 +0100", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30.0),
        ({"Retry-After": "Sun, 06 Nov 1994 99:99:99 GMT"}, None),
        ({"Retry-After": "Sun, 06 Nov 99999 08:49:37 GMT"}, None),
    ],
)
def test_retry_after_in_every_form(headers: dict[str, str], asked: float | None) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert retry_after(httpx.Headers(encoded), NOW) == asked


@given(st.text(), st.text(), st.floats(0, 4e9))
def test_no_text_in_retry_after_breaks_anything(after: str, sent: str, now: float) -> None:
    asked = retry_after({"retry-after": after, "date": sent}, now)
    assert asked is None or (asked > 0 and math.isfinite(asked))


def test_a_date_without_a_zone_is_in_utc_in_every_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, until = "Sun Nov  6 08:49:07 1994", "Sun, 06 Nov 1994 08:49:37 GMT"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert retry_after({"retry-after": until, "date": sent}, NOW) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_wrong_clock_here_does_not_change_what_a_date_asks_for() -> None:
    headers = {"retry-after": date(NOW + 20), "date": date(NOW)}
    assert retry_after(headers, NOW + timedelta(days=400).total_seconds()) == 20.0


@given(st.integers(0, 5000), st.one_of(st.none(), st.floats(1e-6, 1e6)), st.floats(0, 1))
def test_a_wait_is_jittered_bounded_and_never_below_what_the_server_asks(
    retry: int, asked: float | None, luck: float
) -> None:
    policy = RetryPolicy()
    pause = wait(retry, asked, policy, lambda low, high: low + (high - low) * luck)
    bound = max(0.05, min(30.0, 0.5 * 2.0 ** min(retry, 60)))
    assert pause >= 0.05
    if asked is None:
        assert pause <= bound
    else:
        assert asked <= pause <= max(bound, asked * 1.1 + 0.25) * (1 + 1e-9)


def test_the_first_waits_double_up_to_the_longest() -> None:
    highest = [wait(n, None, RetryPolicy(), lambda _, high: high) for n in range(9)]
    assert highest == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_failed_call_loses_its_retries_and_ten_first_successes_give_one_back() -> None:
    bucket = Bucket(10)
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    bucket.lose(10)
    for _ in range(9):
        bucket.give(0)
    assert not bucket.take()
    bucket.give(0)
    assert bucket.tokens == 1
    assert bucket.take()
    bucket.lose(1)
    assert not bucket.take()
    for _ in range(1000):
        bucket.give(0)
    assert bucket.tokens == 10


def test_an_answer_gives_back_what_all_retries_of_its_call_cost() -> None:
    bucket = Bucket(10)
    assert all(bucket.take() for _ in range(7))
    bucket.give(7)
    assert bucket.tokens == 10


def test_retries_of_many_calls_at_once_are_allowed_while_some_calls_are_answered() -> None:
    bucket = Bucket(10)
    for _ in range(64):
        assert bucket.take()
        bucket.give(0)  # another call
    assert bucket.tokens == 0
    for _ in range(64):
        bucket.give(1)
    assert bucket.tokens == 10


def test_a_lost_budget_is_lost_whatever_other_calls_are_answered() -> None:
    bucket = Bucket(3)
    assert all(bucket.take() for _ in range(3))
    bucket.lose(3)
    bucket.give(0)
    assert not bucket.take()


def test_a_retry_that_is_not_made_costs_nothing() -> None:
    bucket = Bucket(2)
    assert bucket.take()
    bucket.give_back(1)
    assert bucket.tokens == 2


def test_a_budget_of_nothing_allows_no_retry() -> None:
    bucket = Bucket(0)
    bucket.give(0)
    assert not bucket.take()
    assert bucket.tokens == 0


@pytest.mark.parametrize("tokens", [10**6, sys.maxsize, 10**30])
def test_a_budget_of_any_size_costs_no_memory_before_it_is_used(tokens: int) -> None:
    bucket = Bucket(tokens)
    assert bucket.take()
    bucket.lose(1)
    assert bucket.tokens >= 10**6 - 1


class _Calls:
    """Calls in flight that share a bucket, as `exchange` uses it."""

    def __init__(self, budget: int) -> None:
        self.bucket = Bucket(budget)
        self.budget = budget
        self.taken: list[int] = []  # by each call in flight
        self.since_answer = 0

    def fail(self, call: int) -> None:
        if self.bucket.take():
            self.since_answer += 1
            self.taken[call] += 1
        else:
            self.bucket.lose(self.taken.pop(call))

    def answer(self, call: int) -> None:
        self.since_answer = 0
        self.bucket.give(self.taken.pop(call))


@given(
    budget=st.integers(0, 12),
    steps=st.lists(
        st.tuples(st.sampled_from(["begin", "fail", "answer", "end"]), st.integers(0)), max_size=200
    ),
)
def test_no_more_retries_than_the_budget_follow_the_last_answer(
    budget: int, steps: list[tuple[str, int]]
) -> None:
    calls = _Calls(budget)
    for step, drawn in steps:
        call = drawn % len(calls.taken) if calls.taken else -1
        if step == "begin":
            calls.taken.append(0)
        elif call >= 0 and step == "fail":
            calls.fail(call)
        elif call >= 0 and step == "answer":
            calls.answer(call)
        elif call >= 0:
            calls.bucket.lose(calls.taken.pop(call))
        assert calls.since_answer <= budget
    while calls.taken:
        calls.bucket.give(calls.taken.pop())
    for _ in range(10 * budget):
        calls.bucket.give(0)
    assert calls.bucket.tokens == budget


def test_threads_never_spend_a_token_twice() -> None:
    bucket = Bucket(100)
    spent: list[int] = []

    def spend() -> None:
        spent.append(sum(bucket.take() for _ in range(50)))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < sum(spent) <= 100
    assert bucket.tokens == 100 - sum(spent)


@pytest.mark.parametrize("use", ["take", "give", "give_back", "lose"])
def test_a_bucket_can_be_used_in_the_middle_of_any_of_its_lines(use: str) -> None:
    bucket = Bucket(5)
    lines = 0

    def nested() -> None:
        assert bucket.take()
        bucket.give(1)

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename == retry.__file__ and event in ("call", "line"):
            lines += 1
            sys.settrace(None)
            nested()
            sys.settrace(trace)
        return trace

    bucket.take()
    bucket.take()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        getattr(bucket, use)(*(() if use == "take" else (1,)))
    finally:
        sys.settrace(before)
    assert lines > 1
    assert bucket.tokens == {"take": 2, "give": 4, "give_back": 4, "lose": 3}[use]


@pytest.mark.parametrize(
    "bad",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"attempts": True},
        {"budget": -1},
        {"deadline": 0},
        {"deadline": math.inf},
        {"deadline": math.nan},
        {"first_wait": -1},
        {"longest_wait": "30"},
    ],
)
def test_a_policy_that_cannot_work_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        RetryPolicy(**bad)


def test_every_status_has_one_decision() -> None:
    decided = {status: classify(status) for status in range(200, 600)}
    assert {s for s, d in decided.items() if d is Decision.DONE} == set(range(200, 300))
    assert {s for s, d in decided.items() if d is Decision.REDIRECT} == set(range(300, 400))
    retried = {408, 425, 429} | (set(range(500, 600)) - {501, 505})
    assert {s for s, d in decided.items() if d is Decision.RETRY} == retried


def test_a_policy_may_wait_for_hours() -> None:
    policy = RetryPolicy(longest_wait=7200, deadline=86_400)
    assert (policy.longest_wait, policy.deadline) == (7200, 86_400)


def test_retry_means_none_the_default_true_the_standard_and_false_or_zero_one_attempt() -> None:
    default, own = RetryPolicy(attempts=3), RetryPolicy(attempts=4)
    assert retry_policy(None, default) is default
    assert retry_policy(own, default) is own
    assert retry_policy(True, default) == RetryPolicy()
    assert retry_policy(False, default) is NO_RETRY
    assert retry_policy(0, default) is NO_RETRY  # type: ignore[arg-type]
    for wrong in (1, 2, "x", {}):
        with pytest.raises(ConfigError) as raised:
            retry_policy(wrong, default)  # type: ignore[arg-type]
        assert str(raised.value) == (
            f"retry={wrong!r}: give True, False or a RetryPolicy, such as RetryPolicy(attempts=3)"
        )


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"attempts": 0}, "RetryPolicy(attempts=) is 0: give a whole number, 1 or more"),
        ({"budget": -1}, "RetryPolicy(budget=) is -1: give a whole number, 0 or more"),
        ({"deadline": True}, "RetryPolicy(deadline=) is True: give seconds above 0, such as 30"),
        ({"first_wait": 0.0}, "RetryPolicy(first_wait=) is 0.0: give seconds above 0, such as 30"),
    ],
)
def test_the_error_of_a_policy_says_what_to_give(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RetryPolicy(**bad)
    assert str(raised.value) == says
    assert RetryPolicy(attempts=1, budget=0, deadline=1e-9, first_wait=1, longest_wait=1).attempts == 1
