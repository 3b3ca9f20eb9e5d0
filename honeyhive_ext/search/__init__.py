"""Searching events: every match exactly once, while others arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"honeyhive_ext.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
