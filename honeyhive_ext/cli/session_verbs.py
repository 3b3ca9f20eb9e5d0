"""What `honeyhive-ext sessions` and `honeyhive-ext summary` do."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from typing import Any

from honeyhive_ext.cli.asked import events_listing, filters_of, raw_of
from honeyhive_ext.cli.commands import MistypedError
from honeyhive_ext.cli.exit_status import NothingFoundError
from honeyhive_ext.cli.listing import Listing, TableColumn, cell, event_cells
from honeyhive_ext.cli.output import show, write_text
from honeyhive_ext.cli.streams import note
from honeyhive_ext.cli.target import connected
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import place_to_write
from honeyhive_ext.files.whole import whole_file
from honeyhive_ext.filters import F, FilterLike
from honeyhive_ext.results import TraceTree

INDENT = "  "  # of a name in a table, for each level


def tree(options: argparse.Namespace) -> int:
    """Draw the events of a session, or print them in tree order, or write them as a page."""
    place = None if options.html is None else place_to_write(options.html, "--html")
    as_rows = options.output is not None or options.json or options.compact or options.fields is not None
    if place is not None and as_rows:
        raise MistypedError("--html writes a page: leave out --output, --json, --fields and --compact")
    options.limit = options.limit if options.compact else None
    with connected(options) as hh:
        found = hh.sessions.tree(options.session_id)
    if not len(found):
        raise NothingFoundError(f"no event has the session_id {options.session_id}")
    if place is not None:
        try:
            with whole_file(place) as page:
                page.write(found.to_html().encode(errors="backslashreplace"))
        except OSError as problem:
            raise ConfigError(f"cannot write {options.html}: {problem.strerror or problem}") from problem
        note(options, f"{len(found):,} events written")
    elif as_rows:
        show(_indented(events_listing(_rows(found), options)), options)
    else:
        write_text(str(found))
    return 0


def _rows(found: TraceTree) -> Iterator[Any]:
    for node in found:
        event = raw_of(node.event)
        where: dict[str, Any] = {"depth": node.depth}
        if node.mark:
            where["mark"] = node.mark
        yield {**where, **event} if isinstance(event, dict) else event


def _indented(listing: Listing) -> Listing:
    """Return the rows of a tree with the names indented in a table."""
    at = next((at for at, column in enumerate(listing.columns) if column.name == "name"), None)

    def cells(row: Any) -> list[str]:
        made = [*listing.cells(row)]
        if at is not None:
            made[at] = INDENT * row["depth"] + made[at]
        return made

    return Listing(listing.rows, listing.columns, cells, listing.kinds)


SESSION_COLUMNS = (
    TableColumn("start_time"),
    TableColumn("name", 40, style="bold"),
    TableColumn("duration", right=True),
    TableColumn("error", 60, style="red"),
    TableColumn("session_id", whole=True, style="dim"),
)


def list_sessions(options: argparse.Namespace) -> int:
    """Print sessions, newest first."""
    with connected(options) as hh:
        filters: list[FilterLike] = [F.event_type == "session", *filters_of(options)]
        if options.name is not None:
            filters.append(F.event_name.contains(options.name))
        when: dict[str, Any] = {"start": options.since, "end": options.until}
        found = hh.events.search(*filters, **when, evaluation_id=options.evaluation)
        rows: Iterator[Any] = iter(found.raw())
        if options.errors:
            failed = {event.session_id for event in hh.events.search(F.error.exists(), **when)}
            rows = (row for row in rows if row.get("session_id") in failed)
        listing = events_listing(islice(rows, options.limit), options)
        if options.fields is None:
            listing = Listing(listing.rows, SESSION_COLUMNS, _session_cells, listing.kinds)
        show(listing, options)
    return 0


def _session_cells(row: Any) -> list[str]:
    begin, _, name, duration, error, event_id = event_cells(row)
    return [begin, name, duration, error, cell(row.get("session_id")) or event_id]
