"""How many events match a search, counted once while nothing is written.

A client that walks through a result asks for one page after the other, and each answer has the number of all
matches. From page to page the client makes the range of times shorter. So a count is kept with its range, and
the count of a shorter range follows from it and from the part that is gone.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections import OrderedDict

from attrs import define, field, frozen

from honeyhive_ext.local.store.where import Where

KEPT = 64  # searches

TimeSpan = tuple[float, float]  # the first and the last sort_time
EVER: TimeSpan = (float("-inf"), float("inf"))


@frozen
class _Count:
    version: int
    span: TimeSpan
    total: int


@define(eq=False)
class Counts:
    """The counts of the last searches."""

    _kept: OrderedDict[bytes, _Count] = field(factory=OrderedDict["bytes", "_Count"], init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def known(self, connection: sqlite3.Connection, where: Where, span: TimeSpan, version: int) -> int | None:
        """Return how many events meet the terms within a span of times; None if all have to be counted.

        Args:
            connection: A view of the store.
            where: The terms, without the span.
            span: The first and the last sort_time.
            version: The version of the view. Views of one version have the same events.
        """
        with self._lock:
            kept = self._kept.get(_key(where))
        if kept is None or kept.version != version or not _contains(kept.span, span):
            return None
        total = kept.total - _gone(connection, where, kept.span, span)
        self.keep(where, span, version, total)
        return total

    def keep(self, where: Where, span: TimeSpan, version: int, total: int) -> None:
        """Keep a count for `known`."""
        key = _key(where)
        with self._lock:
            self._kept[key] = _Count(version, span, total)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _key(where: Where) -> bytes:
    return hashlib.blake2b(repr((where.terms, where.values)).encode(errors="surrogatepass")).digest()


def _contains(outer: TimeSpan, inner: TimeSpan) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1] and inner[0] <= inner[1]


def _gone(connection: sqlite3.Connection, where: Where, outer: TimeSpan, inner: TimeSpan) -> int:
    """Return how many matches are in the outer span only."""
    gone = 0
    if outer[0] < inner[0]:
        gone += count(connection, where, "sort_time >= ? AND sort_time < ?", outer[0], inner[0])
    if inner[1] < outer[1]:
        gone += count(connection, where, "sort_time > ? AND sort_time <= ?", inner[1], outer[1])
    return gone


def count(connection: sqlite3.Connection, where: Where, term: str, *values: float) -> int:
    """Count the events that meet the terms and one more."""
    row = connection.execute(f"SELECT count(*) FROM events{where.sql(term)}", [*where.values, *values])
    return int(row.fetchone()[0])
