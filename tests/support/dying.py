"""A process that is killed at one of its file operations, within this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

OPERATIONS = ("open", "fsync", "replace", "unlink", "mkdir")


class Killed(BaseException):
    """What a killed process does no more."""


class Dying:
    """Counts file operations. From one of them on, all fail, so that no cleaning up changes the disk.

    Attributes:
        done: How many operations were done.
        dead: Whether the process was killed.
    """

    def __init__(self, most: int | None) -> None:
        self.done = 0
        self.dead = False
        self._most = most

    def step(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **keywords: Any) -> Any:
            if self.dead or self.done == self._most:
                self.dead = True
                raise Killed
            self.done += 1
            return operation(*args, **keywords)

        return run


@contextmanager
def dying(most: int | None) -> Iterator[Dying]:
    """Kill the block at the file operation after so many; None for never."""
    count = Dying(most)
    with pytest.MonkeyPatch.context() as patch:
        for name in OPERATIONS:
            patch.setattr(os, name, count.step(getattr(os, name)))
        yield count
