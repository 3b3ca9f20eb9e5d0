"""An exception of a signal handler is known by how Python calls the handler."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any

import numpy
import pytest

from honeyhive_ext.config.checks import whole_number
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.payload import ids
from tests.support.lines import OURS, at_signal_point, raise_as_a_signal_handler


class TimeLimit(Exception):  # noqa: N818
    pass


def plain(number: int, frame: FrameType | None) -> None:
    raise TimeLimit


def anything(*given: object) -> None:
    raise TimeLimit


def removes_itself(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    raise TimeLimit


def with_more(more: str, number: int, frame: FrameType | None) -> None:
    raise TimeLimit


class Handler:
    def method(self, number: int, frame: FrameType | None) -> None:
        raise TimeLimit

    def __call__(self, number: int, frame: FrameType | None) -> None:
        raise TimeLimit


HANDLERS: list[Callable[..., Any]] = [
    plain,
    anything,
    removes_itself,
    functools.partial(with_more, "more"),
    Handler(),
    Handler().method,
    lambda number, frame: plain(number, frame),
]


@pytest.mark.parametrize("number", range(len(HANDLERS)))
def test_every_kind_of_handler_is_known(number: int) -> None:
    before = signal.signal(signal.SIGUSR1, HANDLERS[number])
    try:
        with pytest.raises(TimeLimit) as caught:
            os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert from_a_signal_handler(caught.value)


def test_no_other_exception_is_taken_for_one() -> None:
    def looks(frame: object, number: int, *rest: object) -> None:
        raise TimeLimit

    with pytest.raises(TimeLimit) as caught:
        looks(sys._getframe(), 3, "text", None)
    assert not from_a_signal_handler(caught.value)
    assert not from_a_signal_handler(TimeLimit())


@pytest.mark.parametrize(
    "do",
    [lambda: ids.new_ids(2), lambda: whole_number(7, "n", 1), lambda: whole_number(numpy.int64(7), "n", 1)],
    ids=["ids", "int", "other number"],
)
def test_a_time_limit_that_strikes_in_a_small_function_is_raised(do: Callable[[], object]) -> None:
    for number in count(1):
        struck: list[int] = []

        def strike(struck: list[int] = struck) -> None:
            struck.append(1)
            raise_as_a_signal_handler(TimeoutError)

        try:
            with at_signal_point(number, strike, OURS):
                do()
        except TimeoutError:
            struck.clear()
        else:
            assert not struck  # there are no more places
            break
    assert number > 1
