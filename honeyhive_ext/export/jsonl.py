"""Search results as JSON Lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from honeyhive_ext.export.columns import exact_text, json_text
from honeyhive_ext.export.growing import GrowingFile


class JsonlFile(GrowingFile):
    """A file of JSON Lines in the making: the part file is already the file."""

    form = "jsonl"

    def encode(self, events: Sequence[Any]) -> bytes:
        """The events as lines."""
        page = bytearray()  # not a list of lines: keeping each of them costs 4 µs an event in page faults
        for event in events:
            page += _line(event)
        return bytes(page)


def _line(event: Any) -> bytes:
    text = json_text(event)
    return (exact_text(event) if text is None else text).encode() + b"\n"
