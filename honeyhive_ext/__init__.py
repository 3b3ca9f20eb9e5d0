"""A client of the HoneyHive events API: record the steps of an application as events, and read them back.

`HoneyHive` is the client for code that waits for each answer, `AsyncHoneyHive` the one for asyncio. `F`
writes the filters of a search. Every error is a `HoneyHiveError`. A local server of the API is in
`honeyhive_ext.local`; it is not imported here.

>>> from honeyhive_ext import F, HoneyHive
>>> with HoneyHive() as hh:  # the environment variables HH_API_KEY and HH_API_URL
...     with hh.session("support chat") as session:
...         sent = hh.events.create("tool", event_name="search", metadata={"cost": 0.02})
...     costly = hh.events.search(F("metadata.cost") > 0.01, F.session_id == session.session_id)
...     print([event.event_name for event in costly])
['search']
"""

from __future__ import annotations

from honeyhive_ext._version import __version__
from honeyhive_ext.config.lazy import lazy

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from honeyhive_ext.background.background_options import Background
    from honeyhive_ext.background.stats import BackgroundStats, FlushReport
    from honeyhive_ext.batch.report import BatchFailure, BatchReport, report_of
    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.default import trace
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
        QueueFullError,
        RateLimitError,
        ResponseError,
        ResultCountError,
        ServerError,
    )
    from honeyhive_ext.filters.field import F
    from honeyhive_ext.filters.text_reader import FilterTextError
    from honeyhive_ext.filters.warnings import FilterWarning
    from honeyhive_ext.observe.hooks import RequestInfo, ResponseInfo, RetryInfo
    from honeyhive_ext.reading.event import Event
    from honeyhive_ext.results.aio_result import AsyncSearchResult
    from honeyhive_ext.results.result import SearchResult
    from honeyhive_ext.results.session_search import SessionInfo
    from honeyhive_ext.results.summary import Summary, summarize
    from honeyhive_ext.results.trace_tree import TraceTree
    from honeyhive_ext.search.checkpoint import Checkpoint
    from honeyhive_ext.search.cursor import Count
    from honeyhive_ext.tracing.current import current_span
    from honeyhive_ext.tracing.propagation import extract, inject

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHoneyHive",
    "AsyncSearchResult",
    "AuthenticationError",
    "Background",
    "BackgroundStats",
    "BadRequestError",
    "BatchError",
    "BatchFailure",
    "BatchReport",
    "Checkpoint",
    "ConfigError",
    "Count",
    "Event",
    "EventError",
    "F",
    "FilterTextError",
    "FilterWarning",
    "FlushReport",
    "HoneyHive",
    "HoneyHiveError",
    "NotFoundError",
    "PaginationIncomplete",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "QueryError",
    "QueueFullError",
    "RateLimitError",
    "RequestInfo",
    "ResponseError",
    "ResponseInfo",
    "ResultCountError",
    "RetryInfo",
    "RetryPolicy",
    "SearchResult",
    "ServerError",
    "SessionInfo",
    "Summary",
    "TraceTree",
    "__version__",
    "current_span",
    "extract",
    "inject",
    "report_of",
    "summarize",
    "trace",
]

# The module of each name. Names that are not listed are in `errors`.
_HOMES = {
    **dict.fromkeys(__all__, "errors"),
    "AsyncHoneyHive": "client.aio",
    "AsyncSearchResult": "results.aio_result",
    "Background": "background.background_options",
    "BackgroundStats": "background.stats",
    "BatchFailure": "batch.report",
    "BatchReport": "batch.report",
    "Checkpoint": "search.checkpoint",
    "Count": "search.cursor",
    "current_span": "tracing.current",
    "extract": "tracing.propagation",
    "inject": "tracing.propagation",
    "Event": "reading.event",
    "F": "filters.field",
    "FilterTextError": "filters.text_reader",
    "FilterWarning": "filters.warnings",
    "FlushReport": "background.stats",
    "HoneyHive": "client.sync",
    "report_of": "batch.report",
    "RequestInfo": "observe.hooks",
    "ResponseInfo": "observe.hooks",
    "RetryInfo": "observe.hooks",
    "RetryPolicy": "config.retry_policy",
    "SearchResult": "results.result",
    "SessionInfo": "results.session_search",
    "summarize": "results.summary",
    "Summary": "results.summary",
    "trace": "client.default",
    "TraceTree": "results.trace_tree",
}

__getattr__ = lazy(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
