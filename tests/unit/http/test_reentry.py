"""A request in the middle of another one, of a finaliser or a signal handler, neither hangs nor is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from honeyhive_ext import APIConnectionError, HoneyHive, RetryPolicy
from tests.support.httpx_library import LIBRARY
from tests.support.lines import at_line, raise_as_a_signal_handler
from tests.support.misbehaving import Misbehaving, stored
from tests.support.sockets import connections_to


def lines_of_a_call(hh: HoneyHive) -> int:
    with at_line(-1, lambda: None) as seen:
        hh.events.create("tool")
    return seen[0]


def in_time(work: Callable[[], None]) -> None:
    """Do this in a thread, which would hang where it deadlocks."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "deadlock"
    if failed:
        raise failed[0]


def test_a_call_made_at_any_line_of_another_one_is_answered() -> None:
    def work() -> None:
        with HoneyHive("hh_1", base_url=server.url, retry=False) as hh:
            hh.events.create("tool")
            for fresh in (False, True):
                client = HoneyHive("hh_1", base_url=server.url, retry=False) if fresh else hh
                number, reached = 1, True
                while reached:
                    inner: list[Any] = []
                    with at_line(number, lambda: inner.append(client.events.create("tool"))):  # noqa: B023
                        client.events.create("tool")
                    reached = bool(inner)
                    number += 7  # every line would take a minute
                    if fresh:
                        client.close()
                        client = HoneyHive("hh_1", base_url=server.url, retry=False)
                client.close() if fresh else None

    with Misbehaving(then=stored) as server:
        in_time(work)
    assert len(server.requests) > 50


def test_over_a_client_that_was_given_such_a_call_is_refused_and_the_outer_one_answered() -> None:
    def work() -> None:
        given = LIBRARY.Client()
        hh = HoneyHive("hh_1", base_url=server.url, http_client=given, retry=RetryPolicy(attempts=3))
        hh.events.create("tool")
        refused: list[str] = []

        def nested() -> None:
            try:
                hh.events.create("tool")
            except APIConnectionError as error:
                refused.append(str(error))

        total = lines_of_a_call(hh)
        for number in range(total // 3, total - total // 9, max(9, total // 40)):
            with at_line(number, nested):
                assert hh.events.create("tool").success
        assert refused
        assert all("cannot be entered twice" in text for text in refused)
        given.close()

    with Misbehaving(then=stored) as server:
        in_time(work)


class Interrupted(Exception):  # noqa: N818 - a time limit of the application, as a signal handler raises one
    pass


# Where a call is interrupted right behind the making of its socket, Python closes it, and warns.
@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", [KeyboardInterrupt, Interrupted, TimeoutError])
def test_an_exception_at_any_line_of_a_call_reaches_the_caller_and_harms_no_other_call(
    kind: type[BaseException],
) -> None:
    raised: list[int] = []

    def raise_it(*_: object) -> None:
        raised.append(1)
        raise_as_a_signal_handler(kind)

    def work() -> None:
        with HoneyHive("hh_1", base_url=server.url) as hh:
            for number in range(1, lines_of_a_call(hh), 5):
                raised.clear()
                try:
                    with at_line(number, raise_it):
                        hh.events.create("tool")
                except kind:
                    raised.pop()
                assert raised == []
                assert hh.events.create("tool").success
                assert connections_to(server.url) <= 1

    with Misbehaving(then=stored) as server:
        in_time(work)
    assert server.connections < len(server.requests)
