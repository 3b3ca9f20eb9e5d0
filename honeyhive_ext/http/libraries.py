"""httpx and its successor httpx2, which callers may both use. Nothing here imports httpx2.

The classes of the two have the same names and do the same, and are no subclasses of one another.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol, TypeVar

import httpx

_LIBRARIES = ("httpx", "httpx2")

E = TypeVar("E", bound=BaseException)


class HTTPClient(Protocol):
    """An `httpx.Client` or an `httpx2.Client`."""

    @property
    def cookies(self) -> Any: ...
    def build_request(self, *args: Any, **keywords: Any) -> Any: ...
    def send(self, *args: Any, **keywords: Any) -> Any: ...
    def close(self) -> None: ...


class AsyncHTTPClient(Protocol):
    """An `httpx.AsyncClient` or an `httpx2.AsyncClient`."""

    @property
    def cookies(self) -> Any: ...
    def build_request(self, *args: Any, **keywords: Any) -> Any: ...
    async def send(self, *args: Any, **keywords: Any) -> Any: ...
    async def aclose(self) -> None: ...


class RequestTransport(Protocol):
    """A `BaseTransport` of httpx or httpx2."""

    def handle_request(self, request: Any) -> Any: ...
    def close(self) -> None: ...


class AsyncRequestTransport(Protocol):
    """An `AsyncBaseTransport` of httpx or httpx2."""

    async def handle_async_request(self, request: Any) -> Any: ...
    async def aclose(self) -> None: ...


def library_of(given: object, kind: str) -> Any:
    """Return the module whose class `kind` an object is of: httpx, httpx2, or None for neither.

    >>> library_of(httpx.HTTPTransport(verify=False), "BaseTransport").__name__
    'httpx'
    """
    for name in _LIBRARIES:
        module = sys.modules.get(name)
        if isinstance(given, getattr(module, kind, ())):
            return module
    return None


def as_httpx(error: E) -> E | httpx.RequestError | httpx.InvalidURL:
    """Return an error of httpx2 as that of httpx, and any other error as it is.

    The new one does not refer to the old one, which holds the request with its headers.
    """
    if isinstance(error, (httpx.RequestError, httpx.InvalidURL)):
        return error
    for kind in type(error).__mro__:
        own = getattr(httpx, kind.__name__, None) if kind.__module__.partition(".")[0] == "httpx2" else None
        if isinstance(own, type) and issubclass(own, (httpx.RequestError, httpx.InvalidURL)):
            made = own(str(error))
            made.__cause__, made.__context__ = error.__cause__, error.__context__
            made.__suppress_context__ = error.__suppress_context__
            return made
    return error
