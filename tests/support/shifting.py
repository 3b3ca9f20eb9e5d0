"""A search service in memory whose events come and go between requests, and a driver for the walk."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import define, field

from honeyhive_ext.errors import BadRequestError
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.rows import iso
from honeyhive_ext.search.walk.steps import Position
from honeyhive_ext.search.walk.walk import Walk
from honeyhive_ext.serialize.instants import EPOCH, time_of

Event = dict[str, Any]

HI = 10_000  # Unix ms; the end of the ranges that tests ask for


def ms_of(text: str) -> int:
    return round((datetime.fromisoformat(text) - EPOCH).total_seconds() * 1000)


def read_exactly(ms: int) -> float:
    return ms


def cut_to(unit: int) -> Callable[[int], float]:
    return lambda ms: ms - ms % unit


def raised_to(unit: int) -> Callable[[int], float]:
    return lambda ms: ms + -ms % unit


def rounded_to(unit: int) -> Callable[[int], float]:
    return lambda ms: math.floor(ms / unit + 0.5) * unit


@define
class Service:
    """Answers like `POST /v1/events/search`; every unknown of the API is a switch."""

    rng: random.Random
    events: dict[str, Event] = field(factory=dict)
    parse: Callable[[int], float] = read_exactly  # how the ends of a range are read
    parse_start: Callable[[int], float] | None = None  # how its start is read, where not as its end
    shuffled: bool = True  # events with equal times in another order at every request
    nulls: str = "last"  # where events without a start_time stand
    missing_matches_not: bool = True  # whether "is not" matches a missing field
    count_is: str = "total"  # total, page or nonsense
    cut: int = 1000  # a smaller page than requested, without a word
    most_filters: int = 100_000
    between: Callable[[Service], None] | None = None
    asks: list[Ask] = field(factory=list)

    def add(self, time: float | None, **fields: Any) -> Event:
        event_id = f"{self.rng.getrandbits(128):032x}"
        event: Event = {
            "event_id": event_id,
            "event_type": "model",
            "session_id": "s",
            "start_time": time,
            **fields,
        }
        self.events[event_id] = event
        return event

    def answer(self, ask: Ask) -> Page | PageRefused:
        if self.between is not None and self.asks:
            self.between(self)
        self.asks.append(ask)
        if len(ask.extra) > self.most_filters:
            return PageRefused(BadRequestError(400, "too many filters"))
        rows = self._in_range(ask)
        if ask.extra:
            rows = [e for e in rows if self._matches(e, ask)]
        if self.shuffled:
            self.rng.shuffle(rows)
        rows.sort(key=self._order, reverse=True)
        limit = min(ask.limit, self.cut)
        page = rows[(ask.page - 1) * limit : ask.page * limit]
        count = {"total": len(rows), "page": len(page), "nonsense": 10**6}[self.count_is]
        return Page(page, count)

    def _order(self, event: Mapping[str, Any]) -> float:
        time = time_of(event.get("start_time"))
        if time is None:
            return math.inf if self.nulls == "first" else -math.inf
        return time

    def _in_range(self, ask: Ask) -> list[Event]:
        if ask.lo is None or ask.hi is None:
            return list(self.events.values())
        lo, hi = (self.parse_start or self.parse)(ms_of(iso(ask.lo))), self.parse(ms_of(iso(ask.hi)))
        return [
            event
            for event in self.events.values()
            if (time := time_of(event.get("start_time"))) is not None and lo <= time <= hi
        ]

    def _matches(self, event: Mapping[str, Any], ask: Ask) -> bool:
        excluded: dict[str, set[Any]] = {}
        for one in ask.extra:
            have, operator, value = event.get(one["field"]), one["operator"], one["value"]
            if operator == "is not":
                excluded.setdefault(one["field"], set()).add(value)
            elif operator == "is":
                if have != value:
                    return False
            elif operator == "exists":
                if have is None:
                    return False
            elif operator == "not exists":
                if have is not None:
                    return False
            elif have is None:
                if operator == "contains" or not self.missing_matches_not:
                    return False
            elif (value in have) != (operator == "contains"):
                return False
        for name, values in excluded.items():
            have = event.get(name)
            if have in values or (have is None and not self.missing_matches_not):
                return False
        return True


def service(*times: float | None, **switches: Any) -> Service:
    """Make a service with events at these times, in Unix ms. Events of equal times keep their order."""
    made = Service(random.Random(7), shuffled=False, **switches)
    for time in times:
        made.add(time)
    return made


def drive(answering: Service, at: Position, *, size: int) -> Iterator[Any]:
    """Return the events that a walk yields, as a plain driver without prefetching gets them."""
    steps = Walk(at, size=size).run()
    step = next(steps)
    while True:
        for row in step.rows:
            yield row.value
        if step.ask is None:
            return
        step = steps.send(answering.answer(step.ask))
