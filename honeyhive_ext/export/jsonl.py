"""Search results as JSON Lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from honeyhive_ext.export.resumable import GrowingFile
from honeyhive_ext.export.table import exact_text, json_text
from honeyhive_ext.search.pages.read import read_lines


class JsonlFile(GrowingFile):
    """A file of JSON Lines in the making: the part file is already the file."""

    form = "jsonl"
    read = staticmethod(read_lines)

    def encode(self, events: Sequence[Any]) -> bytes:
        """The events as lines."""
        if {*map(type, events)} == {bytes}:  # the texts as the service sent them
            return b"\n".join([*events, b""])
        page = bytearray()  # not a list of lines: keeping each of them costs 4 µs an event in page faults
        for event in events:
            page += _line(event)
        return bytes(page)


def _line(event: Any) -> bytes:
    if type(event) is bytes:
        return event + b"\n"
    text = json_text(event)
    return (exact_text(event) if text is None else text).encode() + b"\n"
