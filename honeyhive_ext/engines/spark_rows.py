"""The rows of a data frame as events to create. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import orjson
from honeyhive_client.request_fields import REQUEST_FIELDS

from honeyhive_ext.batch.packed_ids import SeenIds
from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.table import EXTRA_COLUMNS, UNREADABLE, properties
from honeyhive_ext.serialize.exact_json import exact_value

_SPACE = uuid5(NAMESPACE_URL, "honeyhive_ext.engines.spark")


def check_columns(names: Iterable[str]) -> None:
    """Check that each column of a data frame is a field of an event.

    Raises:
        ConfigError: One is not. The message says what to write instead.
    """
    fields = {column.name for column in properties()} | {*REQUEST_FIELDS["CreateEventRequest"]}
    for name in names:
        if name in fields or name in EXTRA_COLUMNS:
            continue
        near = did_you_mean(name, fields)
        hint = f"did you mean {near}?" if near else f"put it into an object: struct({name}) as metadata"
        raise ConfigError(f"events have no field {name!r}: {hint}")
    if "event_type" not in {*names}:
        raise ConfigError('the data frame has no column event_type: add one, such as lit("tool")')


def events_of(rows: Iterable[Mapping[str, Any]], place: str) -> Iterator[dict[str, Any]]:
    """Yield the event of each row. Empty cells are left out, and text in a column of objects is read as JSON.

    An event without an id gets one made of `place`, of its content, and of how many equal rows came before.
    So a task that runs again gives each event the same id, even if its rows come in another order.

    Args:
        rows: The rows, by column.
        place: What names the job and the partition.
    """
    names = [*REQUEST_FIELDS["CreateEventRequest"]]
    parents = [column.name for column in properties() if column.kind == "json"]
    ids = _Ids(place)
    for row in rows:
        event = {name: row[name] for name in names if row.get(name) is not None}
        for name in parents:
            if isinstance(event.get(name), str):
                event[name] = _read(event[name])
        odd = _read(row[UNREADABLE]) if isinstance(row.get(UNREADABLE), str) else None
        if isinstance(odd, dict):
            event.update(cast("dict[str, Any]", odd))
        if "event_id" not in event:
            event["event_id"] = ids.next(row)
        yield event


class _Ids:
    """The ids of the rows of one partition."""

    def __init__(self, place: str) -> None:
        self._space = uuid5(_SPACE, place)
        self._seen = SeenIds()
        self._again: dict[str, int] = {}  # rows that came before, and how often

    def next(self, row: Mapping[str, Any]) -> str:
        """Return the id of the next row."""
        content = orjson.dumps(row, default=repr, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        digest = blake2b(content, digest_size=16).hexdigest()
        before = 0
        if not self._seen.add(digest):
            before = self._again[digest] = self._again.get(digest, 0) + 1
        return str(uuid5(self._space, f"{digest}/{before}"))


def _read(text: str) -> Any:
    """Return the value of JSON text; any other text as it is, which the check of the event then names."""
    try:
        return exact_value(text)
    except (ValueError, RecursionError):
        return text
