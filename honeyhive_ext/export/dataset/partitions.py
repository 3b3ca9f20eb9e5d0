"""The partition of an event by its start_time in UTC, and its folder as Hive names it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import MAXYEAR, timedelta
from typing import Literal, TypeAlias, get_args

from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, Row
from honeyhive_ext.serialize.instants import EPOCH, MILLISECOND

Partition: TypeAlias = Literal["month", "day", "hour"]
PartitionStart: TypeAlias = int | None
"""The Unix ms at which a partition begins; None is the partition of the events without a readable time."""

PARTITIONS: tuple[Partition, ...] = get_args(Partition)
NO_TIME = "__HIVE_DEFAULT_PARTITION__"  # as Hive, Spark, DuckDB and Arrow read a missing value
HOUR = 3_600_000  # ms
DAY = 24 * HOUR


def bucket_of(time: float | None, partition: Partition) -> PartitionStart:
    """Return the partition of an event with this start_time in Unix ms.

    A time outside the years 1 to 9999 has no date, so it counts as none.

    >>> bucket_of(1767342600000.5, "hour"), bucket_of(-1, "day"), bucket_of(None, "day")
    (1767340800000, -86400000, None)
    """
    if time is None or not YEAR_ONE <= time <= YEAR_9999:
        return None
    whole = math.floor(time)
    if partition == "hour":
        return whole // HOUR * HOUR
    day = whole // DAY * DAY
    if partition == "day":
        return day
    first = (EPOCH + day * MILLISECOND).replace(day=1)
    return (first - EPOCH) // MILLISECOND


def end_of(bucket: int, partition: Partition) -> int:
    """Return the Unix ms at which the next partition begins.

    >>> end_of(bucket_of(1767342600000, "month"), "month") == 1769904000000  # 2026-02-01
    True
    """
    if partition == "month":
        begin = EPOCH + bucket * MILLISECOND
        if (begin.year, begin.month) == (MAXYEAR, 12):
            return YEAR_9999 + 1
        later = begin + timedelta(days=31)  # in the next month, as months begin at their first day
        return (later.replace(day=1) - EPOCH) // MILLISECOND
    return bucket + (HOUR if partition == "hour" else DAY)


def folder_of(bucket: PartitionStart, partition: Partition) -> str:
    """Return the folder of a partition, below that of the set.

    >>> folder_of(1767340800000, "hour"), folder_of(1767312000000, "month"), folder_of(None, "day")
    ('date=2026-01-02/hour=08', 'month=2026-01', 'date=__HIVE_DEFAULT_PARTITION__')
    """
    if bucket is None:
        date = hour = month = NO_TIME
    else:
        begin = (EPOCH + bucket * MILLISECOND).isoformat()
        date, hour, month = begin[:10], begin[11:13], begin[:7]
    if partition == "month":
        return f"month={month}"
    return f"date={date}/hour={hour}" if partition == "hour" else f"date={date}"


def by_bucket(rows: Iterable[Row], partition: Partition) -> dict[PartitionStart, list[Row]]:
    """Return the rows of each partition, in their order."""
    parts: dict[PartitionStart, list[Row]] = {}
    part: list[Row] = []
    low, high = math.inf, -math.inf  # of the partition of `part`
    for row in rows:
        time = row.time
        if time is None or not low <= time < high:
            bucket = bucket_of(time, partition)
            low, high = (math.inf, -math.inf) if bucket is None else (bucket, end_of(bucket, partition))
            part = parts.setdefault(bucket, [])
        part.append(row)
    return parts
