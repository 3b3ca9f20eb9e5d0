"""`AsyncSearchResult`: the lazy result of a search, for code that awaits."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.http.threads import in_thread
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search import cursor as pure
from honeyhive_ext.search.aio_fetch import AsyncFetcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor
from honeyhive_ext.search.pages.form import DICTS, TEXTS, Form
from honeyhive_ext.search.pages.rows import read_rows
from honeyhive_ext.search.query import Query

if TYPE_CHECKING:
    import pandas
    import polars

    from honeyhive_ext.export.frames import Nested, Times
    from honeyhive_ext.export.resumable import ResumableFile
    from honeyhive_ext.results.summary import Summary

T = TypeVar("T")


@never_raising
class AsyncSearchResult(Generic[T]):
    """The async version of `SearchResult`: the same names, with `await` and `async for`.

    While you work on one page, a task fetches the next. The task is cancelled if the iteration ends early.
    After a `break` the event loop does that later; `async with contextlib.aclosing(result.pages())` does it
    at once.
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        sender: AsyncSender,
        query: Query,
        form: Form[T],
        *,
        resume: Checkpoint | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> None:
        self._query = query
        self._form = form
        self._resume = resume
        self._fetcher = AsyncFetcher(sender, query, form.read, retry=retry, timeout=timeout)
        self._cursor: Cursor | None = None
        self._counted: Count | None = None

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        self._cursor = cursor = Cursor(self._query, self._resume)
        async with aclosing(self._fetcher.walk(cursor)) as steps:
            async for _ in steps:
                events = cursor.shown(self._form)
                for cursor.taken, event in enumerate(events, 1):
                    yield event

    async def pages(self) -> AsyncGenerator[list[T], None]:
        """Yield the same events as lists, one for each request that brought new events.

        A page has up to `page_size` events, or more if many events share one millisecond.
        """
        self._cursor = cursor = Cursor(self._query, self._resume)
        async with aclosing(self._fetcher.walk(cursor)) as steps:
            async for _ in steps:
                cursor.taken = len(cursor.rows)
                yield [*cursor.shown(self._form)]

    async def to_list(self, *, progress: bool | Progress = False) -> list[T]:
        """Return all events, in memory at once. `progress` is as for `to_jsonl`."""
        events: list[T] = []
        with closing(Watcher(progress, self._query.limit)) as watcher:
            async with aclosing(self.pages()) as pages:
                async for page in pages:
                    events += page
                    watcher.tell(len(events))
        return events

    async def first(self) -> T | None:
        """Return the newest event, or None. This sends one request, for one event."""
        rows = read_rows((await self._fetcher.page(pure.probe(self._query, 1))).events)
        return self._form.show(rows[0]) if rows else None

    async def one(self) -> T:
        """Return the only event that matches. This sends one request.

        Raises:
            ResultCountError: No event matches, or more than one.
        """
        return self._form.show(pure.only(await self._fetcher.page(pure.probe(self._query, 2))))

    async def count(self) -> Count:
        """Return how many events match. It ignores `limit`.

        This sends one or two requests if the service sends the number of all matches. If it sends only the
        number of events in the page, every event is fetched and counted. `Count.by` and `Count.is_total` tell
        the two apart.
        """
        for rows in (1, 2):
            found = pure.judge_count(await self._fetcher.page(pure.probe(self._query, rows)), rows)
            if found is not None:
                self._counted = found
                return found
        cursor = Cursor(pure.unlimited(self._query), None)
        async with aclosing(self._fetcher.walk(cursor)) as steps:
            self._counted = Count(sum([len(cursor.rows) async for _ in steps]), by="walk", is_total=False)
            return self._counted

    def raw(self) -> AsyncSearchResult[dict[str, Any]]:
        """Return the same search with the events as dicts, exactly as the service sent them."""
        return self._from(self._resume, DICTS)

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

    async def summary(self, by: str | None = None) -> Summary:
        """Return counts, errors, quantiles of durations, tokens and costs, as `SearchResult.summary` does."""
        from honeyhive_ext.results.summary import Summing

        summing = Summing(by)
        async with aclosing(self.raw().pages()) as pages:
            async for page in pages:
                summing.add(page)
        return summing.summary()

    async def _export(self, begun: ResumableFile) -> int:
        with begun as file:
            result = self._from(await in_thread(file.begin, self._resume), file.rows)
            file.tell()
            async with aclosing(result.pages()) as pages:
                async for page in pages:
                    await in_thread(file.write, page, result.checkpoint())
                    file.tell()
            return await in_thread(file.complete)

    def checkpoint(self) -> Checkpoint:
        """Return the position of the latest iteration, after the events it has yielded.

        Pass it, or its `to_json()`, as `resume=` to the same search to continue with the next event.
        """
        return (self._cursor or Cursor(self._query, self._resume)).checkpoint()

    def _from(self, resume: Checkpoint | None, form: Form[Any]) -> AsyncSearchResult[Any]:
        return AsyncSearchResult(
            self._fetcher.sender,
            self._query,
            form,
            resume=resume,
            retry=self._fetcher.retry,
            timeout=self._fetcher.timeout,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({pure.described(self._query)})"

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.results.preview import result_html

        return result_html(type(self).__name__, self._query, self._cursor, self._counted)
