"""The core: `handle(request) -> response`, without a socket, a thread or a wait."""

from __future__ import annotations

import gzip
import io
import logging
import time
import zlib
from collections.abc import Sequence

import orjson
from attrs import define, evolve, field

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.adapters.security import bearer
from honeyhive_ext.local.faults.damage import damaged, effects
from honeyhive_ext.local.faults.fault import Fault, fault_from
from honeyhive_ext.local.message import Request, RequestRefused, Response, error_response
from honeyhive_ext.local.routes import (
    batches,
    control,
    deprecated,
    events,
    filter_text,
    otlp,
    search,
    sessions,
    trace_page,
)
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.state import ServerState

logger = logging.getLogger("honeyhive_ext.local")

FAULT_HEADER = "x-honeyhive-local-fault"
CONTROL = "/_local/"
_ALIASES = {"x-gzip": "gzip"}  # one coding under two names (RFC 9110, 8.4.1.3)

ROUTES: Sequence[Route] = (
    *events.ROUTES,
    *search.ROUTES,
    *batches.ROUTES,
    *deprecated.ROUTES,
    *otlp.ROUTES,
    *control.ROUTES,
    *sessions.ROUTES,
    *filter_text.ROUTES,
    *trace_page.ROUTES,
)


@define(eq=False)
class App:
    """The routes over one state."""

    state: ServerState
    _static: dict[str, list[Route]] = field(factory=dict[str, list[Route]], init=False)
    _dynamic: list[Route] = field(factory=list[Route], init=False)

    def __attrs_post_init__(self) -> None:
        for route in ROUTES:
            if "{" in route.path:
                self._dynamic.append(route)
            else:
                self._static.setdefault(route.path, []).append(route)

    def handle(self, request: Request) -> Response:
        """Return the answer to a request. Never raises."""
        state = self.state
        began, at = time.perf_counter(), state.clock()
        context = Context(request, state, state.switches)
        refusal: RequestRefused | None = None
        try:
            response = self._answer(context)
        except RequestRefused as refused:
            refusal, response = refused, refused.response()
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            response = error_response(500, "the local server failed; its log says why", "INTERNAL")
        if not _is_control(request.path):
            milliseconds = (time.perf_counter() - began) * 1000
            key = bearer(request.headers)
            state.log.add(
                request,
                response,
                time=at,
                milliseconds=milliseconds,
                key=key,
                violations=context.violations,
                refusal=refusal,
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
            except RequestRefused as refusal:
                true = refusal.response()
        return damaged(fault, true, self.state.faults.random)

    def _fault(self, request: Request) -> Fault | None:
        if _is_control(request.path):
            return None
        asked = request.headers.get(FAULT_HEADER)
        if asked is not None and self.state.switches.fault_header == "on":
            try:
                return fault_from(orjson.loads(asked) if asked.startswith("{") else asked.strip())
            except (ConfigError, ValueError) as problem:
                raise RequestRefused(400, f"{FAULT_HEADER}: {problem}", "BAD_REQUEST") from problem
        return self.state.faults.next(request.method, request.path)

    def _true(self, context: Context) -> Response:
        """Return the answer without a fault."""
        request = context.request
        route, context.parameters = self._route(request)
        if not route.keyless:
            self.state.keys.check(request.headers, reads=route.reads)
        most = self.state.switches.max_body
        if max(len(request.body), request.size) > most:
            raise RequestRefused(413, f"the body is larger than {most} bytes", "PAYLOAD_TOO_LARGE")
        context.request = self._unpacked(request, route)
        return route.answer(context)

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        # HEAD is answered where GET is; the adapters leave the body out.
        method = "GET" if request.method == "HEAD" else request.method
        allowed: list[str] = []
        for route in self._static.get(request.path, ()):
            if route.method == method:
                return route, {}
            allowed.append(route.method)
        if not allowed:
            for route in self._dynamic:
                found = route.pattern.fullmatch(request.path)
                if found is not None:
                    if route.method == method:
                        return route, found.groupdict()
                    allowed.append(route.method)
        if "GET" in allowed:
            allowed.insert(allowed.index("GET") + 1, "HEAD")
        if allowed:
            raise RequestRefused(
                405,
                f"{request.path} takes {', '.join(allowed)}, not {request.method}",
                "METHOD_NOT_ALLOWED",
                headers=[("allow", ", ".join(allowed))],
            )
        raise RequestRefused(404, f"there is no path {request.path[:200]}", "NOT_FOUND")

    def _unpacked(self, request: Request, route: Route) -> Request:
        """Return the request with its body decompressed."""
        given = request.headers.get("content-encoding", "").lower().split(",")
        codings = [_ALIASES.get(one, one) for one in map(str.strip, given) if one not in ("", "identity")]
        if not codings:
            return request
        switches = self.state.switches
        accepted = () if switches.gzip == "refuse" else route.codings
        if len(codings) > 1 or codings[0] not in accepted:
            message = f"Content-Encoding {', '.join(codings)[:40]} is not accepted"
            headers = [("accept-encoding", ", ".join(accepted) or "identity")]  # RFC 9110, 15.5.16
            raise RequestRefused(415, message, "UNSUPPORTED_MEDIA_TYPE", headers=headers)
        most = switches.max_body
        try:
            body = _gunzipped(request.body, most) if codings == ["gzip"] else _inflated(request.body, most)
        except (OSError, EOFError, zlib.error) as problem:
            raise RequestRefused(400, f"the body is not {codings[0]}: {problem}", "BAD_REQUEST") from problem
        if len(body) > most:
            message = f"the body is larger than {most} bytes once decompressed"
            raise RequestRefused(413, message, "PAYLOAD_TOO_LARGE")
        return evolve(request, body=body)


def _gunzipped(body: bytes, most: int) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
        return unpacked.read(most + 1)


def _inflated(body: bytes, most: int) -> bytes:
    """Unpack what HTTP calls deflate: the zlib format, or the bare stream that some senders write."""
    try:
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(body, most + 1)
    except zlib.error:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        found = unpacker.decompress(body, most + 1)
    if len(found) <= most and not unpacker.eof:
        raise EOFError("it ends too early")
    return found


def _is_control(path: str) -> bool:
    """Return whether a request is for the server itself or its page: no fault, no log entry."""
    return path == trace_page.PAGE or path.startswith(CONTROL)


__all__ = ["CONTROL", "FAULT_HEADER", "ROUTES", "App"]
