"""Ids: UUIDs made on the client, and ids that a caller gives."""

from __future__ import annotations

import re
from os import urandom
from uuid import UUID

from honeyhive_ext.encoders import type_name
from honeyhive_ext.errors import EventError

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OTHER = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\}?", re.I | re.A
)


is_canonical = _CANONICAL.fullmatch  # whether a str is a UUID in lower case with its four hyphens


def new_id() -> str:
    """A random UUID (version 4, RFC 9562 section 5.4) as text.

    As `str(uuid.uuid4())` without making an object of it. The bytes come from the system every time, so a
    forked child never repeats its parent's ids.
    """
    raw = urandom(16).hex()
    variant = "89ab"[int(raw[16], 16) & 3]
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{variant}{raw[17:20]}-{raw[20:]}"


def uuid_text(value: object, path: str) -> str:
    """A UUID in its one canonical form: lower case, with hyphens.

    Args:
        value: A UUID, or its text in any of the forms that RFC 9562 and Python write.
        path: The field's name, for messages.

    Raises:
        EventError: Anything else.

    >>> uuid_text("CAF77ACE34174DA4944DF4A0688F3C23", "session_id")
    'caf77ace-3417-4da4-944d-f4a0688f3c23'
    """
    if type(value) is str and _CANONICAL.fullmatch(value):
        return value
    if isinstance(value, UUID):
        return UUID.__str__(value)
    if not isinstance(value, str):
        raise EventError(f"give a UUID or its text, not {type_name(value)}", path=path)
    match = _OTHER.fullmatch(str.__str__(value))
    if match is None:
        raise EventError(
            "not a UUID: write one such as str(uuid.uuid4()); to derive one from an id of your own, "
            "uuid.uuid5(uuid.NAMESPACE_URL, your_id)",
            path=path,
        )
    digits = match[1].replace("-", "").lower()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
