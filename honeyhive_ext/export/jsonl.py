"""Search results as JSON Lines, compressed where the name says so: then each page is a member of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import msgspec

from honeyhive_ext.export.resumable import ResumableFile
from honeyhive_ext.files.names import PathLike, file_path, regular_place
from honeyhive_ext.files.packing import packing_of
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search.pages.form import TEXTS
from honeyhive_ext.search.query import Query
from honeyhive_ext.serialize.exact_json import exact_json


class JsonlFile(ResumableFile):
    """A growing file of JSON Lines; the part file has the form of the finished file."""

    rows = TEXTS

    def __init__(self, path: PathLike, query: Query, progress: bool | Progress = False) -> None:
        self._packing = packing_of(file_path(path), regular_place(path).path)
        self.form = f"jsonl {self._packing.name}".rstrip()
        super().__init__(path, query, progress)

    def encode(self, events: Sequence[bytes]) -> bytes:
        """Return the events as lines, compressed where the name says so."""
        lines = b"\n".join([*events, b""])
        if lines.count(b"\n") > len(events) or b"\r" in lines:  # indented; some readers end lines at \r
            lines = b"".join(map(_line, events))
        return self._packing.member(lines)

    def finish(self, part: IO[bytes]) -> None:
        """Give the part file its name. A compressed file without events has one empty member."""
        if not part.tell():
            part.write(self._packing.member(b""))
        super().finish(part)


def _line(event: bytes) -> bytes:
    try:
        return msgspec.json.format(event, indent=-1) + b"\n"
    except (msgspec.MsgspecError, RecursionError):  # with NaN or a lone surrogate, or very deep
        return exact_json(read_value(event)).encode() + b"\n"
