"""The core: `handle(request) -> response`, without a socket, a thread or a wait."""

from __future__ import annotations

import gzip
import io
import logging
import re
import time
import zlib
from collections.abc import Callable, Mapping, Sequence

import orjson
from attrs import define, evolve, field, frozen

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.adapters.security import Keys, bearer
from honeyhive_ext.local.codec import TooDeepError
from honeyhive_ext.local.faults.damage import damaged, effects
from honeyhive_ext.local.faults.rules import Fault, Faults, fault_from
from honeyhive_ext.local.log import RequestLog
from honeyhive_ext.local.message import Failure, Refusal, Request, Response, bad_request, error
from honeyhive_ext.local.routes import batches, control, deprecated
from honeyhive_ext.local.routes import events as writes
from honeyhive_ext.local.routes import search as reads
from honeyhive_ext.local.routes.context import Clock, Context, Effects, now_ms
from honeyhive_ext.local.store import Store, StoreClosedError
from honeyhive_ext.local.switches import Switches

logger = logging.getLogger("honeyhive_ext.local")

FAULT_HEADER = "x-honeyhive-local-fault"
CONTROL = "/_local/"

Action = Callable[[Context], Response]


@frozen
class Route:
    """A method and a path, and what answers it.

    Args:
        method: GET, POST, ...
        path: The path, parameters in braces.
        action: What answers.
        reads: Whether an ingestion key is not enough.
    """

    method: str
    path: str
    action: Action
    reads: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(text))


ROUTES: Sequence[Route] = (
    Route("POST", "/v1/events", writes.create_event),
    Route("POST", "/v1/events/search", reads.search_events, reads=True),
    Route("POST", "/v1/events/batch", batches.create_event_batch),
    Route("GET", "/v1/events/{event_id}", reads.get_event, reads=True),
    Route("PUT", "/v1/events/{event_id}", writes.update_event),
    Route("POST", "/v1/sessions", writes.create_session),
    Route("POST", "/v1/sessions/{session_id}/events/batch", batches.create_session_event_batch),
    *(Route(method, path, action, reads) for method, path, action, reads in deprecated.ROUTES),
)


@define(eq=False)
class App:
    """Everything behind the routes."""

    store: Store
    switches: Switches
    defaults: Switches
    faults: Faults
    log: RequestLog
    keys: Keys
    clock: Clock = now_ms
    _static: dict[str, list[Route]] = field(factory=dict[str, list[Route]])
    _dynamic: list[Route] = field(factory=list[Route])

    def __attrs_post_init__(self) -> None:
        own = [Route(m, p, self._control(action), reads=True) for m, p, action in control.ROUTES]
        for route in (*ROUTES, *own):
            if "{" in route.path:
                self._dynamic.append(route)
            else:
                self._static.setdefault(route.path, []).append(route)

    def handle(self, request: Request) -> Response:
        """The answer to a request. Never raises."""
        began, at = time.perf_counter(), self.clock()
        context = Context(request, self.store, self.switches, self.clock)
        context.random = lambda: self.faults.random.randrange(1, 2**31)
        try:
            response = self._answer(context)
        except Refusal as refusal:
            response = refusal.response()
        except TooDeepError as problem:
            response = bad_request([Failure(problem.path, str(problem))]).response()
        except StoreClosedError as problem:
            response = error(503, str(problem), "UNAVAILABLE")
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            response = error(500, "the local server failed; its log says why", "INTERNAL")
        if not request.path.startswith(CONTROL):
            milliseconds = (time.perf_counter() - began) * 1000
            key = bearer(request.headers)
            self.log.add(
                request, response, time=at, milliseconds=milliseconds, key=key, violations=context.violations
            )
        return response

    def _answer(self, context: Context) -> Response:
        fault = self._fault(context.request)
        if fault is None:
            return self._true(context)
        context.effects = effects(fault)
        true: Response | None = None
        if fault.commits:
            try:
                true = self._true(context)
            except Refusal as refusal:
                true = refusal.response()
        return damaged(fault, true, self.faults.random)

    def _fault(self, request: Request) -> Fault | None:
        if request.path.startswith(CONTROL):
            return None
        asked = request.headers.get(FAULT_HEADER)
        if asked is not None and self.switches.fault_header == "on":
            try:
                return fault_from(orjson.loads(asked) if asked.startswith("{") else asked.strip())
            except (ConfigError, ValueError) as problem:
                raise Refusal(400, f"{FAULT_HEADER}: {problem}", "BAD_REQUEST") from problem
        return self.faults.next(request.method, request.path)

    def _true(self, context: Context) -> Response:
        """The answer without a fault."""
        request = context.request
        route, context.parameters = self._route(request)
        if request.path != control.HEALTH:
            self.keys.check(request.headers, reads=route.reads)
        most = self.switches.max_body
        if max(len(request.body), request.size) > most:
            raise Refusal(413, f"the body is larger than {most} bytes", "PAYLOAD_TOO_LARGE")
        context.request = self._plain(request)
        return route.action(context)

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        allowed: list[str] = []
        for route in self._static.get(request.path, ()):
            if route.method == request.method:
                return route, {}
            allowed.append(route.method)
        if not allowed:
            for route in self._dynamic:
                found = route.pattern.fullmatch(request.path)
                if found is not None:
                    if route.method == request.method:
                        return route, found.groupdict()
                    allowed.append(route.method)
        if allowed:
            raise Refusal(
                405,
                f"{request.path} takes {', '.join(allowed)}",
                "METHOD_NOT_ALLOWED",
                headers=[("allow", ", ".join(allowed))],
            )
        raise Refusal(404, "there is no such path", "NOT_FOUND")

    def _plain(self, request: Request) -> Request:
        """The request with its body as it was before it was compressed."""
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("", "identity"):
            return request
        if encoding != "gzip" or self.switches.gzip == "refuse":
            raise Refusal(415, f"Content-Encoding {encoding[:40]} is not accepted", "UNSUPPORTED_MEDIA_TYPE")
        most = self.switches.max_body
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(request.body)) as unpacked:
                body = unpacked.read(most + 1)
        except (OSError, EOFError, zlib.error) as problem:
            raise Refusal(400, f"the body is not gzip: {problem}", "BAD_REQUEST") from problem
        if len(body) > most:
            raise Refusal(413, f"the body unpacks to more than {most} bytes", "PAYLOAD_TOO_LARGE")
        return evolve(request, body=body)

    def _control(self, action: control.Action) -> Action:
        return lambda context: action(self, context)

    def configure(self, options: Mapping[str, object]) -> Switches:
        """Set switches. Raises ConfigError for an unknown one or an unknown value."""
        self.switches = self.switches.changed(options)
        return self.switches

    def reset(self) -> None:
        """An empty store, the switches and faults of the beginning, an empty log."""
        self.store.write(lambda transaction: transaction.clear())
        self.switches = self.defaults
        self.faults.reset()
        self.log.clear()


__all__ = ["CONTROL", "FAULT_HEADER", "ROUTES", "App", "Effects", "Route"]
