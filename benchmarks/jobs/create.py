"""Create events one by one, over one connection if the contender keeps it."""

from __future__ import annotations

from functools import partial
from itertools import cycle, islice
from typing import Any

from benchmarks import payload, peers
from benchmarks.job import Contender, Job, Must, Run, Target

EVENTS = 200
OURS = "honeyhive_ext"
LOW = "honeyhive_client (low level)"


def repeated(create: Any) -> Run:
    """`create` runs once for every unit and returns whether the server stored the event."""
    endless = cycle(payload.events(EVENTS))
    return lambda units: sum(map(create, islice(endless, units)))


def posts(peer: Any, target: Target) -> Run:
    post = peer(target)
    return repeated(lambda event: post("/v1/events", event)["success"])


def sdk(target: Target, *, verify: bool = True) -> Run:
    from honeyhive.models import PostEventRequest

    create = peers.sdk(target, verify=verify).events.create
    return repeated(lambda event: create(PostEventRequest(event=event)).success)


def stock(target: Target) -> Run:
    from stock_client import AuthenticatedClient
    from stock_client.api.events import create_event
    from stock_client.models import PostEventRequest

    client = AuthenticatedClient(base_url=target.url, token=peers.KEY)
    return repeated(
        lambda event: create_event.sync(client=client, body=PostEventRequest.from_dict(event)).success
    )


def low(target: Target) -> Run:
    from honeyhive_client import AuthenticatedClient
    from honeyhive_client.api.events import create_event
    from honeyhive_client.models import CreateEventRequest

    client = AuthenticatedClient(base_url=target.url, token=peers.KEY)
    return repeated(
        lambda event: create_event.sync(client=client, body=CreateEventRequest.from_dict(event)).success
    )


def ours(target: Target, **options: Any) -> Run:
    from honeyhive_ext import HoneyHive

    create = HoneyHive(api_key=peers.KEY, base_url=target.url, **options).events.create
    return repeated(lambda event: create(event).success)


JOB = Job(
    name="create",
    title="create one by one",
    rows=(
        Contender("official SDK", sdk, env="sdk"),
        Contender("official SDK, verify=False", partial(sdk, verify=False), env="sdk"),
        Contender("stock generated client", stock, env="stock"),
        Contender("httpx + json", partial(posts, peers.httpx_json)),
        Contender("httpx + orjson", partial(posts, peers.httpx_orjson)),
        Contender("http.client + orjson", partial(posts, peers.http_client_orjson)),
        Contender("raw socket + orjson", partial(posts, peers.raw_socket_orjson)),
        Contender(LOW, low),
        Contender(OURS, ours),
    ),
    musts=(
        Must(OURS, "http.client + orjson", 1.5, then=1.25, says="`events.create`, one by one"),
        Must(OURS, "httpx + orjson", 1.15, says="`events.create`, one by one"),
        Must(OURS, "official SDK", 1 / 50, says="`events.create`, one by one"),
    ),
)
