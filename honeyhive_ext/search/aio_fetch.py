"""`AsyncFetcher`: sends the requests of a search, for code that awaits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import aclosing
from typing import Any

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.drive import drive_async
from honeyhive_ext.http.exchange import Call, Reply
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused, page_of
from honeyhive_ext.search.pages.read import ReadPage, accepted, answer
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.windows import Window, Windows


class AsyncFetcher:
    """The async version of `Fetcher`."""

    def __init__(
        self,
        sender: AsyncSender,
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

    async def page(self, ask: Ask) -> Page:
        """Return the answer to a request without extra filters."""
        return page_of(await self._fetch(ask))

    async def walk(self, cursor: Cursor) -> AsyncGenerator[None, None]:
        """Yield whenever `cursor.rows` are new, as `Fetcher.walk` does."""
        coming: asyncio.Task[tuple[Call, Reply]] | None = None
        try:
            while True:
                ask, windows = cursor.ask, cursor.windows()
                if cursor.rows:
                    if ask is not None and windows is None:
                        coming = asyncio.create_task(self._send(ask), name="honeyhive-search")
                    yield
                if ask is None:
                    return
                if windows is not None:
                    async with aclosing(self._side_by_side(cursor, windows)) as steps:
                        async for step in steps:
                            yield step
                    return
                sent = await (self._send(ask) if coming is None else coming)
                coming = None
                cursor.release()
                cursor.feed(self._answer(*sent))
                del sent
        finally:
            await _cancel([] if coming is None else [coming])

    async def _side_by_side(self, cursor: Cursor, windows: Windows) -> AsyncGenerator[None, None]:
        running: dict[asyncio.Task[tuple[list[Row], bool]], Window] = {}
        try:
            while not windows.finished:
                while (window := windows.next()) is not None:
                    task = asyncio.create_task(self._run(windows.job(window)), name="honeyhive-search")
                    running[task] = window
                for done in (await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))[0]:
                    rows, slowed = await done
                    windows.done(running.pop(done), rows, slowed=slowed)
                for step in windows.released():
                    cursor.show(step)
                    if cursor.rows:
                        yield
                    if cursor.finished:
                        return
            cursor.show(windows.end((await self._run(windows.last()))[0]))
            if cursor.rows:
                yield
        finally:
            await _cancel(running)

    async def _run(self, job: Generator[Ask, Page | PageRefused, list[Row]]) -> tuple[list[Row], bool]:
        """Return the rows of a window, and whether one of its requests was sent more than once."""
        slowed = False

        async def fetch(ask: Ask) -> Page | PageRefused:
            nonlocal slowed
            answer = await self._fetch(ask)
            slowed = slowed or (isinstance(answer, Page) and answer.attempts > 1)
            return answer

        rows = await drive_async(job, fetch)
        return rows, slowed

    async def _fetch(self, ask: Ask) -> Page | PageRefused:
        return self._answer(*await self._send(ask))

    async def _send(self, ask: Ask) -> tuple[Call, Reply]:
        call = self._query.call(ask)
        sending = self.sender.send(call, retry=self.retry, timeout=self.timeout, accept=accepted(ask))
        return call, await sending

    def _answer(self, call: Call, reply: Reply) -> Page | PageRefused:
        return answer(reply, None if reply.status < 300 else self.sender.error(call, reply), self._read)


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel requests whose answers are not needed, and wait for their end. Their errors are dropped."""
    waiting = list(tasks)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
