"""What is searched again: the end of what was searched, and partitions that are replaced. Pure."""

from __future__ import annotations

from datetime import timedelta

from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import QueryError
from honeyhive_ext.export.dataset.partitions import Partition, bucket_of
from honeyhive_ext.filters.time_text import duration_of
from honeyhive_ext.search.query import When, when_ms
from honeyhive_ext.serialize.instants import MILLISECOND


def overlap_ms(given: timedelta | str) -> int:
    """Return a duration in ms.

    Raises:
        QueryError: It is no duration.

    >>> overlap_ms("1h30m")
    5400000
    """
    found: object = duration_of(given.strip()) if isinstance(given, str) else given
    if not isinstance(found, timedelta) or found < timedelta(0):
        raise QueryError(
            f'overlap is {repr_of(given)}: give a timedelta of zero or more, or a text such as "1h"'
        )
    return -(-found // MILLISECOND)


def first_refreshed(given: When, partition: Partition, now: float) -> int | None:
    """Return when the first partition begins that is replaced, in Unix ms; None for none.

    Raises:
        QueryError: The time is mistyped.

    >>> first_refreshed(86_400_005, "day", 0), first_refreshed("1d", "day", 2 * 86_400_000)
    (86400000, 86400000)
    """
    return bucket_of(when_ms(given, "refresh", now), partition)
