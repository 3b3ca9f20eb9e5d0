"""Lines of JSON that people give us: compressed or not, with or without a byte order mark."""

from __future__ import annotations

import gzip
import io
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.packing import unpacked_zstd

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UTF_16 = "UTF-16: write it as UTF-8"
_BUFFER = 1 << 16
_OTHERS = {
    b"BZh": "compressed with bzip2: unpack it first",
    b"\xfd7zX": "compressed with xz: unpack it first",
    b"PK\x03\x04": "a zip file: unpack it first",
    b"SQLi": "a SQLite database: give it with --db",
    b"PAR1": "a Parquet file: read it with honeyhive_ext.export.read_parquet",
    b"\xff\xfe\x00\x00": "UTF-32: write it as UTF-8",
    b"\x00\x00\xfe\xff": "UTF-32: write it as UTF-8",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
}


def json_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file with their line ends, without byte order marks.

    What the file is follows from its first bytes, not from its name, so that a pipe can be compressed too.

    Args:
        file: The file, at its beginning. It need not be seekable.

    Raises:
        ConfigError: The file is UTF-16, damaged, or of a form that is not read here.

    >>> list(json_lines(io.BytesIO(gzip.compress(BOM_UTF8 + b"{}\\n[]"))))
    [b'{}\\n', b'[]']
    """
    try:
        for line in _unpacked(file):
            yield line.removeprefix(BOM_UTF8)
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the decoder's
            raise
        raise ConfigError(f"this is compressed, and damaged: {error}") from error


def _unpacked(file: BinaryIO, *, packed: bool = False) -> BinaryIO:
    head = file.read(4)
    whole = cast("BinaryIO", io.BufferedReader(_Joined(head, file), _BUFFER))
    if packed and head.startswith((_GZIP, _ZSTD)):
        raise ConfigError("this is compressed twice: unpack it first")
    if head.startswith(_GZIP):
        return _unpacked(cast("BinaryIO", gzip.GzipFile(fileobj=whole, mode="rb")), packed=True)
    if head == _ZSTD:
        raw = io.BufferedReader(unpacked_zstd(whole), _BUFFER)
        return _unpacked(cast("BinaryIO", raw), packed=True)
    for begins, form in _OTHERS.items():
        if head.startswith(begins):
            raise ConfigError(f"this is {form}")
    if b"\0" in head:  # JSON begins with ASCII, which UTF-16 pads with a zero (RFC 4627, 3)
        raise ConfigError(f"this is {_UTF_16}")
    return whole


class _Joined(io.RawIOBase):
    """Bytes that were read from a file, and the rest of the file."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._read = getattr(rest, "read1", rest.read)  # what a pipe has now, without waiting for more

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head[: len(buffer)] or self._read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
