"""The ergonomic door to the HoneyHive events API.

`HoneyHive` and `AsyncHoneyHive` create, batch, search and update events; `F` writes the filters of a
search; every error is a `HoneyHiveError`. The local server is in `honeyhive_ext.local` and is not loaded
from here.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would cost 3 ms
if TYPE_CHECKING:
    from honeyhive_ext.batch import BatchFailure, BatchReport
    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive
    from honeyhive_ext.errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BatchError,
        ConfigError,
        EventError,
        HoneyHiveError,
        NotFoundError,
        PaginationIncomplete,
        PayloadTooLargeError,
        PermissionDeniedError,
        QueryError,
        RateLimitError,
        ResponseError,
        ResultCountError,
        ServerError,
    )
    from honeyhive_ext.filters import F, FilterWarning
    from honeyhive_ext.http.retry import RetryPolicy
    from honeyhive_ext.search import AsyncSearchResult, Checkpoint, SearchResult
    from honeyhive_ext.tracing import current_span

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHoneyHive",
    "AsyncSearchResult",
    "AuthenticationError",
    "BadRequestError",
    "BatchError",
    "BatchFailure",
    "BatchReport",
    "Checkpoint",
    "ConfigError",
    "EventError",
    "F",
    "FilterWarning",
    "HoneyHive",
    "HoneyHiveError",
    "NotFoundError",
    "PaginationIncomplete",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "QueryError",
    "RateLimitError",
    "ResponseError",
    "ResultCountError",
    "RetryPolicy",
    "SearchResult",
    "ServerError",
    "__version__",
    "current_span",
]

# A name is imported when it is first used (PEP 562), so that a program pays for what it uses. What is
# not in _HOMES is an error and lives in `errors`.
_HOMES = {
    "AsyncHoneyHive": "client.aio",
    "AsyncSearchResult": "results.aio_result",
    "BatchFailure": "batch",
    "BatchReport": "batch",
    "Checkpoint": "search.checkpoint",
    "F": "filters",
    "FilterWarning": "filters",
    "HoneyHive": "client.sync",
    "RetryPolicy": "http.retry",
    "SearchResult": "results.result",
    "current_span": "tracing",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value  # the next use does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
