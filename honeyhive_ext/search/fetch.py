"""`Fetcher`: sends the requests of a search, in the calling thread and ahead of it."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.drive import drive
from honeyhive_ext.http.exchange import Call, Reply
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused, page_of
from honeyhive_ext.search.pages.read import ReadPage, accepted, answer, read_page
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.windows import Window, Windows


class Fetcher:
    """Sends the requests of one search.

    Attributes:
        read: Makes a page of a reply.
    """

    def __init__(
        self, sender: Sender, query: Query, *, retry: RetryPolicy | bool | None, timeout: float | None
    ) -> None:
        self.sender = sender
        self.retry = retry
        self.timeout = timeout
        self.read: ReadPage = read_page
        self._query = query

    def page(self, ask: Ask) -> Page:
        """Return the answer to a request without extra filters."""
        return page_of(self._fetch(ask))

    def walk(self, cursor: Cursor) -> Generator[None, None, None]:
        """Yield whenever `cursor.rows` are new. The caller then yields all of them."""
        ahead: ThreadPoolExecutor | None = None
        try:
            while True:
                ask, windows, coming = cursor.ask, cursor.windows(), None
                if cursor.rows:
                    if ask is not None and windows is None:
                        ahead = ahead or ThreadPoolExecutor(1, thread_name_prefix="honeyhive-search")
                        coming = ahead.submit(self._send, ask)
                    yield
                if ask is None:
                    return
                if windows is not None:
                    yield from self._side_by_side(cursor, windows)
                    return
                # The answer is parsed once the page before it is dropped, not ahead: its memory is used
                # again while it is in the processor's cache, and only one parsed page is in memory.
                cursor.release()
                cursor.feed(self._answer(*(self._send(ask) if coming is None else coming.result())))
        finally:
            if ahead is not None:
                ahead.shutdown(wait=False, cancel_futures=True)

    def _side_by_side(self, cursor: Cursor, windows: Windows) -> Generator[None, None, None]:
        workers = ThreadPoolExecutor(self._query.parallel, thread_name_prefix="honeyhive-search")
        running: dict[Future[tuple[list[Row], bool]], Window] = {}
        try:
            while not windows.finished:
                while (window := windows.next()) is not None:
                    running[workers.submit(self._run, windows.job(window))] = window
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    rows, slowed = done.result()
                    windows.done(running.pop(done), rows, slowed=slowed)
                for step in windows.released():
                    cursor.show(step)
                    if cursor.rows:
                        yield
                    if cursor.finished:
                        return
            cursor.show(windows.end(self._run(windows.last())[0]))
            if cursor.rows:
                yield
        finally:
            workers.shutdown(wait=False, cancel_futures=True)

    def _run(self, job: Generator[Ask, Page | PageRefused, list[Row]]) -> tuple[list[Row], bool]:
        """Return the rows of a window, and whether one of its requests was sent more than once."""
        slowed = False

        def fetch(ask: Ask) -> Page | PageRefused:
            nonlocal slowed
            answer = self._fetch(ask)
            slowed = slowed or (isinstance(answer, Page) and answer.attempts > 1)
            return answer

        rows = drive(job, fetch)
        return rows, slowed

    def _fetch(self, ask: Ask) -> Page | PageRefused:
        return self._answer(*self._send(ask))

    def _send(self, ask: Ask) -> tuple[Call, Reply]:
        call = self._query.call(ask)
        return call, self.sender.send(call, retry=self.retry, timeout=self.timeout, accept=accepted(ask))

    def _answer(self, call: Call, reply: Reply) -> Page | PageRefused:
        return answer(reply, None if reply.status < 300 else self.sender.error(call, reply), self.read)
