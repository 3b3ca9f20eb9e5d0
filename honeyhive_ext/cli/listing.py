"""What a command prints: rows, and how they look as a table. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from attrs import frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.export.table import Kind
from honeyhive_ext.reading.value_at import value_at
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.views.cells import cells, cut_to
from honeyhive_ext.views.formats import duration_text

NARROW = 8  # columns that a cell keeps where the terminal is too narrow
_GAP = "  "


@frozen
class TableColumn:
    """A column of a table.

    Attributes:
        name: Its heading.
        most: The widest cell that is shown whole; 0 for any.
        right: Whether its cells end at the same place, as numbers do.
        whole: Whether its cells are never cut, as ids are not.
        style: How it is coloured where colours are wanted.
    """

    name: str
    most: int = 40
    right: bool = False
    whole: bool = False
    style: str = ""


@frozen
class Listing:
    """The rows that a command prints.

    Attributes:
        rows: Each row as JSON has it.
        columns: The columns of the table.
        cells: The cells of a row in the table.
        kinds: The columns of CSV and Parquet with what they hold; None for the columns of an event.
        single: Whether there is one row, which JSON shows as an object.
        live: Whether each row is shown as soon as it is there.
    """

    rows: Iterable[Any]
    columns: Sequence[TableColumn]
    cells: Callable[[Any], Sequence[str]]
    kinds: Mapping[str, Kind] | None = None
    single: bool = False
    live: bool = False


EVENT_COLUMNS = (
    TableColumn("start_time", whole=True),
    TableColumn("type", 10),
    TableColumn("name", 40, style="bold"),
    TableColumn("duration", right=True),
    TableColumn("error", 60, style="red"),
    TableColumn("event_id", whole=True, style="dim"),
)


def event_cells(event: Any) -> tuple[str, ...]:
    """Return the cells of an event in a table.

    >>> event_cells({"event_type": "tool", "start_time": 0, "duration": 1500, "event_id": "e1"})
    ('1970-01-01 00:00:00.000', 'tool', '', '1.50 s', '', 'e1')
    """
    get = cast("dict[str, Any]", event).get if isinstance(event, dict) else dict[str, Any]().get
    words = (get("event_type"), get("event_name"), get("error"), get("event_id"))
    kind, name, error, event_id = ("" if word is None else cell(word) for word in words)
    return (moment(get("start_time")), kind, name, duration_cell(get("duration")), error, event_id)


def cell(value: Any) -> str:
    """Return any value as one line of text.

    >>> cell({"a": [1]}), cell("x"), cell(None), cell(0.25)
    ('{"a":[1]}', 'x', '', '0.25')
    """
    if value is None:
        return ""
    return printable(value if isinstance(value, str) else exact_json(value))


def moment(value: Any) -> str:
    """Return a time in Unix ms as a person reads it, in UTC; what is no such time as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return cell(value)
    try:
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    except (ValueError, OverflowError, OSError):
        return cell(value)


def duration_cell(value: Any) -> str:
    """Return a duration in ms as a person reads it; what is no duration as it is.

    >>> duration_cell(250), duration_cell("long")
    ('250 ms', 'long')
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return cell(value)
    return duration_text(value)


def fields_listing(rows: Iterable[Any], paths: Sequence[str]) -> Listing:
    """Return the rows with these fields alone. A field that a row does not have is null."""
    columns = [
        TableColumn(path, 0 if path.endswith("_id") else 60, whole=path.endswith("_id")) for path in paths
    ]
    picked = ({path: value_at(row, path) for path in paths} for row in rows)
    return Listing(
        picked, columns, lambda row: [cell(row[path]) for path in paths], dict.fromkeys(paths, "json")
    )


def widths(columns: Sequence[TableColumn], rows: Sequence[Sequence[str]], most: int | None) -> list[int]:
    """Return the widths of the columns of a table, so that it fits into `most` columns of a terminal.

    The widest column that may be cut gives way first.
    """
    found = [
        max([cells(column.name), *(cells(row[at]) for row in rows)]) for at, column in enumerate(columns)
    ]
    found = [
        min(width, max(column.most, len(column.name))) if column.most and not column.whole else width
        for width, column in zip(found, columns, strict=True)
    ]
    while most is not None and sum(found) + len(_GAP) * (len(found) - 1) > most:
        flexible = [at for at, column in enumerate(columns) if not column.whole and found[at] > NARROW]
        if not flexible:
            break
        found[max(flexible, key=lambda at: found[at])] -= 1
    return found


def aligned(texts: Sequence[str], columns: Sequence[TableColumn], wide: Sequence[int]) -> list[str]:
    """Return the cells of one line, padded to the widths of their columns, with gaps between them."""
    made: list[str] = []
    for at, (text, column, width) in enumerate(zip(texts, columns, wide, strict=True)):
        shown = text if column.whole else cut_to(text, width)
        space = " " * (width - cells(shown))
        last = at == len(texts) - 1
        made.append(space + shown if column.right else shown + ("" if last else space))
        if not last:
            made.append(_GAP)
    return made
