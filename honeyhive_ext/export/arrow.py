"""Events as Arrow record batches, all with one schema."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.by_column import some_columns
from honeyhive_ext.export.nested_columns import NestedColumn
from honeyhive_ext.export.table import Kind, columns
from honeyhive_ext.files.names import shown

BATCH_ROWS = 1_000  # most events in a record batch; a page is longer if many share one millisecond

TYPES = {"string": "string", "number": "float64", "integer": "int64", "boolean": "bool_", "json": "string"}


def load(module: str) -> Any:
    """Import and return a module of pyarrow.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError('Parquet and Arrow need pyarrow: pip install "honeyhive-ext[export]"') from error


@contextmanager
def opened_parquet(path: Path, says: str = "cannot be read as a Parquet file of events") -> Generator[Any]:
    """Open a Parquet file, as a `pyarrow.parquet.ParquetFile`.

    Args:
        path: The file.
        says: What the message says about a file with other content.

    Raises:
        ConfigError: The block found that the file is damaged, or has other columns.
    """
    pa, parquet = load("pyarrow"), load("pyarrow.parquet")
    try:
        with path.open("rb") as opened, parquet.ParquetFile(opened) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, and not of pyarrow
            raise
        raise ConfigError(f"{shown(path)} {says} ({error})") from error


def column_kinds(nested: Sequence[NestedColumn] = ()) -> Mapping[str, Kind]:
    """Return the kind of each column: the fixed columns, then those of values inside."""
    kinds: dict[str, Kind] = {column.name: column.kind for column in columns()}
    kinds.update((column.name, column.kind or "string") for column in nested)
    return kinds


def arrow_schema(nested: Sequence[NestedColumn] = (), *, only: Sequence[str] | None = None) -> Any:
    """Return the schema of all batches, as a `pyarrow.Schema`.

    Args:
        nested: More columns, each with a type.
        only: The names of the columns that are wanted, in their order; None for all.
    """
    pa = load("pyarrow")
    kinds = column_kinds(nested)
    names = kinds if only is None else only
    return pa.schema([(name, getattr(pa, TYPES[kinds[name]])()) for name in names])


class BatchMaker:
    """Makes record batches of events.

    Args:
        nested: More columns, each with a type.
        only: The names of the columns that are wanted, in their order; None for all. The others are not made.
    """

    def __init__(self, nested: Sequence[NestedColumn] = (), *, only: Sequence[str] | None = None) -> None:
        self._pa = load("pyarrow")
        self.schema = arrow_schema(nested, only=only)
        self._nested = [column for column in nested if only is None or column.name in only]
        self._only = None if only is None else frozenset(only)

    def batches(self, texts: Sequence[bytes]) -> Iterator[Any]:
        """Yield the events of a page, as JSON, in batches of `BATCH_ROWS`.

        Raises:
            ResponseError: An event is nested too deeply.
        """
        for start in range(0, len(texts), BATCH_ROWS):
            yield self._batch(texts[start : start + BATCH_ROWS])

    def listed(self, texts: Sequence[bytes]) -> list[Any]:
        """Return the batches of a page."""
        return [*self.batches(texts)]

    def stream(self, pages: Generator[Sequence[bytes], None, None]) -> Generator[Any, None, None]:
        """Yield the events of all pages in batches; the pages end with it."""
        with closing(pages):
            for page in pages:
                yield from self.batches(page)

    def empty(self) -> Any:
        """Return a batch without events."""
        return self._batch(())

    def _batch(self, texts: Sequence[bytes]) -> Any:
        made: dict[str, list[Any]] = {name: [] for name in self.schema.names}
        for some in some_columns(texts, self._nested, only=self._only):
            for name, cells in some.items():
                made[name] += cells
        pa = self._pa
        if not made:  # no column is wanted: the rows still count
            return pa.record_batch([pa.nulls(len(texts))], names=["rows"]).select([])
        arrays = [pa.array(made[field.name], type=field.type) for field in self.schema]
        return pa.record_batch(arrays, schema=self.schema)
