"""What `AsyncSearchResult` writes: files and data frames."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, overload

from honeyhive_ext.http.threads import in_thread
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.form import TEXTS, Form
from honeyhive_ext.search.query import Query

if TYPE_CHECKING:
    import pandas
    import polars

    from honeyhive_ext.export.frames import Nested, Times
    from honeyhive_ext.export.resumable import ResumableFile


class AsyncSearchExports(ABC):
    """The exports of a search, which `AsyncSearchResult` inherits."""

    _query: Query
    _resume: Checkpoint | None

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
        self, path: str | os.PathLike[str], *, compression: str = "zstd", progress: bool | Progress = False
    ) -> int:
        """Write the events to a Parquet file, as `SearchResult.to_parquet` does."""
        from honeyhive_ext.export.parquet import ParquetFile

        # In a thread, as it imports pyarrow.
        file = await in_thread(ParquetFile, path, self._query, progress, compression=compression)
        return await self._export(file)

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
            file.tell()
            async with aclosing(result.pages()) as pages:
                async for page in pages:
                    await in_thread(file.write, page, result.checkpoint())
                    file.tell()
            return await in_thread(file.complete)
