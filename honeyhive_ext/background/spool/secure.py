"""Files that only this user may read, in a folder that is synced when names come and go."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from honeyhive_ext.files.whole import sync_folder

# Windows has none of these; a spool is refused there, see `OwnerLock`.
_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_PAGE = 4096
_FDATASYNC = getattr(os, "fdatasync", os.fsync)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for this user alone; leave one that exists as it is."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        sync_folder(folder.parent)


def is_gone(path: Path) -> bool:
    """Return whether a file is not there; a folder that cannot be looked into says nothing."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def create(path: Path, flags: int = os.O_RDWR) -> int:
    """Return the descriptor of a new file; raise FileExistsError if anything has its name."""
    return os.open(path, flags | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)


def reopen(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return the descriptor of an existing regular file of this user, never of what a link leads to.

    Raises:
        OSError: Among others PermissionError, if it is another user's, or is not a file.
    """
    descriptor = os.open(path, flags | _OPEN | getattr(os, "O_NONBLOCK", 0))
    try:
        check_own(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_own(descriptor: int) -> None:
    """Raise PermissionError unless a descriptor is of a regular file of this user."""
    import stat

    seen = os.fstat(descriptor)
    if not stat.S_ISREG(seen.st_mode):
        raise PermissionError(13, "not a regular file")
    if hasattr(os, "geteuid") and seen.st_uid != os.geteuid():
        raise PermissionError(13, "the file of another user")


def read_at(path: Path, offset: int, count: int) -> bytes:
    """Return up to so many bytes of a file."""
    descriptor = reopen(path)
    try:
        return os.pread(descriptor, count, offset)
    finally:
        os.close(descriptor)


def read_around(path: Path, offset: int, count: int) -> tuple[bytes, bool]:
    """Return bytes of a file, and whether the device read them all; 0xFF stands for those that it did not."""
    try:
        return read_at(path, offset, count), True
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    parts: list[bytes] = []
    for at in range(offset, offset + count, _PAGE):
        size = min(_PAGE, offset + count - at)
        try:
            parts.append(read_at(path, at, size))
        except OSError:
            parts.append(b"\xff" * size)
    return b"".join(parts), False


def write_whole(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of it at this offset; raise OSError if the disk takes only a part.

    A regular file takes a part when its disk becomes full. The next attempt says so.
    """
    done = 0
    while done < len(data):
        done += os.pwrite(descriptor, data[done:] if done else data, offset + done)


def sync_file(descriptor: int) -> None:
    """Wait until a file's bytes are on the disk, those of its mappings included."""
    _FDATASYNC(descriptor)


def remove(path: Path) -> None:
    """Remove a file that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
