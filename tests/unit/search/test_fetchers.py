"""How both clients of a search send its requests: ahead, side by side, and no more than are needed."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import aclosing, closing
from typing import Any

import httpx
import orjson
import pytest

from honeyhive_ext.errors import BadRequestError
from honeyhive_ext.http.exchange import Call, Reply
from honeyhive_ext.search.aio_fetch import AsyncFetcher
from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.fetch import Fetcher
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.read import read_texts
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.windows import Windows
from tests.support.limited import few_threads
from tests.support.shifting import Service, ms_of

PATIENCE = 60  # seconds until a test gives up
TOP = 100_000


class Backend:
    """What sends requests, answered by a service in memory."""

    def __init__(self, *times: float | None, attempts: int = 1) -> None:
        self.service = Service(random.Random(7), shuffled=False)
        for time in times:
            self.service.add(time)
        self.attempts_of: Callable[[Ask], int] = lambda ask: attempts
        self.lock = threading.Lock()
        self.asked: list[Ask] = []
        self.options: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.hold: Callable[[Ask], bool] = lambda ask: False  # whether a request waits for `enough`
        self.enough = 10**9  # requests, until what is held goes on

    def arrives(self, call: Call, options: dict[str, Any]) -> Ask:
        body = orjson.loads(call.request["content"])
        ends = body.get("dateRange")
        lo, hi = (ms_of(ends["start_time"]), ms_of(ends["end_time"])) if ends else (None, None)
        ask = Ask(lo, hi, body["limit"], body["page"], tuple(body.get("filters", ())))
        with self.lock:
            self.asked.append(ask)
            self.options.append(options)
        return ask

    def reply(self, ask: Ask) -> Reply:
        with self.lock:
            page = self.service.answer(ask)
        if isinstance(page, PageRefused):
            return Reply(400, httpx.Headers(), b"", self.attempts_of(ask), 0)
        content = orjson.dumps({"events": page.events, "count": page.count})
        return Reply(200, httpx.Headers(), content, self.attempts_of(ask), 0)

    def error(self, call: Call, reply: Reply) -> BadRequestError:
        assert call.operation == "searchEvents"
        return BadRequestError(reply.status, "refused")


class Threads(Backend):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.more = threading.Condition()

    def send(self, call: Call, **options: Any) -> Reply:
        self.names.append(threading.current_thread().name)
        ask = self.arrives(call, options)
        with self.more:
            self.more.notify_all()
            if self.hold(ask):
                assert self.more.wait_for(lambda: len(self.asked) >= self.enough, PATIENCE)
        return self.reply(ask)


class Tasks(Backend):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.more = asyncio.Condition()

    async def send(self, call: Call, **options: Any) -> Reply:
        task = asyncio.current_task()
        self.names.append(task.get_name() if task else "")
        ask = self.arrives(call, options)
        async with self.more:
            self.more.notify_all()
            if self.hold(ask):
                async with asyncio.timeout(PATIENCE):
                    await self.more.wait_for(lambda: len(self.asked) >= self.enough)
        return self.reply(ask)


RETRY: Any = object()
KINDS = {"sync": Threads, "async": Tasks}


def walked(sender: Any, cursor: Cursor, query: Query, most: int = 10**9) -> list[float | None]:
    """The times of the rows that a fetcher brings, until there are `most`."""
    got: list[float | None] = []

    def take() -> bool:
        got.extend(row.time for row in cursor.rows)
        cursor.taken = len(cursor.rows)
        return len(got) >= most

    if isinstance(sender, Threads):
        with closing(Fetcher(sender, query, read_texts, retry=RETRY, timeout=7.5).walk(cursor)) as steps:  # type: ignore[arg-type]
            for _ in steps:
                if take():
                    break
        return got

    async def main() -> None:
        fetcher = AsyncFetcher(sender, query, read_texts, retry=RETRY, timeout=7.5)
        async with aclosing(fetcher.walk(cursor)) as steps:
            async for _ in steps:
                if take():
                    break

    asyncio.run(main())
    return got


def search(sender: Any, most: int = 10**9, **options: Any) -> list[float | None]:
    query = Query(**{"start": 0, "end": TOP + 5, "page_size": 10, **options})
    return walked(sender, Cursor(query, None), query, most)


# A service that cuts times to 10 ms would not show the newest, so the search may go on side by side.
MANY = [TOP + 1.0, *(float(TOP - 37 * number) for number in range(1, 1000))]


@pytest.mark.parametrize("kind", KINDS)
def test_each_request_has_the_retry_the_timeout_and_the_refusals_it_may_get(kind: str) -> None:
    sender = KINDS[kind](*[9000.0] * 12, 50.0, None)
    got = search(sender, start=None, end=None)
    assert sorted(map(str, got)) == sorted(map(str, [*[9000.0] * 12, 50.0, None]))
    for ask, options in zip(sender.asked, sender.options, strict=True):
        refusals = {400, 413, 414, 422, 431} if ask.extra else set()
        assert options == {"retry": RETRY, "timeout": 7.5, "accept": refusals}


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_is_an_answer(kind: str) -> None:
    sender = KINDS[kind](*[9000.0] * 30)
    sender.service.most_filters = 15
    assert search(sender, end=9000) == [9000] * 30


@pytest.mark.parametrize("kind", KINDS)
def test_a_parallel_search_yields_the_events_without_a_time_too(kind: str) -> None:
    sender = KINDS[kind](*MANY, None, None)
    sender.service.add(TOP + 2_000)
    got = search(sender, start=None, end=None, parallel=4)
    assert sorted(map(str, got)) == sorted(map(str, [*MANY, None, None, TOP + 2_000]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_window_waits_for_a_slower_one(kind: str) -> None:
    sender = KINDS[kind](*MANY)
    sender.enough = 12
    held: list[Ask] = []

    def hold(ask: Ask) -> bool:
        """The first window alone."""
        if len(sender.asked) == 2:
            held.append(ask)
        return held == [ask]

    sender.hold = hold
    assert search(sender, parallel=4) == MANY


class Noting(Windows):
    slowed: list[bool]

    def done(self, window: Any, rows: Any, *, slowed: bool) -> None:
        self.slowed.append(slowed)
        super().done(window, rows, slowed=slowed)


@pytest.fixture
def slowed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What windows hear about the service, in the order of their answers."""
    heard: list[bool] = []
    monkeypatch.setattr(Noting, "slowed", heard, raising=False)
    monkeypatch.setattr("honeyhive_ext.search.cursor.Windows", Noting)
    return heard


TIE = 80_000.0  # the time of more events than a page, whose window takes several requests


def operator(ask: Ask) -> str:
    return ask.extra[-1]["operator"] if ask.extra else ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("again", "heard"),
    [
        (lambda ask: False, {False}),
        (lambda ask: True, {True}),
        (lambda ask: ask.hi == TIE and ask.lo == TIE - 1 and operator(ask) == "", {True, False}),
        (lambda ask: operator(ask) == "is not" and len(ask.extra) == 20, {True, False}),
        (lambda ask: operator(ask) == "not exists", {True, False}),
    ],
    ids=["none", "all", "first of a window", "in the middle", "last of a window"],
)
def test_windows_hear_of_a_service_that_slows_down(
    kind: str, again: Callable[[Ask], bool], heard: set[bool], slowed: list[bool]
) -> None:
    sender = KINDS[kind](*MANY, *[TIE] * 30)
    sender.attempts_of = lambda ask: 2 if again(ask) else 1
    assert search(sender, parallel=4) == sorted([*MANY, *[TIE] * 30], reverse=True)
    assert set(slowed) == heard


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_slows_nothing(kind: str, slowed: list[bool]) -> None:
    sender = KINDS[kind](*MANY, *[TIE] * 30)
    sender.service.most_filters = 15
    sender.attempts_of = lambda ask: 2 if len(ask.extra) > 15 else 1
    assert search(sender, parallel=4) == sorted([*MANY, *[TIE] * 30], reverse=True)
    assert max(len(ask.extra) for ask in sender.asked) > 15
    assert set(slowed) == {False}


@pytest.mark.parametrize("kind", KINDS)
def test_threads_and_tasks_of_a_search_are_named_after_it(kind: str) -> None:
    for parallel, here in ((1, 1), (4, 2)):
        sender = KINDS[kind](*MANY)
        assert search(sender, parallel=parallel) == MANY
        own = [name for name in sender.names if name.startswith("honeyhive-search")]
        assert (
            len(sender.names) - len(own) <= here
        )  # the first request, and the one for events without a time


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads that were started."""
    threads: list[threading.Thread] = []
    start = threading.Thread.start

    def noted(self: threading.Thread) -> None:
        threads.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", noted)
    return threads


def test_a_search_of_one_page_needs_no_thread(started: list[threading.Thread]) -> None:
    assert search(Threads(5.0)) == [5]
    assert started == []


def test_a_search_needs_one_thread(started: list[threading.Thread]) -> None:
    assert search(Threads(*MANY)) == MANY
    assert [(thread.name, thread.daemon) for thread in started] == [("honeyhive-search", True)]


def test_a_parallel_search_needs_no_more_threads_than_requests_at_the_same_time(
    started: list[threading.Thread],
) -> None:
    assert search(Threads(*MANY), parallel=7) == MANY
    assert 2 <= len(started) <= 1 + 7
    assert {thread.name for thread in started} == {"honeyhive-search"}


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_search_that_ends_early_ends_its_threads(started: list[threading.Thread], parallel: int) -> None:
    assert search(Threads(*MANY), most=200, parallel=parallel)[:200] == MANY[:200]
    for thread in started:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_search_without_more_threads_yields_the_same(
    monkeypatch: pytest.MonkeyPatch, parallel: int, most: int
) -> None:
    started = few_threads(monkeypatch, most)
    sender = Threads(*MANY)
    assert search(sender, parallel=parallel) == MANY
    assert len(started) == min(most, 1 if parallel == 1 else most)


def test_a_search_without_threads_sends_a_request_when_its_page_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_threads(monkeypatch, 0)
    sender = Threads(*MANY)
    query = Query(start=0, end=TOP + 5, page_size=10)
    cursor = Cursor(query, None)
    fetcher: Any = Fetcher(sender, query, read_texts, retry=RETRY, timeout=7.5)  # type: ignore[arg-type]
    with closing(fetcher.walk(cursor)) as steps:
        for asked in (1, 2, 3):
            next(steps)
            assert len(sender.asked) == asked


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_is_sent_twice(kind: str) -> None:
    for parallel in (1, 4):
        sender = KINDS[kind](*MANY)
        assert search(sender, parallel=parallel) == MANY
        assert len({repr(ask) for ask in sender.asked}) == len(sender.asked)
        # What windows ask for is not asked for by the walk as well.
        assert parallel == 1 or [ask.lo for ask in sender.asked].count(0) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_request_brings_a_page(kind: str) -> None:
    sender, ask = KINDS[kind](5.0, 7.0, attempts=3), Ask(0, 9, 3)
    found: Page
    if kind == "sync":
        found = Fetcher(sender, Query(), read_texts, retry=RETRY, timeout=7.5).page(ask)
    else:
        found = asyncio.run(AsyncFetcher(sender, Query(), read_texts, retry=RETRY, timeout=7.5).page(ask))
    assert ([row.time for row in found.events], found.count, found.attempts) == ([7, 5], 2, 3)
    assert sender.asked == [ask]


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_ends_a_parallel_search(kind: str) -> None:
    sender = KINDS[kind](*MANY)
    assert search(sender, parallel=2, limit=60) == MANY[:60]
    assert len(sender.asked) < 40
