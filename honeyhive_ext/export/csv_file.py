"""Search results as CSV (RFC 4180), compressed where the name says so: then each page is a member of its own.

The columns are those of a Parquet export. An absent or null value is an empty cell; an empty text is `""`.

A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@` or a control character as a formula, and the
texts of events come from models and users. So an apostrophe is put before such a text, and the spreadsheet
shows it. It is put before texts that begin with apostrophes and one of these too, so that it can be taken
away again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import IO, Any

from honeyhive_ext.export.by_column import some_columns
from honeyhive_ext.export.resumable import ResumableFile
from honeyhive_ext.export.table import columns
from honeyhive_ext.files.names import PathLike, file_path, regular_place
from honeyhive_ext.files.packing import packing_of
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.search.pages.form import TEXTS
from honeyhive_ext.search.query import Query

# The full-width forms are formulas to some spreadsheets as well.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_QUOTED = re.compile(r'[",\r\n]|^$|^\s|\s$')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


class CsvFile(ResumableFile):
    """A growing CSV file; the part file has the form of the finished file."""

    rows = TEXTS

    def __init__(
        self, path: PathLike, query: Query, progress: bool | Progress = False, *, formulas: bool = False
    ) -> None:
        self._packing = packing_of(file_path(path), regular_place(path).path)
        self._formulas = formulas
        self._names = [column.name for column in columns()]
        safe = "" if formulas else " without formulas"
        self.form = f"csv{safe} {','.join(self._names)} {self._packing.name}".rstrip()
        super().__init__(path, query, progress)

    def encode(self, events: Sequence[bytes]) -> bytes:
        """Return the events as lines, after the names of the columns if they are the first."""
        lines = [self._line(row) for some in some_columns(events) for row in zip(*some.values(), strict=True)]
        if not self._opened().tell():
            lines.insert(0, self._head())
        return self._packing.member("".join(lines).encode())

    def finish(self, part: IO[bytes]) -> None:
        """Give the part file its name. A file without events has the names of the columns."""
        if not part.tell():
            part.write(self._packing.member(self._head().encode()))
        super().finish(part)

    def _head(self) -> str:
        return csv_line(self._names)

    def _line(self, row: Iterable[Any]) -> str:
        return csv_line(csv_cell(cell, formulas=self._formulas) for cell in row)


def csv_line(texts: Iterable[str | None]) -> str:
    r"""Return a line of cells, with its line end. None is an empty cell.

    >>> csv_line(["a", None, "", 'the "x" of'])
    'a,,"","the ""x"" of"\r\n'
    """
    return ",".join("" if text is None else _quoted(text) for text in texts) + "\r\n"


def csv_cell(value: Any, *, formulas: bool = False) -> str | None:
    """Return a value as the text of a cell.

    Args:
        value: A text, a number, a bool or None.
        formulas: Whether a text may be a formula to a spreadsheet.

    >>> csv_cell("=1+1"), csv_cell(-5.0), csv_cell("-5"), csv_cell("'=x"), csv_cell(True), csv_cell(None)
    ("'=1+1", '-5', '-5', "''=x", 'true', None)
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    text = str(value)
    if formulas or not _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def _quoted(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text
