"""Updates of events that still wait become part of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from honeyhive_client.request_fields import REQUEST_FIELDS

from honeyhive_ext.background.entry import Entry

# The service merges these objects into the stored ones, and replaces all else (API document 1.9.0).
MERGED = frozenset(
    name
    for name, field in REQUEST_FIELDS["UpdateEventRequest"].items()
    if "object" in field.types and name != "outputs"
)


class Group:
    """Entries that go out as one: an event or an update, and the updates behind it.

    Attributes:
        entries: In their order. All of one event.
        content: The JSON of all of them together.
    """

    __slots__ = ("content", "entries")

    def __init__(self, first: Entry) -> None:
        self.entries = [first]
        self.content = first.content

    @property
    def event_id(self) -> str:
        """Their event."""
        return self.entries[0].event_id

    @property
    def update(self) -> bool:
        """Whether they change an event that exists."""
        return self.entries[0].update

    @property
    def resumes(self) -> bool:
        """Whether this is what resumes a session."""
        return self.entries[0].resumes

    def add(self, update: Entry) -> None:
        """Take an update as well."""
        self.entries.append(update)
        self.content = merged(self.content, update.content)


def grouped(entries: Iterable[Entry]) -> list[Group]:
    """Return the entries as groups, in the order of their first entries.

    An event that comes a second time begins a list of its own: the caller sends what comes before first.

    >>> event, update = Entry("a", b'{"metadata":{"x":1}}'), Entry("a", b'{"metadata":{"y":2}}', update=True)
    >>> [(group.content, len(group.entries)) for group in grouped([event, update])]
    [(b'{"metadata":{"x":1,"y":2}}', 2)]
    """
    groups: list[Group] = []
    latest: dict[str, Group] = {}
    for entry in entries:
        group = latest.get(entry.event_id)
        if group is not None and entry.update and not (entry.alone or group.resumes):
            group.add(entry)
            continue
        group = Group(entry)
        groups.append(group)
        if not entry.alone:
            latest[entry.event_id] = group
    return groups


def merged(event: bytes, update: bytes) -> bytes:
    """Return the JSON of an event or update after an update, as the service would store it."""
    fields: dict[str, Any] = orjson.loads(event)
    changes: dict[str, Any] = orjson.loads(update)
    for name, value in changes.items():
        known = fields.get(name)
        if name in MERGED and isinstance(known, dict) and isinstance(value, dict):
            fields[name] = {**known, **value}
        else:
            fields[name] = value
    return orjson.dumps(fields)
