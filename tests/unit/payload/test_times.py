"""Times: which values are accepted, which are refused with a remedy, and how two times give the third."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

import hypothesis
import numpy
import pytest
from hypothesis import strategies as st

from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.times import complete, duration_ms, ms_of_ns, tidy, unix_ms

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z


class Lost(tzinfo):
    def utcoffset(self, dt: datetime | None) -> timedelta:
        raise RuntimeError("lost")


@pytest.mark.parametrize(
    ("given", "ms"),
    [
        (NOON, NOON),
        (NOON + 0.25, NOON + 0.25),
        (0, 0),
        (-1, -1),
        (1_000, 1_000),
        (Decimal("1767268800000.5"), NOON + 0.5),
        (numpy.int64(NOON), NOON),
        (numpy.float64(NOON), float(NOON)),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), NOON),
        (datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))), NOON),
        (datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC), NOON + 0.001),
        (datetime(1970, 1, 20, tzinfo=UTC), 1_641_600_000),  # as a number it would look like seconds
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000),
        (datetime.max.replace(tzinfo=UTC), 253_402_300_800_000),
    ],
)
def test_a_timestamp_becomes_unix_milliseconds(given: Any, ms: float) -> None:
    result = unix_ms(given, "start_time")
    assert result == pytest.approx(ms, abs=0.0005)
    assert type(result) in (int, float)


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (datetime(2026, 1, 1), "timezone.utc"),  # noqa: DTZ001 - the point of the test
        (NOON / 1_000, "seconds.*multiply it by 1,000"),
        (NOON // 1_000, "seconds"),
        (NOON * 1_000, "microseconds.*divide it by 1,000"),
        (NOON * 1_000_000, "nanoseconds.*divide it by 1,000,000"),
        (True, "not bool"),
        ("2026-01-01T12:00:00Z", r"datetime\.fromisoformat"),
        (b"1", "not bytes"),
        (date(2026, 1, 1), "not date"),
        (timedelta(1), "a timedelta is a duration"),
        (numpy.timedelta64(1, "h"), "a timedelta64 is a duration"),
        (float("nan"), "JSON has no nan"),
        (float("inf"), "JSON has no inf"),
        (Decimal("NaN"), "JSON has no nan"),
        (2**64, "64 bits"),
        ([], "not list"),
        (1j, "not complex"),
        (numpy.datetime64("2026-01-01"), "not datetime64"),
        (datetime(2026, 1, 1, tzinfo=Lost()), "time zone raises RuntimeError"),
    ],
)
def test_a_value_that_is_not_a_timestamp_is_refused_with_a_remedy(given: Any, remedy: str) -> None:
    with pytest.raises(EventError, match=remedy) as caught:
        unix_ms(given, "start_time")
    assert caught.value.path == "start_time"


def test_a_duration_is_in_milliseconds() -> None:
    assert duration_ms(timedelta(seconds=1.5), "duration") == 1_500
    assert duration_ms(timedelta(microseconds=1), "duration") == 0.001
    assert duration_ms(1_767_268_800, "duration") == 1_767_268_800, "any number of milliseconds is a length"
    for wrong in (True, "5", float("nan"), datetime.now(UTC), None):
        with pytest.raises(EventError):
            duration_ms(wrong, "duration")


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"start_time": NOON, "end_time": NOON + 850.5}, "duration", 850.5),
        ({"start_time": NOON, "duration": 850}, "end_time", NOON + 850),
        ({"end_time": NOON + 850, "duration": 850}, "start_time", NOON),
        ({"start_time": NOON, "end_time": NOON - 5}, "duration", -5),
        ({"start_time": 0, "duration": 0}, "end_time", 0),
        ({"start_time": NOON + 0.1, "end_time": NOON + 0.3}, "duration", 0.2),
    ],
)
def test_two_give_the_third(given: dict[str, float], field: str, value: float) -> None:
    event = dict(given)
    complete(event)
    assert event == {**given, field: value}


@pytest.mark.parametrize("given", [{}, {"start_time": 1}, {"end_time": 1}, {"duration": 1}])
def test_one_gives_nothing_more(given: dict[str, float]) -> None:
    event = dict(given)
    complete(event)
    assert event == given


@pytest.mark.parametrize("off", [0, 1.5, -2])
def test_three_agree_within_their_rounding(off: float) -> None:
    event = {"start_time": NOON, "end_time": NOON + 850 + off, "duration": 850}
    complete(event)
    assert event["duration"] == 850


def test_three_agree_within_the_drift_of_two_clocks() -> None:
    hour = 3_600_000
    complete({"start_time": NOON, "end_time": NOON + hour + 3_600, "duration": hour})
    with pytest.raises(EventError, match="disagree"):
        complete({"start_time": NOON, "end_time": NOON + hour + 3_700, "duration": hour})


def test_three_that_disagree_are_an_error_that_says_by_how_much() -> None:
    with pytest.raises(EventError, match=r"from start to end it is 900 ms, and duration is 850 ms"):
        complete({"start_time": NOON, "end_time": NOON + 900, "duration": 850})


def test_computed_numbers_are_tidy() -> None:
    assert repr(tidy(850.0000001)) == "850"
    assert repr(tidy(1e300)) == "1e+300"
    assert repr(tidy(-0.0)) == "0"


@hypothesis.given(st.integers(min_value=0, max_value=4 * 10**18))
def test_nanoseconds_become_what_their_milliseconds_would_be(nanoseconds: int) -> None:
    found = ms_of_ns(nanoseconds)
    assert abs(Fraction(found) - Fraction(nanoseconds, 10**6)) <= Fraction(8, 10**4)
    assert found == tidy(found)
    assert type(found) is type(tidy(found))


@hypothesis.given(st.integers(min_value=0, max_value=10**12))
def test_short_durations_are_rounded_as_computed_ones(microseconds: int) -> None:
    assert ms_of_ns(microseconds * 1_000) == tidy(microseconds / 1e3)
