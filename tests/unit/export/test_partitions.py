"""Partitions, and the times that are missing in a set: decided exactly, by plain rules."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.export.dataset.intervals import Interval, joined, missing, searched_until, settled
from honeyhive_ext.export.dataset.partitions import (
    PARTITIONS,
    Partition,
    bucket_of,
    by_bucket,
    end_of,
    folder_of,
)
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, Row

TIMES = st.integers(YEAR_ONE, YEAR_9999) | st.floats(YEAR_ONE, YEAR_9999)
INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=6).map(
    lambda pairs: [Interval(lo, lo + length) for lo, length in pairs]
)


@pytest.mark.parametrize("partition", PARTITIONS)
@given(time=TIMES)
def test_a_time_is_within_its_partition_and_the_folder_says_the_date(
    partition: Partition, time: float
) -> None:
    bucket = bucket_of(time, partition)
    assert bucket is not None
    assert bucket <= time < end_of(bucket, partition)
    assert bucket_of(end_of(bucket, partition) - 1, partition) == bucket
    assert bucket_of(bucket, partition) == bucket
    folder = folder_of(bucket, partition)
    year, month = folder.partition("=")[2][:7].split("-")
    seconds = bucket // 1000
    if seconds > 0:
        date = datetime.fromtimestamp(seconds, UTC)
        assert (int(year), int(month)) == (date.year, date.month)


@pytest.mark.parametrize("time", [None, YEAR_9999 + 0.5, 1e300, -1e300, YEAR_ONE - 1])
def test_a_time_without_a_date_is_in_the_default_partition(time: float | None) -> None:
    assert bucket_of(time, "hour") is None
    assert folder_of(None, "hour") == "date=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__"
    assert folder_of(None, "month") == "month=__HIVE_DEFAULT_PARTITION__"


def test_folders_at_the_ends_of_the_calendar() -> None:
    assert folder_of(bucket_of(YEAR_9999, "hour"), "hour") == "date=9999-12-31/hour=23"
    assert folder_of(bucket_of(YEAR_ONE, "month"), "month") == "month=0001-01"
    assert folder_of(bucket_of(-0.5, "day"), "day") == "date=1969-12-31"
    assert folder_of(bucket_of(1_709_164_800_000, "day"), "day") == "date=2024-02-29"


@given(times=st.lists(st.none() | TIMES | st.integers(0, 10**8)), partition=st.sampled_from(PARTITIONS))
def test_rows_are_split_without_loss_and_in_their_order(
    times: list[float | None], partition: Partition
) -> None:
    rows = [Row(str(n), time, None) for n, time in enumerate(times)]
    parts = by_bucket(rows, partition)
    assert sorted(rows, key=id) == sorted((row for part in parts.values() for row in part), key=id)
    for bucket, part in parts.items():
        assert {bucket_of(row.time, partition) for row in part} == {bucket}
        assert part == [row for row in rows if row in part]


@given(searched=INTERVALS, asked=INTERVALS.filter(bool), overlap=st.integers(0, 10))
def test_what_is_missing_and_what_is_settled_are_together_what_is_asked(
    searched: list[Interval], asked: list[Interval], overlap: int
) -> None:
    whole = asked[0]
    known = settled(searched, overlap)
    left = missing(whole, known, overlap)
    for half in range(2 * whole.lo, 2 * whole.hi + 1):  # times between two ms as well
        time = half / 2
        covered = [one for one in (*known, *left) if one.lo <= time <= one.hi]
        assert covered, time
    assert all(whole.lo <= one.lo <= one.hi <= whole.hi for one in left)
    assert [*left] == sorted(left, reverse=True)
    unknown = [n for n in range(whole.lo, whole.hi + 1) if not any(s.lo <= n <= s.hi for s in known)]
    needless = [one for one in left if one.lo < one.hi and not any(one.lo <= n <= one.hi for n in unknown)]
    # Only the point between two ms that lies between two neighbours.
    assert all(one.hi - one.lo <= 1 + overlap for one in needless)


@given(intervals=INTERVALS)
def test_joined_intervals_are_the_same_times(intervals: list[Interval]) -> None:
    made = joined(intervals)
    assert {n for one in made for n in range(one.lo, one.hi + 1)} == {
        n for one in intervals for n in range(one.lo, one.hi + 1)
    }
    assert all(a.hi < b.lo for a, b in pairwise(made))


def test_an_interval_counts_as_searched_up_to_the_newest_event() -> None:
    assert searched_until(Interval(0, 100), [math.inf, 40.7]) == (Interval(0, 40),)
    assert searched_until(Interval(0, 100), [math.inf, 400]) == (Interval(0, 100),)
    assert searched_until(Interval(50, 100), [70, 40.7]) == ()
