"""Who a segment belongs to: a lock that ends with its process, under a name that no other process has."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path
from threading import RLock
from types import ModuleType

from honeyhive_ext.background.spool.header import Destination, Header
from honeyhive_ext.background.spool.secure import create, read_at, remove, reopen, write_whole
from honeyhive_ext.background.spool.trouble import SpoolError, trouble

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = ".lock"
PART = ".new"  # of a lock that is being made

# A fork waits while a lock is opened, so that the child knows each one that it must close.
_opening = RLock()
_held: set[int] = set()
_forks = 0  # of which this process is the child: older locks are closed, and their descriptors others' by now


def _forked() -> None:
    """Close the locks that a child inherited: a lock lives until all copies of its descriptor are closed."""
    global _opening, _forks
    _opening = RLock()
    _forks += 1
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(
        before=lambda: _opening.acquire(),
        after_in_parent=lambda: _opening.release(),
        after_in_child=_forked,
    )


def new_owner() -> str:
    """Return a UUID whose order is that of the time (version 7 of RFC 9562): every container has pid 1."""
    stamp = time.time_ns() // 1_000_000
    number = (stamp << 80) | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | (7 << 76)
    return str(uuid.UUID(int=number & ~(3 << 62) | (2 << 62)))


def salt_of(folder: Path) -> bytes:
    """Return what the digests of a folder are keyed with; the first owner makes it."""
    path = folder / "salt"
    with contextlib.suppress(OSError):
        return read_at(path, 0, 64)
    made = os.urandom(16)
    part = folder / f"salt.{os.urandom(8).hex()}"
    try:
        descriptor = create(part)
        try:
            write_whole(descriptor, made, 0)
        finally:
            os.close(descriptor)
        os.link(part, path)  # fails where another process was first
    except OSError:
        with contextlib.suppress(OSError):
            return read_at(path, 0, 64)
    finally:
        with contextlib.suppress(OSError):
            remove(part)
    return made  # each header holds its salt: a folder without one still works


class OwnerLock:
    """The lock of an owner, held until it is closed or the process ends."""

    def __init__(self, folder: Path, owner: str, header: Header | None, descriptor: int) -> None:
        self._descriptor, self._made = descriptor, _forks
        self.folder, self.owner, self.header = folder, owner, header

    @classmethod
    def make(cls, folder: Path, destination: Destination, owner: str) -> OwnerLock:
        """Return the lock of a new owner.

        Raises:
            SpoolError: The folder cannot be used, or its file system has no locks.
        """
        path, part = folder / f"{owner}{LOCK}", folder / f"{owner}{PART}"
        try:
            header = destination.header(owner, salt_of(folder), time.time_ns() // 1_000_000)
            descriptor = _open(part, new=True)
            try:
                take(descriptor)  # nobody else knows its name
                write_whole(descriptor, header.to_bytes(), 0)
                part.rename(path)  # nobody sees it before it is locked
            except BaseException:
                _close(descriptor)
                remove(part)
                raise
        except OSError as error:
            raise trouble(error, folder) from error
        return cls(folder, owner, header, descriptor)

    @classmethod
    def take_over(cls, folder: Path, owner: str, header: Header | None) -> OwnerLock | None:
        """Return the lock of an owner that ended; None if it lives, or another process was first.

        Raises:
            OSError: The lock cannot be opened, or the file system has no locks.
        """
        path = folder / f"{owner}{LOCK}"
        try:
            descriptor = _open(path, new=False)
        except FileNotFoundError:  # lost in a power cut
            try:
                descriptor = _open(path, new=True)
            except FileExistsError:
                return None
        try:
            if take(descriptor):
                here = os.stat(path, follow_symlinks=False)  # another process may have removed it meanwhile
                if os.path.samestat(here, os.fstat(descriptor)):
                    return cls(folder, owner, header, descriptor)
        except FileNotFoundError:
            pass
        except BaseException:
            _close(descriptor)
            raise
        _close(descriptor)
        return None

    def close(self) -> None:
        """Let another process take over."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            if self._made == _forks:
                _close(descriptor)

    def __del__(self) -> None:
        with contextlib.suppress(OSError, TypeError, AttributeError):  # the interpreter may be ending
            self.close()

    def remove(self) -> None:
        """Remove the lock of an owner that left nothing."""
        with contextlib.suppress(OSError):
            remove(self.folder / f"{self.owner}{LOCK}")
        self.close()


def _open(path: Path, *, new: bool) -> int:
    with _opening:
        descriptor = create(path) if new else reopen(path, os.O_RDWR)
        _held.add(descriptor)
    return descriptor


def _close(descriptor: int) -> None:
    with _opening:
        _held.discard(descriptor)
        os.close(descriptor)


def is_living(folder: Path, owner: str) -> bool:
    """Tell whether the process of an owner lives."""
    try:
        descriptor = reopen(folder / f"{owner}{LOCK}", os.O_RDWR)
    except OSError:
        return False
    try:
        return fcntl is not None and not take(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def require_locks(folder: Path) -> None:
    """Raise SpoolError where the operating system cannot lock files."""
    if fcntl is None:
        raise SpoolError("unsupported", folder)


def take(descriptor: int) -> bool:
    """Lock a file; return whether it was free.

    Raises:
        OSError: The file system has no locks.
    """
    assert fcntl is not None  # noqa: S101 - see `require_locks`
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
