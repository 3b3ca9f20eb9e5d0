"""Search results as Parquet.

A Parquet file ends with an index of all of its parts, so an interrupted one cannot grow. The part file is
therefore of another form: each page is appended as a separate stream of compressed Arrow record batches, so
the file can be cut between any two pages and continued there. After the search the record batches become the
row groups of the Parquet file, one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import IO, Any

from honeyhive_ext.config.checks import is_one_of
from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.by_column import some_columns
from honeyhive_ext.export.resumable import ResumableFile
from honeyhive_ext.export.table import columns, event_of
from honeyhive_ext.files.names import PathLike, file_path, shown
from honeyhive_ext.files.packing import packing_of
from honeyhive_ext.files.side_file import remove_side
from honeyhive_ext.files.whole import whole_file
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.search.pages.form import TEXTS
from honeyhive_ext.search.query import Query

# A row group ends with the batch that reaches either limit. One uncompressed group is in memory at a time.
GROUP_ROWS = 10_000
GROUP_BYTES = 32 << 20
BATCH_ROWS = 1_000  # most events in a record batch; a page is longer if many share one millisecond

COMPRESSIONS = ("zstd", "snappy", "gzip", "brotli", "lz4", "none")
TYPES = {"string": "string", "number": "float64", "integer": "int64", "boolean": "bool_", "json": "string"}


def load(module: str) -> Any:
    """Import and return a module of pyarrow.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            'to_parquet and read_parquet need pyarrow: pip install "honeyhive-ext[export]"'
        ) from error


def arrow_schema() -> Any:
    """Return the schema that all files have, as a `pyarrow.Schema`."""
    pa = load("pyarrow")
    return pa.schema([(column.name, getattr(pa, TYPES[column.kind])()) for column in columns()])


class ParquetFile(ResumableFile):
    """A growing Parquet file; its part file holds the events as Arrow record batches."""

    rows = TEXTS
    sides = (*ResumableFile.sides, ".new")

    def __init__(
        self, path: PathLike, query: Query, progress: bool | Progress = False, *, compression: str = "zstd"
    ) -> None:
        self._pa = load("pyarrow")
        self._pq = load("pyarrow.parquet")
        self._schema = arrow_schema()
        if not is_one_of(compression, COMPRESSIONS):
            raise ConfigError(f"compression is {repr_of(compression)}: give one of {', '.join(COMPRESSIONS)}")
        self._compression = compression
        self.form = "parquet " + " ".join(f"{field.name}:{field.type}" for field in self._schema)
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
        with pa.ipc.new_stream(sink, self._schema, options=options) as stream:
            for start in range(0, len(events), BATCH_ROWS):
                stream.write_batch(self._batch(events[start : start + BATCH_ROWS]))
        encoded: bytes = sink.getvalue().to_pybytes()
        return encoded

    def finish(self, part: IO[bytes]) -> None:
        """Write the Parquet file from the record batches under another name, then move it to its own."""
        part.flush()
        # Readers filter by the least and greatest value of a row group; for JSON text those are useless.
        plain = [column.name for column in columns() if column.kind != "json"]
        with whole_file(self.place) as new:
            with self._pq.ParquetWriter(
                new, self._schema, compression=self._compression, write_statistics=plain
            ) as writer:
                for group in self._groups():
                    writer.write_table(group, row_group_size=len(group))
            new.seek(0)
            if self._pq.read_metadata(new).num_rows != self._events:
                raise ConfigError(
                    f"{shown(self.part)} was changed while the export ran: delete it and export again"
                )
        remove_side(part, self.part)

    def _batch(self, events: Sequence[bytes]) -> Any:
        made: dict[str, list[Any]] = {column.name: [] for column in columns()}
        for some in some_columns(events):
            for name, column_cells in some.items():
                made[name] += column_cells
        arrays = [self._pa.array(made[field.name], type=field.type) for field in self._schema]
        return self._pa.record_batch(arrays, schema=self._schema)

    def _groups(self) -> Iterator[Any]:
        """Yield the record batches of the part file as tables, one for each row group."""
        group: list[Any] = []
        rows = size = 0
        for batch in self._batches():
            group.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                yield self._pa.Table.from_batches(group, self._schema)
                group, rows, size = [], 0, 0
        if group:
            yield self._pa.Table.from_batches(group, self._schema)

    def _batches(self) -> Iterator[Any]:
        with self._pa.OSFile(os.fsencode(self.part)) as file:
            end = file.size()
            while file.tell() < end:
                with self._pa.ipc.open_stream(file) as stream:
                    yield from stream


def read_parquet(path: PathLike) -> Iterator[Any]:
    """Yield the events of a file that `to_parquet` wrote, as the service sent them and `raw()` gives them.

    It reads 1,000 events at a time, so memory does not grow with the file.

    Args:
        path: The path of the Parquet file; `~` is the home folder.

    Raises:
        ConfigError: pyarrow is not installed, or the path is not one of a file on this machine.
        OSError: The file cannot be read.
    """
    parquet = load("pyarrow.parquet")
    with file_path(path).open("rb") as opened, parquet.ParquetFile(opened) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            yield from map(event_of, batch.to_pylist())
