"""Ids: UUIDs that the client makes, and ids that callers give."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, Protocol, cast
from uuid import UUID

from honeyhive_ext.config.checks import UUID_FORM
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.process_id import process_id
from honeyhive_ext.serialize.encoders import kind_of, type_name

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

is_canonical = _CANONICAL.fullmatch  # whether a str is a UUID in lower case with four hyphens

_HYPHENS = (8, 13, 18, 23)
_HEXADECIMAL = b"0123456789abcdef"


def all_canonical(ids: Sequence[str]) -> bool:
    """Tell whether every str is a UUID in lower case with four hyphens, faster than `is_canonical` for each.

    Args:
        ids: At least one str.

    >>> one = "caf77ace-3417-4da4-944d-f4a0688f3c23"
    >>> all_canonical([one, one]), all_canonical([one, one.upper()])
    (True, False)
    """
    try:
        text = b"%b," % ",".join(ids).encode()
    except UnicodeEncodeError:
        return False
    count, width = len(ids), 37
    # A comma and four hyphens in their places, and digits in all others: then each is a UUID.
    return (
        len(text) == width * count
        and text[width - 1 :: width] == b"," * count
        and all(text[place::width] == b"-" * count for place in _HYPHENS)
        and text.translate(None, _HEXADECIMAL) == b"----," * count
    )


_IN_ADVANCE = 256
_VERSION_4 = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))
_BLANK = b"........-....-....-....-............,"
_DIGITS = [place for place, char in enumerate(_BLANK) if char == ord(".")]


def new_ids(count: int) -> list[str]:
    """Return random UUIDs (version 4, RFC 9562, 5.4), from one read of the system's random bytes.

    They are written column by column, which is faster than one by one.

    >>> len(set(new_ids(1000)))
    1000
    """
    raw = bytearray(_random(16 * count))
    raw[6::16] = raw[6::16].translate(_VERSION_4)
    raw[8::16] = raw[8::16].translate(_VARIANT)
    digits = raw.hex().encode()
    text = bytearray(_BLANK * count)
    for column, place in enumerate(_DIGITS):
        text[place :: len(_BLANK)] = digits[column::32]
    return text.decode().split(",")[:-1]


_AT_ONCE = 4096  # bytes


def _random(size: int) -> bytes:
    """Return random bytes of the system.

    `os.urandom` gives the interpreter's lock up, and next to threads that compute a call of the application
    then waits for milliseconds. `os.getrandom` keeps it, for the microseconds that few bytes take.
    """
    if size <= _AT_ONCE and hasattr(os, "getrandom"):  # Linux
        try:
            found = os.getrandom(size, os.GRND_NONBLOCK)
        except OSError as error:  # no such call, or the system has just started
            if from_a_signal_handler(error):
                raise
            found = b""
        if len(found) == size:  # a signal may cut it
            return found
    return os.urandom(size)


class _Supply:
    """Ids made in advance, for one process: a forked child must not use the ids of its parent."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.pid = 0


_supply = _Supply()


def new_id() -> str:
    """Return a random UUID (version 4). It is safe in threads and after a fork."""
    supply = _supply
    try:
        if supply.pid == process_id():
            return supply.ids.pop()
    except IndexError:
        pass
    return _refilled()


def _refilled() -> str:
    global _supply
    made = _Supply()
    made.pid = process_id()
    made.ids = new_ids(_IN_ADVANCE)
    first = made.ids.pop()
    _supply = made
    return first


class HasEventId(Protocol):
    """What has the id of an event, such as the block of a span."""

    @property
    def event_id(self) -> str: ...


def uuid_str(value: object, path: str) -> str:
    """Return a UUID in its canonical form: lower case, with hyphens.

    Args:
        value: A UUID, or a str in any of the forms that RFC 9562 and Python write.
        path: The field's name, for messages.

    Raises:
        EventError: It is something else.

    >>> uuid_str("CAF77ACE34174DA4944DF4A0688F3C23", "session_id")
    'caf77ace-3417-4da4-944d-f4a0688f3c23'
    """
    if type(value) is str and _CANONICAL.fullmatch(value):
        return value
    kind, given = kind_of(value), cast(Any, value)
    if issubclass(kind, UUID):
        return UUID.__str__(given)
    if not issubclass(kind, str):
        raise EventError(f"give a UUID, as uuid.UUID or str, not {type_name(value)}", path=path)
    match = UUID_FORM.fullmatch(str.__str__(given))
    if match is None:
        raise EventError(
            "not a UUID: write one, such as str(uuid.uuid4()); to derive one from an id of your own, write "
            "uuid.uuid5(uuid.NAMESPACE_URL, your_id)",
            path=path,
        )
    return str(UUID(match[1]))


class InSession(Protocol):
    """What belongs to a session: a session's block, a span, an event, the answer to a session's creation."""

    @property
    def session_id(self) -> Any:
        """The session's id."""
        ...


def session_id_of(session: InSession | str | UUID) -> str:
    """Return the id of a session: the id itself, or that of an object that belongs to it.

    Raises:
        EventError: The object has no session, or what is given is not a UUID.

    >>> session_id_of("CAF77ACE34174DA4944DF4A0688F3C23")
    'caf77ace-3417-4da4-944d-f4a0688f3c23'
    """
    if issubclass(kind_of(session), (str, UUID)) or not hasattr(session, "session_id"):
        return uuid_str(session, "session_id")
    given: Any = cast(Any, session).session_id
    if not isinstance(given, (str, UUID)):  # null or unset
        raise EventError(f"the {type_name(session)} has no session_id: give the id itself", path="session_id")
    return uuid_str(given, "session_id")


def one_form(text: str) -> str:
    """Return an id of an answer in the form in which it is compared: lower case, a UUID with hyphens.

    >>> one_form("CAF77ACE34174DA4944DF4A0688F3C23"), one_form("Other")
    ('caf77ace-3417-4da4-944d-f4a0688f3c23', 'other')
    """
    try:
        return uuid_str(text, "")
    except EventError:
        return text.lower()
