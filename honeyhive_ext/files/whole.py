"""A file that is replaced when the new one is complete. Until then, and after any failure, the old one stays.

The new content is written next to the file and moved over it. What the file was stays: its mode, its owner
where that is allowed, its access list. A new file has mode 0600, because events hold private prompts. The
other names of a file with several (hard links) keep the old content.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import Place, shown
from honeyhive_ext.files.opened_stream import opened_stream
from honeyhive_ext.files.side_file import close_side, open_side, remove_side

# A file that can be written but not replaced: one that is mounted, such as in a container, or one of somebody
# else in a folder like /tmp.
_STAYS = (errno.EBUSY, errno.EPERM, errno.EACCES)
_ACL = "system.posix_acl_access"


def whole_file(place: Place) -> AbstractContextManager[IO[bytes]]:
    """Open a file to write, which takes its name when the block ends without an exception.

    Until then it is `NAME.new`, next to the file. After an exception it is deleted. A stream has no such
    file: it is written through.

    Args:
        place: What `place_to_write` or `regular_place` returned.

    Raises:
        ConfigError: Something that is not ours is called `NAME.new`, or another process is writing it.
        OSError: The disk is full, and the like. The old file is unchanged.
    """
    return opened_stream(place) if place.is_stream else _replaced(place)


@contextlib.contextmanager
def _replaced(place: Place) -> Generator[IO[bytes]]:
    side = place.path.with_name(f"{place.path.name}.new")
    new = open_side(side)
    try:
        new.truncate(0)
        yield new
        move(new, side, place.path)
    except BaseException:
        with contextlib.suppress(OSError):  # it must not hide the reason
            remove_side(new, side)
        raise
    finally:
        close_side(new)


def move(new: IO[bytes], side: Path, path: Path) -> None:
    """Give a complete file its name, once it is on disk.

    Args:
        new: The file, which `open_side` opened.
        side: The name that it has.
        path: The name that it gets. A file that has it is replaced.

    Raises:
        ConfigError: What has this name is not a regular file any more.
        OSError: The file cannot be written or moved. It keeps the name `side` then.
    """
    new.flush()
    _like(new.fileno(), path)
    os.fsync(new.fileno())
    if os.name == "nt":  # Windows moves no open file
        new.close()
    try:
        side.replace(path)
    except OSError as error:
        if error.errno not in _STAYS or not path.exists():
            raise
        _copy_over(side, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that a power cut leaves the names in a folder as they are now, where the system can do so."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _like(new: int, path: Path) -> None:
    """Give a new file the owner, the mode and the access list of the file that it replaces."""
    try:
        old = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(old.st_mode):
        raise ConfigError(
            f"{shown(path)} is no longer a regular file: it was changed while its new content was made"
        )
    if sys.platform == "win32":
        return
    mode = stat.S_IMODE(old.st_mode)
    for owner in (old.st_uid, -1):
        with contextlib.suppress(OSError):
            os.fchown(new, owner, old.st_gid)
            break
    if os.fstat(new).st_gid != old.st_gid:  # what the old group may do, another may not
        mode &= ~stat.S_IRWXG
    os.fchmod(new, mode)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # most files have no access list
            os.setxattr(new, _ACL, os.getxattr(path, _ACL))


def _copy_over(side: Path, path: Path) -> None:
    """Write the content of a complete file over another file, once there is room for it."""
    with side.open("rb") as source, path.open("r+b") as target:
        size, before = os.fstat(source.fileno()).st_size, os.fstat(target.fileno()).st_size
        try:
            if size > before and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(target.fileno(), before, size - before)
        except OSError:
            target.truncate(before)
            raise
        shutil.copyfileobj(source, target)
        target.truncate(size)
        target.flush()
        os.fsync(target.fileno())
    side.unlink()
