"""What the walk and whoever sends its requests say to each other. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from honeyhive_ext.search.pages.page import Ask
from honeyhive_ext.search.pages.rows import Row


def _no_rows() -> dict[str, float | None]:
    return {}


@frozen
class Position:
    """Where a walk stands: all that a resumed one needs.

    Attributes:
        lo: The start of the range, Unix ms.
        hi: The end of the next request, Unix ms.
        reach: Every row from here up is had. The next answer must show a row from here up, or its end was
            not what was asked for.
        past: The end of the request before, as far back as a request may be repeated.
        drained: The rows above `reach` came from a drain.
        failed: The ends asked in vain: nothing from `reach` up appeared.
        overlap: Milliseconds by which one request overlaps the last.
        seen: The ids that may come again, with their times.
        open: The search has no date range of its own, so that events without a start_time match as well.
    """

    lo: int | None
    hi: int | None
    reach: float | None = None
    past: int | None = None
    drained: bool = False
    failed: tuple[int, ...] = ()
    overlap: int = 1
    seen: Mapping[str, float | None] = field(factory=_no_rows)
    open: bool = False


@frozen
class WalkStep:
    """What the walk does next: rows to hand out, and a request to send meanwhile.

    Attributes:
        rows: New rows, newest first.
        before: Where the walk stood before these rows.
        after: Where it stands once they are handed out; None at the end.
        ask: The next request; None at the end.
    """

    rows: Sequence[Row]
    before: Position
    after: Position | None
    ask: Ask | None
