"""Search results as JSON Lines, compressed where the name says so: then each page is a member of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from honeyhive_ext.export.resumable import ResumableFile
from honeyhive_ext.export.table import json_text
from honeyhive_ext.files.names import PathLike, file_path, regular_place
from honeyhive_ext.files.packing import packing_of
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.search.pages.read import read_lines
from honeyhive_ext.search.query import Query
from honeyhive_ext.serialize.exact_json import exact_json


class JsonlFile(ResumableFile):
    """A growing file of JSON Lines; the part file has the form of the finished file."""

    read = staticmethod(read_lines)

    def __init__(self, path: PathLike, query: Query, progress: bool | Progress = False) -> None:
        self._packing = packing_of(file_path(path), regular_place(path).path)
        self.form = f"jsonl {self._packing.name}".rstrip()
        super().__init__(path, query, progress)

    def encode(self, events: Sequence[Any]) -> bytes:
        """Return the events as lines, compressed where the name says so."""
        return self._packing.member(self._lines(events))

    def finish(self, part: IO[bytes]) -> None:
        """Give the part file its name. A compressed file without events has one empty member."""
        if not part.tell():
            part.write(self._packing.member(b""))
        super().finish(part)

    def _lines(self, events: Sequence[Any]) -> bytes:
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
    return (exact_json(event) if text is None else text).encode() + b"\n"
