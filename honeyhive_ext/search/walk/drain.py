"""Fetch every row of a short range that holds more rows than one page, whatever their order. Pure.

Such a range cannot be split by time any further, so it is split by filters. An answer shorter than a page is
complete. The parts of a split together cover the whole: `is v` for each value seen, `is not` for all of these
values, and `not exists`. So nothing depends on the order of rows with equal times, nor on whether `is not`
matches a missing field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TypeAlias

from attrs import define, frozen

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused, WireFilter
from honeyhive_ext.search.pages.rows import Row, field_text, newest_first, read_rows

Asking: TypeAlias = Generator[Ask, Page | PageRefused, "list[Row]"]

MOST_FILTERS = 2_000  # in one request, about 200 KB; lowered when the service refuses fewer
MOST_PARTS = 12  # a field with more values than this in a page is split only if nothing else helps
FIELDS = ("event_type", "session_id", "event_name", "parent_id")  # properties that an update cannot change


@define
class Learned:
    """What the answers have shown about the service so far."""

    size: int  # events in a full page: the number asked for, or the smaller number that the service sends
    counts: bool | None = None  # whether a count above the rows of a page means that there are more rows
    most_filters: int = MOST_FILTERS

    def is_full(self, page: Page, rows: Sequence[Row]) -> bool:
        """Return whether the range may hold more rows than these."""
        return len(rows) >= self.size or bool(
            self.counts and rows and page.count is not None and page.count > len(rows)
        )


class _RefusedError(Exception):
    """The service refuses the filters of a part, so that another split is needed."""

    def __init__(self, refusal: PageRefused) -> None:
        self.refusal = refusal


@frozen
class _Split:
    parts: tuple[tuple[WireFilter, ...], ...]


def condition(field: str, operator: str, value: str | None = None) -> WireFilter:
    """Return one filter of a request, as it is sent."""
    if value is None:
        return {"field": field, "operator": operator, "value": None}
    return {"field": field, "operator": operator, "value": value, "type": "string"}


def drain(lo: int | None, hi: int | None, learned: Learned, extra: tuple[WireFilter, ...] = ()) -> Asking:
    """Return every row of [lo, hi] that matches `extra`, newest first, each once.

    Raises:
        PaginationIncomplete: No filter splits the rows that do not fit a page, or the service refuses the
            filters that would split them.
    """
    try:
        rows = yield from _drain(lo, hi, learned, extra)
    except _RefusedError as refused:
        raise PaginationIncomplete(
            f"{_range(lo, hi)} holds more events than a page, and the service refuses the filters that "
            f"split them: {refused.refusal.error}"
        ) from refused.refusal.error
    return newest_first(rows.values())


def _drain(
    lo: int | None, hi: int | None, learned: Learned, extra: tuple[WireFilter, ...]
) -> Generator[Ask, Page | PageRefused, dict[str, Row]]:
    page, rows = yield from _ask(lo, hi, learned, extra)
    got = {row.key: row for row in rows}
    if not learned.is_full(page, rows):
        return got
    # Excluding costs the fewest requests, unless there are more rows than one request can exclude.
    most = learned.most_filters - len(extra) + learned.size
    many = page.count is not None and page.count > most
    if not many and (yield from _exclude(lo, hi, learned, extra, got)):
        return got
    for split in _splits(list(got.values()), extra):
        try:
            for part in split.parts:
                got.update((yield from _drain(lo, hi, learned, (*extra, *part))))
        except _RefusedError:
            continue
        return got
    if many and (yield from _exclude(lo, hi, learned, extra, got)):
        return got
    raise PaginationIncomplete(
        f"{_range(lo, hi)} holds more events than a page of {learned.size}, and no filter tells them apart. "
        "A larger page_size may hold them all."
    )


def _ask(
    lo: int | None, hi: int | None, learned: Learned, extra: tuple[WireFilter, ...]
) -> Generator[Ask, Page | PageRefused, tuple[Page, list[Row]]]:
    answer = yield Ask(lo, hi, learned.size, extra=extra)
    if isinstance(answer, PageRefused):
        raise _RefusedError(answer)
    return answer, read_rows(answer.events)


def _exclude(
    lo: int | None, hi: int | None, learned: Learned, extra: tuple[WireFilter, ...], got: dict[str, Row]
) -> Generator[Ask, Page | PageRefused, bool]:
    """Ask for all rows except those received, until an answer is short. False: too many to exclude.

    This costs the fewest requests: each but the last brings a whole page of new rows.
    """
    while True:
        ids = [event_id for row in got.values() if (event_id := field_text(row, "event_id"))]
        if not ids or len(extra) + len(ids) > learned.most_filters:
            return False
        others = tuple(condition("event_id", "is not", event_id) for event_id in ids)
        try:
            page, rows = yield from _ask(lo, hi, learned, (*extra, *others))
        except _RefusedError:
            learned.most_filters = len(extra) + len(ids) - 1
            return False
        new = [row for row in rows if row.key not in got]
        got.update((row.key, row) for row in new)
        if not learned.is_full(page, rows):
            break
        if not new:
            return False
    # A service may leave out rows without an event_id from the answer to "is not".
    page, rows = yield from _ask(lo, hi, learned, (*extra, condition("event_id", "not exists")))
    got.update((row.key, row) for row in rows)
    return not learned.is_full(page, rows)


def _splits(rows: list[Row], extra: Iterable[WireFilter]) -> Iterator[_Split]:
    """Yield ways to split the range into parts, the one with the fewest requests first."""
    used = {str(one["field"]) for one in extra if one["operator"] in ("is", "not exists")}
    values = {
        field: Counter(text for row in rows if (text := field_text(row, field)))
        for field in FIELDS
        if field not in used
    }
    useful = [
        (field, counter)
        for field, counter in values.items()
        if counter and max(counter.values()) < len(rows) and not _excluded(field, counter, extra)
    ]
    useful.sort(key=lambda pair: max(pair[1].values()))
    few = min(MOST_PARTS, len(rows) // 3)  # each value costs a request, which should bring several rows
    for field, counter in useful:
        if len(counter) <= few:
            yield _by_values(field, counter)
    text = _halving_text([event_id for row in rows if (event_id := field_text(row, "event_id"))])
    if text is not None and not _tried(text, extra):
        yield _Split(
            (
                (condition("event_id", "contains", text),),
                (condition("event_id", "not contains", text),),
                (condition("event_id", "not exists"),),
            )
        )
    for field, counter in useful:
        if len(counter) > few:
            yield _by_values(field, counter)


def _excluded(field: str, values: Iterable[str], extra: Iterable[WireFilter]) -> bool:
    """Return whether the values were already excluded. If they still come, the service ignores it."""
    left_out = [one for one in extra if one["field"] == field and one["operator"] == "is not"]
    return not {one["value"] for one in left_out}.isdisjoint(values)


def _tried(text: str, extra: Iterable[WireFilter]) -> bool:
    """Return whether the ids were already split by this text. If both come, the service ignores it."""
    return any(one["value"] == text and one["operator"] in ("contains", "not contains") for one in extra)


def _by_values(field: str, values: Iterable[str]) -> _Split:
    each = [(condition(field, "is", value),) for value in values]
    rest = tuple(condition(field, "is not", value) for value in values)
    return _Split((*each, rest, (condition(field, "not exists"),)))


def _halving_text(ids: list[str]) -> str | None:
    """Return the one or two characters that are in nearly half of the ids; None if nothing splits them."""
    counts: Counter[str] = Counter()
    for event_id in ids:
        pairs = {event_id[i : i + 2] for i in range(len(event_id))}
        counts.update(pairs | set(event_id))
    if not counts:
        return None
    text, count = min(counts.items(), key=lambda item: (abs(item[1] - len(ids) / 2), item[0]))
    return text if count < len(ids) else None


def _range(lo: int | None, hi: int | None) -> str:
    if hi is None:
        return "The range"
    return f"The time from {lo} to {hi} (Unix ms)"
