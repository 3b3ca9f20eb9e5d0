"""Events that wait for their Parquet file: Arrow record batches with the partition of each event.

Parquet cannot grow, and a killed run is to lose at most a page. So each page is appended here, as a stream of
its own, and the state of the run says how many bytes count. Once a partition is complete, its events become
the row groups of a file.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.arrow import BatchMaker, load
from honeyhive_ext.export.dataset.partitions import PartitionStart
from honeyhive_ext.export.table import event_of
from honeyhive_ext.files.names import shown
from honeyhive_ext.files.side_file import close_side, open_side
from honeyhive_ext.serialize.exact_json import exact_json

_BUCKET = "partition"
_SMALL = 4 << 20  # bytes, compressed, that are read once for all partitions, and not once for each


class Pending:
    """A file of events that wait.

    Args:
        path: The file. It is made if it does not exist.
        size: The bytes of it that count. The others are cut off.
        maker: Makes the record batches.

    Attributes:
        rows: The number of its events, by partition.
        size: The bytes that it has.

    Raises:
        ConfigError: The file is shorter, or is not ours.
    """

    def __init__(self, path: Path, size: int, maker: BatchMaker) -> None:
        self.path = path
        self._pa = load("pyarrow")
        self._maker = maker
        self._schema = maker.schema.append(self._pa.field(_BUCKET, self._pa.int64()))
        self._read_once: list[Any] | None = None
        self._file: IO[bytes] = open_side(path)
        try:
            self._begin(size)
        except BaseException:
            close_side(self._file)
            raise

    def _begin(self, size: int) -> None:
        if os.fstat(self._file.fileno()).st_size < size:
            raise ConfigError(
                f"{shown(self.path)} was changed: delete run.json in the folder above it to search again"
            )
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size
        self.rows: Counter[PartitionStart] = Counter()
        for batch in self._read():
            self.rows.update(batch.column(_BUCKET).to_pylist())

    def add(self, parts: Mapping[PartitionStart, Sequence[bytes]]) -> None:
        """Append the events of a page, as JSON, by partition."""
        texts = [text for some in parts.values() for text in some]
        buckets = [bucket for bucket, some in parts.items() for _ in some]
        self._write(self._with_partitions(texts, buckets))
        self._sync()
        self.rows.update(buckets)

    def take(self, rest: Pending, buckets: Iterable[PartitionStart]) -> None:
        """Append the events of some partitions that wait in another file."""
        wanted = self._pa.array(buckets, self._pa.int64())
        for batch in rest._read():  # one at a time, since a partition may be large
            found = batch.filter(load("pyarrow.compute").is_in(batch.column(_BUCKET), wanted))
            if found.num_rows:
                column = found.column(_BUCKET)
                self._write([self._pa.record_batch([*self.conform(found).columns, column], self._schema)])
                self.rows.update(column.to_pylist())
        self._sync()

    def batches(self, bucket: PartitionStart) -> Iterator[Any]:
        """Yield the events of a partition as record batches, which have the partition as well."""
        if self.size > _SMALL:
            read = self._read()
        else:
            if self._read_once is None:
                self._read_once = [*self._read()]
            read = iter(self._read_once)
        compute = load("pyarrow.compute")
        for batch in read:
            column = batch.column(_BUCKET)
            mask = compute.is_null(column) if bucket is None else compute.equal(column, bucket)
            found = batch.filter(mask)
            if found.num_rows:
                yield found

    def conform(self, batch: Any) -> Any:
        """Return a batch with the columns of the set, some of which may be newer than it."""
        schema = self._maker.schema
        if {*batch.schema.names}.issuperset(schema.names):
            return self._pa.record_batch([batch.column(name) for name in schema.names], schema=schema)
        texts = [exact_json(event_of(row)).encode() for row in batch.to_pylist()]
        (made,) = self._maker.batches(texts)
        return made

    def _with_partitions(self, texts: Sequence[bytes], buckets: Sequence[PartitionStart]) -> Iterator[Any]:
        """Yield the events as few batches: a page may have many partitions, and each is looked for in all."""
        pa, start = self._pa, 0
        for batch in self._maker.batches(texts):
            end = start + len(batch)
            column = pa.array(buckets[start:end], pa.int64())
            yield pa.record_batch([*batch.columns, column], schema=self._schema)
            start = end

    def _write(self, batches: Iterable[Any]) -> None:
        pa = self._pa
        options = pa.ipc.IpcWriteOptions(compression="lz4" if pa.Codec.is_available("lz4_frame") else None)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema, options=options) as stream:
            for batch in batches:
                stream.write_batch(batch)
        self._file.write(sink.getvalue())
        self._read_once = None

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self.size = self._file.tell()

    def _read(self) -> Iterator[Any]:
        with self._pa.OSFile(os.fsencode(self.path)) as file:
            while file.tell() < self.size:
                with self._pa.ipc.open_stream(file) as stream:
                    yield from stream

    def close(self, *, delete: bool = False) -> None:
        """Close the file, and delete it if its events are elsewhere."""
        close_side(self._file)
        if delete:
            with suppress(FileNotFoundError):
                self.path.unlink()
