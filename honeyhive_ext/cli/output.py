"""The one place that prints rows: as a table, JSON, JSON Lines, CSV or Parquet, in constant memory."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, BinaryIO

from honeyhive_ext.cli.listing import Listing, aligned, widths
from honeyhive_ext.cli.streams import note, standard_output
from honeyhive_ext.config.printable import printable, printable_json
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.csv_file import csv_cell, csv_line
from honeyhive_ext.export.table import Kind, cells, columns, fits, json_text
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.views.terminal import colour_wanted

MEASURED = 200  # rows from which the widths of a table follow
GROUP_ROWS = 1_000  # of a record batch in Parquet


def form_of(options: argparse.Namespace) -> str:
    """Return the form of the output: the one that is asked for, else what fits where the output goes."""
    if options.output is not None:
        return str(options.output)
    if options.json:
        return "json"
    return "table" if is_terminal() else "jsonl"


def is_terminal() -> bool:
    """Return whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()  # pyright: ignore[reportUnnecessaryComparison]


def show(listing: Listing, options: argparse.Namespace) -> int:
    """Print the rows and return how many there were.

    Raises:
        ConfigError: Standard output is closed or full, or the form needs a library that is missing.
        BrokenPipeError: Whoever reads the output has stopped.
    """
    form = form_of(options)
    if form == "parquet" and is_terminal():
        raise ConfigError("Parquet is no text: write it to a file with `> FILE.parquet`, or use export")
    with written() as out:
        return _WRITERS[form](listing, out)


def write_text(text: str) -> None:
    """Print a text of this package as it is, with one line end after it.

    Raises:
        ConfigError: Standard output is closed or full.
    """
    with written() as out:
        out.write(text.rstrip("\n").encode(errors="backslashreplace") + b"\n")


def tell_result(row: Mapping[str, Any]) -> None:
    """Print what a command that moves events has done, for a program. Nobody reads it where stdout is closed.

    Raises:
        ConfigError: Standard output is full.
    """
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        write_text(_line_writer()(row).decode())


def tell_written(options: argparse.Namespace, number: int, what: str = "written") -> None:
    """Say how many events are in a file."""
    note(options, f"{number} events {what}")
    if options.json and options.file != "-":
        tell_result({"events": number, "file": options.file})


@contextmanager
def written() -> Generator[BinaryIO]:
    """Give standard output as bytes. What is complete is written, also if an error follows.

    Raises:
        ConfigError: It is closed or full.
    """
    out = standard_output()
    try:
        sys.stdout.flush()
        try:
            yield out
        finally:
            out.flush()
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise ConfigError(f"cannot write standard output: {problem.strerror or problem}") from problem


def _lines(listing: Listing, out: BinaryIO) -> int:
    number, line = 0, _line_writer()
    for row in listing.rows:
        number += 1
        out.write(line(row) + b"\n")
        if listing.live:
            out.flush()
    return number


def _json(listing: Listing, out: BinaryIO) -> int:
    if listing.single:
        return _lines(listing, out)
    number, line = 0, _line_writer()
    for number, row in enumerate(listing.rows, 1):
        out.write((b"[\n" if number == 1 else b",\n") + line(row))
        if listing.live:
            out.flush()
    out.write(b"\n]\n" if number else b"[]\n")
    return number


def _line_writer() -> Callable[[Any], bytes]:
    """Return what makes a line of a row. A terminal obeys some characters that JSON may have as they are."""
    if is_terminal():
        return lambda row: printable_json(line_of(row).decode()).encode()
    return line_of


def line_of(row: Any) -> bytes:
    """Return a row as JSON on one line, with every number to its last digit.

    >>> line_of({"big": 2**70, "text": "one"}).decode()
    '{"big":1180591620717411303424,"text":"one"}'
    """
    text = json_text(row)
    return (exact_json(row) if text is None else text).encode()


def _csv(listing: Listing, out: BinaryIO) -> int:
    names = list(_kinds(listing))
    in_cell = _printable_cell if is_terminal() else csv_cell
    out.write(csv_line(names).encode())
    number = 0
    for row in _records(listing):
        number += 1
        out.write(csv_line(in_cell(row.get(name)) for name in names).encode(errors="backslashreplace"))
        if listing.live:
            out.flush()
    return number


def _printable_cell(value: Any) -> str | None:
    """Return a cell of CSV for a terminal, which would obey some of its characters."""
    text = csv_cell(value)
    return None if text is None else "\n".join(map(printable, text.split("\n")))


def _parquet(listing: Listing, out: BinaryIO) -> int:
    from honeyhive_ext.export.arrow import TYPES, load

    pa, parquet = load("pyarrow"), load("pyarrow.parquet")
    kinds = _kinds(listing)
    schema = pa.schema([(name, getattr(pa, TYPES[kind])()) for name, kind in kinds.items()])
    number = 0
    with parquet.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        records = _records(listing)
        while group := list(islice(records, GROUP_ROWS)):
            arrays = [pa.array([row.get(field.name) for row in group], type=field.type) for field in schema]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            number += len(group)
    return number


def _kinds(listing: Listing) -> Mapping[str, Kind]:
    return {column.name: column.kind for column in columns()} if listing.kinds is None else listing.kinds


def _records(listing: Listing) -> Iterator[Mapping[str, Any]]:
    """Yield the rows as cells of CSV and Parquet."""
    if listing.kinds is None:
        yield from map(cells, listing.rows)
        return
    for row in listing.rows:
        yield {name: _record_cell(kind, row.get(name)) for name, kind in listing.kinds.items()}


def _record_cell(kind: Kind, value: Any) -> Any:
    if value is None or (kind == "json" and isinstance(value, str)):
        return value  # a text is itself, not its JSON
    return fits(kind, value) if kind != "json" else line_of(value).decode()


def _table(listing: Listing, out: BinaryIO) -> int:
    """Print a table. Its widths follow from the first rows, so that any number of rows may follow."""
    paint = _painter(out)
    rows = (list(map(printable, listing.cells(row))) for row in listing.rows)
    first = list(islice(rows, 1 if listing.live else MEASURED))
    shown = listing.columns
    wide = widths(shown, first, _terminal_width())
    number = 0
    if first or not listing.live:
        paint(aligned([column.name for column in shown], shown, wide), ["underline"] * len(shown))
    for row in chain(first, rows):
        number += 1
        paint(aligned(row, shown, wide), [column.style for column in shown])
        if listing.live:
            out.flush()
    return number


def _terminal_width() -> int | None:
    """Return the columns of the terminal; None where nothing is cut because there is none."""
    if not is_terminal():
        return None
    try:
        return int(os.environ.get("COLUMNS", "")) or None
    except ValueError:
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns or None
        except (OSError, ValueError):
            return 80


def _painter(out: BinaryIO) -> Callable[[list[str], list[str]], None]:
    """Return the function that prints a line of cells and gaps, with colours where rich is installed."""

    def plain(parts: list[str], _: list[str]) -> None:
        out.write("".join(parts).rstrip().encode(errors="backslashreplace") + b"\n")

    console = colours()
    if console is None:
        return plain
    from rich.text import Text

    def coloured(parts: list[str], styles: list[str]) -> None:
        text = Text(no_wrap=True, end="\n")
        for at, part in enumerate(parts):
            text.append(part, styles[at // 2] if at % 2 == 0 else "")
        text.rstrip()
        out.flush()
        console.print(text, soft_wrap=True, crop=False)

    return coloured


def colours() -> Any:
    """Return a console of rich, or None where it is not installed or no colours are wanted."""
    if not colour_wanted(os.environ, terminal=is_terminal()):
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(highlight=False, markup=False, emoji=False, force_terminal=True)


_WRITERS: Mapping[str, Callable[[Listing, BinaryIO], int]] = {
    "table": _table,
    "json": _json,
    "jsonl": _lines,
    "csv": _csv,
    "parquet": _parquet,
}
