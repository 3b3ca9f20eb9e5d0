"""A driver for windows: jobs that run at the same time, one request at a time, in any order."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from typing import Any

from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.windows import Windows
from tests.support.shifting import Service

Job = Generator[Ask, Page | PageRefused, list[Row]]


def drive_parallel(service: Service, query: Query, rng: random.Random) -> Iterator[Any]:
    """Return the events that a search with `parallel` yields."""
    cursor = Cursor(query, None)
    while True:
        windows = cursor.windows()
        yield from (row.value for row in cursor.rows)
        if cursor.ask is None:
            return
        if windows is not None:
            yield from _windows(service, cursor, windows, rng)
            return
        cursor.feed(service.answer(cursor.ask))


def _windows(service: Service, cursor: Cursor, windows: Windows, rng: random.Random) -> Iterator[Any]:
    running: list[tuple[Any, Job, Ask]] = []
    while not windows.finished:
        while (window := windows.next()) is not None:
            job = windows.job(window)
            running.append((window, job, next(job)))
        window, job, ask = running.pop(rng.randrange(len(running)))
        try:
            running.append((window, job, job.send(service.answer(ask))))
        except StopIteration as stop:
            windows.done(window, stop.value, slowed=rng.random() < 0.05)
        for step in windows.released():
            cursor.show(step)
            yield from (row.value for row in cursor.rows)
    job = windows.last()
    rows: list[Row] = []
    try:
        ask = next(job)
        while True:
            ask = job.send(service.answer(ask))
    except StopIteration as stop:
        rows = stop.value
    cursor.show(windows.end(rows))
    yield from (row.value for row in cursor.rows)
