"""Search results as Parquet.

A Parquet file ends with an index of all of its parts, so an interrupted one cannot grow. The part file is
therefore of another form: each page is appended as a separate stream of compressed Arrow record batches, so
the file can be cut between any two pages and continued there. After the search the record batches become the
row groups of the Parquet file, one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

import orjson
from attrs import evolve

from honeyhive_ext.config.checks import is_one_of
from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.arrow import (
    BATCH_ROWS,
    BatchMaker,
    arrow_schema,
    column_kinds,
    load,
    opened_parquet,
)
from honeyhive_ext.export.nested_columns import (
    KINDS,
    NestedColumn,
    NestedColumns,
    decided,
    read_columns,
    undecided,
)
from honeyhive_ext.export.resumable import ResumableFile
from honeyhive_ext.export.table import Kind, event_of
from honeyhive_ext.files.names import PathLike, file_path, folder_path, shown
from honeyhive_ext.files.packing import packing_of
from honeyhive_ext.files.side_file import remove_side
from honeyhive_ext.files.whole import whole_file
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.search.pages.form import TEXTS
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.query import Query

# A row group ends with the batch that reaches either limit. One uncompressed group is in memory at a time.
GROUP_ROWS = 10_000
GROUP_BYTES = 32 << 20

COMPRESSIONS = ("zstd", "snappy", "gzip", "brotli", "lz4", "none")
_MARK = " columns "  # before the nested columns in the name of a form


class ParquetFile(ResumableFile):
    """A growing Parquet file; its part file holds the events as Arrow record batches."""

    rows = TEXTS
    sides = (*ResumableFile.sides, ".new")

    def __init__(
        self,
        path: PathLike,
        query: Query,
        progress: bool | Progress = False,
        *,
        columns: NestedColumns = (),
        compression: str = "zstd",
    ) -> None:
        self._pa = load("pyarrow")
        self._pq = load("pyarrow.parquet")
        self._compression = checked_compression(compression)
        self._take(read_columns(columns))
        asked = file_path(path)
        if packing_of(asked).name:
            raise ConfigError(
                f"path is {str(asked)!r}: Parquet is compressed inside; leave out {asked.suffix}, and give "
                'compression="gzip" or "zstd"'
            )
        super().__init__(path, query, progress)

    def encode(self, events: Sequence[bytes]) -> bytes:
        """Return the events as one Arrow stream of record batches."""
        pa = self._pa
        options = pa.ipc.IpcWriteOptions(compression="lz4" if pa.Codec.is_available("lz4_frame") else None)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._maker.schema, options=options) as stream:
            for batch in self._maker.batches(events):
                stream.write_batch(batch)
        encoded: bytes = sink.getvalue().to_pybytes()
        return encoded

    def finish(self, part: IO[bytes]) -> None:
        """Write the Parquet file from the record batches under another name, then move it to its own."""
        part.flush()
        with whole_file(self.place) as new:
            write_row_groups(new, self._batches(), self._nested, self._compression)
            new.seek(0)
            if self._pq.read_metadata(new).num_rows != self._events:
                raise ConfigError(
                    f"{shown(self.part)} was changed while the export ran: delete it and export again"
                )
        remove_side(part, self.part)

    def continues(self, form: str) -> bool:
        """Return whether an export of a form continues here. It decides the types that are not given."""
        kinds = _kinds_of(form)
        nested = [evolve(column, kind=column.kind or kinds.get(column.name)) for column in self._nested]
        if undecided(nested) or form != _form(nested):
            return False
        self._take(nested)
        return True

    def ask(self) -> Generator[Ask, Page, None]:
        """Ask for the types of the columns that have none."""
        self._take((yield from decided(self._nested, self._query)))

    def _take(self, nested: Sequence[NestedColumn]) -> None:
        self._nested = nested
        self._maker = BatchMaker(nested)
        self.form = _form(nested)

    def _batches(self) -> Iterator[Any]:
        with self._pa.OSFile(os.fsencode(self.part)) as file:
            end = file.size()
            while file.tell() < end:
                with self._pa.ipc.open_stream(file) as stream:
                    yield from stream


def _form(nested: Sequence[NestedColumn]) -> str:
    form = "parquet " + " ".join(f"{field.name}:{field.type}" for field in arrow_schema())
    more = {column.name: column.kind for column in nested}
    return form + _MARK + orjson.dumps(more).decode() if nested else form


def _kinds_of(form: str) -> dict[str, Kind]:
    try:
        kinds: Any = orjson.loads(form.partition(_MARK)[2])
    except ValueError:
        return {}
    items = cast("dict[str, Any]", kinds).items() if isinstance(kinds, dict) else ()
    return {name: kind for name, kind in items if kind in KINDS}


def checked_compression(given: object) -> str:
    """Return the name of a compression.

    Raises:
        ConfigError: There is no such compression.
    """
    if not is_one_of(given, COMPRESSIONS):
        raise ConfigError(f"compression is {repr_of(given)}: give one of {', '.join(COMPRESSIONS)}")
    return str(given)


def write_row_groups(
    file: IO[bytes], batches: Iterable[Any], nested: Sequence[NestedColumn], compression: str
) -> None:
    """Write record batches as a Parquet file, a row group at a time."""
    # Readers filter by the least and greatest value of a row group; for JSON text those are useless.
    plain = [name for name, kind in column_kinds(nested).items() if kind != "json"]
    schema = arrow_schema(nested)
    with load("pyarrow.parquet").ParquetWriter(
        file, schema, compression=compression, write_statistics=plain
    ) as writer:
        for group in _groups(batches, schema):
            writer.write_table(group, row_group_size=len(group))


def _groups(batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Yield record batches as tables, one for each row group."""
    table = load("pyarrow").Table
    group: list[Any] = []
    rows = size = 0
    for batch in batches:
        group.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield table.from_batches(group, schema)
            group, rows, size = [], 0, 0
    if group:
        yield table.from_batches(group, schema)


def read_parquet(path: PathLike) -> Iterator[Any]:
    """Yield the events of a file that `to_parquet` wrote, as the service sent them and `raw()` gives them.

    It reads 1,000 events at a time, so memory does not grow with the file.

    Args:
        path: The path of the Parquet file; `~` is the home folder. The folder that `to_parquet_dataset` wrote
            is read as well, one file after the other, the latest partition first.

    Raises:
        ConfigError: pyarrow is not installed, the path is not one of a file on this machine, or a file is
            damaged or has other content.
        OSError: The file cannot be read.
    """
    for one in _files(path):
        with opened_parquet(one) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                yield from map(event_of, batch.to_pylist())


def _files(path: PathLike) -> list[Path]:
    """Return a file, or the files of a set, the latest partition first."""
    folder = folder_path(path)
    if not folder.is_dir():
        return [file_path(path)]
    found = sorted(folder.rglob("*.parquet"), reverse=True)
    return [one for one in found if not any(map(_is_hidden, one.relative_to(folder).parts))]


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))
