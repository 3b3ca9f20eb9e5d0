"""An event as a row of a table. Pure."""

from __future__ import annotations

from typing import Any, cast

from honeyhive_ext.views.drawing import error_text, length_of, title_of
from honeyhive_ext.views.formats import Cell, cost_text
from honeyhive_ext.views.usage import EventFields, error_of, shown_of, when

COLUMNS = ("start", "event", "duration", "model", "tokens", "cost", "error")


def row_of(event: Any) -> list[Cell]:
    """Return the cells of one event. A row that is not an object has its text only."""
    if not isinstance(event, dict):
        return [None, f"not an event: {error_text(event)}", *[None] * (len(COLUMNS) - 2)]
    fields = cast("EventFields", event)
    shown = shown_of(fields)
    error = error_of(fields)
    return [
        when(shown.start) or None,
        title_of(fields),
        length_of(fields, shown) or None,
        shown.model,
        shown.tokens,
        None if shown.cost is None else cost_text(shown.cost),
        None if error is None else error_text(error),
    ]
