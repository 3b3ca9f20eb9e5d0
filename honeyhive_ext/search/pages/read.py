"""From the reply of the service to a page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from honeyhive_ext.errors import APIStatusError
from honeyhive_ext.http.exchange import Reply
from honeyhive_ext.search.pages.cut import cut, event_rows, text_rows
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.rows import Row

ReadPage: TypeAlias = Callable[[Reply], Page]

# The statuses of a service that refuses a long list of filters. For a plain search they are errors.
REFUSED = frozenset({400, 413, 414, 422, 431})
MANY_FILTERS = 100  # more than this may also exceed what the service's database can do, which is a 500


def read_events(reply: Reply) -> Page:
    """Return the page in a reply, with its rows as events.

    Raises:
        ResponseError: The reply is not JSON, or has no list of events.
    """
    return _page(reply, event_rows)


def read_texts(reply: Reply) -> Page:
    """Return the page in a reply, with its rows as the JSON texts that the service sent.

    Raises:
        ResponseError: The reply is not JSON, or has no list of events.
    """
    return _page(reply, text_rows)


def _page(reply: Reply, rows: Callable[[Sequence[bytes], bytes], list[Row]]) -> Page:
    page = _read(reply, rows)
    if isinstance(page, Page):
        return page
    # Neither a variable here nor a cause of the error holds what came: it can repeat the key.
    raise reply.unusable(f"the answer to the search {page}: check that base_url (HH_API_URL) is the API")


def _read(reply: Reply, rows: Callable[[Sequence[bytes], bytes], list[Row]]) -> Page | str:
    """Return the page in a reply, or what is wrong with it."""
    try:
        texts, count, content = cut(reply.content)
    except ValueError as error:
        return f"is not JSON ({error})"
    except TypeError as error:
        return str(error)
    if isinstance(count, bool) or not isinstance(count, int | float):
        count = None
    return Page(rows(texts, content), count, reply.attempts)


def accepted(ask: Ask) -> frozenset[int]:
    """Return the statuses besides 2xx that count as an answer to a request."""
    if not ask.extra:
        return frozenset()
    return REFUSED | {500} if len(ask.extra) > MANY_FILTERS else REFUSED


def answer(reply: Reply, error: APIStatusError | None, read: ReadPage) -> Page | PageRefused:
    """Return the reply for the walk. `error` is the error of a reply that is not a success, else None."""
    return read(reply) if error is None else PageRefused(error)
