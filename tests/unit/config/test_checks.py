"""Checks of arguments: what passes, and the one wording for what does not."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from honeyhive_ext.config.checks import did_you_mean, lone_surrogate, seconds, whole_number
from honeyhive_ext.errors import ConfigError, QueryError


@pytest.mark.parametrize("value", [1, 64, 2])
def test_a_whole_number_within_its_bounds_passes(value: int) -> None:
    assert whole_number(value, "n", 1, 64) == value
    assert whole_number(10**30, "n", 1) == 10**30


@pytest.mark.parametrize("value", [0, 65, True, 1.0, "1", None])
def test_the_error_of_anything_else_says_what_to_give(value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        whole_number(value, "n", 1, 64)
    assert str(caught.value) == f"n is {value!r}: give a whole number, 1 to 64"


def test_a_check_raises_the_error_that_the_caller_names() -> None:
    with pytest.raises(QueryError, match=r"^n is 0: give a whole number, 1 or more$"):
        whole_number(0, "n", 1, error=QueryError)
    with pytest.raises(QueryError, match=r"^poll is 0: give seconds of 0\.01 or more, such as 30$"):
        seconds(0, "poll", least=0.01, error=QueryError)


def test_seconds_within_their_bounds_pass_as_a_float() -> None:
    assert seconds(30, "timeout") == 30.0
    assert type(seconds(30, "timeout")) is float
    assert (seconds(0, "idle", least=0), seconds(3600, "timeout")) == (0.0, 3600.0)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, -math.inf, True, "30", None])
def test_the_error_of_anything_but_seconds_says_what_to_give(value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        seconds(value, "timeout")
    assert str(caught.value) == f"timeout is {value!r}: give seconds above 0, such as 30"


@pytest.mark.parametrize("value", [3601, 30_000.0, 10**400])
def test_the_error_of_too_many_seconds_asks_about_milliseconds(value: float) -> None:
    with pytest.raises(ConfigError) as caught:
        seconds(value, "timeout")
    assert str(caught.value) == f"timeout is {value!r} seconds, more than 3600: is it in milliseconds?"


def test_a_mistyped_name_is_matched_with_the_nearest_one() -> None:
    assert did_you_mean("Metdata", ["config", "metadata"]) == "metadata"
    assert did_you_mean("zzz", ["config", "metadata"]) is None


def test_a_lone_surrogate_is_found_with_its_place() -> None:
    assert lone_surrogate("plain") is lone_surrogate("ü 😀") is None
    assert lone_surrogate("ü\ud83d") == "a lone surrogate at character 1, which UTF-8 cannot hold"


@pytest.mark.parametrize("number", [np.int64(3), np.uint8(3), np.int16(3), 3])
def test_whole_numbers_of_numpy_are_whole_numbers_and_come_back_as_int(number: Any) -> None:
    assert type(whole_number(number, "limit", 0, 10)) is int
    assert whole_number(number, "limit", 0, 10) == 3


@pytest.mark.parametrize(
    "wrong", [np.bool_(True), np.float64(3), np.int64(11), np.int64(-1), True, "3", None]
)
def test_what_is_no_whole_number_stays_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"limit is .*: give a whole number, 0 to 10"):
        whole_number(wrong, "limit", 0, 10)


@pytest.mark.parametrize("length", [np.int64(2), np.float32(2), np.float64(2), Fraction(2), 2])
def test_lengths_in_seconds_may_be_any_real_number(length: Any) -> None:
    assert type(seconds(length, "timeout")) is float
    assert seconds(length, "timeout") == 2


@pytest.mark.parametrize(
    "wrong", [np.bool_(True), np.float64("nan"), np.float32("inf"), np.int64(0), Decimal(2)]
)
def test_what_is_no_length_in_seconds_stays_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"timeout is .*: give seconds above 0"):
        seconds(wrong, "timeout")
