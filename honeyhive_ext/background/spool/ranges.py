"""A set of positions that is held as ranges. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """A set of integers, small where they follow one another.

    >>> found = Ranges([(1, 3), (7, 7), (4, 4)])
    >>> list(found), len(found), 3 in found, 5 in found
    ([(1, 4), (7, 7)], 5, True, False)
    """

    __slots__ = ("_count", "_firsts", "_lasts")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._count = 0
        for first, last in ranges:
            self.add(first, last)

    def add(self, first: int, last: int) -> None:
        """Add the positions from first to last."""
        firsts, lasts = self._firsts, self._lasts
        low = bisect_left(lasts, first - 1)  # the ranges from low to high touch the new one
        high = bisect_right(firsts, last + 1)
        if low < high:
            first, last = min(first, firsts[low]), max(last, lasts[high - 1])
            self._count -= sum(lasts[n] - firsts[n] + 1 for n in range(low, high))
        firsts[low:high] = [first]
        lasts[low:high] = [last]
        self._count += last - first + 1

    def __contains__(self, position: int) -> bool:
        at = bisect_left(self._lasts, position)
        return at < len(self._firsts) and self._firsts[at] <= position

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        return self._count

    @property
    def first(self) -> int:
        """Return the smallest position, -1 without one."""
        return self._firsts[0] if self._firsts else -1

    @property
    def last(self) -> int:
        """Return the largest position, -1 without one."""
        return self._lasts[-1] if self._lasts else -1

    def without(self, others: Ranges) -> Ranges:
        """Return the positions that others lacks.

        >>> list(Ranges([(1, 9)]).without(Ranges([(0, 1), (4, 5)])))
        [(2, 3), (6, 9)]
        """
        left = Ranges()
        for first, last in self:
            at = bisect_left(others._lasts, first)
            while at < len(others._firsts) and others._firsts[at] <= last:
                if first < others._firsts[at]:
                    left.add(first, others._firsts[at] - 1)
                first = others._lasts[at] + 1
                at += 1
            if first <= last:
                left.add(first, last)
        return left

    def within(self, others: Ranges) -> Ranges:
        """Return the positions that others has too.

        >>> list(Ranges([(1, 9)]).within(Ranges([(0, 1), (4, 5)])))
        [(1, 1), (4, 5)]
        """
        return self.without(self.without(others))


def ranges_of(positions: Iterable[int]) -> Ranges:
    """Return positions, in any order, as ranges."""
    if isinstance(positions, range) and positions.step == 1:
        return Ranges([(positions.start, positions.stop - 1)] if positions else [])
    found = Ranges()
    first = last = None
    for position in sorted(positions):
        if last is not None and position <= last + 1:
            last = position
            continue
        if first is not None and last is not None:
            found.add(first, last)
        first = last = position
    if first is not None and last is not None:
        found.add(first, last)
    return found
