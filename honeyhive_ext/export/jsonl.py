"""Search results as JSON Lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from honeyhive_ext.export.resumable import ResumableFile
from honeyhive_ext.export.table import exact_text, json_text
from honeyhive_ext.search.pages.read import read_lines


class JsonlFile(ResumableFile):
    """A growing file of JSON Lines; the part file has the form of the finished file."""

    form = "jsonl"
    read = staticmethod(read_lines)

    def encode(self, events: Sequence[Any]) -> bytes:
        """Return the events as lines."""
        if {*map(type, events)} == {bytes}:  # the bytes that the service sent
            return b"\n".join([*events, b""])
        page = bytearray()  # a list would keep every line in memory, which costs page faults
        for event in events:
            page += _line(event)
        return bytes(page)


def _line(event: Any) -> bytes:
    if type(event) is bytes:
        return event + b"\n"
    text = json_text(event)
    return (exact_text(event) if text is None else text).encode() + b"\n"
