"""Send events in requests of 500."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks import payload, peers
from benchmarks.job import Contender, Job, Must, Run, Target

SIZE = 500
OURS = "honeyhive_ext"
FLOOR = "http.client + orjson"


def in_requests(send: Any) -> Run:
    """`send` takes 500 events and returns how many the server stored."""
    events = payload.events(SIZE)
    return lambda units: sum(send(events) for _ in range(units // SIZE))


def posts(peer: Any, target: Target) -> Run:
    post = peer(target)
    return in_requests(lambda events: len(post("/v1/events/batch", {"events": events})["event_ids"]))


def sdk(target: Target, *, verify: bool = True) -> Run:
    from honeyhive.models import PostEventBatchRequest

    create = peers.sdk(target, verify=verify).events.create_batch
    return in_requests(lambda events: len(create(PostEventBatchRequest(events=events)).event_ids))


def stock(target: Target) -> Run:
    from stock_client import AuthenticatedClient
    from stock_client.api.events import create_event_batch
    from stock_client.models import PostEventBatchRequest

    client = AuthenticatedClient(base_url=target.url, token=peers.KEY)

    def send(events: list[dict[str, Any]]) -> int:
        body = PostEventBatchRequest.from_dict({"events": events})
        return len(create_event_batch.sync(client=client, body=body).event_ids)

    return in_requests(send)


def low(target: Target) -> Run:
    from honeyhive_client import AuthenticatedClient
    from honeyhive_client.api.events import create_event_batch
    from honeyhive_client.models import CreateEventBatchRequest

    client = AuthenticatedClient(base_url=target.url, token=peers.KEY)

    def send(events: list[dict[str, Any]]) -> int:
        body = CreateEventBatchRequest.from_dict({"events": events})
        return len(create_event_batch.sync(client=client, body=body).event_ids)

    return in_requests(send)


def ours(target: Target) -> Run:
    """Make one call for all events of the round, as a user does; the client plans the requests."""
    from honeyhive_ext import HoneyHive

    create = HoneyHive(api_key=peers.KEY, base_url=target.url).events.create_batch
    events = payload.events(SIZE)
    return lambda units: len(create(events * (units // SIZE), max_events=SIZE).event_ids)


JOB = Job(
    name="create-batch",
    title="create_batch, 500 events a request",
    step=SIZE,
    rows=(
        Contender("official SDK", sdk, env="sdk"),
        Contender("official SDK, verify=False", partial(sdk, verify=False), env="sdk"),
        Contender("stock generated client", stock, env="stock"),
        Contender("httpx + json", partial(posts, peers.httpx_json)),
        Contender("httpx + orjson", partial(posts, peers.httpx_orjson)),
        Contender(FLOOR, partial(posts, peers.http_client_orjson)),
        Contender("raw socket + orjson", partial(posts, peers.raw_socket_orjson)),
        Contender("honeyhive_client (low level)", low),
        Contender(OURS, ours),
    ),
    musts=(
        Must(OURS, FLOOR, 2.0, then=1.5, says="`events.create_batch` of a list"),
        Must(OURS, "official SDK", 1 / 23, says="`events.create_batch` of a list"),
    ),
)
