"""Read events as dicts, in pages of 1,000. All rows but ours are loops over page numbers."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Must, Run, Target

PAGE = 1000
FLOOR = "http.client + orjson"
OURS = "honeyhive_ext .raw()"


def pages(read: Any) -> Run:
    """`read` takes a page number and returns its rows."""

    def run(units: int) -> int:
        return sum(len(read(number)) for number in range(1, units // PAGE + 1))

    return run


def posts(peer: Any, target: Target) -> Run:
    post = peer(target)
    return pages(lambda number: post("/v1/events/search", {"limit": PAGE, "page": number})["events"])


def sdk(target: Target, *, verify: bool = True) -> Run:
    export = peers.sdk(target, verify=verify).events.export
    return pages(lambda number: export(limit=PAGE, page=number).events)


def ours(target: Target) -> Run:
    from honeyhive_ext import HoneyHive

    search = HoneyHive(api_key=peers.KEY, base_url=target.url).events.search

    def run(units: int) -> int:
        return sum(1 for _ in search(limit=units).raw())

    return run


def ours_pages(target: Target) -> Run:
    from honeyhive_ext import HoneyHive

    search = HoneyHive(api_key=peers.KEY, base_url=target.url).events.search

    def run(units: int) -> int:
        return sum(len(rows) for rows in search(limit=units).raw().pages())

    return run


JOB = Job(
    name="search-dicts",
    title="search, pages of 1,000, dicts",
    clock=True,
    step=10 * PAGE,
    rows=(
        Contender("official SDK", sdk, env="sdk"),
        Contender("official SDK, verify=False", partial(sdk, verify=False), env="sdk"),
        Contender("httpx + json", partial(posts, peers.httpx_json)),
        Contender("httpx + orjson", partial(posts, peers.httpx_orjson)),
        Contender(FLOOR, partial(posts, peers.http_client_orjson)),
        Contender("raw socket + orjson", partial(posts, peers.raw_socket_orjson)),
        Contender(OURS, ours),
        Contender(f"{OURS}.pages()", ours_pages),
    ),
    musts=(
        Must(OURS, FLOOR, 1.25, then=1.0, says="`search().raw()`"),
        Must(f"{OURS}.pages()", FLOOR, 1.25, then=1.0),
    ),
)
