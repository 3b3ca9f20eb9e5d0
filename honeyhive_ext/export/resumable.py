"""A file that is complete or absent, and whose export resumes where it was interrupted.

Until `events.jsonl` is complete, there are two files next to it: `events.jsonl.part` with the events so far,
and `events.jsonl.checkpoint` with the number of its valid bytes and the search's position. The bytes are on
disk before the checkpoint that counts them. So the process may be killed, or the machine may lose power, at
any time: the next run cuts off the bytes that are not counted and fetches their events again.
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
except ImportError:  # Windows, where the part file is not locked
    fcntl = None  # type: ignore[assignment]

PathLike = str | os.PathLike[str]


class ResumableFile:
    """A file that grows by the pages of a search, in their order; one process at a time writes it.

    A subclass says in `encode` what to append for a page, and in `finish` how the part file becomes the file.
    """

    form: str  # names what `encode` writes; an export resumes only a file of the same form
    read: ReadPage = staticmethod(read_page)  # how it reads the responses of the service

    def __init__(self, path: PathLike, query: Query, progress: bool | Progress = False) -> None:
        self.path = Path(path).expanduser()
        self.part = self.path.with_name(self.path.name + ".part")
        self._state = self.path.with_name(self.path.name + ".checkpoint")
        self._query = query
        self._watcher = Watcher(progress, query.limit)
        self._events = 0
        self._file: IO[bytes] | None = None

    def encode(self, events: Sequence[Any]) -> bytes:
        """Return the bytes to append for these events."""
        raise AssertionError(events)

    def finish(self) -> None:
        """Turn the part file, which is on disk, into the complete file at `path` in one step."""
        self.part.replace(self.path)

    def begin(self, resume: Checkpoint | None) -> Checkpoint | None:
        """Open the part file and return where the search continues; `resume` if there is no earlier export.

        Raises:
            QueryError: The earlier export here is of another search, or of another form.
            ConfigError: Another process is writing the file.
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
        """Append the events of a page; `checkpoint` is the position of the search after them."""
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
        unfinished = self._state.with_name(self._state.name + ".new")
        with unfinished.open("wb") as new:
            new.write(orjson.dumps(state))
            new.flush()
            os.fsync(new.fileno())
        unfinished.replace(self._state)

    def tell(self) -> None:
        """Report the number of events so far to the progress function, in the thread of the caller."""
        self._watcher.tell(self._events)

    def complete(self) -> int:
        """Give the file its final name and return the number of its events."""
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
        """Return the valid bytes, their events and the search's position; None without an earlier export."""
        try:
            text = self._state.read_bytes()
        except FileNotFoundError:
            return None
        hint = f"delete {self._state} to start again, or export to another path"
        try:
            state = json.loads(text)
            form, size, events = state["form"], int(state["bytes"]), int(state["events"])
            checkpoint = Checkpoint.from_json(state["checkpoint"])
            checkpoint.check(self._query)
        except (QueryError, ValueError, KeyError, TypeError) as error:
            raise QueryError(f"{self._state} does not fit this export ({error}): {hint}") from error
        if form != self.form:
            raise QueryError(f"{self._state} is of an export in another form: {hint}")
        return (size, events, checkpoint) if self.part.stat().st_size >= size else None
