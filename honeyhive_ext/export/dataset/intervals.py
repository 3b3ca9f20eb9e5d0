"""Which times of a set were searched, and which are missing. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from attrs import evolve, frozen


@frozen(order=True)
class Interval:
    """The times from lo to hi, both inclusive, in Unix ms."""

    lo: int
    hi: int


def joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same times as intervals that do not touch, earliest first.

    >>> joined([Interval(5, 9), Interval(1, 5), Interval(20, 30)])
    (Interval(lo=1, hi=9), Interval(lo=20, hi=30))
    """
    found: list[Interval] = []
    for one in sorted(intervals):
        if found and one.lo <= found[-1].hi:
            found[-1] = evolve(found[-1], hi=max(found[-1].hi, one.hi))
        else:
            found.append(one)
    return tuple(found)


def settled(searched: Iterable[Interval], overlap: int, before: int | None = None) -> tuple[Interval, ...]:
    """Return the times that need not be searched again.

    Args:
        searched: The times that were searched.
        overlap: How many ms before the end of each are searched again.
        before: Unix ms from which on everything is searched again; None for no such time.

    >>> settled([Interval(0, 100), Interval(200, 205)], 10), settled([Interval(0, 100)], 10, before=50)
    ((Interval(lo=0, hi=90),), (Interval(lo=0, hi=50),))
    """
    ends = [evolve(one, hi=one.hi - overlap) for one in joined(searched)]
    if before is not None:
        ends = [evolve(one, hi=min(one.hi, before)) for one in ends]
    return tuple(one for one in ends if one.lo <= one.hi)


def missing(asked: Interval, known: Iterable[Interval], overlap: int) -> list[Interval]:
    """Return what must be searched, newest first.

    Neighbours share their last ms, since an event may lie between two. Below known times an interval reaches
    into them, in case the service reads the end of a range less exactly.

    Args:
        asked: The times that are wanted.
        known: The times that need not be searched.
        overlap: How many ms an interval reaches into the known times above it.

    >>> missing(Interval(0, 100), [Interval(20, 60)], 5)
    [Interval(lo=60, hi=100), Interval(lo=0, hi=25)]
    """
    found: list[Interval] = []
    low = asked.lo
    for one in joined(known):
        if one.hi < asked.lo or one.lo > asked.hi:
            continue
        if one.lo > low:
            found.append(Interval(low, min(asked.hi, one.lo + overlap)))
        low = max(low, one.hi)
    if low < asked.hi or (not found and low == asked.lo):
        found.append(Interval(low, asked.hi))
    return found[::-1]


def searched_until(interval: Interval, times: Sequence[float]) -> tuple[Interval, ...]:
    """Return the part of an interval that counts as searched: up to the earliest of some times.

    >>> searched_until(Interval(0, 100), [50.5, 80]), searched_until(Interval(60, 100), [50.5])
    ((Interval(lo=0, hi=50),), ())
    """
    end = math.floor(min(interval.hi, *times))
    return (Interval(interval.lo, end),) if interval.lo <= end else ()
