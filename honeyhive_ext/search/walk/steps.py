"""The position of a walk, and its steps. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from honeyhive_ext.search.pages.page import Ask
from honeyhive_ext.search.pages.rows import Row


def _no_rows() -> dict[str, float | None]:
    return {}


@frozen
class Position:
    """The state of a walk between two requests: all that is needed to resume it.

    Attributes:
        lo: The start of the range, Unix ms.
        hi: The end of the next request, Unix ms.
        reach: Unix ms; every row at or above it was received. The next answer must hold a row at or above it.
            Otherwise the service did not read the end of the range as it was sent.
        past: The end of the request before, Unix ms. A repeated request goes no further back.
        drained: Whether the rows above `reach` came from a drain.
        failed: The ends that were asked without success: no row at or above `reach` appeared.
        overlap: Milliseconds by which a request overlaps the one before.
        seen: The ids that may come again, with their times.
        open: Whether the search has no date range, so that events without a start_time match too.
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
    """The next thing to do: rows to yield, and a request to send meanwhile.

    Attributes:
        rows: New rows, newest first.
        before: The position before these rows.
        after: The position once they are yielded; None at the end.
        ask: The next request; None at the end.
    """

    rows: Sequence[Row]
    before: Position
    after: Position | None
    ask: Ask | None
