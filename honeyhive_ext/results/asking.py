"""All that the sync shell needs to begin a search, in one import that it makes when one begins."""

from __future__ import annotations

from honeyhive_ext.results.follow import build_follow, follow_events
from honeyhive_ext.results.result import SearchResult
from honeyhive_ext.search.checkpoint import Checkpoint, as_checkpoint
from honeyhive_ext.search.pages.event import as_event
from honeyhive_ext.search.query import When, build_query

__all__ = [
    "Checkpoint",
    "SearchResult",
    "When",
    "as_checkpoint",
    "as_event",
    "build_follow",
    "build_query",
    "follow_events",
]
