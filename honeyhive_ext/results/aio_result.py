"""`AsyncSearchResult`: the lazy result of a search, for code that awaits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.results.aio_exports import AsyncSearchExports
from honeyhive_ext.search import cursor as pure
from honeyhive_ext.search.aio_fetch import AsyncFetcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor
from honeyhive_ext.search.pages.form import DICTS, Form
from honeyhive_ext.search.pages.rows import read_rows
from honeyhive_ext.search.query import Query

if TYPE_CHECKING:
    from honeyhive_ext.results.summary import Summary

T = TypeVar("T")


@never_raising
class AsyncSearchResult(AsyncSearchExports, Generic[T]):
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

    async def summary(self, by: str | None = None) -> Summary:
        """Return counts, errors, quantiles of durations, tokens and costs, as `SearchResult.summary` does."""
        from honeyhive_ext.results.summary import Summing

        summing = Summing(by)
        async with aclosing(self.raw().pages()) as pages:
            async for page in pages:
                summing.add(page)
        return summing.summary()

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
