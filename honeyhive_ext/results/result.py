"""`SearchResult`: the lazy result of a search."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.filters.condition import Filter
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.results.exports import SearchExports
from honeyhive_ext.search import cursor as pure
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor
from honeyhive_ext.search.fetch import Fetcher
from honeyhive_ext.search.pages.form import DICTS, TEXTS, Form
from honeyhive_ext.search.pages.rows import read_rows
from honeyhive_ext.search.query import Query, at_most, within

if TYPE_CHECKING:
    from honeyhive_ext.results.summary import Summary

T = TypeVar("T")


@never_raising
class SearchResult(SearchExports, Generic[T]):
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

    def _narrowed(
        self,
        filters: Sequence[Filter] = (),
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int | None = None,
    ) -> SearchResult[bytes] | None:
        """Return the search of fewer events, each as JSON; None if there can be none.

        A search with a limit, or from a checkpoint, has the same filters and range, as others would change
        which events it means.
        """
        query: Query | None = self._query
        if self._resume is None and self._query.limit is None:
            query = within(self._query, filters, start, end)
        if query is None:
            return None
        return SearchResult(
            self._fetcher.sender,
            query if limit is None else at_most(query, limit),
            TEXTS,
            resume=self._resume,
            retry=self._fetcher.retry,
            timeout=self._fetcher.timeout,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({pure.described(self._query)})"

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.results.preview import result_html

        return result_html(type(self).__name__, self._query, self._cursor, self._counted)
