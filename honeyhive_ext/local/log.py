"""The request log: requests and the statuses of their answers, without keys."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from sys import getsizeof
from typing import Any, overload

import orjson
from attrs import frozen

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.local.message import Failure, Request, RequestRefused, Response

ENTRIES = 10_000  # the most requests in the log
BYTES = 64_000_000  # the most bytes of memory that the log takes
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
_ENTRY = 600  # bytes: the objects of an entry besides its texts
_VIOLATION = 80  # bytes: the same for a violation
_ERRORS = 100  # failing paths of a refusal that are kept
_SHORTEST = 8  # characters; a shorter key may occur in a body by chance


@never_raising
@frozen
class LoggedRequest:
    """One request in the log.

    Args:
        number: The number of the request, from 1.
        time: When the request came, in Unix milliseconds.
        method: The method.
        path: The path without the query.
        query: The text after the question mark.
        headers: The headers, names in lower case, without those that hold keys.
        body: The body's bytes; a key inside it is masked.
        status: The status of the answer; 0 if the connection was broken instead.
        fault: The kind of fault that happened; None for none.
        milliseconds: The time that the core took, without the delays of faults.
        violations: What was stored although it violates a schema (switch `validation`).
        refusal: Why the request was refused; None if it was not.
        errors: The failing paths of a refusal.
    """

    number: int
    time: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    fault: str | None
    milliseconds: float
    violations: Sequence[Failure]
    refusal: str | None = None
    errors: Sequence[Failure] = ()

    def json(self) -> Any:
        """Return the body as Python values.

        Raises:
            ValueError: The body is not JSON.
        """
        return orjson.loads(self.body)

    def as_dict(self, *, body: bool = True) -> dict[str, Any]:
        """Return the request for `/_local/requests`, perhaps without its body."""
        content: Any = None
        if body and self.body:
            try:
                content = self.json()
            except ValueError:
                content = self.body.decode(errors="replace")
        return {
            "number": self.number,
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "body": content,
            "size": len(self.body),
            "status": self.status,
            "fault": self.fault,
            "milliseconds": self.milliseconds,
            "violations": [{"path": one.path, "message": one.message} for one in self.violations],
            "refusal": self.refusal,
            "errors": [{"path": one.path, "message": one.message} for one in self.errors],
        }


def _size(entry: LoggedRequest) -> int:
    """Return the bytes of memory that a request takes in the log."""
    texts = [entry.method, entry.path, entry.query, entry.refusal or ""]
    texts += [*entry.headers, *entry.headers.values()]
    failures = [*entry.violations, *entry.errors]
    for one in failures:
        texts += (one.path, one.message)
    objects = _ENTRY + _VIOLATION * len(failures) + getsizeof(entry.headers)
    return objects + len(entry.body) + sum(map(getsizeof, texts))


@never_raising
class RequestLog(Sequence[LoggedRequest]):
    """The last requests, oldest first: at most 10,000, in at most 64 MB of memory.

    The last request stays, even if it alone is larger.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LoggedRequest] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._count = 0

    def add(
        self,
        request: Request,
        response: Response,
        *,
        time: int,
        milliseconds: float,
        key: str,
        violations: Sequence[Failure] = (),
        refusal: RequestRefused | None = None,
    ) -> None:
        """Add one request.

        Args:
            request: The request.
            response: Its answer.
            time: When the request came, in Unix milliseconds.
            milliseconds: The time that the core took.
            key: The bearer token of the request. It is masked wherever it occurs.
            violations: What was stored although it violates a schema.
            refusal: The refusal of the request; None if it was carried out, or failed by a fault.
        """
        broken = response.wire is not None and response.wire.kind in ("reset", "empty", "garbage", "hang")
        mask = key if len(key) >= _SHORTEST else ""
        body = request.body
        if mask and mask.encode() in body:
            body = body.replace(mask.encode(), b"***")
        headers = {
            name: value.replace(mask, "***") if mask else value
            for name, value in request.headers.items()
            if name not in _SECRET
        }
        path, query = request.path, request.query
        if mask:
            path, query = path.replace(mask, "***"), query.replace(mask, "***")
        reason = None if refusal is None else refusal.message
        errors = () if refusal is None else refusal.failures[:_ERRORS]
        if mask and reason is not None:
            reason = reason.replace(mask, "***")
            errors = [
                Failure(one.path.replace(mask, "***"), one.message.replace(mask, "***")) for one in errors
            ]
        with self._lock:
            self._count += 1
            entry = LoggedRequest(
                self._count,
                time,
                request.method,
                path,
                query,
                headers,
                body,
                0 if broken else response.status,
                response.fault,
                milliseconds,
                violations,
                reason,
                errors,
            )
            self._entries.append(entry)
            self._sizes.append(_size(entry))
            self._bytes += self._sizes[-1]
            while len(self._entries) > ENTRIES or (self._bytes > BYTES and len(self._entries) > 1):
                self._entries.popleft()
                self._bytes -= self._sizes.popleft()

    @property
    def last(self) -> int:
        """The number of the last request; 0 for none since the log was cleared."""
        return self._count

    def clear(self) -> None:
        """Remove every request. Numbers begin at 1 again."""
        with self._lock:
            self._entries.clear()
            self._sizes.clear()
            self._bytes = 0
            self._count = 0

    def _all(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> LoggedRequest: ...

    @overload
    def __getitem__(self, index: slice) -> list[LoggedRequest]: ...

    def __getitem__(self, index: int | slice) -> LoggedRequest | list[LoggedRequest]:
        return self._all()[index]

    def __repr__(self) -> str:
        return f"<RequestLog of {len(self)} requests>"
