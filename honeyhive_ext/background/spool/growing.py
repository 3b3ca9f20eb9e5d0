"""A segment that grows: by a mapping of its file where the system has what that needs, else by writes.

A write gives up the interpreter's lock and waits for it again, beside busy threads for milliseconds. A
mapping does not. Its file is allocated before: writing to a mapping on a full disk kills the process.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from pathlib import Path
from typing import Protocol

from honeyhive_ext.background.spool.layout import OVERHEAD
from honeyhive_ext.background.spool.page_faults import page_maker
from honeyhive_ext.background.spool.secure import create, remove, sync_file, write_whole
from honeyhive_ext.files.whole import sync_folder

# The file system has no such call (EINVAL with musl), or does not map files, or no addresses are left.
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.ENODEV, errno.ENOMEM}

PAGES = 64 * 1024  # bytes; a whole number of pages everywhere


class SegmentWriter(Protocol):
    """The file of a segment that records are put into. The caller locks, and knows where it ends.

    Attributes:
        path: The file.
        start: Where the first record begins, in bytes.
        size: How large it may become, in bytes.
        ready: Up to which byte a record can be put without a wait for the system.
    """

    path: Path
    start: int
    size: int
    ready: int

    def make_ready(self, end: int) -> None:
        """Make the file ready up to this byte. It must not be closed meanwhile."""
        ...

    def put(self, at: int, head: bytes, payload: bytes) -> None:
        """Write a record at this offset, so that it is there completely or not at all.

        Raises:
            OSError: The disk took it in part. What was there before is whole.
            ValueError: The file was closed.
        """
        ...

    def sync(self) -> None:
        """Wait until everything that was put is on the disk. May run while another thread puts."""
        ...

    def seal(self, end: int) -> None:
        """Give back what is not used of the file, and close it."""
        ...

    def abandon(self) -> None:
        """Close the file without a change to it, which in a forked child is the parent's."""
        ...


def make_writer(path: Path, header: bytes, size: int, *, durable: bool) -> SegmentWriter:
    """Return a new segment.

    Args:
        path: Its file, which must not exist.
        header: What it begins with.
        size: Bytes of the whole file.
        durable: Whether its name and header must be on the disk before this returns.

    Raises:
        OSError: There is no space, or the file cannot be made. Nothing is left of it.
    """
    descriptor = create(path)
    try:
        writer: SegmentWriter
        try:
            writer = MappedWriter(path, descriptor, header, size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            os.ftruncate(descriptor, 0)
            writer = PlainWriter(path, descriptor, header, size)
        if durable:
            sync_file(descriptor)
            sync_folder(path.parent)
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            remove(path)
        raise
    return writer


class _Writer:
    """What both ways have in common: the descriptor, and the end of the file."""

    def __init__(self, path: Path, descriptor: int, start: int, size: int) -> None:
        self.path, self.start, self.size = path, start, size
        self.ready = size
        self._descriptor = descriptor

    def make_ready(self, end: int) -> None:
        """Do nothing: a write needs no preparation."""

    def sync(self) -> None:
        """Wait until everything that was put is on the disk; a sealed segment is left alone."""
        descriptor = self._descriptor
        if descriptor >= 0:
            try:
                sync_file(descriptor)
            except OSError:
                if self._descriptor == descriptor:  # else another thread has sealed it, after a sync
                    raise

    def seal(self, end: int) -> None:
        """Give back what is not used of the file, and close it."""
        try:
            os.ftruncate(self._descriptor, end)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file without a change to it."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


class MappedWriter(_Writer):
    """A segment in an allocated file that is mapped into memory."""

    def __init__(self, path: Path, descriptor: int, header: bytes, size: int) -> None:
        if not hasattr(os, "posix_fallocate"):  # macOS
            raise OSError(errno.ENOSYS, "no posix_fallocate")
        super().__init__(path, descriptor, len(header), size)
        os.posix_fallocate(descriptor, 0, size)
        self._map = mmap.mmap(descriptor, size)
        self._map[: len(header)] = header
        self._make = page_maker(self._map)
        self.ready = size if self._make is None else 0

    def make_ready(self, end: int) -> None:
        """Let the system do now what the first write to a page waits for otherwise."""
        end = min(self.size, end + PAGES - end % PAGES)
        if self._make is None or end <= self.ready or self._descriptor < 0:
            return
        self.ready = end if self._make(self.ready, end) else self.size

    def put(self, at: int, head: bytes, payload: bytes) -> None:
        """Write the payload, then the head: a record without its head is not seen."""
        mapping, begin = self._map, at + OVERHEAD
        mapping[begin : begin + len(payload)] = payload
        mapping[at:begin] = head

    def seal(self, end: int) -> None:
        """Give back what is not used of the file, and close it."""
        self._map.close()
        super().seal(end)

    def abandon(self) -> None:
        """Close the file and its mapping."""
        self._map.close()
        super().abandon()


class PlainWriter(_Writer):
    """A segment that is written to; a short write is cut back."""

    def __init__(self, path: Path, descriptor: int, header: bytes, size: int) -> None:
        super().__init__(path, descriptor, len(header), size)
        write_whole(descriptor, header, 0)

    def put(self, at: int, head: bytes, payload: bytes) -> None:
        """Write the record; cut off what a full disk took of it."""
        if self._descriptor < 0:
            raise ValueError("closed")
        try:
            write_whole(self._descriptor, head + payload, at)
        except BaseException:
            os.ftruncate(self._descriptor, at)
            raise
