"""What `AsyncSearchResult` writes: files and data frames."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

from honeyhive_ext.http.drive import drive_async
from honeyhive_ext.http.threads import in_thread
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.payload.times import now_ms
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search.aio_fetch import AsyncFetcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.form import TEXTS, Form
from honeyhive_ext.search.query import Query, When

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow  # type: ignore[import-untyped]

    from honeyhive_ext.export.dataset.partitions import Partition
    from honeyhive_ext.export.frames import Nested, Times
    from honeyhive_ext.export.nested_columns import NestedColumns
    from honeyhive_ext.export.resumable import ResumableFile


class AsyncSearchExports(ABC):
    """The exports of a search, which `AsyncSearchResult` inherits."""

    _query: Query
    _resume: Checkpoint | None
    _fetcher: AsyncFetcher

    @abstractmethod
    def pages(self) -> AsyncGenerator[list[Any], None]:
        """Yield the events as lists."""

    @abstractmethod
    def checkpoint(self) -> Checkpoint:
        """Return the position of the latest iteration."""

    @abstractmethod
    def _from(self, resume: Checkpoint | None, form: Form[Any]) -> AsyncSearchExports:
        """Return the same search from another position, with its events in another form."""

    async def to_jsonl(self, path: str | os.PathLike[str], *, progress: bool | Progress = False) -> int:
        """Write the events to a file, one JSON object a line, as `SearchResult.to_jsonl` does."""
        from honeyhive_ext.export.jsonl import JsonlFile

        # In a thread, as it looks at the disk, and imports pyarrow for .zst.
        return await self._export(await in_thread(JsonlFile, path, self._query, progress))

    async def to_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        columns: NestedColumns = (),
        compression: str = "zstd",
        progress: bool | Progress = False,
    ) -> int:
        """Write the events to a Parquet file, as `SearchResult.to_parquet` does."""
        from honeyhive_ext.export.parquet import ParquetFile

        # In a thread, as it imports pyarrow.
        query = self._query
        file = await in_thread(ParquetFile, path, query, progress, columns=columns, compression=compression)
        return await self._export(file)

    # pyarrow has no types
    async def to_arrow(  # pyright: ignore[reportUnknownParameterType]
        self, *, columns: NestedColumns = ()
    ) -> AsyncGenerator[pyarrow.RecordBatch, None]:  # pyright: ignore[reportUnknownMemberType]
        """Yield the events as Arrow record batches, with the schema of `SearchResult.to_arrow`.

        An Arrow stream cannot wait for an event loop, so this is an async iterator of its batches. If nothing
        matches, it yields one batch without rows, which has the schema.

        Args:
            columns: As for `to_parquet`.
        """
        from honeyhive_ext.export.arrow import BatchMaker, load
        from honeyhive_ext.export.nested_columns import decided, read_columns

        await in_thread(load, "pyarrow")
        maker = BatchMaker(await drive_async(decided(read_columns(columns), self._query), self._fetcher.page))
        empty = True
        async with aclosing(self._from(self._resume, TEXTS).pages()) as pages:
            async for page in pages:
                for batch in await in_thread(maker.listed, page):
                    empty = False
                    yield batch
        if empty:
            yield maker.empty()

    async def to_parquet_dataset(
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
        """Bring a folder of Parquet files up to date, as `SearchResult.to_parquet_dataset` does."""
        from honeyhive_ext.export.dataset.dataset import ParquetDataset

        begun = await in_thread(
            ParquetDataset,
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
            await in_thread(dataset.begin)
            await drive_async(dataset.ask(), self._fetcher.page)
            await in_thread(dataset.take_up)
            while (at := await in_thread(dataset.next)) is not None:
                result = self._from(at, dataset.rows)
                async with aclosing(result.pages()) as pages:
                    async for page in pages:
                        await in_thread(dataset.write, page, result.checkpoint())
                        dataset.tell()
                await in_thread(dataset.end_interval)
            dataset.tell()
            return dataset.events

    async def to_csv(
        self,
        path: str | os.PathLike[str],
        *,
        formulas: bool = False,
        progress: bool | Progress = False,
    ) -> int:
        """Write the events to a CSV file, as `SearchResult.to_csv` does."""
        from honeyhive_ext.export.csv_file import CsvFile

        return await self._export(await in_thread(CsvFile, path, self._query, progress, formulas=formulas))

    @overload
    async def to_dataframe(
        self,
        library: Literal["pandas"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        nested: Nested = "object",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame: ...

    @overload
    async def to_dataframe(
        self,
        library: Literal["polars"],
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        nested: Nested = "object",
        progress: bool | Progress = False,
    ) -> polars.DataFrame: ...

    async def to_dataframe(
        self,
        library: Literal["pandas", "polars"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        nested: Nested = "object",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame | polars.DataFrame:
        """Return the events as a data frame, as `SearchResult.to_dataframe` does."""
        from honeyhive_ext.export.frames import FrameMaker

        query = self._query
        begun = await in_thread(
            FrameMaker, library, query, flatten=flatten, times=times, nested=nested, progress=progress
        )
        with begun as maker:
            async with aclosing(self._from(self._resume, TEXTS).pages()) as pages:
                async for page in pages:
                    await in_thread(maker.add, map(read_value, page))
                    maker.tell()
            frame: pandas.DataFrame | polars.DataFrame = await in_thread(maker.make)
            return frame

    async def _export(self, begun: ResumableFile) -> int:
        with begun as file:
            result = self._from(await in_thread(file.begin, self._resume), file.rows)
            await drive_async(file.ask(), self._fetcher.page)
            file.tell()
            async with aclosing(result.pages()) as pages:
                async for page in pages:
                    await in_thread(file.write, page, result.checkpoint())
                    file.tell()
            return await in_thread(file.complete)
