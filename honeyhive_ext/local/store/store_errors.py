"""What the store raises."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Literal

from honeyhive_ext.local.codec import NotJSONError

FailureKind = Literal["full", "busy", "read only", "gone", "damaged", "disk", "memory", "too large", "other"]

_DAMAGED = "{name} is damaged: name another file, or restore a copy"

# By SQLite's primary result code: the kind, and what it means for whoever asked.
_KINDS: Mapping[int, tuple[FailureKind, str]] = {
    sqlite3.SQLITE_FULL: ("full", "the disk has no room left for {name}: make room, then send it again"),
    sqlite3.SQLITE_BUSY: ("busy", "another program is writing to {name}"),
    sqlite3.SQLITE_LOCKED: ("busy", "another program is writing to {name}"),
    sqlite3.SQLITE_PROTOCOL: ("busy", "other programs are opening {name}"),
    sqlite3.SQLITE_READONLY: ("read only", "{name} is read-only: give this program the right to write to it"),
    sqlite3.SQLITE_PERM: ("read only", "{name} is read-only: give this program the right to write to it"),
    sqlite3.SQLITE_CORRUPT: ("damaged", _DAMAGED),
    sqlite3.SQLITE_NOTADB: ("damaged", _DAMAGED),
    sqlite3.SQLITE_IOERR: ("disk", "{name} cannot be read or written"),
    sqlite3.SQLITE_CANTOPEN: ("disk", "{name} cannot be opened: it was moved, or too many files are open"),
    sqlite3.SQLITE_NOMEM: ("memory", "there is not enough memory"),
    sqlite3.SQLITE_TOOBIG: ("too large", "an event is larger than SQLite stores"),
}
# SQLite tells a full disk (ENOSPC) from other writes that the system refuses, such as those over a quota.
_REFUSED = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_NO_ROOM = "{name} cannot be written: make room, or look for a quota or a limit of the file's size"


class StoreClosedError(Exception):
    """The store was closed before it was asked, or while it worked."""

    def __init__(self) -> None:
        super().__init__("the local server is closed")


class InterruptedReadError(Exception):
    """A read was ended, because the server stops."""

    def __init__(self) -> None:
        super().__init__("the local server stops")


class SlowReadError(Exception):
    """A read was ended, because it took too long.

    Args:
        seconds: How long it was allowed to take.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"this takes longer than {seconds:g} s: ask for a shorter dateRange, index the path (--index), "
            "or allow more time (--max-read-ms)"
        )


class StoreFailedError(Exception):
    """SQLite could not do what was asked. Nothing of it is stored.

    Args:
        kind: What is in the way.
        message: The same in a sentence, with what to do.
    """

    def __init__(self, kind: FailureKind, message: str) -> None:
        self.kind: FailureKind = kind
        super().__init__(message)


class EventExistsError(Exception):
    """An event with this id is stored already, and the caller asked for no second one.

    Args:
        event_id: The id.
    """

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"event_id {event_id} is stored already")


class DamagedRowError(Exception):
    """A row of the file does not hold an event."""

    def __init__(self) -> None:
        super().__init__("a row holds no event")


class RepeatedIdError(Exception):
    """An event_id occurs again: the transaction has to start again and look for each id first."""


DAMAGE = (DamagedRowError, NotJSONError, UnicodeDecodeError)
"""What reading a damaged file raises, besides SQLite's errors."""


def failed(problem: Exception, name: str) -> StoreFailedError:
    """Return an error of SQLite as one of the store.

    Args:
        problem: The error. Any other error than SQLite's means that what was read is damaged.
        name: The name of the file.

    >>> found = failed(sqlite3.OperationalError("no such table: x"), "events.db")
    >>> found.kind, str(found)
    ('other', 'events.db: no such table: x')
    """
    # "malformed JSON": a row says that a field is where it is not
    if not isinstance(problem, sqlite3.Error) or str(problem) == "malformed JSON":
        return StoreFailedError("damaged", f"{_DAMAGED.format(name=name)}: {problem}")
    code: int = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    kind, message = _KINDS.get(code & 0xFF, ("other", "{name}"))
    if code in _REFUSED:
        kind, message = "full", _NO_ROOM
    return StoreFailedError(kind, f"{message.format(name=name)}: {problem}")
