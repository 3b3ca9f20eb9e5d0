"""The ergonomic door to the HoneyHive events API.

`HoneyHive` and `AsyncHoneyHive` create, batch, search and update events; `F` writes the filters of a
search; every error is a `HoneyHiveError`. The local server is in `honeyhive_ext.local` and is not loaded
from here.
"""

from __future__ import annotations

from honeyhive_ext._version import __version__
from honeyhive_ext.config.lazy import lazy

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would cost 3 ms
if TYPE_CHECKING:
    from honeyhive_ext.batch.report import BatchFailure, BatchReport, report_of
    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive
    from honeyhive_ext.config.retry_policy import RetryPolicy
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
    from honeyhive_ext.filters.field import F
    from honeyhive_ext.filters.warnings import FilterWarning
    from honeyhive_ext.observe.hooks import RequestInfo, ResponseInfo, RetryInfo
    from honeyhive_ext.results.aio_result import AsyncSearchResult
    from honeyhive_ext.results.result import SearchResult
    from honeyhive_ext.results.trace_tree import TraceTree
    from honeyhive_ext.search.checkpoint import Checkpoint
    from honeyhive_ext.search.cursor import Count
    from honeyhive_ext.tracing.record import current_span

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
    "Count",
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
    "RequestInfo",
    "ResponseError",
    "ResponseInfo",
    "ResultCountError",
    "RetryInfo",
    "RetryPolicy",
    "SearchResult",
    "ServerError",
    "TraceTree",
    "__version__",
    "current_span",
    "report_of",
]

# The home of each name. What is not listed below is an error.
_HOMES = {
    **dict.fromkeys(__all__, "errors"),
    "AsyncHoneyHive": "client.aio",
    "AsyncSearchResult": "results.aio_result",
    "BatchFailure": "batch.report",
    "BatchReport": "batch.report",
    "Checkpoint": "search.checkpoint",
    "Count": "search.cursor",
    "current_span": "tracing.record",
    "F": "filters.field",
    "FilterWarning": "filters.warnings",
    "HoneyHive": "client.sync",
    "report_of": "batch.report",
    "RequestInfo": "observe.hooks",
    "ResponseInfo": "observe.hooks",
    "RetryInfo": "observe.hooks",
    "RetryPolicy": "config.retry_policy",
    "SearchResult": "results.result",
    "TraceTree": "results.trace_tree",
}

__getattr__ = lazy(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
