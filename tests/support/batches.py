"""A service in memory for batches, and a driver of the pure parts: no socket, no clock, no sleep."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from honeyhive_ext.batch.aio_run import create_batch_async, deliver_async
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.ledger import Ledger
from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit, RequestLimits
from honeyhive_ext.batch.options import build_options
from honeyhive_ext.batch.plan import Chunk, Planner
from honeyhive_ext.batch.reconcile import Backoff, BatchState, Delivery, SendPart
from honeyhive_ext.batch.report import BatchReport
from honeyhive_ext.batch.run import create_batch
from honeyhive_ext.batch.run import deliver as run_prepared
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.errors import APIConnectionError, APIError, APIStatusError
from honeyhive_ext.http.exchange import Call, Reply, answer_error
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.payload.events import WireEvent
from tests.support.clients import Kind
from tests.support.misbehaving import Answer as Answered
from tests.support.misbehaving import Recorded, answer, cut

BOTH: tuple[Kind, ...] = ("sync", "async")
"""The sync and the async client."""

CUT = APIConnectionError("the connection was cut")


def event_id(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


class Entry(NamedTuple):
    """An event as the planner takes it."""

    position: int
    event_id: str
    content: bytes


def chunk_of(batch: Sequence[Entry]) -> Chunk:
    """Return one chunk of all these events."""
    planner = Planner(RequestLimits(max_events=len(batch), max_bytes=10**9))
    chunks = [planner.add(*entry) for entry in batch]
    assert chunks[-1] is not None
    return chunks[-1]


def entries(count: int, rng: random.Random, *, size: Callable[[], int] = lambda: 60) -> list[Entry]:
    made: list[Entry] = []
    for position in range(count):
        identity = event_id(rng)
        padding = "x" * max(0, size() - 60)
        content = orjson.dumps({"event_id": identity, "inputs": {"x": padding}})
        made.append(Entry(position, identity, content))
    return made


def bound(bad: int, of: int) -> float:
    """Return how many requests find `bad` refused events among `of`, at most (docs/batches.md)."""
    return 1 if bad == 0 else 2 * bad * (1 + math.log2(of / bad)) + 2


@dataclass
class Service:
    """Stores events by id, but for the `refused` ids. `mode` is the answer to a request with one of those.

    Modes: `400` stores nothing; `500` stores the good ones and lists them; `200` the same with a success;
    `empty` stores nothing and answers 500 with an empty list.
    """

    refused: set[str] = field(default_factory=set)
    mode: str = "400"
    largest: int | None = None
    again: str = "replace"  # or "reject": 409 when an id is stored already
    cut: Callable[[], bool] = lambda: False  # whether the answer is lost after the events are stored
    flaky: Callable[[], bool] = lambda: False  # whether one good event is left out this time
    status: int = 400
    stored: dict[str, int] = field(default_factory=dict)  # id -> how often it was stored
    told: set[str] = field(default_factory=set)  # ids that an answer has named: nobody should send them again
    sizes: list[tuple[int, int]] = field(default_factory=list)  # (status, bytes) of every request
    sent_again: list[str] = field(default_factory=list)  # ids sent although an answer had named them

    def post(self, content: bytes) -> BatchAnswer | APIError:
        answer = self._answer(content)
        self.sizes.append((answer.status, len(content)))
        if answer.status != 413 and self.cut():
            return CUT
        if isinstance(listed := orjson.loads(answer.content).get("event_ids"), list):
            self.told.update(listed)
        return answer

    def _answer(self, content: bytes) -> BatchAnswer:
        if self.largest is not None and len(content) > self.largest:
            return _answer(413, {"message": "too large"})
        ids = [event["event_id"] for event in orjson.loads(content)["events"]]
        self.sent_again += [i for i in ids if i in self.told]
        if self.again == "reject" and any(i in self.stored for i in ids):
            return _answer(409, {"message": "an id exists"})
        bad = [i for i in ids if i in self.refused]
        if bad and self.mode == "400":
            return _answer(self.status, {"message": f"{len(bad)} bad"})
        if bad and self.mode == "empty":
            return _answer(500, {"event_ids": [], "errors": ["a bad event"], "success": False})
        good = [i for i in ids if i not in self.refused and not self.flaky()]
        for i in good:
            self.stored[i] = self.stored.get(i, 0) + 1
        whole = len(good) == len(ids)
        listed = {"event_ids": good, "success": whole}
        if whole or self.mode == "200":
            return _answer(200, listed)
        return _answer(500, {**listed, "errors": [f"{len(ids) - len(good)} events not stored"]})


def _answer(status: int, content: object) -> BatchAnswer:
    return BatchAnswer(status, orjson.dumps(content))


@dataclass
class Run:
    """One batch through the pure parts, one request after another. It imitates the sender's retries."""

    service: Callable[[bytes], BatchAnswer | APIError]
    limits: RequestLimits
    tries: int = 8
    waits: int = 0
    requests_of_chunk: list[tuple[int, int]] = field(default_factory=list)  # (events, requests)

    def __call__(self, batch: Iterable[Entry]) -> BatchReport:
        ledger = Ledger()
        state = BatchState(ledger, self.limits, ids_in_answer=True, deadline=60.0)
        planner = Planner(self.limits)
        read = 0
        for entry in batch:
            read += 1
            self._deliver(planner.add(*entry), state)
        self._deliver(planner.flush(), state)
        return ledger.close(session_id=None, read=read, stopped=state.stop)

    def _deliver(self, chunk: Chunk | None, state: BatchState) -> None:
        if chunk is None:
            return
        state.ledger.plan(chunk)
        steps = Delivery(chunk, state).steps()
        before = state.ledger.requests
        outcome: BatchAnswer | APIError | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration:
                break
            outcome = self._perform(step, state)
        self.requests_of_chunk.append((len(chunk.ids), state.ledger.requests - before))

    def _perform(self, step: SendPart | Backoff, state: BatchState) -> BatchAnswer | APIError | None:
        if isinstance(step, Backoff):
            self.waits += 1
            return None
        content = step.part.body()
        assert len(content) == step.part.size
        outcome: BatchAnswer | APIError = CUT
        attempts = 0
        while outcome is CUT and attempts < self.tries:
            attempts += 1
            outcome = self.service(content)
        state.ledger.count(attempts, len(content), retry=step.again)
        return outcome


def run(
    service: Service | Callable[[bytes], BatchAnswer | APIError],
    batch: Iterable[Entry],
    *,
    max_events: int = MAX_EVENTS,
    max_bytes: int = MAX_BYTES,
    observed: ObservedSizeLimit | None = None,
    tries: int = 8,
) -> tuple[BatchReport, Run]:
    post = service.post if isinstance(service, Service) else service
    made = Run(post, RequestLimits(max_events, max_bytes, observed or ObservedSizeLimit()), tries)
    return made(batch), made


def sent_ids(content: bytes) -> list[str]:
    """Return the ids in a request's body."""
    return [event["event_id"] for event in orjson.loads(content)["events"]]


def serving(post: Callable[[bytes], BatchAnswer | APIError]) -> Callable[[Recorded], Answered]:
    """Return the answers of a `Misbehaving` server from a service in memory. Sessions are always created.

    An `APIError` of the service becomes a connection cut after its first byte.
    """

    def respond(request: Recorded) -> Answered:
        if request.path.endswith("/sessions"):
            identity = orjson.loads(request.body)["session_id"]
            names = ("event_id", "session_id", "org_id", "workspace_id", "project_id")
            return answer(200, orjson.dumps(dict.fromkeys(names, identity)))
        outcome = post(request.body)
        if isinstance(outcome, APIError):
            return cut(answer(200, b"{}"), 1)
        return answer(outcome.status, outcome.content)

    return respond


def tools(count: int, size: int = 0) -> Iterator[dict[str, object]]:
    """Return events as a caller gives them, one by one."""
    for number in range(count):
        yield {"event_type": "tool", "event_name": f"step {number}", "inputs": {"x": "y" * size}}


class Memory:
    """A sender, as far as a batch needs it, with a service in memory: no socket, no wait.

    Attributes:
        calls: The requests that were made, each with the options it was sent with.
        waits: What it was asked to wait: the number of the retry, seconds by the answer, the policy.
        slept: For how long; it did not.
        asked: Seconds that every answer asks to wait.
    """

    def __init__(
        self, post: Callable[[bytes], BatchAnswer | APIError], settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings(base_url="https://api.example", api_key=secret("hh_1"))
        self.calls: list[tuple[Call, dict[str, Any]]] = []
        self.waits: list[tuple[int, float | None, RetryPolicy]] = []
        self.slept: list[float] = []
        self.asked: float | None = None
        self._post = post

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of the requests that carry events."""
        return [call.request["content"] for call, _ in self.calls if call.operation != "createSession"]

    def error(self, call: Call, reply: Reply) -> APIStatusError:
        assert any(call is made for made, _ in self.calls)
        return answer_error(reply, attempts=reply.attempts, asked=self.asked)

    def pause(self, retry: int, asked: float | None, policy: RetryPolicy) -> float:
        self.waits.append((retry, asked, policy))
        return 0.25 + retry

    def reply(self, call: Call, options: dict[str, Any]) -> Reply:
        self.calls.append((call, options))
        content = call.request["content"]
        outcome = self._post(content)
        if isinstance(outcome, APIError):
            raise outcome
        reply = Reply(outcome.status, {}, outcome.content, 1, len(content))
        accept = options["accept"]
        wanted = accept(reply.status, reply.content) if callable(accept) else reply.status in accept
        if reply.status < 300 or wanted:
            return reply
        raise answer_error(reply, attempts=1, asked=None)


class SyncMemory(Memory):
    """A `Sender`."""

    def send(self, call: Call, **options: Any) -> Reply:
        return self.reply(call, options)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class AsyncMemory(Memory):
    """An `AsyncSender`."""

    async def send(self, call: Call, **options: Any) -> Reply:
        await asyncio.sleep(0)
        return self.reply(call, options)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def memory(
    kind: Kind, post: Callable[[bytes], BatchAnswer | APIError], settings: Settings | None = None
) -> Any:
    """Return a sender of this kind. It is `Any`, because its class is not that of a sender."""
    return (SyncMemory if kind == "sync" else AsyncMemory)(post, settings)


def deliver(sender: Any, events: Any, *, progress: bool | Progress = False, **options: Any) -> BatchReport:
    """Deliver one batch with the driver that fits this sender, as `events.create_batch` does."""
    chosen = build_options(sender.settings, ObservedSizeLimit(), **options)
    if isinstance(sender, SyncMemory):
        return create_batch(sender, events, chosen, progress)  # type: ignore[arg-type]
    return asyncio.run(create_batch_async(sender, events, chosen, progress))


def deliver_prepared(sender: Any, events: Sequence[WireEvent], **options: Any) -> BatchReport:
    """Deliver prepared events through the driver that fits this sender."""
    chosen = build_options(sender.settings, ObservedSizeLimit(), **options)
    if isinstance(sender, SyncMemory):
        return run_prepared(sender, events, chosen)  # type: ignore[arg-type]
    return asyncio.run(deliver_async(sender, events, chosen))
