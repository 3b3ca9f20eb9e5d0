"""Searching events: a lazy result over a walk that stays exact while events arrive."""

from honeyhive_ext.search.aio_result import AsyncSearchResult
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count
from honeyhive_ext.search.result import SearchResult

__all__ = ["AsyncSearchResult", "Checkpoint", "Count", "SearchResult"]
