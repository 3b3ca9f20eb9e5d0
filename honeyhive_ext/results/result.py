"""`SearchResult`: the lazy result of a search."""

from __future__ import annotations

import os
from collections.abc import Collection, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search import cursor as pure
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor
from honeyhive_ext.search.fetch import Fetcher
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
class SearchResult(Generic[T]):
    """The events that match a search, newest first, fetched as you need them.

    Nothing is sent before you ask for the first event. An event that matches during the whole iteration comes
    exactly once, and an event that arrives during the iteration at most once. Otherwise the iteration raises
    `PaginationIncomplete`; it never ends early without an error. Each new iteration searches again, over
    the same range. While you work on one page, a background thread fetches the next; the thread ends with the
    iteration.
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        sender: Sender,
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
        self._fetcher = Fetcher(sender, query, form.read, retry=retry, timeout=timeout)
        self._cursor: Cursor | None = None
        self._counted: Count | None = None

    def __iter__(self) -> Generator[T, None, None]:
        self._cursor = cursor = Cursor(self._query, self._resume)
        with closing(self._fetcher.walk(cursor)) as steps:
            for _ in steps:
                events = cursor.shown(self._form)
                for cursor.taken, event in enumerate(events, 1):
                    yield event

    def pages(self) -> Generator[list[T], None, None]:
        """Yield the same events as lists, one for each request that brought new events.

        A page has up to `page_size` events, or more if many events share one millisecond.
        """
        self._cursor = cursor = Cursor(self._query, self._resume)
        with closing(self._fetcher.walk(cursor)) as steps:
            for _ in steps:
                cursor.taken = len(cursor.rows)
                yield [*cursor.shown(self._form)]

    def to_list(self, *, progress: bool | Progress = False) -> list[T]:
        """Return all events, in memory at once. `progress` is as for `to_jsonl`."""
        events: list[T] = []
        with closing(Watcher(progress, self._query.limit)) as watcher, closing(self.pages()) as pages:
            for page in pages:
                events += page
                watcher.tell(len(events))
        return events

    def first(self) -> T | None:
        """Return the newest event, or None. This sends one request, for one event."""
        rows = read_rows(self._fetcher.page(pure.probe(self._query, 1)).events)
        return self._form.show(rows[0]) if rows else None

    def one(self) -> T:
        """Return the only event that matches. This sends one request.

        Raises:
            ResultCountError: No event matches, or more than one.
        """
        return self._form.show(pure.only(self._fetcher.page(pure.probe(self._query, 2))))

    def count(self) -> Count:
        """Return how many events match. It ignores `limit`.

        This sends one or two requests if the service sends the number of all matches. If it sends only the
        number of events in the page, every event is fetched and counted. `Count.by` and `Count.is_total` tell
        the two apart.
        """
        for rows in (1, 2):
            found = pure.judge_count(self._fetcher.page(pure.probe(self._query, rows)), rows)
            if found is not None:
                self._counted = found
                return found
        cursor = Cursor(pure.unlimited(self._query), None)
        with closing(self._fetcher.walk(cursor)) as steps:
            self._counted = Count(sum(len(cursor.rows) for _ in steps), by="walk", is_total=False)
            return self._counted

    def raw(self) -> SearchResult[dict[str, Any]]:
        """Return the same search with the events as dicts, exactly as the service sent them."""
        return self._from(self._resume, DICTS)

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
        self, path: str | os.PathLike[str], *, compression: str = "zstd", progress: bool | Progress = False
    ) -> int:
        """Write the events to a Parquet file, without loss, and return their number.

        As with `to_jsonl`, the file appears when it is complete, and the same call continues after an
        interruption. Every file has the same schema: a column for each property of the API document (times
        are Unix ms, nested values JSON text) and three for everything else; see docs/exporting.md.
        `honeyhive_ext.export.read_parquet` returns the events again.

        Args:
            path: The file. Until it is complete, `path.part` and `path.checkpoint` are next to it.
            compression: "zstd", "snappy", "gzip", "brotli", "lz4" or "none".
            progress: As for `to_jsonl`.

        Raises:
            QueryError: The unfinished file at this path belongs to another search.
            ConfigError: pyarrow (the extra `export`) is missing, or another process is writing the file.
        """
        from honeyhive_ext.export.parquet import ParquetFile

        return self._export(ParquetFile(path, self._query, progress, compression=compression))

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

    def summary(self, by: str | None = None) -> Summary:
        """Return counts, errors, quantiles of durations, tokens and costs. Events are not kept in memory.

        Args:
            by: A field whose values make groups, such as "event_type"; "model" is the model, wherever it is.
        """
        from honeyhive_ext.results.summary import Summing

        summing = Summing(by)
        with closing(self.raw().pages()) as pages:
            for page in pages:
                summing.add(page)
        return summing.summary()

    def _export(self, begun: ResumableFile) -> int:
        with begun as file:
            result = self._from(file.begin(self._resume), file.rows)
            file.tell()
            with closing(result.pages()) as pages:
                for page in pages:
                    file.write(page, result.checkpoint())
                    file.tell()
            return file.complete()

    def checkpoint(self) -> Checkpoint:
        """Return the position of the latest iteration, after the events it has yielded.

        Pass it, or its `to_json()`, as `resume=` to the same search to continue with the next event.
        """
        return (self._cursor or Cursor(self._query, self._resume)).checkpoint()

    def _from(self, resume: Checkpoint | None, form: Form[Any]) -> SearchResult[Any]:
        return SearchResult(
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
