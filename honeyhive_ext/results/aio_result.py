"""`AsyncSearchResult`: the lazy result of a search, for code that awaits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar, overload

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.search import cursor as pure
from honeyhive_ext.search.aio_fetch import AsyncFetcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor
from honeyhive_ext.search.pages.event import as_it_came
from honeyhive_ext.search.pages.interning import share
from honeyhive_ext.search.pages.read import ReadPage, read_page
from honeyhive_ext.search.query import Query

if TYPE_CHECKING:
    import pandas
    import polars

    from honeyhive_ext.export.frames import Times
    from honeyhive_ext.export.resumable import ResumableFile

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class AsyncSearchResult(Generic[T]):
    """The awaitable twin of `SearchResult`: the same names, with `await` and `async for`.

    While the caller works on one page, a task fetches the next; it is cancelled where the iteration ends
    early. A `break` leaves that to the event loop; `async with contextlib.aclosing(result.pages())` ends it
    at once.
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        sender: AsyncSender,
        query: Query,
        convert: Callable[[Any], T],
        *,
        resume: Checkpoint | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> None:
        self._query = query
        self._convert = convert
        self._resume = resume
        self._fetcher = AsyncFetcher(sender, query, retry=retry, timeout=timeout)
        self._cursor: Cursor | None = None

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        self._cursor = cursor = Cursor(self._query, self._resume)
        async with aclosing(self._fetcher.walk(cursor)) as steps:
            async for _ in steps:
                events = cursor.converted(self._convert)
                for cursor.taken, event in enumerate(events, 1):
                    yield event

    async def pages(self) -> AsyncGenerator[list[T], None]:
        """The same events, a list for each request that brought new ones.

        A page has up to `page_size` events, more where many share one millisecond.
        """
        self._cursor = cursor = Cursor(self._query, self._resume)
        async with aclosing(self._fetcher.walk(cursor)) as steps:
            async for _ in steps:
                cursor.taken = len(cursor.rows)
                yield [*cursor.converted(self._convert)]

    async def to_list(self, *, progress: bool | Progress = False) -> list[T]:
        """All events, in memory at once. `progress` as for `to_jsonl`."""
        events: list[T] = []
        texts: dict[str, str] = {}
        with closing(Watcher(progress, self._query.limit)) as watcher:
            async with aclosing(self.pages()) as pages:
                async for page in pages:
                    share(page, texts)
                    events += page
                    watcher.tell(len(events))
        return events

    async def first(self) -> T | None:
        """The newest event, or None. One request for one event."""
        events = (await self._fetcher.page(pure.probe(self._query, 1))).events
        return self._convert(events[0]) if events else None

    async def one(self) -> T:
        """The only event that matches. One request.

        Raises:
            ResultCountError: None matches, or more than one.
        """
        return self._convert(pure.only(await self._fetcher.page(pure.probe(self._query, 2))))

    async def count(self) -> Count:
        """How many events match, whatever `limit` says.

        One or two requests where the service sends the number of all matches. Where it sends only that of
        the page, every event is fetched and counted. `Count.by` and `Count.is_total` say which it was.
        """
        for rows in (1, 2):
            found = pure.judge_count(await self._fetcher.page(pure.probe(self._query, rows)), rows)
            if found is not None:
                return found
        cursor = Cursor(pure.unlimited(self._query), None)
        async with aclosing(self._fetcher.walk(cursor)) as steps:
            return Count(sum([len(cursor.rows) async for _ in steps]), by="walk", is_total=False)

    def raw(self) -> AsyncSearchResult[dict[str, Any]]:
        """The same search, handing out the events as dicts, just as the service sent them."""
        return self._from(self._resume)

    async def to_jsonl(self, path: str | os.PathLike[str], *, progress: bool | Progress = False) -> int:
        """Write the events to a file, one JSON object a line; see `SearchResult.to_jsonl`."""
        from honeyhive_ext.export.jsonl import JsonlFile

        return await self._export(JsonlFile(path, self._query, progress))

    async def to_parquet(
        self, path: str | os.PathLike[str], *, compression: str = "zstd", progress: bool | Progress = False
    ) -> int:
        """Write the events to a Parquet file; see `SearchResult.to_parquet`."""
        from honeyhive_ext.export.parquet import ParquetFile

        # In a thread, as it imports pyarrow.
        file = await _in_thread(ParquetFile, path, self._query, progress, compression=compression)
        return await self._export(file)

    @overload
    async def to_dataframe(
        self,
        library: Literal["pandas"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame: ...

    @overload
    async def to_dataframe(
        self,
        library: Literal["polars"],
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        progress: bool | Progress = False,
    ) -> polars.DataFrame: ...

    async def to_dataframe(
        self,
        library: Literal["pandas", "polars"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame | polars.DataFrame:
        """The events as a data frame of pandas or polars; see `SearchResult.to_dataframe`."""
        from honeyhive_ext.export.frames import FrameMaker

        query = self._query
        begun = await _in_thread(FrameMaker, library, query, flatten=flatten, times=times, progress=progress)
        with begun as maker:
            async with aclosing(self.raw().pages()) as pages:
                async for page in pages:
                    await _in_thread(maker.add, page)
                    maker.tell()
            frame: pandas.DataFrame | polars.DataFrame = await _in_thread(maker.make)
            return frame

    async def _export(self, begun: ResumableFile) -> int:
        with begun as file:
            result = self._from(await _in_thread(file.begin, self._resume), file.read)
            file.tell()
            async with aclosing(result.pages()) as pages:
                async for page in pages:
                    await _in_thread(file.write, page, result.checkpoint())
                    file.tell()
            return await _in_thread(file.complete)

    def checkpoint(self) -> Checkpoint:
        """Where the latest iteration stands after the events it has handed out.

        Pass it, or its `to_json()`, to the same search as `resume=` and that goes on with the next event.
        """
        return (self._cursor or Cursor(self._query, self._resume)).checkpoint()

    def _from(
        self, resume: Checkpoint | None, read: ReadPage = read_page
    ) -> AsyncSearchResult[dict[str, Any]]:
        found: AsyncSearchResult[dict[str, Any]] = AsyncSearchResult(
            self._fetcher.sender,
            self._query,
            as_it_came,
            resume=resume,
            retry=self._fetcher.retry,
            timeout=self._fetcher.timeout,
        )
        found._fetcher.read = read
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({pure.described(self._query)})"


async def _in_thread(function: Callable[P, R], *args: P.args, **keywords: P.kwargs) -> R:
    """Run it in a thread. A cancelled task waits for the thread, which uses what the task closes next."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *args, **keywords))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
