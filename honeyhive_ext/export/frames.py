"""Search results as data frames of pandas or polars."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias

from honeyhive_ext.config.checks import did_you_mean, is_one_of
from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.by_column import columns_of, few
from honeyhive_ext.export.flatten import column_name, common_kind, kind_of, leaves
from honeyhive_ext.export.table import (
    UNREADABLE,
    Column,
    Kind,
    columns,
    json_text,
    properties,
)
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE
from honeyhive_ext.search.query import Query
from honeyhive_ext.serialize.exact_json import exact_json, exact_value

Times: TypeAlias = Literal["ms", "datetime"]
Nested: TypeAlias = Literal["object", "json"]

PANDAS: Mapping[Kind, str] = {
    "string": "string",
    "number": "float64",
    "integer": "Int64",
    "boolean": "boolean",
    "json": "object",
}
POLARS: Mapping[Kind, str] = {
    "string": "String",
    "number": "Float64",
    "integer": "Int64",
    "boolean": "Boolean",
    "json": "String",
}
_NESTED = frozenset(column.name for column in columns() if column.kind == "json")


class Library(Protocol):
    """A library that makes columns and data frames."""

    nested: bool  # whether a cell can hold a dict or a list

    def column(self, values: list[Any], kind: Kind) -> Any:
        """Return a column of these cells."""
        ...

    def times(self, microseconds: list[int | None]) -> Any:
        """Return a column of times in UTC."""
        ...

    def frame(self, made: dict[str, Any]) -> Any:
        """Return the data frame of these columns."""
        ...


class Pandas:
    """Data frames of pandas."""

    nested = True

    def __init__(self) -> None:
        self._pandas = _load("pandas")
        self._numpy = _load("numpy")

    def column(self, values: list[Any], kind: Kind) -> Any:
        """Return a column of these cells."""
        return self._pandas.Series(values, dtype=PANDAS[kind])

    def times(self, microseconds: list[int | None]) -> Any:
        """Return a column of times in UTC."""
        # Not in nanoseconds: their range ends in the year 2262.
        missing = -(2**63)  # numpy's NaT
        array = self._numpy.array([missing if us is None else us for us in microseconds], dtype="int64")
        return self._pandas.Series(array.astype("datetime64[us]")).dt.tz_localize("UTC")

    def frame(self, made: dict[str, Any]) -> Any:
        """Return the data frame of these columns."""
        return self._pandas.DataFrame(made)


class Polars:
    """Data frames of polars. All cells of a column have one type, so nested values are JSON text."""

    nested = False

    def __init__(self) -> None:
        self._polars = _load("polars")

    def column(self, values: list[Any], kind: Kind) -> Any:
        """Return a column of these cells."""
        return self._polars.Series(values=values, dtype=getattr(self._polars, POLARS[kind]))

    def times(self, microseconds: list[int | None]) -> Any:
        """Return a column of times in UTC."""
        return self._polars.Series(values=microseconds, dtype=self._polars.Int64).cast(
            self._polars.Datetime("us", "UTC")
        )

    def frame(self, made: dict[str, Any]) -> Any:
        """Return the data frame of these columns."""
        return self._polars.DataFrame(made)


LIBRARIES: dict[str, Callable[[], Library]] = {"pandas": Pandas, "polars": Polars}


def _load(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError as error:
        extra = "polars" if library == "polars" else "pandas"
        raise ConfigError(
            f'to_dataframe("{extra}") needs {extra}: pip install "honeyhive-ext[{extra}]"'
        ) from error


class FrameMaker:
    """Builds a data frame from the pages of a search, which the caller adds in their order."""

    def __init__(
        self,
        library: str,
        query: Query,
        *,
        flatten: bool | str | Collection[str] = False,
        times: str = "ms",
        nested: str = "object",
        progress: bool | Progress = False,
    ) -> None:
        if not is_one_of(library, LIBRARIES):
            raise ConfigError(f'library is {repr_of(library)}: give "pandas" or "polars"')
        if not is_one_of(times, ("ms", "datetime")):
            raise ConfigError(f'times is {repr_of(times)}: give "ms" or "datetime"')
        if not is_one_of(nested, ("object", "json")):
            raise ConfigError(f'nested is {repr_of(nested)}: give "object" or "json"')
        self._library = LIBRARIES[library]()
        self._flat = _flat(flatten)
        self._nested = self._library.nested and nested == "object"
        self._as_is = _NESTED if self._nested else frozenset(self._flat)
        self._times = [c.name for c in properties() if c.is_time] if times == "datetime" else []
        self._cells: dict[str, list[Any]] = {c.name: [] for c in columns() if c.name not in self._flat}
        self._inner: dict[str, dict[str, set[Kind]]] = {name: {} for name in self._flat}
        self._names: dict[tuple[str, ...], str] = {}
        self._events = 0
        self._watcher = Watcher(progress, query.limit)

    def add(self, events: Iterable[Any]) -> None:
        """Add the events of a page."""
        for some in few(events):
            self._add(some)

    def tell(self) -> None:
        """Report the number of events so far to the progress function, in the thread of the caller."""
        self._watcher.tell(self._events)

    def make(self) -> Any:
        """Return the data frame of all events."""
        made: dict[str, Any] = {}
        for column in columns():
            if column.name not in self._flat:
                made[column.name] = self._column(column, self._cells.pop(column.name))
                continue
            inner = self._inner[column.name]
            for name in sorted(inner):
                made[name] = self._inner_column(inner[name], self._cells.pop(name))
        return self._library.frame(made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.close()

    def _add(self, events: Sequence[Any]) -> None:
        made = columns_of(events, self._as_is)
        for name in self._times:
            _keep_datetimes(name, made)
        for parent in self._flat:
            self._add_leaves(parent, made.pop(parent))
        for name, values in made.items():
            self._cells[name] += values
        self._events += len(events)

    def _add_leaves(self, parent: str, values: Sequence[Any]) -> None:
        for before, value in enumerate(values, self._events):
            for path, leaf in leaves(value, parent):
                name = self._names.get(path) or self._names.setdefault(path, column_name(*path))
                self._inner[parent].setdefault(name, set()).add(kind_of(leaf))
                column = self._cells.setdefault(name, [])
                column.extend([None] * (before - len(column)))
                column.append(leaf)

    def _column(self, column: Column, values: list[Any]) -> Any:
        if column.name in self._times:
            return self._library.times([None if ms is None else round(ms * 1000) for ms in values])
        return self._cells_of(values, column.kind)

    def _inner_column(self, kinds: set[Kind], values: list[Any]) -> Any:
        kind = common_kind(kinds, values)
        values.extend([None] * (self._events - len(values)))
        if kind == "json" and not self._nested:
            values = [None if value is None else json_text(value) or exact_json(value) for value in values]
        return self._cells_of(values, kind)

    def _cells_of(self, values: list[Any], kind: Kind) -> Any:
        return self._library.column(values, "string" if kind == "json" and not self._nested else kind)


def _keep_datetimes(name: str, made: dict[str, list[Any]]) -> None:
    """Move the times of a column that are no datetimes to the column of what is unreadable."""
    times, unreadable = made[name], made[UNREADABLE]
    for place, time in enumerate(times):
        if time is not None and not YEAR_ONE <= time <= YEAR_9999:
            odd = exact_value(unreadable[place] or "{}")
            unreadable[place] = exact_json({**odd, name: time})
            times[place] = None


def _flat(flatten: bool | str | Collection[str]) -> Sequence[str]:
    if isinstance(flatten, bool):
        return [c.name for c in columns() if c.name in _NESTED] if flatten else []
    given: Any = flatten
    if not isinstance(given, Collection):
        raise ConfigError(f"flatten is {repr_of(flatten)}: give True, False, or names of columns")
    names: list[Any] = [given] if isinstance(given, str) else [*given]  # pyright: ignore[reportUnknownVariableType]
    for name in names:
        if not isinstance(name, str):
            raise ConfigError(f"flatten: {repr_of(name)} is not the name of a column")
        if name not in _NESTED:
            near = did_you_mean(name, _NESTED)
            hint = f"did you mean {near!r}?" if near else "there are " + ", ".join(sorted(_NESTED))
            raise ConfigError(f"flatten: {name!r} is not a column with nested values: {hint}")
    return names
