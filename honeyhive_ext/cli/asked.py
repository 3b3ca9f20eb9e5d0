"""From the arguments of a command to a search, and from its events to what is printed."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from honeyhive_ext.cli.arguments import COMPACT_CHARACTERS
from honeyhive_ext.cli.commands import MistypedError
from honeyhive_ext.cli.compact import compacted
from honeyhive_ext.cli.listing import EVENT_COLUMNS, Listing, event_cells, fields_listing

if TYPE_CHECKING:
    from honeyhive_ext.client.sync import HoneyHive
    from honeyhive_ext.results import SearchResult

COMPACT_EVENTS = 50  # with --compact and without --limit


def asked_for(hh: HoneyHive, options: argparse.Namespace, *, parallel: int = 1) -> SearchResult[Any]:
    """Return the search that the arguments ask for. Nothing is sent.

    Raises:
        QueryError: A filter or a time is mistyped.
    """
    return hh.events.search(
        *filters_of(options),
        start=options.since,
        end=options.until,
        evaluation_id=options.evaluation,
        limit=getattr(options, "limit", None),
        parallel=parallel,
    )


def filters_of(options: argparse.Namespace) -> list[str]:
    """Return the filters of the arguments, as text."""
    texts = [getattr(options, "filter", None), *options.filters]
    return [text for text in texts if text is not None]


def events_listing(rows: Iterable[Any], options: argparse.Namespace, *, live: bool = False) -> Listing:
    """Return events as a command prints them: all of each, some fields, or cut to fit a context.

    Raises:
        MistypedError: The arguments contradict each other.
    """
    if options.max_chars is not None and not options.compact:
        raise MistypedError("--max-chars needs --compact")
    if options.compact:
        if live:
            raise MistypedError("--compact needs all events: use `events search` with it, not `events tail`")
        if options.limit is None:
            rows = islice(rows, COMPACT_EVENTS)
        rows = compacted(rows, options.max_chars or COMPACT_CHARACTERS)
    if options.fields is not None:
        return fields_listing(rows, paths_of(options.fields))
    return Listing(rows, EVENT_COLUMNS, event_cells, live=live)


def paths_of(text: str) -> list[str]:
    """Return the fields that --fields names.

    >>> paths_of("event_name, metadata.cost")
    ['event_name', 'metadata.cost']
    """
    paths = [path.strip() for path in text.split(",")]
    if not all(paths) or len(set(paths)) < len(paths):
        raise MistypedError(f"--fields is {text!r}: give names such as event_name,metadata.cost, each once")
    return paths


def raw(events: Iterable[Any]) -> Iterator[Any]:
    """Yield events as the service sent them."""
    for event in events:
        yield raw_of(event)


def raw_of(event: Any) -> Any:
    """Return an event as the service sent it."""
    return event.raw
