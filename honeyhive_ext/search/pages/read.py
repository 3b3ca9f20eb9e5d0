"""The answer to one request of a search, read as a page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from honeyhive_ext.errors import APIStatusError, ResponseError
from honeyhive_ext.http.exchange import Reply
from honeyhive_ext.search.pages.json import loads
from honeyhive_ext.search.pages.lines import cut
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused

ReadPage: TypeAlias = Callable[[Reply], Page]

# What a service answers that refuses a long list of filters; a plain search has no use for these.
REFUSED = frozenset({400, 413, 414, 422, 431})
MANY_FILTERS = 100  # more than this may also be beyond what the service's database can do, which is a 500


def read_page(reply: Reply) -> Page:
    """The answer to one request.

    Tolerant: an event may be anything. What is not a page at all is an error.

    Raises:
        ResponseError: The answer is not JSON, or has no list of events.
    """
    try:
        parsed = loads(reply.content)
    except ValueError as error:
        raise _unreadable(reply, f"is not JSON ({error})") from error
    if not isinstance(parsed, dict):
        raise _unreadable(reply, "is not an object")
    answer = cast("Mapping[str, Any]", parsed)
    if not isinstance(answer.get("events"), list):
        raise _unreadable(reply, "has no list of events")
    return _page(answer["events"], answer, reply)


def read_lines(reply: Reply) -> Page:
    """The same, its rows being their text as the service sent it, where the page can be cut into lines."""
    found = cut(reply.content)
    return read_page(reply) if found is None else _page(*found, reply)


def _page(events: Sequence[Any], answer: Mapping[str, Any], reply: Reply) -> Page:
    count = answer.get("count")
    if isinstance(count, bool) or not isinstance(count, int | float):
        count = None
    return Page(events, count, reply.attempts)


def _unreadable(reply: Reply, what: str) -> ResponseError:
    error = ResponseError(
        f"the answer to the search {what}: check that base_url (HH_API_URL) is the API",
        status=reply.status,
        body=reply.content,
    )
    error.attempts = reply.attempts
    return error


def accepted(ask: Ask) -> frozenset[int]:
    """The statuses besides 2xx that are an answer to a request."""
    if not ask.extra:
        return frozenset()
    return REFUSED | {500} if len(ask.extra) > MANY_FILTERS else REFUSED


def answer(reply: Reply, error: APIStatusError | None, read: ReadPage) -> Page | PageRefused:
    """The reply as the walk takes it; `error` is what a reply that is no success stands for."""
    return read(reply) if error is None else PageRefused(error)
