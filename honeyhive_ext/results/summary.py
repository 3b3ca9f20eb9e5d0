"""`summarize`, and `summary` of a search: counts, errors, durations, tokens and costs of many events.

Events are read once and not kept, so memory does not grow with them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, cast

from attrs import asdict, define, field, frozen

from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters.values import event_fields, first_names
from honeyhive_ext.reading.value_at import value_at
from honeyhive_ext.results.quantiles import Quantiles
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.views.cells import cells, padded
from honeyhive_ext.views.figures import model_of
from honeyhive_ext.views.formats import cost_text, duration_text, number_text
from honeyhive_ext.views.usage import error_of, shown_of
from honeyhive_ext.views.usage_sums import UsageSums, add_usage, usage

MOST_GROUPS = 1_000  # values that have a row of their own
KEPT = 200  # characters of a value; longer values are told apart, and are cut
SHOWN = 40  # characters of a value in a drawing
IN_A_NOTEBOOK = 50  # values that a notebook shows
MODEL = "model"  # `by="model"`: the model, wherever it is
_HEAD = ("count", "errors", "p50", "p95", "p99", "tokens", "cost")


@never_raising
@frozen
class SummaryRow:
    """What the events of one group have in all.

    Attributes:
        value: The value that they share; None for events without one.
        count: How many events there are.
        errors: How many of them have an error.
        p50: The median duration in ms: half of the durations do not exceed it. None without durations.
        p95: Likewise for 95%.
        p99: Likewise for 99%.
        exact: Whether the durations are exact. They are for up to 2,000 durations; then they are off by at
            most 1%.
        prompt_tokens: Tokens of inputs; None if no event has any.
        completion_tokens: Tokens of outputs.
        total_tokens: All tokens.
        cost: USD.
    """

    value: Any
    count: int
    errors: int
    p50: float | None
    p95: float | None
    p99: float | None
    exact: bool
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    cost: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a dict."""
        return asdict(self)


@never_raising
@frozen(eq=False, repr=False)
class Summary:
    """The summary of events. Iterate it for its rows, the largest groups first, or print it.

    Tokens and costs of a group are those of its model events. If none of them has a figure, those of its
    other events count, and else those of session events: chains and sessions often carry the sums of what is
    below them.

    Attributes:
        by: The field whose values make the groups; None for one group.
        rows: A row for each value, at most 1,000.
        others: All events with further values; None if every value has a row.
        total: All events.
    """

    __module__ = "honeyhive_ext"

    by: str | None
    rows: Sequence[SummaryRow]
    others: SummaryRow | None
    total: SummaryRow

    def __iter__(self) -> Iterator[SummaryRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, value: object) -> SummaryRow:
        for row in self.rows:
            if type(row.value) is type(value) and row.value == value:
                return row
        raise KeyError(value)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts, such as a data frame takes."""
        return [row.to_dict() for row in self.rows]

    def _lines(self, most: int | None = None) -> list[tuple[str, ...]]:
        lines: list[tuple[str, ...]] = [(self.by or "", *_HEAD)]
        lines += [_cells(_label(row.value), row) for row in self.rows[:most]]
        if self.others is not None:
            lines.append(_cells("(other values)", self.others))
        if self.by is not None:
            lines.append(_cells("(all)", self.total))
        return lines

    def __str__(self) -> str:
        lines = self._lines()
        widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
        return "\n".join(_line(line, widths) for line in lines)

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.views.markup import fragment, note, table

        head, *rows = self._lines(IN_A_NOTEBOOK)
        left = len(self.rows) - IN_A_NOTEBOOK
        return fragment(table(head, rows) + (note(f"{left:,} more values") if left > 0 else ""))

    def __repr__(self) -> str:
        return str(self)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(line, widths, strict=True)
    return "  ".join([padded(*first), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def _label(value: object) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else exact_json(value)
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _cells(label: str, row: SummaryRow) -> tuple[str, ...]:
    about = "" if row.exact else "~"
    durations = ("" if one is None else about + duration_text(one) for one in (row.p50, row.p95, row.p99))
    tokens = "" if row.total_tokens is None else number_text(row.total_tokens)
    cost = "" if row.cost is None else cost_text(row.cost)
    return (label, number_text(row.count), number_text(row.errors), *durations, tokens, cost)


@define(eq=False)
class _Group:
    value: Any = None
    count: int = 0
    errors: int = 0
    durations: Quantiles = field(factory=Quantiles)
    model: UsageSums | None = None
    other: UsageSums | None = None
    sessions: UsageSums | None = None

    def add(self, event: Mapping[str, Any], duration: float | None) -> None:
        self.count += 1
        if error_of(event):
            self.errors += 1
        if duration is not None:
            self.durations.add(duration)
        kind = event.get("event_type")
        if kind == "model":
            self.model = add_usage(self.model, event, 1)
        elif kind == "session":
            self.sessions = add_usage(self.sessions, event, 1)
        else:
            self.other = add_usage(self.other, event, 1)

    def row(self) -> SummaryRow:
        p50, p95, p99 = map(self.durations.percentile, (50, 95, 99))
        sums: Any = usage(self.model, self.other, self.sessions)
        return SummaryRow(self.value, self.count, self.errors, p50, p95, p99, self.durations.exact, *sums)


class Summing:
    """Adds up events, one after the other.

    Args:
        by: The field whose values make the groups; None for one group.

    Raises:
        QueryError: Events have no such field.
    """

    def __init__(self, by: str | None = None) -> None:
        self._by = _checked(by)
        self._total = _Group()
        self._others = _Group()
        self._groups: dict[tuple[type, Any], _Group] = {}

    def add(self, events: Iterable[Any]) -> None:
        """Add events, as dicts or as objects with `to_dict`."""
        for given in events:
            event = _as_dict(given)
            duration = shown_of(event).duration
            self._total.add(event, duration)
            if self._by is not None:
                self._group(event).add(event, duration)

    def _group(self, event: Mapping[str, Any]) -> _Group:
        value: Any = model_of(event) if self._by == MODEL else value_at(event, self._by or "")
        if isinstance(value, (dict, list)):
            value = exact_json(value)
        elif value != value:  # every NaN is one value here
            value = math.nan
        key: tuple[type, Any] = (value.__class__, value)
        if isinstance(value, str) and len(value) > KEPT:  # a thousand long texts are many bytes
            digest = blake2b(value.encode(errors="surrogatepass"), digest_size=16).digest()
            key, value = (bytes, digest), f"{value[:KEPT]}…"
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                return self._others
            group = self._groups[key] = _Group(value)
        return group

    def summary(self) -> Summary:
        """Return the summary of what was added."""
        total = self._total.row()
        rows = [group.row() for group in self._groups.values()] if self._by is not None else [total]
        rows.sort(key=lambda row: -row.count)
        return Summary(self._by, rows, self._others.row() if self._others.count else None, total)


def _checked(by: object) -> str | None:
    if by is None:
        return None
    if not isinstance(by, str) or not by:
        raise QueryError(f'by is {by!r}: give the path of a field, such as "metadata.model" or "event_type"')
    root, _, rest = by.partition(".")
    near = did_you_mean(root, event_fields(), cutoff=0.8)
    if by != MODEL and root not in first_names() and near is not None:
        instead = f"{near}.{rest}" if rest else near
        raise QueryError(f"events have no field {root!r}: did you mean by={instead!r}?")
    return by


def _as_dict(event: Any) -> dict[str, Any]:
    raw: object = getattr(event, "raw", event)
    if isinstance(raw, dict):
        return cast("dict[str, Any]", raw)
    convert = getattr(event, "to_dict", None)
    return cast("dict[str, Any]", convert()) if convert is not None else {}


def summarize(source: str | os.PathLike[str] | Iterable[Any], by: str | None = None) -> Summary:
    """Return the summary of events in a file or of any iterable of events.

    Args:
        source: A file of JSON Lines (also compressed with gzip or zstd), a Parquet file of `to_parquet`,
            or the folder of `to_parquet_dataset`; or events, as dicts or as search results have them.
        by: As for `SearchResult.summary`.

    Raises:
        ConfigError: The file cannot be read; the message names the line.
        QueryError: Events have no field `by`.

    >>> model = {"event_type": "model", "duration": 20, "metadata": {"total_tokens": 1500, "cost": 0.02}}
    >>> tool = {"event_type": "tool", "duration": 5, "error": "no"}
    >>> print(summarize([model, model, tool], by="event_type"))
    event_type  count  errors    p50    p95    p99  tokens   cost
    model           2       0  20 ms  20 ms  20 ms   3,000  $0.04
    tool            1       1   5 ms   5 ms   5 ms
    (all)           3       1  20 ms  20 ms  20 ms   3,000  $0.04
    """
    from honeyhive_ext.export.event_rows import file_events

    summing = Summing(by)
    if isinstance(source, (str, os.PathLike)):
        summing.add(file_events(source))
    else:
        summing.add(source)
    return summing.summary()


summarize.__module__ = "honeyhive_ext"
