"""`SearchResult`: the lazy result of a search, in the calling thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.search import cursor as pure
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor
from honeyhive_ext.search.fetch import Fetcher
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


class SearchResult(Generic[T]):
    """The events that match a search, newest first, fetched as they are needed.

    Nothing is sent before the first event is asked for. An event that matches throughout the iteration
    comes exactly once, one that arrives meanwhile at most once, or `PaginationIncomplete` is raised; the
    iteration never ends short in silence. Each new iteration searches anew, over the same range. While
    the caller works on one page, a background thread fetches the next; it ends with the iteration.
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        sender: Sender,
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
        self._fetcher = Fetcher(sender, query, retry=retry, timeout=timeout)
        self._cursor: Cursor | None = None

    def __iter__(self) -> Generator[T, None, None]:
        self._cursor = cursor = Cursor(self._query, self._resume)
        with closing(self._fetcher.walk(cursor)) as steps:
            for _ in steps:
                events = cursor.converted(self._convert)
                for cursor.taken, event in enumerate(events, 1):
                    yield event

    def pages(self) -> Generator[list[T], None, None]:
        """The same events, a list for each request that brought new ones.

        A page has up to `page_size` events, more where many share one millisecond.
        """
        self._cursor = cursor = Cursor(self._query, self._resume)
        with closing(self._fetcher.walk(cursor)) as steps:
            for _ in steps:
                cursor.taken = len(cursor.rows)
                yield [*cursor.converted(self._convert)]

    def to_list(self, *, progress: bool | Progress = False) -> list[T]:
        """All events, in memory at once. `progress` as for `to_jsonl`."""
        events: list[T] = []
        texts: dict[str, str] = {}
        with closing(Watcher(progress, self._query.limit)) as watcher, closing(self.pages()) as pages:
            for page in pages:
                share(page, texts)
                events += page
                watcher.tell(len(events))
        return events

    def first(self) -> T | None:
        """The newest event, or None. One request for one event."""
        events = self._fetcher.page(pure.probe(self._query, 1)).events
        return self._convert(events[0]) if events else None

    def one(self) -> T:
        """The only event that matches. One request.

        Raises:
            ResultCountError: None matches, or more than one.
        """
        return self._convert(pure.only(self._fetcher.page(pure.probe(self._query, 2))))

    def count(self) -> Count:
        """How many events match, whatever `limit` says.

        One or two requests where the service sends the number of all matches. Where it sends only that of
        the page, every event is fetched and counted. `Count.by` and `Count.is_total` say which it was.
        """
        for rows in (1, 2):
            found = pure.judge_count(self._fetcher.page(pure.probe(self._query, rows)), rows)
            if found is not None:
                return found
        cursor = Cursor(pure.unlimited(self._query), None)
        with closing(self._fetcher.walk(cursor)) as steps:
            return Count(sum(len(cursor.rows) for _ in steps), by="walk", is_total=False)

    def raw(self) -> SearchResult[dict[str, Any]]:
        """The same search, handing out the events as dicts, just as the service sent them."""
        return self._from(self._resume)

    def to_jsonl(self, path: str | os.PathLike[str], *, progress: bool | Progress = False) -> int:
        """Write the events to a file, one JSON object a line, just as the service sent them.

        The file appears under its name when it is complete, in place of one that was there. After an
        interruption (an error, Ctrl-C, SIGKILL, a power cut) the same call goes on where it stopped,
        and the result is the same. See docs/exporting.md.

        Args:
            path: The file. Until it is complete, `path.part` and `path.checkpoint` stand beside it.
            progress: True for a bar (needs the extra `progress`), or a function of the number of events
                so far and of `limit` (None without one).

        Returns:
            The number of events in the file.

        Raises:
            QueryError: What was begun at this path is of another search.
            ConfigError: Another process is writing it.
        """
        from honeyhive_ext.export.jsonl import JsonlFile

        return self._export(JsonlFile(path, self._query, progress))

    def to_parquet(
        self, path: str | os.PathLike[str], *, compression: str = "zstd", progress: bool | Progress = False
    ) -> int:
        """Write the events to a Parquet file, without loss, in one schema for all. Returns their number.

        Whole or not there, and gone on with after an interruption, as `to_jsonl`. A column for each property
        of the API document (times are Unix ms, nested values JSON text) and three for what has no place in
        them; see docs/exporting.md. `honeyhive_ext.export.read_parquet` gives the events back.

        Args:
            path: The file. Until it is complete, `path.part` and `path.checkpoint` stand beside it.
            compression: "zstd", "snappy", "gzip", "brotli", "lz4" or "none".
            progress: As for `to_jsonl`.

        Raises:
            QueryError: What was begun at this path is of another search.
            ConfigError: pyarrow (the extra `export`) is missing, or another process is writing the file.
        """
        from honeyhive_ext.export.parquet import ParquetFile

        return self._export(ParquetFile(path, self._query, progress, compression=compression))

    @overload
    def to_dataframe(
        self,
        library: Literal["pandas"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame: ...

    @overload
    def to_dataframe(
        self,
        library: Literal["polars"],
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        progress: bool | Progress = False,
    ) -> polars.DataFrame: ...

    def to_dataframe(
        self,
        library: Literal["pandas", "polars"] = "pandas",
        *,
        flatten: bool | str | Collection[str] = False,
        times: Times = "ms",
        progress: bool | Progress = False,
    ) -> pandas.DataFrame | polars.DataFrame:
        """The events as a data frame, one row each, newest first, in memory at once.

        The columns are those of `to_parquet`, also where nothing matches. Nested values are dicts and lists
        in pandas and JSON text in polars.

        Args:
            library: "pandas" or "polars"; the extra of the same name installs it.
            flatten: True gives each value inside an object a column of its own, such as `metadata.cost`;
                the names of columns do so for these alone. `honeyhive_ext.export.column_name` says how a
                column is called.
            times: "ms" for start_time and end_time as Unix ms, "datetime" for moments in UTC (to the µs).
            progress: As for `to_jsonl`.

        Raises:
            ConfigError: The library is missing, or an argument is none of those above.
        """
        from honeyhive_ext.export.frames import FrameMaker

        with (
            FrameMaker(library, self._query, flatten=flatten, times=times, progress=progress) as maker,
            closing(self.raw().pages()) as pages,
        ):
            for page in pages:
                maker.add(page)
                maker.tell()
            frame: pandas.DataFrame | polars.DataFrame = maker.make()
            return frame

    def _export(self, begun: ResumableFile) -> int:
        with begun as file:
            result = self._from(file.begin(self._resume), file.read)
            file.tell()
            with closing(result.pages()) as pages:
                for page in pages:
                    file.write(page, result.checkpoint())
                    file.tell()
            return file.complete()

    def checkpoint(self) -> Checkpoint:
        """Where the latest iteration stands after the events it has handed out.

        Pass it, or its `to_json()`, to the same search as `resume=` and that goes on with the next event.
        """
        return (self._cursor or Cursor(self._query, self._resume)).checkpoint()

    def _from(self, resume: Checkpoint | None, read: ReadPage = read_page) -> SearchResult[dict[str, Any]]:
        found: SearchResult[dict[str, Any]] = SearchResult(
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
