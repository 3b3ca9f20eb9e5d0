"""What the verbs of `honeyhive-ext events` do."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import islice
from typing import Any, cast

import orjson

from honeyhive_ext.cli.asked import asked_for, events_listing, filters_of, raw, raw_of
from honeyhive_ext.cli.commands import MistypedError
from honeyhive_ext.cli.listing import Listing, TableColumn, cell
from honeyhive_ext.cli.output import form_of, show
from honeyhive_ext.cli.streams import opened_file
from honeyhive_ext.cli.target import connected
from honeyhive_ext.errors import ConfigError

LARGEST = 50_000_000  # bytes of one event that is read
_PAIR = (TableColumn("field"), TableColumn("value", 0))


def search(options: argparse.Namespace) -> int:
    """Print the events that match."""
    with connected(options) as hh:
        try:
            show(events_listing(asked_for(hh, options).raw(), options), options)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("to continue, end at the time of the last event: --until") from None
    return 0


def tail(options: argparse.Namespace) -> int:
    """Print events as they arrive."""
    with connected(options) as hh:
        if options.until is not None:
            raise MistypedError("--until ends what is in the past: leave it out, or use `events search`")
        events = hh.events.tail(
            *filters_of(options),
            start=options.since,
            evaluation_id=options.evaluation,
            poll=options.poll,
            idle=options.idle,
        )
        try:
            show(events_listing(islice(raw(events), options.limit), options, live=True), options)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("to continue, begin with the time of the last event: --since") from None
    return 0


def count(options: argparse.Namespace) -> int:
    """Print how many events match."""
    with connected(options) as hh:
        found = asked_for(hh, options).count()
    row = {"count": int(found), "by": found.by}
    show(Listing([row], (TableColumn("count", right=True),), _count_cells, _KINDS, single=True), options)
    return 0


_KINDS: Mapping[str, Any] = {"count": "integer", "by": "string"}


def _count_cells(row: Mapping[str, Any]) -> list[str]:
    return [f"{row['count']:,}"]


def get(options: argparse.Namespace) -> int:
    """Print one event."""
    with connected(options) as hh:
        event = raw_of(hh.events.get(options.event_id))
    options.limit = 1
    listing = events_listing([event], options)
    if form_of(options) == "table":
        shown = next(iter(listing.rows))
        pairs = cast("Mapping[str, Any]", shown).items() if isinstance(shown, dict) else [("event", shown)]
        listing = Listing(pairs, _PAIR, lambda pair: [cell(pair[0]), cell(pair[1])])
    show(Listing(listing.rows, listing.columns, listing.cells, listing.kinds, single=True), options)
    return 0


def create(options: argparse.Namespace) -> int:
    """Record one event."""
    fields = fields_of(options)
    with connected(options, writes=True) as hh:
        answer = hh.events.create(fields)
    _told({"event_id": answer.event_id, "success": answer.success}, options)
    return 0


def update(options: argparse.Namespace) -> int:
    """Add fields to an event."""
    fields: Any = fields_of(options)
    if option := {"retry", "timeout"} & set(fields):  # arguments of the method, and no fields
        raise MistypedError(f"{option.pop()}: no such field of an update")
    with connected(options) as hh:
        hh.events.update(options.event_id, **fields)
    _told({"event_id": options.event_id, "success": True}, options)
    return 0


def _told(row: Mapping[str, Any], options: argparse.Namespace) -> None:
    columns = (TableColumn("event_id", whole=True), TableColumn("success"))
    kinds: Mapping[str, Any] = {"event_id": "string", "success": "boolean"}
    show(Listing([row], columns, lambda one: [cell(value) for value in one.values()], kinds, True), options)


def fields_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields that the arguments give: those of the JSON object, and on top those of --set.

    Raises:
        ConfigError: A file cannot be read.
        MistypedError: It is no JSON object, or there is none.
    """
    fields = {} if options.event is None else _object(options.event)
    for text in options.fields:
        path, sign, value = text.partition("=")
        if not sign or not all(path.split(".")):
            raise MistypedError(f"--set is {text!r}: give FIELD=VALUE, such as metadata.cost=0.5")
        _put(fields, path.split("."), _value(value), text)
    if not fields:
        raise MistypedError("there is no field: give a JSON object, or --set FIELD=VALUE")
    return fields


def _put(fields: dict[str, Any], path: list[str], value: Any, text: str) -> None:
    for name in path[:-1]:
        inner: Any = fields.setdefault(name, {})
        if not isinstance(inner, dict):
            raise MistypedError(f"--set is {text!r}: {name} is no object")
        fields = cast("dict[str, Any]", inner)
    fields[path[-1]] = value


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def _object(given: str) -> dict[str, Any]:
    if given == "-" or given.startswith("@"):
        name = given if given == "-" else given[1:]
        with opened_file(name) as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ConfigError(f"{name} has more than {LARGEST:,} bytes: send many events with `import`")
    else:
        name, content = "the argument", given.encode(errors="surrogateescape")
    name = "standard input" if name == "-" else name
    try:
        value = orjson.loads(content)
    except ValueError as problem:
        raise MistypedError(
            f"{name} is not one JSON object ({problem}): send several events with `import`"
        ) from problem
    if not isinstance(value, dict):
        raise MistypedError(f"{name} is not a JSON object: send several events with `import`")
    return cast("dict[str, Any]", value)
