"""A file that is whole or not there, and whose making goes on where it was interrupted.

Beside `events.jsonl` stand, until it is complete, `events.jsonl.part` with what came so far and
`events.jsonl.checkpoint` with how many bytes of it count and where the search goes on. The bytes are on
disk before the checkpoint that counts them, so a process may be killed, or the machine lose power, at
any moment: what lies behind the counted bytes is cut off and fetched again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from honeyhive_ext.errors import ConfigError, QueryError
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.read import ReadPage, read_page
from honeyhive_ext.search.query import Query

try:
    import fcntl
except ImportError:  # Windows; there the two files are not locked
    fcntl = None  # type: ignore[assignment]

PathLike = str | os.PathLike[str]


class GrowingFile:
    """The file in the making. One process at a time; the caller hands in pages in the order of the search.

    A form of export says in `encode` what is appended for a page, and in `finish` how that becomes the file.
    """

    form: str  # what `encode` writes; what was begun in another form is not gone on with
    read: ReadPage = staticmethod(read_page)  # what makes pages of the answers

    def __init__(self, path: PathLike, query: Query, progress: bool | Progress = False) -> None:
        self.path = Path(path).expanduser()
        self.part = self.path.with_name(self.path.name + ".part")
        self._state = self.path.with_name(self.path.name + ".checkpoint")
        self._query = query
        self._watcher = Watcher(progress, query.limit)
        self._events = 0
        self._file: IO[bytes] | None = None

    def encode(self, events: Sequence[Any]) -> bytes:
        """What to append for these events."""
        raise AssertionError(events)

    def finish(self) -> None:
        """Put the file in the place of `path`, at once and whole, from `part`, which is on disk."""
        self.part.replace(self.path)

    def begin(self, resume: Checkpoint | None) -> Checkpoint | None:
        """Open the file; where the search has to go on, `resume` if nothing was begun.

        Raises:
            QueryError: What was begun here is of another search, or of another form.
            ConfigError: Another process is writing it.
            OSError: The file cannot be opened.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = file = self.part.open("ab")
        self._lock(file)
        begun = self._begun()
        if begun is None:
            file.truncate(0)
            return resume
        size, self._events, checkpoint = begun
        file.truncate(size)
        return checkpoint

    def write(self, events: Sequence[Any], checkpoint: Checkpoint) -> None:
        """Add the events of a page; `checkpoint` is where the search stands after them."""
        file = self._opened()
        file.write(self.encode(events))
        file.flush()
        os.fsync(file.fileno())
        self._events += len(events)
        state = {
            "form": self.form,
            "bytes": file.tell(),
            "events": self._events,
            "checkpoint": checkpoint.to_json(),
        }
        beside = self._state.with_name(self._state.name + ".new")
        with beside.open("wb") as new:
            new.write(orjson.dumps(state))
            new.flush()
            os.fsync(new.fileno())
        beside.replace(self._state)

    def tell(self) -> None:
        """Tell the caller's function how many events there are, in the thread that calls this."""
        self._watcher.tell(self._events)

    def complete(self) -> int:
        """Move the file to its final name. Returns how many events it holds."""
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        self.finish()
        self._state.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)
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
                raise ConfigError(f"another export is writing {self.part}") from error

    def _begun(self) -> tuple[int, int, Checkpoint] | None:
        """The bytes and events that count, and where the search goes on; None if nothing was begun."""
        try:
            text = self._state.read_bytes()
        except FileNotFoundError:
            return None
        hint = f"delete {self._state} to begin anew, or export to another path"
        try:
            state = json.loads(text)
            form, size, events = state["form"], int(state["bytes"]), int(state["events"])
            checkpoint = Checkpoint.from_json(state["checkpoint"])
            checkpoint.check(self._query)
        except (QueryError, ValueError, KeyError, TypeError) as error:
            raise QueryError(f"{self._state} does not fit this export ({error}): {hint}") from error
        if form != self.form:
            raise QueryError(f"{self._state} is of another form of export: {hint}")
        return (size, events, checkpoint) if self.part.stat().st_size >= size else None
