"""What a notebook shows of a search: its first rows, and how many there are if that is known. Pure.

Nothing is sent for it. What is shown was fetched before, by an iteration or by `count`.
"""

from __future__ import annotations

from honeyhive_ext.search.cursor import Count, Cursor, described
from honeyhive_ext.search.query import Query
from honeyhive_ext.views.event_row import COLUMNS
from honeyhive_ext.views.formats import Cell
from honeyhive_ext.views.markup import card


def result_html(name: str, query: Query, cursor: Cursor | None, counted: Count | None) -> str:
    """Return what a notebook shows of a search.

    Args:
        name: The name of the result's class.
        query: What was asked for.
        cursor: The latest iteration; None if there was none.
        counted: What `count` returned last.
    """
    rows = cursor.preview() if cursor is not None else []
    yielded = cursor.yielded if cursor is not None else 0
    facts: list[tuple[str, Cell]] = [
        ("search", described(query) or "all events"),
        ("matches", None if counted is None else f"{int(counted):,}"),
        ("fetched", _fetched(cursor, yielded)),
    ]
    return card(name, facts, COLUMNS, rows, of=max(yielded, len(rows)))


def _fetched(cursor: Cursor | None, yielded: int) -> str:
    if cursor is None:
        return "nothing yet: iterate, or call first(), to_list() or to_dataframe()"
    return f"{yielded:,}, which is all" if cursor.ended else f"{yielded:,} so far"
