"""A file of JSON Lines that is whole or not there, and whose making goes on where it was interrupted.

Beside `events.jsonl` stand, until it is complete, `events.jsonl.part` with the lines so far and
`events.jsonl.checkpoint` with how many bytes of it count and where the search goes on. The lines are on
disk before the checkpoint that counts them, so a process may be killed, or the machine lose power, at
any moment: what lies behind the counted bytes is cut off and fetched again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from honeyhive_ext.batch.progress import Watcher
from honeyhive_ext.batch.report import Progress
from honeyhive_ext.errors import ConfigError, QueryError
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.query import Query

try:
    import fcntl
except ImportError:  # Windows; there the two files are not locked
    fcntl = None  # type: ignore[assignment]

PathLike = str | os.PathLike[str]


class JsonlFile:
    """The file in the making. One process at a time; the caller hands in pages in the order of the search."""

    def __init__(self, path: PathLike, query: Query, progress: bool | Progress = False) -> None:
        self.path = Path(path).expanduser()
        self._part = self.path.with_name(self.path.name + ".part")
        self._state = self.path.with_name(self.path.name + ".checkpoint")
        self._query = query
        self._watcher = Watcher(progress, query.limit)
        self._events = 0
        self._file: IO[bytes] | None = None

    def begin(self, resume: Checkpoint | None) -> Checkpoint | None:
        """Open the file; where the search has to go on, `resume` if nothing was begun.

        Raises:
            QueryError: What was begun here is of another search.
            ConfigError: Another process is writing it.
            OSError: The file cannot be opened.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = file = self._part.open("ab")
        self._lock(file)
        begun = self._begun()
        if begun is None:
            file.truncate(0)
            return resume
        size, self._events, checkpoint = begun
        file.truncate(size)
        self._watcher.tell(self._events)
        return checkpoint

    def write(self, events: Iterable[Any], checkpoint: Checkpoint) -> None:
        """Add the events of a page; `checkpoint` is where the search stands after them."""
        file = self._opened()
        lines = [_line(event) for event in events]
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
        self._events += len(lines)
        state = {"bytes": file.tell(), "events": self._events, "checkpoint": checkpoint.to_json()}
        beside = self._state.with_name(self._state.name + ".new")
        with beside.open("wb") as new:
            new.write(json.dumps(state).encode())
            new.flush()
            os.fsync(new.fileno())
        beside.replace(self._state)
        self._watcher.tell(self._events)

    def complete(self) -> int:
        """Move the file to its final name. Returns how many events it holds."""
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        self._part.replace(self.path)
        self._state.unlink(missing_ok=True)
        return self._events

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.close()
        if self._file is not None:
            self._file.close()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ConfigError("the file is not open")
        return self._file

    def _lock(self, file: IO[bytes]) -> None:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigError(f"another export is writing {self._part}") from error

    def _begun(self) -> tuple[int, int, Checkpoint] | None:
        """The bytes and events that count, and where the search goes on; None if nothing was begun."""
        try:
            text = self._state.read_bytes()
        except FileNotFoundError:
            return None
        hint = f"delete {self._state} to begin anew, or export to another path"
        try:
            state = json.loads(text)
            size, events = int(state["bytes"]), int(state["events"])
            checkpoint = Checkpoint.from_json(state["checkpoint"])
            checkpoint.check(self._query)
        except (QueryError, ValueError, KeyError, TypeError) as error:
            raise QueryError(f"{self._state} does not fit this export ({error}): {hint}") from error
        return (size, events, checkpoint) if self._part.stat().st_size >= size else None


def _line(event: Any) -> bytes:
    try:
        return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Half a character (a lone surrogate) and integers beyond 64 bits, which the service may send.
        return json.dumps(event).encode() + b"\n"
