"""A tree as HTML: collapsible, with a timeline, without a script. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from honeyhive_ext.views.contents import (
    Budget,
    contents_html,
    error_html,
    kind_class,
    name_html,
    set_names,
)
from honeyhive_ext.views.drawing import (
    DEEPEST,
    Placed,
    earliest,
    length_of,
    mark_text,
    offset_of,
    sums_below,
    title_of,
    usage_parts,
)
from honeyhive_ext.views.formats import count_text, duration_text
from honeyhive_ext.views.markup import escaped, note, span
from honeyhive_ext.views.usage import EventFields, Shown, error_of, shown_of, when

ALL_OPEN = 200  # events of a tree that is drawn with all its levels open
LEAST_BAR = 0.8  # of 100, so that the shortest step is seen


class _Times(NamedTuple):
    begin: float | None
    span: float  # 0 if there is no timeline


def tree_html(placed: Sequence[Placed], session_id: str, *, limit: int | None, characters: int) -> str:
    """Return the body of a page that shows a tree.

    Args:
        placed: The events in tree order.
        session_id: The session.
        limit: How many events are drawn at most. The number of the others is said.
        characters: How many characters of the events' contents are shown at most, which is said as well.
    """
    if not placed:
        return note(f"no events in session {session_id}")
    shown = [shown_of(one.event) for one in placed]
    begin = earliest(shown)
    ends = [one.start + (one.duration or 0) for one in shown if one.start is not None]
    times = _Times(begin, _finite(max(ends) - begin) if ends and begin is not None else 0)
    drawn = placed if limit is None else placed[: max(0, limit)]
    rows = "".join(_nodes(drawn, shown, sums_below(placed, shown), times, Budget(characters)))
    return _head(placed, times) + f'<div class="hh-tree">{rows}</div>' + _left_out(placed, len(drawn))


def _head(placed: Sequence[Placed], times: _Times) -> str:
    errors = sum(1 for one in placed if error_of(one.event) is not None)
    facts = [count_text(len(placed), "event"), count_text(errors, "error") if errors else ""]
    facts += [duration_text(times.span) if times.span else "", when(times.begin)]
    title = f"<b>{escaped(title_of(placed[0].event))}</b>"
    return f'<div class="hh-head">{title} {span("dim", " · ".join(filter(None, facts)))}</div>'


def _left_out(placed: Sequence[Placed], drawn: int) -> str:
    rest = placed[drawn:]
    if not rest:
        return ""
    errors = sum(1 for one in rest if error_of(one.event) is not None)
    among = f", {count_text(errors, 'error')} among them" if errors else ""
    return note(f"{count_text(len(rest), 'more event')}{among}: tree.to_html(limit=None) draws all of them")


def _nodes(
    placed: Sequence[Placed],
    shown: Sequence[Shown],
    sums: Sequence[tuple[float | None, float | None]],
    times: _Times,
    budget: Budget,
) -> Iterator[str]:
    unfolded = _unfolded(placed)
    open_elements = 0
    for at, one in enumerate(placed):
        level = min(one.depth, DEEPEST + 1)  # deeper events are drawn next to each other, with their level
        while open_elements > level:
            open_elements -= 1
            yield "</div></details>"
        row = _row_html(one, shown[at], sums[at], times)
        inside = contents_html(one.event, budget)
        if not one.children or level > DEEPEST:
            yield f'<details class="{_classes(one.event)}">{row}<div class="hh-in">{inside}</div></details>'
            continue
        state = " open" if unfolded[at] else ""
        names = [name for name in set_names(one.event) if name != "source" and not name.endswith("_id")]
        label = escaped(" · ".join(names) or "more")
        fields = f'<details class="hh-fields"><summary>{label}</summary>'
        fields += f'<div class="hh-in">{inside}</div></details>'
        yield f'<details class="{_classes(one.event)}"{state}>{row}<div class="hh-in">{fields}'
        open_elements += 1
    yield "</div></details>" * open_elements


def _unfolded(placed: Sequence[Placed]) -> list[bool]:
    """Return which events are open: all in a small tree, else the first levels and the way to each error."""
    if len(placed) <= ALL_OPEN:
        return [True] * len(placed)
    found = [False] * len(placed)
    lead = -1  # the level of the ancestors of an error that was seen
    for at in range(len(placed) - 1, -1, -1):
        one = placed[at]
        if one.depth == lead:
            found[at] = True
            lead -= 1
        found[at] = found[at] or one.depth < 2
        if error_of(one.event) is not None:
            lead = max(lead, one.depth - 1)
    return found


def _classes(event: EventFields) -> str:
    return f"hh-node {kind_class(event)}"


def _row_html(one: Placed, shown: Shown, total: tuple[float | None, float | None], times: _Times) -> str:
    level = span("dim", f"({one.depth}) ") if one.depth > DEEPEST else ""
    mark = mark_text(one.event, one.mark)
    warning = f'<span class="hh-bad">{escaped(mark)}</span>' if mark else ""
    offset = offset_of(shown, times.begin) if one.depth else ""
    return (
        f'<summary><span class="hh-row"><span class="hh-name">{level}{name_html(one.event)}</span> '
        f"{span('use', ' · '.join(usage_parts(shown, total)))} "
        f'<span class="hh-at">{escaped(offset)}</span> '
        f'<span class="hh-for">{escaped(length_of(one.event, shown))}</span> {_bar(shown, times)}</span>'
        f"{error_html(one.event)}{warning}</summary>"
    )


def _bar(shown: Shown, times: _Times) -> str:
    if not times.span or times.begin is None or shown.start is None:
        return '<svg class="hh-time" aria-hidden="true"></svg>'
    start = min(100 - LEAST_BAR, max(0.0, 100 * (shown.start - times.begin) / times.span))
    size = 100.0 if shown.duration is None else 100 * shown.duration / times.span
    width = min(100 - start, max(LEAST_BAR, size))
    state = ' class="hh-open"' if shown.duration is None else ""
    rect = f'<rect x="{start:.2f}" y="1" width="{width:.2f}" height="8"{state}/>'
    frame = 'viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"'
    return f'<svg class="hh-time" {frame}>{rect}</svg>'


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0
