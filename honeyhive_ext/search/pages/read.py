"""From the reply of the service to a page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from honeyhive_ext.errors import APIStatusError
from honeyhive_ext.http.exchange import Reply
from honeyhive_ext.search.pages.json import loads
from honeyhive_ext.search.pages.lines import cut
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused

ReadPage: TypeAlias = Callable[[Reply], Page]

# The statuses of a service that refuses a long list of filters. For a plain search they are errors.
REFUSED = frozenset({400, 413, 414, 422, 431})
MANY_FILTERS = 100  # more than this may also exceed what the service's database can do, which is a 500


def read_page(reply: Reply) -> Page:
    """Return the page in a reply. An event in it may be any JSON value.

    Raises:
        ResponseError: The reply is not JSON, or has no list of events.
    """
    page = _read(reply)
    if isinstance(page, Page):
        return page
    # Neither a variable here nor a cause of the error holds what came: it can repeat the key.
    raise reply.unusable(f"the answer to the search {page}: check that base_url (HH_API_URL) is the API")


def _read(reply: Reply) -> Page | str:
    """Return the page in a reply, or what is wrong with it."""
    try:
        parsed = loads(reply.content)
    except ValueError as error:
        return f"is not JSON ({error})"
    if not isinstance(parsed, dict):
        return "is not an object"
    answer = cast("Mapping[str, Any]", parsed)
    if not isinstance(answer.get("events"), list):
        return "has no list of events"
    return _page(answer["events"], answer, reply)


def read_lines(reply: Reply) -> Page:
    """Return the page with each row as the text that the service sent, if it can be cut; else as values."""
    found = cut(reply.content)
    return read_page(reply) if found is None else _page(*found, reply)


def _page(events: Sequence[Any], answer: Mapping[str, Any], reply: Reply) -> Page:
    count = answer.get("count")
    if isinstance(count, bool) or not isinstance(count, int | float):
        count = None
    return Page(events, count, reply.attempts)


def accepted(ask: Ask) -> frozenset[int]:
    """Return the statuses besides 2xx that count as an answer to a request."""
    if not ask.extra:
        return frozenset()
    return REFUSED | {500} if len(ask.extra) > MANY_FILTERS else REFUSED


def answer(reply: Reply, error: APIStatusError | None, read: ReadPage) -> Page | PageRefused:
    """Return the reply for the walk. `error` is the error of a reply that is not a success, else None."""
    return read(reply) if error is None else PageRefused(error)
