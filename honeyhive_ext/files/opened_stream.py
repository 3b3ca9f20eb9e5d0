"""A pipe, a device or an open file, which is written through."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from typing import IO

from honeyhive_ext.files.names import Place


@contextlib.contextmanager
def opened_stream(place: Place) -> Generator[IO[bytes]]:
    """Open a stream to write. A pipe that nobody reads makes it wait, until Ctrl-C at the latest.

    Args:
        place: What `place_to_write` returned for a stream.

    Raises:
        OSError: It cannot be opened.
    """
    number = place.descriptor
    with open(place.path if number is None else os.dup(number), "wb") as stream:
        yield stream
