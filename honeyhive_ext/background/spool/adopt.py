"""What processes that ended have left: one backlog after another, the oldest first."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from honeyhive_ext.background.spool.backlog import Backlog
from honeyhive_ext.background.spool.header import FORMAT, LONGEST, Header, Owns, read_header
from honeyhive_ext.background.spool.owner import LOCK, PART, OwnerLock, require_locks
from honeyhive_ext.background.spool.secure import read_around, remove
from honeyhive_ext.background.spool.segment import ACKS, SEGMENT, Segment, segment_path, split_name
from honeyhive_ext.background.spool.trouble import trouble

_ABANDONED = 60  # seconds, after which a lock that was being made is left by a killed process


@dataclass
class Adoption:
    """Iterate to take over the backlogs of one destination, one at a time; nothing is read before.

    Close each backlog that you get. What is left in one is adopted again later, by this process or another.

    Attributes:
        folder: The folder of the spool.
        destination: Whose events are taken; None for everybody's.
        max_age: After how many seconds a backlog returns a record as expired; None for never.
        living: How many owners were left alone because they live.
        elsewhere: How many because their events go somewhere else.
        unreadable: How many because damage hides where their events go, because their files cannot be opened,
            or because a later version of this package or another user wrote them.
    """

    folder: Path
    destination: Owns | None
    max_age: float | None = None
    living: int = field(default=0, init=False)
    elsewhere: int = field(default=0, init=False)
    unreadable: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Backlog]:
        require_locks(self.folder)
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise trouble(error, self.folder) from error
        remove_leftovers(self.folder, names)
        for owner, numbers in sorted(owners(names).items()):
            backlog = self._take(owner, sorted(numbers))
            if backlog is not None:
                yield backlog

    def _take(self, owner: str, numbers: list[int]) -> Backlog | None:
        header = header_of(self.folder, owner, numbers)
        empty = header is None and self._is_empty(owner, numbers)
        if not empty and (header is None or header.format != FORMAT):
            self.unreadable += 1
            return None
        if header is not None and self.destination is not None and not self.destination.owns(header):
            self.elsewhere += 1
            return None
        try:
            lock = OwnerLock.take_over(self.folder, owner, header)
        except OSError as error:
            told = trouble(error, self.folder)
            if told.reason in ("locks", "files"):  # which is so for the others too
                raise told from error
            self.unreadable += 1
            return None
        if lock is None:
            self.living += 1
            return None
        # Another process may have sent them since the folder was listed. What was appended since is found
        # another time.
        numbers = [one for one in numbers if segment_path(self.folder, owner, one).exists()]
        if not numbers:
            lock.remove()
            return None
        segments = [Segment(self.folder, owner, number) for number in numbers]
        return Backlog(lock, segments, destination=self.destination, max_age=self.max_age)

    def _is_empty(self, owner: str, numbers: list[int]) -> bool:
        """Tell whether segments hold nothing: a kill, or a signal, came right after they were made."""
        try:
            return not any(segment_path(self.folder, owner, number).stat().st_size for number in numbers)
        except OSError:
            return False


def adopt(
    folder: str | os.PathLike[str], destination: Owns | None, *, max_age: float | None = None
) -> Adoption:
    """Return what takes over the backlogs of processes that ended, while it is iterated.

    Args:
        folder: The folder of the spool; one that does not exist holds nothing.
        destination: Whose events to take; None for everybody's.
        max_age: After how many seconds a record is expired; None for never.

    >>> from honeyhive_ext.background.spool import adopt
    >>> list(adopt("/no/such/folder", None))
    []
    """
    return Adoption(Path(folder).expanduser().absolute(), destination, max_age)


def owners(names: list[str]) -> dict[str, list[int]]:
    """Return the owners in a folder and the numbers of their segments, by the names of its files."""
    found: dict[str, list[int]] = {}
    for name in names:
        if name.endswith(LOCK):
            found.setdefault(name.removesuffix(LOCK), [])
        elif split := split_name(name):
            found.setdefault(split[0], []).append(split[1])
    return found


def remove_leftovers(folder: Path, names: list[str]) -> None:
    """Remove logs without a segment, and locks that were never made: a kill came between two steps."""
    for name in names:
        path = folder / name
        with contextlib.suppress(OSError):
            left = name.endswith(ACKS) and not path.with_suffix(SEGMENT).exists()
            if left or (name.endswith(PART) and time.time() - path.stat().st_mtime > _ABANDONED):
                remove(path)


def header_of(folder: Path, owner: str, numbers: list[int]) -> Header | None:
    """Return what an owner's lock says, else the first of its segments that is not damaged there."""
    for path in (folder / f"{owner}{LOCK}", *(segment_path(folder, owner, number) for number in numbers)):
        try:
            found = read_header(read_around(path, 0, LONGEST)[0])
        except OSError:
            continue
        if found and found[0].owner == owner:
            return found[0]
    return None
