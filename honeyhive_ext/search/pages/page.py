"""One request of a search, and the answer to it. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from honeyhive_ext.errors import APIStatusError

WireFilter: TypeAlias = Mapping[str, Any]


@frozen
class Ask:
    """One request of a search: what it asks for in addition to the filters of the query."""

    lo: int | None  # Unix ms, inclusive; None for both lo and hi means no date range
    hi: int | None
    limit: int  # events
    page: int = 1
    extra: tuple[WireFilter, ...] = ()


@frozen
class Page:
    """The service's answer to one request."""

    events: Sequence[Any]
    count: float | None = None  # the number of matches as the service states it; not trusted
    attempts: int = 1  # how many times the request was sent


@frozen
class PageRefused:
    """The service's answer to a request whose extra filters it refuses, for their number or size."""

    error: APIStatusError


def page_of(answer: Page | PageRefused) -> Page:
    """Return the page.

    Raises:
        APIStatusError: The service refused the request.
    """
    if isinstance(answer, PageRefused):
        raise answer.error
    return answer
