"""Entries as records of a spool, and back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

import orjson

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.spool.backlog import Backlog
from honeyhive_ext.background.spool.layout import RecordKind, Spooled
from honeyhive_ext.background.spool.trouble import SpoolError

_BEFORE, _BETWEEN, _AFTER = b'{"event_id":"', b'","changes":', b"}"


def payload_of(entry: Entry) -> bytes:
    """Return what a record of an entry holds."""
    if not entry.update:
        return entry.content
    return b"".join((_BEFORE, entry.event_id.encode(), _BETWEEN, entry.content, _AFTER))


def kind_of(entry: Entry) -> RecordKind:
    """Return what a record of an entry asks for."""
    if entry.resumes:
        return RecordKind.RESUME
    return RecordKind.UPDATE if entry.update else RecordKind.CREATE


def entry_of(record: Spooled, backlog: Backlog | None) -> Entry:
    """Return a record as an entry.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    payload = record.payload
    update = record.kind is RecordKind.UPDATE
    event_id = str(orjson.loads(payload)["event_id"])
    if update:
        payload = payload[len(_BEFORE) + len(event_id.encode()) + len(_BETWEEN) : -len(_AFTER)]
    entry = Entry(event_id, payload, update=update, resumes=record.kind is RecordKind.RESUME)
    entry.position = record.position
    entry.backlog = backlog
    entry.since -= 0.0 if backlog is None else backlog.age(record)
    return entry


def entries_of(records: Iterable[Spooled], backlog: Backlog) -> list[Entry]:
    """Return records as entries. What is no event goes to `rejected.jsonl`."""
    entries: list[Entry] = []
    for record in records:
        try:
            entries.append(entry_of(record, backlog))
        except (ValueError, KeyError, TypeError):
            backlog.reject(record, "invalid")
    return entries


def settle(
    delivered: Iterable[Entry],
    rejected: Iterable[tuple[Entry, str]],
    gone: Iterable[tuple[Entry, str]],
    own: Backlog | None = None,
) -> None:
    """Note on disk what need not be sent any more; what is in memory only is left out.

    Args:
        delivered: The service confirmed them.
        rejected: The service refused them, and why: they go to `rejected.jsonl`.
        gone: They were given up, and why.
        own: The spool of the entries that were read from no other.
    """
    acknowledged: dict[int, tuple[Backlog, list[int]]] = {}
    for entry in delivered:
        backlog = entry.backlog or own
        if backlog is not None and entry.position >= 0:
            acknowledged.setdefault(id(backlog), (backlog, []))[1].append(entry.position)
    for backlog, positions in acknowledged.values():
        with suppress(SpoolError):
            backlog.acknowledge(positions)
    for entry, reason in rejected:
        backlog = entry.backlog or own
        if backlog is not None and entry.position >= 0:
            with suppress(SpoolError):
                backlog.reject(_record(entry), reason)
    for entry, reason in gone:
        backlog = entry.backlog or own
        if backlog is not None:
            with suppress(SpoolError):
                backlog.drop([entry.position], reason)


def _record(entry: Entry) -> Spooled:
    written = time.time() - (time.monotonic() - entry.since)
    return Spooled(entry.position, kind_of(entry), payload_of(entry), int(written))
