"""What a fault does to a request and to its answer."""

from __future__ import annotations

import random
import time
from email.utils import formatdate

from attrs import frozen

from honeyhive_ext.local.faults.fault import Fault
from honeyhive_ext.local.message import Response, Wire, error_response

HTML = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body>
</html>
"""
_NAMES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}


@frozen
class Effects:
    """What a fault changes about the work of a request.

    Args:
        keep: Store only this many events of a batch, and answer 500 with what was stored; None for all.
        visibility_delay: Milliseconds before search shows new events; None for the switch's.
    """

    keep: int | None = None
    visibility_delay: int | None = None


def effects(fault: Fault) -> Effects:
    """Return what a fault changes about the work of the request."""
    return Effects(
        keep=(fault.keep or 0) if fault.kind == "partial" else None,
        visibility_delay=(fault.milliseconds or 0) if fault.kind == "visibility" else None,
    )


def damaged(fault: Fault, true: Response | None, draw: random.Random) -> Response:
    """Return the answer under a fault. The true answer is None where the request was not carried out."""
    response = _answer(fault, true)
    low, high = fault.delay if isinstance(fault.delay, tuple) else (fault.delay, fault.delay)
    delay = low if low == high else draw.uniform(low, high)
    return Response(
        response.status,
        response.body,
        response.headers,
        response.media_type,
        delay,
        _wire(fault),
        fault.kind,
    )


def _answer(fault: Fault, true: Response | None) -> Response:
    if fault.kind == "status":
        status = fault.status or 503
        if fault.body is not None:
            kind = "application/json" if fault.body[:1] in ("{", "[") else "text/plain; charset=utf-8"
            return Response(status, fault.body.encode(), media_type=kind)
        return error_response(status, "a fault that was asked for", _NAMES.get(status, "FAULT"))
    if fault.kind == "html":
        return Response(fault.status or 502, HTML, media_type="text/html")
    if fault.kind == "rate_limit":
        return error_response(429, "rate limit exceeded", "RATE_LIMITED", headers=_retry_after(fault))
    if true is None:
        return Response(200)
    if fault.kind == "broken_json":
        return Response(true.status, true.body[: len(true.body) // 2] or b"{", true.headers)
    return true


def _retry_after(fault: Fault) -> list[tuple[str, str]]:
    if fault.retry_after_date is not None:
        return [("retry-after", formatdate(time.time() + fault.retry_after_date, usegmt=True))]
    if fault.retry_after is None:
        return []
    return [("retry-after", f"{fault.retry_after}")]


def _wire(fault: Fault) -> Wire | None:
    if fault.kind in ("reset", "commit_reset"):
        return Wire("reset")
    if fault.kind == "hang":
        return Wire("hang", 3600.0 if fault.seconds is None else fault.seconds)
    if fault.kind == "dribble":
        return Wire("dribble", 1.0 if fault.seconds is None else fault.seconds)
    if fault.kind == "truncate":
        return Wire("truncate", at=fault.at)
    if fault.kind in ("empty", "garbage"):
        return Wire(fault.kind)
    return None
