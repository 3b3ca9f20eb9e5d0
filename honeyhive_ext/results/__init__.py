"""What a search returns: results, trees of sessions, events as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy

if TYPE_CHECKING:
    from honeyhive_ext.results.aio_result import AsyncSearchResult
    from honeyhive_ext.results.follow import build_follow, follow_events, follow_events_async
    from honeyhive_ext.results.result import SearchResult
    from honeyhive_ext.results.session_search import (
        SessionInfo,
        build_session_search,
        find_sessions,
        find_sessions_async,
    )
    from honeyhive_ext.results.trace_tree import Node, TraceTree, build_tree, session_query
    from honeyhive_ext.search.checkpoint import Checkpoint, as_checkpoint
    from honeyhive_ext.search.pages.form import EVENTS
    from honeyhive_ext.search.query import When, build_query

# For clients, which import all that a search needs from here when one begins.
__all__ = [
    "EVENTS",
    "AsyncSearchResult",
    "Checkpoint",
    "Node",
    "SearchResult",
    "SessionInfo",
    "TraceTree",
    "When",
    "as_checkpoint",
    "build_follow",
    "build_query",
    "build_session_search",
    "build_tree",
    "find_sessions",
    "find_sessions_async",
    "follow_events",
    "follow_events_async",
    "session_query",
]

_HOMES = {
    "AsyncSearchResult": "results.aio_result",
    "EVENTS": "search.pages.form",
    "Checkpoint": "search.checkpoint",
    "Node": "results.trace_tree",
    "SearchResult": "results.result",
    "SessionInfo": "results.session_search",
    "TraceTree": "results.trace_tree",
    "When": "search.query",
    "as_checkpoint": "search.checkpoint",
    "build_follow": "results.follow",
    "build_query": "search.query",
    "build_session_search": "results.session_search",
    "build_tree": "results.trace_tree",
    "find_sessions": "results.session_search",
    "find_sessions_async": "results.session_search",
    "follow_events": "results.follow",
    "follow_events_async": "results.follow",
    "session_query": "results.trace_tree",
}

__getattr__ = lazy(__name__, _HOMES)
