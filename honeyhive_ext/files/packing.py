"""Files whose name says that they are compressed: `.gz` and `.zst`.

Both forms may be made of several members, one after the other, which a reader takes as one file (RFC 1952,
2.2, and RFC 8878, 3). So a file can grow by whole members, and be cut between any two of them.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import shown

_LEVEL = 6  # gzip's own default; Python's is 9, which takes twice the time for 1% less
_OTHERS = (".bz2", ".xz", ".lzma", ".zip", ".7z", ".lz4", ".br")


@frozen
class Packing:
    """How a file is compressed.

    Attributes:
        name: "gzip", "zstd", or "" for not at all.
        member: Returns data as one whole member of such a file.
    """

    name: str
    member: Callable[[bytes], bytes]


def packing_of(*names: Path) -> Packing:
    """Return how a file of these names is compressed; the first name that says so decides.

    Args:
        *names: The name that was given, and that of the file behind a link.

    Raises:
        ConfigError: Its ending names a form that is not written here, or zstd is not installed.

    >>> packing_of(Path("x.jsonl")).member(b"as it is")
    b'as it is'
    >>> gzip.decompress(packing_of(Path("x.jsonl.GZ")).member(b"as it is"))
    b'as it is'
    """
    for name in names:
        end = name.suffix.lower()
        if end in _OTHERS:
            raise ConfigError(
                f"{shown(name)} ends in {end}: files are written as they are, as .gz or as .zst"
            )
        if end == ".gz":
            return Packing("gzip", partial(gzip.compress, compresslevel=_LEVEL, mtime=0))
        if end == ".zst":
            return Packing("zstd", partial(pyarrow().Codec("zstd").compress, asbytes=True))
    return Packing("", bytes)


def unpacked_zstd(file: BinaryIO) -> Any:
    """Return a raw stream of what is in a compressed file.

    Raises:
        ConfigError: zstd is not installed.
    """
    pa = pyarrow()
    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


def pyarrow() -> Any:
    """Import and return pyarrow, which brings zstd along.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        found = import_module("pyarrow")
    except ImportError as error:
        raise ConfigError('.zst files need pyarrow: pip install "honeyhive-ext[export]"') from error
    if not found.Codec.is_available("zstd"):
        raise ConfigError(".zst files need a pyarrow with zstd: install the one of PyPI, or write .gz")
    return found
