"""Read typed events, in pages of 1,000, and look at three fields of each.

All rows but our own are loops over page numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.jobs.search_dicts import FLOOR, PAGE, pages, posts

OURS = "honeyhive_ext"
LOW = "honeyhive_client (low level)"


def three_fields(event: Any) -> bool:
    return bool(event.event_id) and event.event_type != "" and event.start_time > 0


def sdk(target: Target) -> Run:
    export = peers.sdk(target).events.export
    return pages(lambda number: list(filter(three_fields, export(limit=PAGE, page=number).events)))


def stock(target: Target) -> Run:
    from stock_client import AuthenticatedClient
    from stock_client.api.events import search_events
    from stock_client.models import SearchEventsRequest

    client = AuthenticatedClient(base_url=target.url, token=peers.KEY)

    def read(number: int) -> list[Any]:
        answer = search_events.sync(client=client, body=SearchEventsRequest(limit=PAGE, page=number))
        return list(filter(three_fields, answer.events))

    return pages(read)


def low(target: Target) -> Run:
    from honeyhive_client import AuthenticatedClient
    from honeyhive_client.api.events import search_events
    from honeyhive_client.models import SearchEventsRequest

    client = AuthenticatedClient(base_url=target.url, token=peers.KEY)

    def read(number: int) -> list[Any]:
        answer = search_events.sync(client=client, body=SearchEventsRequest(limit=PAGE, page=number))
        return list(filter(three_fields, answer.events))

    return pages(read)


def ours(target: Target) -> Run:
    from honeyhive_ext import HoneyHive

    search = HoneyHive(api_key=peers.KEY, base_url=target.url).events.search
    return lambda units: sum(map(three_fields, search(limit=units)))


JOB = Job(
    name="search-typed",
    title="search, pages of 1,000, typed events, three fields read",
    clock=True,
    step=10 * PAGE,
    rows=(
        Contender("official SDK", sdk, env="sdk"),
        Contender("stock generated client", stock, env="stock"),
        Contender("httpx + orjson, dicts only", partial(posts, peers.httpx_orjson)),
        Contender(FLOOR, partial(posts, peers.http_client_orjson)),
        Contender(LOW, low),
        Contender(OURS, ours),
    ),
    musts=(Must(OURS, FLOOR, 1.0, then=0.7, says="`search()`, three fields of each event read"),),
)
