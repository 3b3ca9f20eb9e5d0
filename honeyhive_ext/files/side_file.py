"""A file of our own next to another one: new, or what an earlier run of ours left.

In a folder that others may write to, anyone can plant a link, a pipe or a file under a name that we are
going to use. Such a file would send what we write elsewhere, or show it to its owner. So a new file is
created exclusively, with mode 0600. A file that is there already is used only if it is a regular file with
one name that belongs to us. A lock keeps other processes away until it is closed (not on Windows).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import IO

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import shown

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PRIVATE = 0o600
# Windows lacks most of these; os.open needs O_BINARY there.
_SAFE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
_OLD = _SAFE | getattr(os, "O_NONBLOCK", 0)  # to open a pipe would wait for its other end


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read and write, unless there is a file.

    Raises:
        ConfigError: It cannot be made. The message names it.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, PRIVATE))
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(f"{shown(path)} cannot be made: {error.strerror}") from error


def open_side(path: Path) -> IO[bytes]:
    """Open a file of our own to read and write, at its beginning, and lock it. What it holds stays.

    Args:
        path: The file. It is made, with mode 0600, if it does not exist.

    Raises:
        ConfigError: Another process has it open, or something that is not ours has this name.
    """
    while True:
        try:
            file = _created(path) or _taken(path)
        except OSError as error:
            raise _refused(path, error) from error
        if file is None:
            continue
        try:
            _lock(file, path)
            if _is_still(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # the process that had it has given it another name


def read_side(path: Path) -> bytes | None:
    """Return the content of a file of our own, or None if there is none.

    Raises:
        ConfigError: Something that is not ours has this name, or it cannot be read.
    """
    try:
        return _look(path)
    except FileNotFoundError:
        return None


def write_side(path: Path, new: Path, content: bytes) -> None:
    """Replace a file of our own in one step.

    The folder is not synchronised: after a power cut, the file may be what it was before.

    Args:
        path: The file.
        new: The name that the new file has until it is complete.
        content: What it holds.

    Raises:
        ConfigError: Something that is not ours has the name `new`.
        OSError: It cannot be written. The old file is unchanged.
    """
    with open_side(new) as file:
        file.truncate(0)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextlib.contextmanager
def named_errors(path: Path) -> Generator[None]:
    """Add a file's name to an error of the disk, which has none where the file was open."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def check_side(path: Path) -> None:
    """Check that a file of our own can be made under this name later, so that nothing fails at the end.

    Raises:
        ConfigError: Something that is not ours has this name, or it is too long.
    """
    with contextlib.suppress(FileNotFoundError):
        _look(path, 0)


def check_beside(path: Path, ends: Iterable[str]) -> None:
    """Check that what another library writes next to a file is nothing that was planted there.

    The files are not opened: that could drop the locks that SQLite has on them in this process. They may
    belong to whom the file belongs, who can read it anyway.

    Args:
        path: The file.
        ends: What follows its name in theirs.

    Raises:
        ConfigError: One of them is a link, has a second name, is no regular file, or is somebody else's.
    """
    for end in ends:
        beside = path.with_name(path.name + end)
        with contextlib.suppress(FileNotFoundError):
            found = beside.lstat()
            if not (_is_plain(found) and (_is_ours(found, path) or found.st_uid == path.stat().st_uid)):
                raise ConfigError(
                    f"{shown(beside)} is not a file that SQLite made: delete what has this name"
                )


def close_side(file: IO[bytes]) -> None:
    """Unlock and close a file of our own. A child that was forked meanwhile has it open, and the lock too.

    What is to be kept was flushed before. Bytes that a failed write left in the buffer fail again here, and
    that second error, which does not name the file, must not take the place of the first.
    """
    try:
        if fcntl is not None and not file.closed:
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        with contextlib.suppress(OSError):
            file.close()


def remove_side(file: IO[bytes], path: Path) -> None:
    """Delete a file of our own that is open."""
    if os.name == "nt":  # Windows deletes no open file
        file.close()
    path.unlink()


def _look(path: Path, most: int = -1) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _OLD), "rb") as file:
            _check(file, path)
            return file.read(most)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> ConfigError:
    if os.path.lexists(path):
        reason = "it is a link" if path.is_symlink() else error.strerror
        return ConfigError(f"{shown(path)} is not a file that this program can use ({reason}): delete it")
    return ConfigError(f"{shown(path)} cannot be made: {error.strerror}")


def _created(path: Path) -> IO[bytes] | None:
    try:
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, PRIVATE)
    except FileExistsError:
        return None
    return os.fdopen(made, "r+b")


def _taken(path: Path) -> IO[bytes] | None:
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | _OLD), "r+b")
    except FileNotFoundError:
        return None
    try:
        _check(file, path)
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), PRIVATE)
    except BaseException:
        file.close()
        raise
    return file


def _check(file: IO[bytes], path: Path) -> None:
    found = os.fstat(file.fileno())
    if not (_is_plain(found) and _is_ours(found, path)):
        raise ConfigError(f"{shown(path)} is not a file that this program made: delete what has this name")


def _is_plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink <= 1


def _is_ours(found: os.stat_result, path: Path) -> bool:
    # Whoever owns the folder can do as they like in it. On some mounts every file has the folder's owner.
    return not hasattr(os, "geteuid") or found.st_uid in (os.geteuid(), path.parent.stat().st_uid)


def _is_still(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def _lock(file: IO[bytes], path: Path) -> None:
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"another export is writing {shown(path)}") from error
        except OSError:  # a file system without locks
            pass
