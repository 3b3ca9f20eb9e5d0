"""A tree as lines of text, for a terminal or a file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from honeyhive_ext.config.printable import printable
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.views.cells import cells, cut_to
from honeyhive_ext.views.formats import cost_text, count_text, duration_text, offset_text
from honeyhive_ext.views.usage import EventFields, Shown, error_of, has_no_end, shown_of

SHOWN = 80  # characters of a name or an error in a drawing
DEEPEST = 30  # levels that are drawn as indentation; below, a number says the level
LEFT = 60  # columns that names are padded to at most
LEAST_LEFT = 24  # columns that a name keeps on a narrow terminal
LEAST_ERROR = 20  # columns that an error keeps there

_COLOURS = {"session": "1", "chain": "35", "model": "34", "tool": "32"}
_ERROR, _DIM = "31", "2"


class Placed(NamedTuple):
    """An event at its place in a tree. Trees are drawn from a list of these, in tree order.

    Attributes:
        event: The event as it came.
        depth: How many events are above it.
        last: Whether no sibling follows.
        children: How many events are right below it.
        mark: "orphan", "cycle" or "".
    """

    event: EventFields
    depth: int
    last: bool
    children: int
    mark: str


class _Row(NamedTuple):
    prefix: str  # each of its characters takes one column
    title: str
    kind: str
    offset: str
    duration: str
    rest: str
    error: str
    notes: str


def tree_lines(placed: Sequence[Placed], *, width: int | None = None, colour: bool = False) -> Iterator[str]:
    """Yield a line for each event: name, offset, duration, model, tokens, cost, error.

    Args:
        placed: The events in tree order.
        width: Columns of the terminal, at which lines are cut; None for lines that are as long as they are.
        colour: Whether to use the colours of a terminal.

    >>> one = {"event_type": "tool", "event_name": "search", "start_time": 5, "duration": 12.5}
    >>> [*tree_lines([Placed(one, 0, True, 0, "")])]
    ['tool search  12.5 ms']
    """
    deepest = DEEPEST if width is None else max(4, min(DEEPEST, (width - LEAST_LEFT - LEAST_ERROR) // 4))
    shown = [shown_of(one.event) for one in placed]
    begin, sums = earliest(shown), sums_below(placed, shown)
    parts = zip(placed, shown, _prefixes(placed, deepest), sums, strict=True)
    rows = [_row(one, figures, prefix, begin, total) for one, figures, prefix, total in parts]
    lefts = [len(row.prefix) + cells(row.title) for row in rows]
    left = min(LEFT, max(lefts, default=0))
    offset = max((len(row.offset) for row in rows), default=0)
    duration = max((len(row.duration) for row in rows), default=0)
    for row in rows:
        yield _line(row, (left, offset, duration), width, colour=colour)


def title_of(event: EventFields) -> str:
    """Return the type and the name of an event, as a terminal may show them."""
    words = [word for word in (event.get("event_type"), event.get("event_name")) if isinstance(word, str)]
    return short(" ".join(filter(None, words))) or "(unnamed)"


def error_text(error: Any) -> str:
    """Return an error as one short text. The API document promises a str; others are shown as JSON."""
    return short(error if isinstance(error, str) else exact_json(error))


def mark_text(event: EventFields, mark: str) -> str:
    """Return what is odd about an event's place in the tree, or ""."""
    parent = short(str(event.get("parent_id")))
    if mark == "orphan":
        return f"(its parent {parent} is not in this session)"
    return f"(its parents lead back to it, by way of {parent})" if mark == "cycle" else ""


def short(text: str) -> str:
    """Return the beginning of a text, printable."""
    return printable(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def earliest(shown: Sequence[Shown]) -> float | None:
    """Return the first start_time in Unix ms, from which offsets count."""
    return min((one.start for one in shown if one.start is not None), default=None)


def _prefixes(placed: Sequence[Placed], deepest: int) -> Iterator[str]:
    rests = [""] * (deepest + 1)  # what stands before the branches of each level
    for one in placed:
        if one.depth == 0:
            rests[0] = ""
            yield ""
            continue
        branch, below = ("└── ", "    ") if one.last else ("├── ", "│   ")
        level = min(one.depth, deepest + 1)
        above = rests[level - 1]
        if level <= deepest:
            rests[level] = above + below
        yield above + (branch if level <= deepest else f"({one.depth}) {branch}")


def sums_below(placed: Sequence[Placed], shown: Sequence[Shown]) -> list[tuple[float | None, float | None]]:
    """Return the tokens and the cost below each root that has none itself; for all others None.

    An event's own number stands for all that is below it, as agents often repeat the numbers of their calls.
    """
    sums: list[tuple[float | None, float | None]] = [(None, None)] * len(placed)
    levels: list[list[float | None]] = []  # the sums of the children seen so far, by depth
    for at in range(len(placed) - 1, -1, -1):
        one, own = placed[at], shown[at]
        while len(levels) < one.depth + 2:
            levels.append([None, None])
        below = levels[one.depth + 1]
        levels[one.depth + 1] = [None, None]
        for which, value in enumerate((own.tokens, own.cost)):
            value = below[which] if value is None else value
            if value is not None:
                levels[one.depth][which] = (levels[one.depth][which] or 0) + value
        if one.depth == 0:
            sums[at] = (
                below[0] if own.tokens is None else None,
                below[1] if own.cost is None else None,
            )
            levels[0] = [None, None]
    return sums


def _row(
    one: Placed, shown: Shown, prefix: str, begin: float | None, total: tuple[float | None, float | None]
) -> _Row:
    event = one.event
    kind = event.get("event_type")
    error = error_of(event)
    return _Row(
        prefix=prefix,
        title=title_of(event),
        kind=kind if isinstance(kind, str) else "",
        offset=offset_of(shown, begin) if one.depth else "",
        duration=length_of(event, shown),
        rest="  ".join(usage_parts(shown, total)),
        error="" if error is None else f"error: {error_text(error)}",
        notes=mark_text(event, one.mark),
    )


def offset_of(shown: Shown, begin: float | None) -> str:
    """Return how much later than the tree an event began, or ""."""
    return "" if shown.start is None or begin is None else offset_text(shown.start - begin)


def length_of(event: Mapping[str, Any], shown: Shown) -> str:
    """Return an event's duration, "no end" for an event that has none, or "" if only its start is missing."""
    if shown.duration is not None:
        return duration_text(shown.duration)
    return "no end" if has_no_end(event) else ""


def usage_parts(shown: Shown, total: tuple[float | None, float | None] = (None, None)) -> list[str]:
    """Return the model, the tokens and the cost of an event; sums of what is below it are "in all"."""
    parts = [short(shown.model)] if shown.model is not None else []
    parts += [count_text(shown.tokens, "token")] if shown.tokens is not None else []
    parts += [cost_text(shown.cost)] if shown.cost is not None else []
    tokens, cost = total
    sums = [count_text(tokens, "token")] if tokens is not None else []
    sums += [cost_text(cost)] if cost is not None else []
    return [*parts, f"in all {', '.join(sums)}"] if sums else parts


def _line(row: _Row, columns: tuple[int, int, int], width: int | None, *, colour: bool) -> str:
    left, offset, duration = columns
    tail = "  ".join(filter(None, (row.rest, row.error, row.notes)))
    figures = "  ".join(
        text.rjust(size) for text, size in ((row.offset, offset), (row.duration, duration)) if size
    )
    if width is not None:
        needed = len(figures) + 2 + min(cells(tail), LEAST_ERROR + cells(row.rest)) + 2
        left = min(left, max(LEAST_LEFT, width - needed))
    title = row.title
    if width is not None:
        title = cut_to(title, max(LEAST_LEFT // 2, left - len(row.prefix)))
    head = row.prefix + title
    used = len(row.prefix) + cells(title)
    rest = f"{' ' * (left - used)}  {figures}  {tail}".rstrip()
    if width is not None:
        rest = cut_to(rest, max(0, width - used))
        head = head if used <= width else cut_to(head, width)
    return _coloured(row, head + rest, head) if colour else head + rest


def _coloured(row: _Row, line: str, head: str) -> str:
    """Return a line with the colours of a terminal."""
    prefix, title, rest = head[: len(row.prefix)], head[len(row.prefix) :], line[len(head) :]
    code = _ERROR if row.error else _COLOURS.get(row.kind, "")
    painted = _painted(title, code)
    plain, mark, failed = rest.partition("error: ") if row.error else (rest, "", "")
    return _painted(prefix, _DIM) + painted + plain + _painted(mark + failed, _ERROR)


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text
