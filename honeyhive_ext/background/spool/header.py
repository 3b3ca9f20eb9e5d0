"""Where the events of a segment go, without the key: what makes a process's events its own."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, dataclass, fields
from typing import Protocol

from honeyhive_ext.config.destination import destination_of
from honeyhive_ext.config.secrets import Secret

MAGIC = b"HHSPOOL1"
FORMAT = 1
_FRAME = struct.Struct("<8sII")
LONGEST = 64 * 1024  # bytes of a header


@dataclass(frozen=True, slots=True)
class Header:
    """What a segment, and the lock of its owner, say about themselves.

    Attributes:
        owner: The owner's UUID.
        base_url: The service that the events go to.
        lane: The user's name for the project, or "".
        digest: What stands for the project if there is no lane: a keyed digest of the API key.
        salt: The key of the digest, in hexadecimal.
        made: When the owner began, in Unix ms.
        format: The version of the files.
    """

    owner: str
    base_url: str
    lane: str
    digest: str
    salt: str
    made: int
    format: int = FORMAT

    @property
    def goes_to(self) -> str:
        """Return where the events go, for people.

        >>> Header("1", "https://api.example", "", "d41d8cd9", "", 0).goes_to
        'https://api.example (project d41d8cd9)'
        """
        return f"{self.base_url} ({f'lane {self.lane}' if self.lane else f'project {self.digest[:8]}'})"

    def to_bytes(self) -> bytes:
        """Return the header as the first bytes of a file."""
        text = json.dumps(asdict(self)).encode()
        return _FRAME.pack(MAGIC, len(text), zlib.crc32(text)) + text


_FIELDS = [field.name for field in fields(Header)]


def read_header(data: bytes) -> tuple[Header, int] | None:
    """Return the header at the start of a file and its length in bytes; None if it is damaged."""
    if len(data) < _FRAME.size:
        return None
    magic, length, check = _FRAME.unpack_from(data)
    text = data[_FRAME.size : _FRAME.size + length]
    if magic != MAGIC or len(text) != length or zlib.crc32(text) != check:
        return None
    try:
        told = json.loads(text)  # a later version may say more
        header = Header(**{name: told[name] for name in _FIELDS})
        texts = (header.owner, header.base_url, header.lane, header.digest, header.salt)
        if not all(isinstance(text, str) for text in texts) or len(bytes.fromhex(header.salt)) > 64:  # pyright: ignore[reportUnnecessaryIsInstance]
            return None
    except (ValueError, TypeError, KeyError):
        return None
    return header, _FRAME.size + length


class Owns(Protocol):
    """What tells whether the events of a file are wanted."""

    def owns(self, header: Header) -> bool:
        """Tell it, by what the file says about itself."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """One destination of a spool as its files name it, without the key.

    Attributes:
        base_url, lane, digest: See `Header`.
    """

    base_url: str
    lane: str
    digest: str

    @classmethod
    def of(cls, header: Header) -> Source:
        """Return where the events of a file go."""
        return cls(header.base_url, header.lane, header.digest)

    def owns(self, header: Header) -> bool:
        """Tell whether the events of a file go there."""
        return header.format == FORMAT and self == Source.of(header)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where events go.

    Attributes:
        base_url: The normalised URL of the API.
        key: The key for writes. The spool holds a keyed digest of it, never the key.
        lane: A name for the project that stands for the key, so that a new key finds the events of an old
            one.
    """

    base_url: str
    key: Secret
    lane: str = ""

    def header(self, owner: str, salt: bytes, made: int) -> Header:
        """Return the header of an owner whose events go here."""
        return Header(owner, self.base_url, self.lane, self._digest(salt), salt.hex(), made)

    def owns(self, header: Header) -> bool:
        """Tell whether the events of a file go here."""
        if (header.base_url, header.lane, header.format) != (self.base_url, self.lane, FORMAT):
            return False
        return bool(self.lane) or self._digest(bytes.fromhex(header.salt)) == header.digest

    def _digest(self, salt: bytes) -> str:
        return "" if self.lane else destination_of(self.base_url, self.key, salt=salt)
