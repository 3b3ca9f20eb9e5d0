"""`Fetcher`: sends the requests of a search, in the calling thread and ahead of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.drive import drive
from honeyhive_ext.http.exchange import Call, Reply
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.http.workers import Workers
from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused, page_of
from honeyhive_ext.search.pages.read import ReadPage, accepted, answer
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.windows import Window, Windows

_Sent = tuple[Call, Reply]
_Arrived = deque[tuple[Window, list[Row], bool]]

THREADS = "honeyhive-search"


class Fetcher:
    """Sends the requests of one search; where no thread can be started, none ahead or side by side."""

    def __init__(
        self,
        sender: Sender,
        query: Query,
        read: ReadPage,
        *,
        retry: RetryPolicy | bool | None,
        timeout: float | None,
    ) -> None:
        self.sender = sender
        self.retry = retry
        self.timeout = timeout
        self._read = read
        self._query = query

    def page(self, ask: Ask) -> Page:
        """Return the answer to a request without extra filters."""
        return page_of(self.fetch(ask))

    def walk(self, cursor: Cursor) -> Generator[None, None, None]:
        """Yield whenever `cursor.rows` are new. The caller then yields all of them."""
        ahead = Workers(THREADS)
        try:
            while True:
                ask, windows = cursor.ask, cursor.windows()
                send: Callable[[], _Sent] | None = None
                if cursor.rows:
                    if ask is not None and windows is None:
                        send = self._begin(ahead, ask)
                    yield
                if ask is None:
                    return
                if windows is not None:
                    yield from self._side_by_side(cursor, windows)
                    return
                # The answer is parsed once the page before it is dropped, not ahead: its memory is used
                # again while it is in the processor's cache, and only one parsed page is in memory.
                cursor.release()
                cursor.feed(self._answer(*(self._send(ask) if send is None else send())))
        finally:
            ahead.dismiss()

    def _begin(self, ahead: Workers, ask: Ask) -> Callable[[], _Sent]:
        """Begin a request in a thread, and return the function that waits for its answer.

        Where that thread cannot be started, or is gone, the function sends the request.
        """
        sent: list[_Sent] = []
        begun = ahead.begin(lambda: sent.append(self._send(ask)))

        def wait() -> _Sent:
            if begun and not ahead.gone:
                ahead.wait()
            return sent.pop() if sent else self._send(ask)

        return wait

    def _side_by_side(self, cursor: Cursor, windows: Windows) -> Generator[None, None, None]:
        workers = Workers(THREADS)
        arrived: _Arrived = deque()
        try:
            while not windows.finished:
                here = False  # whether this thread has done a window
                while not here and (window := windows.next()) is not None:
                    job = partial(self._window, windows, window, arrived)
                    here = not workers.begin(job)
                    if here:
                        job()
                if not here:
                    workers.wait()
                window, rows, slowed = arrived.popleft()
                windows.done(window, rows, slowed=slowed)
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
            workers.dismiss()

    def _window(self, windows: Windows, window: Window, arrived: _Arrived) -> None:
        """Fetch a window, and note that it has arrived."""
        arrived.append((window, *self._run(windows.job(window))))

    def _run(self, job: Generator[Ask, Page | PageRefused, list[Row]]) -> tuple[list[Row], bool]:
        """Return the rows of a window, and whether one of its requests was sent more than once."""
        slowed = False

        def fetch(ask: Ask) -> Page | PageRefused:
            nonlocal slowed
            answer = self.fetch(ask)
            slowed = slowed or (isinstance(answer, Page) and answer.attempts > 1)
            return answer

        rows = drive(job, fetch)
        return rows, slowed

    def fetch(self, ask: Ask) -> Page | PageRefused:
        """Return the answer to a request."""
        return self._answer(*self._send(ask))

    def _send(self, ask: Ask) -> _Sent:
        call = self._query.call(ask)
        return call, self.sender.send(call, retry=self.retry, timeout=self.timeout, accept=accepted(ask))

    def _answer(self, call: Call, reply: Reply) -> Page | PageRefused:
        return answer(reply, None if reply.status < 300 else self.sender.error(call, reply), self._read)
