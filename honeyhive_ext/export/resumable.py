"""A file that is complete or absent, and whose export resumes where it was interrupted.

Until `events.jsonl` is complete, there are two files next to it: `events.jsonl.part` with the events so far,
and `events.jsonl.checkpoint` with the number of its valid bytes and the search's position. The bytes are on
disk before the checkpoint that counts them. So the process may be killed, or the machine may lose power, at
any time: the next run cuts off the bytes that are not counted and fetches their events again.

How the three files are opened and moved is said in `files/side_file.py` and `files/whole.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from honeyhive_ext.errors import ConfigError, QueryError
from honeyhive_ext.files.names import PathLike, regular_place, shown
from honeyhive_ext.files.side_file import (
    check_side,
    close_side,
    named_errors,
    open_side,
    read_side,
    write_side,
)
from honeyhive_ext.files.whole import move
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.form import Form
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.query import Query


class ResumableFile:
    """A file that grows by the pages of a search, in their order; one process at a time writes it.

    A subclass says in `encode` what to append for a page, and in `finish` how the part file becomes the file.
    """

    form: str  # names what `encode` writes; an export resumes only a file of the same form
    sides: Sequence[str] = (".checkpoint.new",)  # what it names other files that it makes
    rows: Form[Any]  # what it takes of the rows of a page

    def __init__(self, path: PathLike, query: Query, progress: bool | Progress = False) -> None:
        self.place = regular_place(path)
        self.path = self.place.path
        self.part = self._beside(".part")
        self._state = self._beside(".checkpoint")
        self._unfinished = self._beside(".checkpoint.new")
        self._query = query
        self._watcher = Watcher(progress, query.limit)
        self._events = 0
        self._file: IO[bytes] | None = None

    def encode(self, events: Sequence[Any]) -> bytes:
        """Return the bytes to append for these events."""
        raise AssertionError(events)

    def finish(self, part: IO[bytes]) -> None:
        """Turn the part file into the complete file at `path` in one step."""
        move(part, self.part, self.path)

    def continues(self, form: str) -> bool:
        """Return whether an export that was begun in this form continues here."""
        return form == self.form

    def ask(self) -> Generator[Ask, Page, None]:
        """Ask what must be known before the first event, once the file has begun. By default nothing."""
        yield from ()

    def begin(self, resume: Checkpoint | None) -> Checkpoint | None:
        """Open the part file and return where the search continues; `resume` if there is no earlier export.

        Raises:
            QueryError: The earlier export here is of another search, or of another form.
            ConfigError: Another process is writing the file, or it cannot be written. The message says why.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{shown(self.path)} cannot be written: {error.strerror}") from error
        for end in self.sides:
            check_side(self._beside(end))
        self._file = file = open_side(self.part)
        begun = self._begun(os.fstat(file.fileno()).st_size)
        size = 0
        if begun is not None:
            size, self._events, resume = begun
        file.seek(size)
        file.truncate()
        return resume

    def write(self, events: Sequence[Any], checkpoint: Checkpoint) -> None:
        """Append the events of a page; `checkpoint` is the position of the search after them."""
        with named_errors(self.part):
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
            # After a power cut, the checkpoint before this one is as good.
            write_side(self._state, self._unfinished, orjson.dumps(state))

    def tell(self) -> None:
        """Report the number of events so far to the progress function, in the thread of the caller."""
        self._watcher.tell(self._events)

    def complete(self) -> int:
        """Give the file its final name and return the number of its events."""
        with named_errors(self.part):
            self.finish(self._opened())
            self._state.unlink(missing_ok=True)
        return self._events

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.close()
        if self._file is not None:
            close_side(self._file)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ConfigError("the file is not open")
        return self._file

    def _beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    def _begun(self, there: int) -> tuple[int, int, Checkpoint] | None:
        """Return the valid bytes, their events and the search's position; None without an earlier export.

        Args:
            there: The bytes of the part file.
        """
        text = read_side(self._state)
        if text is None:
            return None
        hint = f"delete {shown(self._state)} to start again, or export to another path"
        try:
            state = json.loads(text)
            form, size, events = str(state["form"]), int(state["bytes"]), int(state["events"])
            checkpoint = Checkpoint.from_json(state["checkpoint"])
            checkpoint.check(self._query)
        except (QueryError, ValueError, KeyError, TypeError) as error:
            raise QueryError(f"{shown(self._state)} does not fit this export ({error}): {hint}") from error
        if not self.continues(form):
            raise QueryError(f"{shown(self._state)} is of an export in another form: {hint}")
        return (size, events, checkpoint) if there >= size else None
