"""Searching events: every match exactly once, while others arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy

if TYPE_CHECKING:
    from honeyhive_ext.results.aio_result import AsyncSearchResult
    from honeyhive_ext.results.result import SearchResult
    from honeyhive_ext.search.checkpoint import Checkpoint
    from honeyhive_ext.search.cursor import Count

__all__ = ["AsyncSearchResult", "Checkpoint", "Count", "SearchResult"]

_HOMES = {
    "AsyncSearchResult": "results.aio_result",
    "Checkpoint": "search.checkpoint",
    "Count": "search.cursor",
    "SearchResult": "results.result",
}

__getattr__ = lazy(__name__, _HOMES)
