"""Logging and hooks: what they see, and that they cannot break a call."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.observe.hooks import Observer, RequestInfo, ResponseInfo, RetryInfo

WHERE = ("createEvent", "POST", "/v1/events", 2)


def test_hooks_get_one_frozen_object_each() -> None:
    seen: list[Any] = []
    observer = Observer(seen.append, seen.append, seen.append)
    observer.request(*WHERE)
    observer.response(*WHERE, 0.25, status=503, answer=httpx.Response(503, headers={"x-request-id": "r1"}))
    observer.response(*WHERE, 0.5, error="ReadTimeout")
    observer.retry(*WHERE, wait=1.5, reason="503")
    common: dict[str, Any] = {
        "operation": "createEvent",
        "method": "POST",
        "path": "/v1/events",
        "attempt": 2,
    }
    assert seen == [
        RequestInfo(**common),
        ResponseInfo(**common, status=503, error=None, seconds=0.25, request_id="r1"),
        ResponseInfo(**common, status=None, error="ReadTimeout", seconds=0.5, request_id=None),
        RetryInfo(**common, wait=1.5, reason="503"),
    ]
    with pytest.raises(AttributeError):
        seen[0].attempt = 3


def test_requests_and_answers_are_logged_at_debug_and_retries_as_warnings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, "honeyhive_ext"):
        observer = Observer()
        observer.request(*WHERE)
        observer.response(*WHERE, 0.25, status=503)
        observer.retry(*WHERE, wait=1.5, reason="503")
    assert [(r.levelname, r.name, r.getMessage()) for r in caplog.records] == [
        ("DEBUG", "honeyhive_ext.http", "POST /v1/events attempt 2"),
        ("DEBUG", "honeyhive_ext.http", "POST /v1/events attempt 2: 503 in 0.250 s"),
        ("WARNING", "honeyhive_ext.http", "POST /v1/events attempt 2: 503, next attempt in 1.50 s"),
    ]


def test_a_hook_that_raises_is_logged_and_the_call_continues(caplog: pytest.LogCaptureFixture) -> None:
    def broken(info: object) -> None:
        raise ZeroDivisionError("in the hook")

    observer = Observer(broken, broken, broken)
    observer.request(*WHERE)
    observer.response(*WHERE, 0.1, status=200)
    observer.retry(*WHERE, wait=0.1, reason="503")
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert [r.getMessage().split()[1] for r in errors] == ["on_request", "on_response", "on_retry"]
    assert "ZeroDivisionError: in the hook" in caplog.text


def test_an_interrupt_in_a_hook_is_not_swallowed() -> None:
    def interrupted(info: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Observer(interrupted).request(*WHERE)


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_retry"])
def test_a_hook_that_cannot_be_called_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Observer(**{name: "print"})  # type: ignore[arg-type]


def test_a_hook_that_would_have_to_be_awaited_is_refused() -> None:
    async def hook(info: object) -> None:
        raise AssertionError("never called")

    with pytest.raises(ConfigError, match="plain function"):
        Observer(on_retry=hook)
