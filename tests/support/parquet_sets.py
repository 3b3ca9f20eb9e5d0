"""A project with events on a local server in this process, and what a set of Parquet files has of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx
import pyarrow.parquet

from honeyhive_ext import HoneyHive
from honeyhive_ext.export import read_parquet
from honeyhive_ext.local import LocalServer

BASE = 1_767_225_600_000  # 2026-01-01
HOUR = 3_600_000
DAY = 24 * HOUR


class Project(httpx.BaseTransport):
    """Events of a server, and a client of it.

    Attributes:
        hh: The client.
        times: The times of the events, by id.
        fetched: How many events the server has sent.
        searches: How many searches it was asked for.
    """

    def __init__(self, **switches: Any) -> None:
        self.server = LocalServer(validation="lenient", **switches)
        self._to = self.server.transport()
        self.hh = HoneyHive("hh_x", base_url="http://127.0.0.1:1", transport=self)
        self.times: dict[str, float | None] = {}
        self.fetched = self.searches = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._to.handle_request(request)
        if request.url.path == "/v1/events/search":
            answer = json.loads(response.read())
            self.searches += 1
            self.fetched += len(answer["events"])
            for event in answer["events"]:
                if event.get("metadata", {}).get("untimed"):
                    del event["start_time"]
            return httpx.Response(200, json=answer)
        return response

    def add(self, times: Iterable[float | None], **fields: Any) -> None:
        """Store an event for each time. One of None comes without a time, as if it were of today."""
        new = {str(UUID(int=len(self.times) + n)): time for n, time in enumerate(times)}
        self.server.seed(
            {
                "event_type": "tool",
                "event_id": key,
                "inputs": {"n": n},
                **fields,
                **({"metadata": {"untimed": True}} if time is None else {"start_time": time}),
            }
            for n, (key, time) in enumerate(new.items())
        )
        self.times |= new

    def ids(self) -> Counter[str]:
        """Return the ids of all events, each once."""
        return Counter(event["event_id"] for event in self.server.events())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hh.close()
        self.server.close()


def ids_in(folder: Path) -> Counter[str]:
    """Return how often each id is in a set."""
    if not folder.exists():
        return Counter()
    return Counter(event["event_id"] for event in read_parquet(folder))


def files_in(folder: Path) -> list[str]:
    """Return the files that a reader finds, each of which is complete."""
    found = sorted(folder.glob("**/*.parquet"))
    for path in found:
        pyarrow.parquet.read_metadata(path)
    return [path.relative_to(folder).as_posix() for path in found]


def folders_in(folder: Path) -> list[str]:
    """Return the partitions of a set."""
    return sorted({name.rpartition("/")[0] for name in files_in(folder)})
