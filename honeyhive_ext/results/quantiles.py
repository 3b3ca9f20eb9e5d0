"""Quantiles of any number of values in bounded memory. Pure.

Up to `EXACT` values are kept, and their quantiles are exact. Then the values are counted in buckets whose
bounds grow by a constant factor, as in DDSketch (Masson, Rim and Lee 2019). So a quantile is at most 1%
off.
"""

from __future__ import annotations

import math
from array import array

from attrs import define, field

EXACT = 2_000  # values that are kept
ACCURACY = 0.01  # the largest error afterwards, relative to the value
LEAST = 1e-9  # a smaller value counts as 0
LARGEST = 1e18  # a larger value is not counted
_GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
_LOG = math.log(_GROWTH)


@define(eq=False)
class Quantiles:
    """The values so far.

    Attributes:
        number: How many there are.

    >>> quantiles = Quantiles()
    >>> for value in range(1, 101):
    ...     quantiles.add(value)
    >>> quantiles.percentile(50), quantiles.percentile(99), quantiles.exact
    (50.0, 99.0, True)
    """

    number: int = 0
    _kept: array[float] = field(factory=lambda: array("d"))
    _buckets: dict[int, int] = field(factory=dict[int, int])  # of positive values
    _below: dict[int, int] = field(factory=dict[int, int])  # of negative values, by their size
    _zeros: int = 0
    _least: float = math.inf
    _most: float = -math.inf

    @property
    def exact(self) -> bool:
        """Whether the quantiles are values that were added, and not off by up to 1%."""
        return self.number <= EXACT

    def add(self, value: float) -> None:
        """Add a value. One beyond 1e18 does not count."""
        if not -LARGEST < value < LARGEST:
            return
        self.number += 1
        if self.number <= EXACT:
            self._kept.append(value)
            return
        for one in self._kept:
            self._count(one)
        del self._kept[:]
        self._count(value)

    def _count(self, value: float) -> None:
        self._least, self._most = min(self._least, value), max(self._most, value)
        size = abs(value)
        if size < LEAST:
            self._zeros += 1
            return
        buckets = self._buckets if value > 0 else self._below
        bucket = math.ceil(math.log(size) / _LOG)
        buckets[bucket] = buckets.get(bucket, 0) + 1

    def percentile(self, percent: int) -> float | None:
        """Return the smallest value that so many percent of the values do not exceed; None without values."""
        if not self.number:
            return None
        rank = max(1, -(-percent * self.number // 100))
        if self.number <= EXACT:
            return sorted(self._kept)[rank - 1]
        return min(max(self._estimate(rank), self._least), self._most)

    def _estimate(self, rank: int) -> float:
        """Return the middle of the bucket that holds the value with this rank, counted from 1."""
        for bucket in sorted(self._below, reverse=True):
            rank -= self._below[bucket]
            if rank <= 0:
                return -_middle(bucket)
        rank -= self._zeros
        if rank <= 0:
            return 0.0
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                return _middle(bucket)
        return self._most


def _middle(bucket: int) -> float:
    """Return the value whose distance to both bounds of a bucket is the same, relative to them."""
    return float(2 * _GROWTH**bucket / (_GROWTH + 1))
