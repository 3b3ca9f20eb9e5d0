"""What `SearchResult` writes: files and data frames."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

from honeyhive_ext.http.drive import drive
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.payload.times import now_ms
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.fetch import Fetcher
from honeyhive_ext.search.pages.form import TEXTS, Form
from honeyhive_ext.search.query import Query, When

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow  # type: ignore[import-untyped]

    from honeyhive_ext.export.dataset.partitions import Partition
    from honeyhive_ext.export.frames import Nested, Times
    from honeyhive_ext.export.nested_columns import NestedColumn, NestedColumns
    from honeyhive_ext.export.resumable import ResumableFile


class SearchExports(ABC):
    """The exports of a search, which `SearchResult` inherits."""

    _query: Query
    _resume: Checkpoint | None
    _fetcher: Fetcher

    @abstractmethod
    def pages(self) -> Generator[list[Any], None, None]:
        """Yield the events as lists."""

    @abstractmethod
    def checkpoint(self) -> Checkpoint:
        """Return the position of the latest iteration."""

    @abstractmethod
    def _from(self, resume: Checkpoint | None, form: Form[Any]) -> SearchExports:
        """Return the same search from another position, with its events in another form."""

    def to_jsonl(self, path: str | os.PathLike[str], *, progress: bool | Progress = False) -> int:
        """Write the events to a file, one JSON object a line, exactly as the service sent them.

        The file appears under its name when it is complete, and replaces a file of that name. After an
        interruption (an error, Ctrl-C, SIGKILL, a power cut) the same call continues where it stopped,
        with the same result. See docs/exporting.md.

        Args:
            path: The file. Until it is complete, `path.part` and `path.checkpoint` are next to it.
            progress: True for a bar (needs the extra `progress`), or a function that takes the number of
                events so far and `limit` (None without one).

        Returns:
            The number of events in the file.

        Raises:
            QueryError: The unfinished file at this path belongs to another search.
            ConfigError: Another process is writing the file.
        """
        from honeyhive_ext.export.jsonl import JsonlFile

        return self._export(JsonlFile(path, self._query, progress))

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        columns: NestedColumns = (),
        compression: str = "zstd",
        progress: bool | Progress = False,
    ) -> int:
        """Write the events to a Parquet file, without loss, and return their number.

        As with `to_jsonl`, the file appears when it is complete, and the same call continues after an
        interruption. Every file has the same schema: a column for each property of the API document (times
        are Unix ms, nested values JSON text) and three for everything else; see docs/exporting.md.
        `honeyhive_ext.export.read_parquet` returns the events again.

        Args:
            path: The file. Until it is complete, `path.part` and `path.checkpoint` are next to it.
            columns: Values inside objects that get columns of their own, after the others:
                `["metadata.cost"]`, or with types `{"metadata.cost": "number"}`, `["metadata.cost:number"]`.
                The types are string, number, integer, boolean and json. A value of another type is an empty
                cell. Without a type, one request to the newest events decides it.
            compression: "zstd", "snappy", "gzip", "brotli", "lz4" or "none".
            progress: As for `to_jsonl`.

        Raises:
            QueryError: The unfinished file at this path belongs to another search.
            ConfigError: pyarrow (the extra `export`) is missing, a column cannot exist, or another process is
                writing the file.
        """
        from honeyhive_ext.export.parquet import ParquetFile

        return self._export(
            ParquetFile(path, self._query, progress, columns=columns, compression=compression)
        )

    # pyarrow has no types
    def to_arrow(  # pyright: ignore[reportUnknownParameterType]
        self, *, columns: NestedColumns = ()
    ) -> pyarrow.RecordBatchReader:  # pyright: ignore[reportUnknownMemberType]
        """Return the events as a stream of Arrow record batches, with the columns of `to_parquet`.

        Every library that reads Arrow streams takes it: `duckdb.from_arrow`, `polars.DataFrame`,
        `pyarrow.table`. The search runs while the stream is read, in any thread, with one page in memory. A
        stream is read once; each call searches again. `close`, or the end of a `with` block, ends the search.

        Args:
            columns: As for `to_parquet`.

        Raises:
            ConfigError: pyarrow (the extra `export`) is missing, or a column cannot exist.
            HoneyHiveError: Reading raises the errors of the search. A library that reads the stream outside
                of Python has its own exception, with the same message.
        """
        from honeyhive_ext.export.arrow import BatchMaker, load

        load("pyarrow")
        from honeyhive_ext.export.arrow_reader import EventBatchReader

        maker = BatchMaker(self._nested(columns))
        return EventBatchReader(maker.schema, maker.stream(self._from(self._resume, TEXTS).pages()))

    def to_parquet_dataset(
        self,
        path: str | os.PathLike[str],
        *,
        partition: Partition = "day",
        columns: NestedColumns = (),
        overlap: timedelta | str = "1h",
        refresh: When = None,
        compression: str = "zstd",
        progress: bool | Progress = False,
    ) -> int:
        """Bring a folder of Parquet files up to date with the search, and return how many events were added.

        The events are in one folder for each month, day or hour of their start_time in UTC, as Hive, Spark,
        DuckDB, Polars and `pyarrow.dataset` read them: `date=2026-01-02/part-....parquet`. The columns are
        those of `to_parquet`. Each event is there once, however often you call this. A later call searches
        only what was not searched yet, and the last `overlap` before it. An interrupted call continues. See
        docs/exporting.md.

        Args:
            path: The folder. It is made. Nothing but such a set may be in it.
            partition: "day" (the default), "hour" or "month".
            columns: As for `to_parquet`. A later call may add columns.
            overlap: How long after its start_time an event may arrive and still be found: a timedelta, or a
                text such as "6h". Default one hour.
            refresh: Fetch all partitions from this time on again, and replace them. They then have events as
                they are now, and late ones. A time is written as `start` of a search: "7d", a datetime.
                Default: none.
            compression: As for `to_parquet`.
            progress: As for `to_jsonl`.

        Returns:
            The number of events that were added, those before an interruption included. With `refresh`,
            events that are written again count.

        Raises:
            QueryError: The folder has a set of another search, or the search has a `limit`.
            ConfigError: pyarrow (the extra `export`) is missing, the folder cannot be used, a column has
                another type than in the set, or another process is writing the set.
            OSError: The disk is full, and the like. The complete files are unchanged, and the next call
                continues.
        """
        from honeyhive_ext.export.dataset.dataset import ParquetDataset

        begun = ParquetDataset(
            path,
            self._query,
            progress,
            partition=partition,
            columns=columns,
            overlap=overlap,
            refresh=refresh,
            compression=compression,
            resume=self._resume,
            now=now_ms(),
        )
        with begun as dataset:
            dataset.begin()
            drive(dataset.ask(), self._fetcher.page)
            dataset.take_up()
            while (at := dataset.next()) is not None:
                result = self._from(at, dataset.rows)
                with closing(result.pages()) as pages:
                    for page in pages:
                        dataset.write(page, result.checkpoint())
                        dataset.tell()
                dataset.end_interval()
            dataset.tell()
            return dataset.events

    def to_csv(
        self, path: str | os.PathLike[str], *, formulas: bool = False, progress: bool | Progress = False
    ) -> int:
        """Write the events to a CSV file with the columns of `to_parquet`, and return their number.

        As with `to_jsonl`, the file appears when it is complete, the same call continues after an
        interruption, and a name that ends in `.gz` or `.zst` compresses it. See docs/exporting.md.

        Args:
            path: The file. Until it is complete, `path.part` and `path.checkpoint` are next to it.
            formulas: True to leave texts such as `=1+1` as they are. By default an apostrophe is put before
                them, because a spreadsheet would run them.
            progress: As for `to_jsonl`.

        Raises:
            QueryError: The unfinished file at this path belongs to another search.
            ConfigError: Another process is writing the file.
        """
        from honeyhive_ext.export.csv_file import CsvFile

        return self._export(CsvFile(path, self._query, progress, formulas=formulas))

    @overload
    def to_dataframe(
        self,
        library: Literal["pandas"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        nested: Nested = "object",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame: ...

    @overload
    def to_dataframe(
        self,
        library: Literal["polars"],
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        nested: Nested = "object",
        progress: bool | Progress = False,
    ) -> polars.DataFrame: ...

    def to_dataframe(
        self,
        library: Literal["pandas", "polars"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        nested: Nested = "object",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame | polars.DataFrame:
        """Return the events as a data frame, one row each, newest first, in memory at once.

        The columns are those of `to_parquet`, even if nothing matches. All cells of a column have one type,
        except nested values in pandas: see `nested`.

        Args:
            library: "pandas" or "polars". The extra of the same name installs it.
            flatten: True to give each value inside an object its own column, such as `metadata.cost`; the
                names of columns to do so only for these. `honeyhive_ext.export.column_name` returns the name
                of such a column.
            times: "ms" for start_time and end_time as Unix ms, "datetime" for datetimes in UTC (to the µs).
            nested: "object" for dicts, lists and cells of mixed types as Python values in pandas; "json" for
                JSON text, as polars always has it. Then pandas can write the frame, and compare its rows.
            progress: As for `to_jsonl`.

        Raises:
            ConfigError: The library is missing, or an argument is not one of those above.
        """
        from honeyhive_ext.export.frames import FrameMaker

        with (
            FrameMaker(
                library, self._query, flatten=flatten, times=times, nested=nested, progress=progress
            ) as maker,
            closing(self._from(self._resume, TEXTS).pages()) as pages,
        ):
            for page in pages:
                maker.add(map(read_value, page))
                maker.tell()
            frame: pandas.DataFrame | polars.DataFrame = maker.make()
            return frame

    def _nested(self, columns: NestedColumns) -> tuple[NestedColumn, ...]:
        """Return the columns that somebody asks for, with types."""
        from honeyhive_ext.export.nested_columns import decided, read_columns

        return drive(decided(read_columns(columns), self._query), self._fetcher.page)

    def _export(self, begun: ResumableFile) -> int:
        with begun as file:
            result = self._from(file.begin(self._resume), file.rows)
            drive(file.ask(), self._fetcher.page)
            file.tell()
            with closing(result.pages()) as pages:
                for page in pages:
                    file.write(page, result.checkpoint())
                    file.tell()
            return file.complete()
