"""The overlap of two requests of the walk: its width in ms, and the rows that come again. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter

from attrs import evolve

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.rows import YEAR_9999, Row, key_of
from honeyhive_ext.search.walk.steps import Position

OVERLAPS = (1, 10, 100, 1_000, 60_000, 3_600_000, 86_400_000)  # ms; a service may cut times to these units

_KEY_AND_TIME: Callable[[Row], tuple[str, float | None]] = itemgetter(0, 1)


def unseen(seen: Mapping[str, float | None], rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose ids were not seen, each once."""
    keys = {*map(key_of, rows)}
    if len(keys) == len(rows):
        return [row for row in rows if row[0] not in seen]
    new: dict[str, Row] = {}
    for row in rows:
        if row.key not in seen:
            new.setdefault(row.key, row)
    return list(new.values())


def remember(at: Position, overlap: int, rows: Sequence[Row]) -> dict[str, float | None]:
    """Return the ids that a request with an end of at most `at.hi` may bring again, with their times."""
    if at.hi is None:
        seen = dict(at.seen)
    else:
        top = at.hi + overlap
        seen = {key: time for key, time in at.seen.items() if time is None or time <= top}
    seen.update(map(_KEY_AND_TIME, rows))
    return seen


def wanted_overlap(at: Position, known: Sequence[float]) -> int:
    """Return the overlap, wider if the times show that the service reads or sorts them coarsely."""
    wanted = float(at.overlap)
    if not known:
        return at.overlap
    if at.hi is not None:
        wanted = max(wanted, max(known) - at.hi)
    if known != sorted(known, reverse=True):
        wanted = max(wanted, *(time - previous for previous, time in pairwise(known)))
    return next((unit for unit in OVERLAPS if unit >= wanted), OVERLAPS[-1])


def further_back(at: Position) -> Position:
    """Return the same position with a later end: its rows were deleted, or the service cuts times."""
    hi, past = at.hi, at.past
    if hi is None:
        raise PaginationIncomplete("The service's answers to one range contradict each other.")
    failed = (*at.failed, hi)
    tries = len(failed)
    later = sorted(time for time in at.seen.values() if time is not None and time > hi)
    if tries >= len(OVERLAPS):
        return evolve(at, hi=past, failed=failed)
    end = failed[0] + OVERLAPS[tries]
    if later:
        end = max(end, math.ceil(later[min(1 << 2 * (tries - 1), len(later)) - 1]) + at.overlap)
    return evolve(at, hi=min(end, YEAR_9999 if past is None else past), failed=failed)


def coarseness(at: Position, rows: Iterable[Row]) -> int:
    """Return the overlap that the service needs, if a row came only with an end later than its own time."""
    reach, hi = at.reach, at.hi
    if not at.failed or reach is None:
        return 1
    again = [row.time for row in rows if row.time is not None and row.key in at.seen]
    if not any(reach <= time <= at.failed[0] for time in again):
        return 1  # the rows that did not appear are deleted

    def explains(unit: int) -> bool:
        """Return whether a service that cuts times to `unit` would answer as this one did."""
        return all(end - end % unit < reach for end in at.failed) and (hi is None or hi - hi % unit >= reach)

    wider = [unit for unit in OVERLAPS if unit > at.overlap]
    fits = [unit for unit in wider if explains(unit)] or wider[-1:]
    return fits[0] if fits else at.overlap
