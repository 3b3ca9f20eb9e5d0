"""A stream of record batches that pyarrow, and everything that knows Arrow, reads while a search runs.

A reader that pyarrow makes of an iterator ignores `close`: the search would go on. It raises the errors of
the iterator as they are, which a reader of a C stream does not. The reader here does both, as it reads the
stream format of Arrow from an object that knows the search.
"""

from __future__ import annotations

from collections.abc import Generator
from threading import Lock
from typing import Any

import pyarrow.ipc  # type: ignore[import-untyped]

_END = b"\xff\xff\xff\xff\0\0\0\0"  # the end of a stream in the IPC format of Arrow


class _Messages:
    """The stream of batches as a file that pyarrow reads, in any thread. A batch is made when it is read."""

    def __init__(self, schema: Any, batches: Generator[Any, None, None]) -> None:
        self.closed = False
        self._left = memoryview(schema.serialize())
        self._batches = batches
        self._ended = False
        self._error: BaseException | None = None
        self._lock = Lock()

    def read(self, size: int) -> memoryview:
        """Return the next bytes, `size` at most."""
        try:
            with self._lock:
                if self.closed:
                    raise ValueError("the reader of this search was closed")
                if not self._left and not self._ended:
                    self._left = self._next()
                taken, self._left = self._left[:size], self._left[size:]
                return taken
        finally:
            self._settle()

    def close(self) -> None:
        """End the search, at once or when the thread that reads has its page."""
        self.closed = True
        self._settle()

    def _next(self) -> memoryview:
        if self._error is not None:  # not the end: events are missing
            raise self._error
        try:
            batch = next(self._batches, None)
        except BaseException as error:
            self._error = error
            raise
        self._ended = batch is None
        return memoryview(_END if batch is None else batch.serialize())

    def _settle(self) -> None:
        if self.closed and self._lock.acquire(blocking=False):
            try:
                self._batches.close()
            finally:
                self._lock.release()


class EventBatchReader(pyarrow.ipc.RecordBatchStreamReader):  # type: ignore[misc]
    """A `pyarrow.RecordBatchReader` of the events of a search; `close` ends the search."""

    def __init__(self, schema: Any, batches: Generator[Any, None, None]) -> None:
        self._messages = _Messages(schema, batches)
        self._one_reads = Lock()
        super().__init__(self._messages)  # pyright: ignore[reportUnknownMemberType]

    def read_next_batch(self) -> Any:
        """Return the next batch. Threads take turns: a message of the stream has several parts."""
        with self._one_reads:
            return super().read_next_batch()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def close(self) -> None:
        """End the search. What was read stays."""
        self._messages.close()
        super().close()  # pyright: ignore[reportUnknownMemberType]
