"""What the driver and the tasks of an engine send: the requests of a plan, and those of one slice of time.

Each makes a client of its own, with the key of its machine, and closes it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any

from attrs import evolve

from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.config.secrets import Environment
from honeyhive_ext.engines.spark_options import SourceOptions
from honeyhive_ext.engines.time_slices import TimeSlice, plan_slices
from honeyhive_ext.errors import APIStatusError, ConfigError
from honeyhive_ext.export.arrow import BatchMaker
from honeyhive_ext.http.drive import drive
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.results.result import SearchResult
from honeyhive_ext.search.fetch import Fetcher
from honeyhive_ext.search.pages.form import TEXT_ROWS
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.pages.read import REFUSED
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.drain import Learned
from honeyhive_ext.search.walk.walk import timeless


class RequestPace:
    """Lets requests begin at even distances; it is the `on_request` of a client.

    Args:
        rate: Requests a second.
        clock, wait: For tests; None for those of this machine.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._between = 1 / rate
        self._lock = threading.Lock()
        self._due = 0.0
        self._clock = clock
        self._wait = threading.Event().wait if wait is None else wait

    def __call__(self, request: object) -> None:
        """Wait until the next request may begin."""
        with self._lock:
            now = self._clock()
            wait = self._due - now
            self._due = max(now, self._due) + self._between
        if wait > 0:
            self._wait(wait)


@contextmanager
def own_client(asked: SourceOptions, tasks: int) -> Generator[HoneyHive]:
    """Make a client for one task.

    Args:
        asked: The options.
        tasks: How many tasks share the option `requestsPerSecond`.

    Raises:
        ConfigError: This machine has no key.
    """
    key = asked.key()
    variables = Environment(os.environ)
    if key is None and not any(map(variables.get, ("HH_API_KEY", "HH_INGESTION_API_KEY"))):
        raise ConfigError(
            "there is no API key on this machine: set HH_API_KEY in the environment of the driver and of the "
            "executors, or give the option apiKeyFile, the path of a file with the key on each of them"
        )
    pace = None if asked.rate is None else RequestPace(asked.rate / max(1, tasks))
    with HoneyHive(key, base_url=asked.url, background=False, on_request=pace) as client:
        yield client


def planned(
    asked: SourceOptions, query: Query, now_ms: float, *, usual: int, after: float | None = None
) -> list[TimeSlice]:
    """Ask the service where the events are, and return the slices of a range; see `plan_slices`."""
    with own_client(asked, 1) as client:
        fetcher = _fetcher(client, query)

        def answer(ask: Ask) -> Page:
            try:
                return fetcher.page(ask)
            except APIStatusError as refused:
                # A service may have no pages so far back, or no such filter: the plan is then less even.
                if (ask.page > 1 or ask.extra) and refused.status in REFUSED:
                    return Page(())
                raise

        return drive(plan_slices(query, now_ms, wanted=asked.partitions, usual=usual, after=after), answer)


def slice_batches(
    asked: SourceOptions, query: Query, part: TimeSlice, *, tasks: int
) -> Generator[Any, None, None]:
    """Yield the events of a slice as record batches."""
    maker = BatchMaker(asked.nested, only=asked.names)
    low, high = part.asked
    with own_client(asked, tasks) as client:
        fetcher = _fetcher(client, query)
        result = SearchResult(fetcher.sender, evolve(query, start=low, end=high), TEXT_ROWS)
        with closing(result.pages()) as pages:
            for page in pages:
                yield from maker.batches([row.value for row in part.own(page)])
        if part.timeless:
            rows = drive(timeless(Learned(query.page_size)), fetcher.fetch)
            yield from maker.batches([row.value for row in rows])


def _fetcher(client: HoneyHive, query: Query) -> Fetcher:
    sender: Sender = client.events._sender  # pyright: ignore[reportPrivateUsage]
    return Fetcher(sender, query, TEXT_ROWS.read, retry=None, timeout=None)
