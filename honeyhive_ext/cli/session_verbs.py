"""What `honeyhive-ext sessions` and `honeyhive-ext summary` do."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from honeyhive_ext.cli.asked import asked_for, events_listing, filters_of, paths_of, raw_of
from honeyhive_ext.cli.commands import MistypedError
from honeyhive_ext.cli.exit_status import NothingFoundError
from honeyhive_ext.cli.listing import Listing, TableColumn, cell, duration_cell, fields_listing, moment
from honeyhive_ext.cli.output import form_of, show, write_text
from honeyhive_ext.cli.streams import note
from honeyhive_ext.cli.target import connected
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.table import Kind
from honeyhive_ext.files.names import place_to_write
from honeyhive_ext.files.whole import whole_file
from honeyhive_ext.filters import F, FilterLike
from honeyhive_ext.results import TraceTree
from honeyhive_ext.views.formats import cost_text

if TYPE_CHECKING:
    from honeyhive_ext.client.sync import HoneyHive
    from honeyhive_ext.results.session_search import SessionInfo

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


SESSIONS = 20  # that are listed without --limit: each costs a search for its figures
SESSION_COLUMNS = (
    TableColumn("start_time", whole=True),
    TableColumn("name", 40, style="bold"),
    TableColumn("duration", right=True),
    TableColumn("events", right=True),
    TableColumn("errors", right=True, style="red"),
    TableColumn("tokens", right=True),
    TableColumn("cost", right=True),
    TableColumn("session_id", whole=True, style="dim"),
)
_SESSION_KINDS: Mapping[str, Kind] = {
    "session_id": "string",
    "name": "string",
    "start_time": "number",
    "duration": "number",
    "events": "integer",
    "model_events": "integer",
    "errors": "integer",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "total_tokens": "integer",
    "cost": "number",
    "feedback": "json",
}


def list_sessions(options: argparse.Namespace) -> int:
    """Print sessions with their totals, newest first."""
    filters: list[FilterLike] = [*filters_of(options)]
    if options.name is not None:
        filters.append(F.event_name.contains(options.name))
    limit = options.limit or SESSIONS
    with connected(options) as hh:
        if options.errors:
            found = list(islice(_failed(hh, filters, options), limit))
        else:
            found = hh.sessions.search(*filters, start=options.since, end=options.until, limit=limit)
    rows = [_session_row(one) for one in found]
    if options.fields is not None:
        listing = fields_listing(rows, paths_of(options.fields))
    else:
        listing = Listing(rows, SESSION_COLUMNS, _session_cells, _SESSION_KINDS)
    show(listing, options)
    if len(rows) == limit and options.limit is None:
        note(options, f"these are the newest {limit}: --limit N shows more")
    return 0


def _failed(
    hh: HoneyHive, filters: Sequence[FilterLike], options: argparse.Namespace
) -> Iterator[SessionInfo]:
    """Yield the sessions of events that failed, those with the newest failure first."""
    seen: set[str] = set()
    for event in hh.events.search(F.error.exists(), start=options.since, end=options.until):
        session_id = event.session_id
        if session_id is not None and session_id not in seen:
            seen.add(session_id)
            yield from hh.sessions.search(F.session_id == session_id, *filters, limit=1)


def _session_row(info: SessionInfo) -> dict[str, Any]:
    row: dict[str, Any] = {"session_id": info.session_id, "name": info.name}
    row |= {"start_time": info.start_ms, "duration": info.duration_ms}
    for name in (*_SESSION_KINDS,)[len(row) :]:
        row[name] = getattr(info, name)
    return row


def _session_cells(row: Mapping[str, Any]) -> list[str]:
    numbers = ("" if row[name] is None else f"{row[name]:,}" for name in ("events", "errors", "total_tokens"))
    cost = "" if row["cost"] is None else cost_text(row["cost"])
    begin, length = moment(row["start_time"]), duration_cell(row["duration"])
    return [begin, cell(row["name"]), length, *numbers, cost, cell(row["session_id"])]


def summary(options: argparse.Namespace) -> int:
    """Print what the events have in all, one row for each value of a field."""
    with connected(options) as hh:
        found = asked_for(hh, options).summary(options.by)
    if form_of(options) == "table":
        write_text(str(found))
        return 0
    rows = [{"group": "value", **row.to_dict()} for row in found]
    for group, row in (("others", found.others), ("all", found.total)):
        if row is not None:
            rows.append({"group": group, **row.to_dict()})
    show(Listing(rows, (), lambda _: [], _SUMMARY_KINDS), options)
    return 0


_SUMMARY_KINDS: Mapping[str, Kind] = {
    "group": "string",
    "value": "json",
    "count": "integer",
    "errors": "integer",
    "p50": "number",
    "p95": "number",
    "p99": "number",
    "exact": "boolean",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "total_tokens": "integer",
    "cost": "number",
}
