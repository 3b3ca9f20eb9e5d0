"""Events in files: JSON Lines, CSV, Parquet, one JSON document. Each is read as a stream, without loss."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from honeyhive_ext.cli.output import line_of
from honeyhive_ext.cli.streams import opened_file
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.table import EXTRA_COLUMNS, columns, event_of
from honeyhive_ext.files.json_lines import json_lines
from honeyhive_ext.files.names import file_path
from honeyhive_ext.reading.json import loads

LARGEST_DOCUMENT = 200_000_000  # bytes of one .json file, which is in memory as a whole
_CELL = 2**31 - 1  # bytes of a cell of a CSV file
_ROWS = 1_000  # of Parquet that are in memory at a time
_PARQUET = b"PAR1"
_PREFIXED = re.compile("\\A'('*[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20])")  # see export/csv_file.py


class FileEvent(NamedTuple):
    """One event of a file.

    Attributes:
        line: The number of its line, or of its row in Parquet, from 1.
        event: The event, if it can be read.
        content: The event as JSON, or its line as it is.
        problem: Why it cannot be read; "" if it can.
    """

    line: int
    event: Any
    content: bytes
    problem: str = ""


def read_events(name: str, *, documents: bool = False) -> Iterator[FileEvent]:
    """Yield the events of a file; "-" is standard input.

    Args:
        name: The file. Parquet and compressed files are known by their first bytes, CSV and JSON by their
            name.
        documents: Whether a `.json` file is one value; otherwise it is an event, or an array of events.

    Raises:
        ConfigError: It cannot be opened, is damaged, or of a form that is not read here.
    """
    with _about(name):
        if is_regular(name) and _is_parquet(name):
            yield from _parquet_rows(file_path(name, "FILE"))
            return
        with opened_file(name) as file:
            bare = name.lower().removesuffix(".gz").removesuffix(".zst")
            if bare.endswith(".csv"):
                yield from _csv_rows(file)
            elif bare.endswith(".json"):
                yield from _document(file, whole=documents)
            else:
                yield from _lines(file)


def is_regular(name: str) -> bool:
    """Return whether a file can be read again: it is no pipe, and not standard input."""
    return name != "-" and file_path(name, "FILE").is_file()


def _is_parquet(name: str) -> bool:
    with opened_file(name) as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _lines(file: BinaryIO) -> Iterator[FileEvent]:
    for number, line in enumerate(json_lines(file), 1):
        content = line.strip()
        if content:
            yield _parsed(number, content)


def _parsed(number: int, content: bytes) -> FileEvent:
    try:
        return FileEvent(number, exact(content), content)
    except ValueError as problem:
        return FileEvent(number, None, content, f"not JSON: {problem}")


def exact(content: bytes) -> Any:
    """Return the value of JSON, with integers of any size.

    >>> exact(b'{"n": 123456789012345678901}')
    {'n': 123456789012345678901}
    """
    value = loads(content)
    if _has_long_number(content):
        import json

        try:
            return json.loads(content)  # orjson reads an integer beyond 64 bits as a float
        except RecursionError:
            pass
    return value


def _has_long_number(content: bytes) -> bool:
    return re.search(rb"[0-9]{19}", content) is not None


def _document(file: BinaryIO, *, whole: bool) -> Iterator[FileEvent]:
    content = file.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        raise ConfigError(f"this has more than {LARGEST_DOCUMENT:,} bytes: write it as JSON Lines (.jsonl)")
    read = _parsed(1, content.strip())
    if whole or not isinstance(read.event, list):
        yield read
        return
    events: list[Any] = read.event  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    for number, one in enumerate(events, 1):
        yield FileEvent(number, one, line_of(one))


def _csv_rows(file: BinaryIO) -> Iterator[FileEvent]:
    csv.field_size_limit(_CELL)
    text = io.TextIOWrapper(cast("Any", _Joined(json_lines(file))), encoding="utf-8", newline="")
    reader = csv.reader(text, strict=True)
    try:
        names = next(reader, None)
        if names is None:
            return
        if len(set(names)) < len(names) or not all(names):
            raise ConfigError("the first line of a CSV file names its columns, each once")
        for row in reader:
            if row:
                yield _csv_event(names, row, reader.line_num)
    except (csv.Error, UnicodeDecodeError) as problem:
        raise ConfigError(f"line {reader.line_num}: this is no CSV in UTF-8: {problem}") from problem


class _Joined(io.RawIOBase):
    """The lines of a file as a stream of bytes."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        super().__init__()
        self._lines, self._left = lines, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._left or next(self._lines, b"")
        size = min(len(data), len(buffer))
        buffer[:size], self._left = data[:size], data[size:]
        return size


def _csv_event(names: list[str], row: list[str], line: int) -> FileEvent:
    content = line_of(dict(zip(names, row, strict=False)))
    if len(row) != len(names):
        return FileEvent(line, None, content, f"{len(row)} cells, but {len(names)} columns")
    cells: dict[str, Any] = {name: cell for name, cell in zip(names, row, strict=True) if cell != ""}
    try:
        event = _event_of_cells(cells)
    except ValueError as problem:
        return FileEvent(line, None, content, str(problem))
    return FileEvent(line, event, line_of(event))


def _event_of_cells(cells: Mapping[str, Any]) -> Any:
    """Return the event of a row of CSV. A column such as metadata.cost is a value inside an object."""
    known: dict[str, Any] = {}
    kinds = {column.name: column.kind for column in columns()}
    inner: list[tuple[list[str], Any]] = []
    for name, cell in cells.items():
        kind = kinds.get(name)
        cell = _PREFIXED.sub(r"\1", cell) if isinstance(cell, str) else cell
        if name in EXTRA_COLUMNS or kind in ("string", "json"):
            known[name] = _checked_json(name, cell) if kind == "json" else cell
        elif kind is not None:
            known[name] = _scalar(name, cell)
        else:
            inner.append((name.split("."), _json_or_text(cell)))
    event = event_of(known)
    if not isinstance(event, dict):
        return event
    for path, value in inner:
        target = cast("dict[str, Any]", event)
        for step in path[:-1]:
            below: Any = target.setdefault(step, {})
            if not isinstance(below, dict):
                raise ValueError(f"{'.'.join(path)}: {step} is no object in this row")  # noqa: TRY004
            target = cast("dict[str, Any]", below)
        target[path[-1]] = value
    return cast("Any", event)


def _checked_json(name: str, cell: str) -> str:
    try:
        loads(cell.encode())
    except ValueError as problem:
        raise ValueError(f"{name}: not JSON: {problem}") from problem
    return cell


def _scalar(name: str, cell: str) -> Any:
    value = _json_or_text(cell)
    if isinstance(value, str):
        raise ValueError(f"{name}: {cell!r} is no number")  # noqa: TRY004
    return value


def _json_or_text(cell: str) -> Any:
    try:
        return exact(cell.encode())
    except ValueError:
        return cell


def _parquet_rows(path: Path) -> Iterator[FileEvent]:
    from honeyhive_ext.export.arrow import load

    parquet = load("pyarrow.parquet")
    try:
        with path.open("rb") as opened, parquet.ParquetFile(opened) as file:
            ours = set(EXTRA_COLUMNS) <= set(file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield _parquet_event(number, row, ours=ours)
    except ValueError as problem:  # pyarrow's ArrowInvalid
        raise ConfigError(f"this Parquet file is damaged: {problem}") from problem


def _parquet_event(number: int, row: dict[str, Any], *, ours: bool) -> FileEvent:
    try:
        event = event_of(_with_integers(row)) if ours else _event_of_cells_of_another(row)
        return FileEvent(number, event, line_of(event))
    except (ValueError, TypeError) as problem:
        return FileEvent(number, None, repr(row).encode(errors="backslashreplace"), str(problem))


def _with_integers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose whole numbers are integers, as CSV has them: a column of Parquet has one type."""
    return {
        name: int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else cell
        for name, cell in row.items()
    }


def _event_of_cells_of_another(row: Mapping[str, Any]) -> Any:
    """Return the event of a row that another program wrote: objects as structs, or as JSON text."""
    kinds = {column.name: column.kind for column in columns()}
    event: dict[str, Any] = {}
    for name, value in row.items():
        if value is not None:
            is_text = kinds.get(name) == "json" and isinstance(value, str)
            event[name] = _json_or_text(value) if is_text else value
    return event


@contextmanager
def _about(name: str) -> Generator[None]:
    """Say which file an error is about."""
    try:
        yield
    except ConfigError as problem:
        if str(problem).startswith(("cannot read", "standard input", "FILE is")):
            raise
        raise ConfigError(f"{name}: {problem}") from problem
    except OSError as problem:
        raise ConfigError(f"{name}: {problem.strerror or problem}") from problem


__all__ = ["FileEvent", "exact", "read_events"]
