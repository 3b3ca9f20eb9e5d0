"""One request of a search and what answers it. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from honeyhive_ext.errors import APIStatusError

WireFilter: TypeAlias = Mapping[str, Any]


@frozen
class Ask:
    """One search request to send, besides the query's own filters."""

    lo: int | None  # Unix ms, inclusive; None together with hi: no date range
    hi: int | None
    limit: int  # events
    page: int = 1
    extra: tuple[WireFilter, ...] = ()


@frozen
class Page:
    """The service's answer to one request."""

    events: Sequence[Any]
    count: float | None = None  # what the service says is the number of matches; not trusted
    attempts: int = 1  # how often the request was sent


@frozen
class PageRefused:
    """The service refuses the request because of its extra filters (their number, their size)."""

    error: APIStatusError
