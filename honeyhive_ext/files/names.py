"""What a path names. Every path that a person gives is decided here, before anything is sent or opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import cast

from attrs import frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.errors import ConfigError

PathLike = str | os.PathLike[str]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# A Path has only one of the two slashes left. One slash alone is a folder's name, except after these.
_CLOUD = re.compile(r"(?:s3[an]?|gc?s|abfss?|adl|az|hdfs|https?|ftps?|sftp|file):/")
_OPEN_FILES = re.compile(r"(?:/proc/\d+(?:/task/\d+)?|/dev)/fd")  # no folder of Windows
_MOST_LINKS = 40  # as in Linux's path_resolution(7)
_SEPARATORS = (os.sep, os.altsep or os.sep)
_SQLITE = b"SQLite format 3\0"


@frozen
class Place:
    """Where a file is written.

    Attributes:
        path: The file itself, behind every link, absolute. For a stream, the path as it was given.
        is_stream: Whether it is a pipe, a device or an open file. It is written through, not replaced.
        descriptor: The number of the open file of this process that the path names, such as /dev/stdout.
    """

    path: Path
    is_stream: bool = False
    descriptor: int | None = None


def shown(path: Path) -> str:
    r"""Return a path as messages say it, with escapes for what a terminal would obey.

    >>> shown(Path("a\x1b[2J"))
    'a\\x1b[2J'
    """
    return printable(str(path))


def file_path(given: object, name: str = "path") -> Path:
    """Return a path as an absolute one. Nothing is opened.

    A name is a name: a colon, `%20` or `?` in it means nothing. `~` is the home folder.

    Args:
        given: The path.
        name: The argument's name, for the message.

    Raises:
        ConfigError: It is not a str or PathLike, is empty, a URL, a folder, or cannot be a name.

    >>> file_path("/data/run:1/x.jsonl").as_posix()
    '/data/run:1/x.jsonl'
    >>> file_path("s3://bucket/x.jsonl")
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: path is 's3://bucket/x.jsonl': give a path on this machine, without a scheme
    """
    text = _text(given, name)
    if text.endswith(_SEPARATORS) or os.path.basename(text) in (os.curdir, os.pardir):
        raise ConfigError(f"{name} is {text!r}, which is a folder: name a file in it")
    return _absolute(text, name)


def folder_path(given: object, name: str = "folder") -> Path:
    """Return the path of a folder as an absolute one, as `file_path` does for a file.

    Raises:
        ConfigError: It is not a str or PathLike, is empty, a URL, or cannot be a name.

    >>> folder_path("/data/spool/").as_posix()
    '/data/spool'
    """
    return _absolute(_text(given, name), name)


def _text(given: object, name: str) -> str:
    kind, text = type(given).__name__, given
    if isinstance(given, os.PathLike):
        text = os.fspath(cast("os.PathLike[str]", given))
    if not isinstance(text, str):
        raise ConfigError(f"{name} is a {kind}: give a str or a pathlib.Path")
    if not text:
        raise ConfigError(f"{name} is empty: give a path")
    if _URL.match(text) or _CLOUD.match(text):
        raise ConfigError(f"{name} is {text!r}: give a path on this machine, without a scheme")
    try:
        bad = "\0" in text or not os.fsencode(text)
    except UnicodeEncodeError:
        bad = True
    if bad:
        raise ConfigError(f"{name} is {text!r}: no file can have this name")
    return text


def _absolute(text: str, name: str) -> Path:
    home = os.path.expanduser(text)
    if home == text and text.startswith("~") and (text == "~" or any(one in text for one in _SEPARATORS)):
        raise ConfigError(
            f"{name} is {text!r}: there is no such home folder; write ./{text} if it begins with ~"
        )
    try:
        return Path(home).absolute()
    except OSError as error:
        raise ConfigError(
            f"{name} is {text!r}: the working directory is gone; give an absolute path"
        ) from error


def place_to_write(given: object, name: str = "path") -> Place:
    """Return where to write a file with this name. Links are followed; nothing is opened or made.

    Args:
        given: The path.
        name: The argument's name, for the message.

    Raises:
        ConfigError: It cannot be written: a folder, a circle of links, a database, a file without
            permission to write, or what `file_path` refuses.
    """
    path = file_path(given, name)
    said = f"{name} is {os.fspath(path)!r}"
    try:
        place = _followed(path)
        mode = path.stat().st_mode
    except FileNotFoundError:
        place, mode = _followed(path), stat.S_IFREG
    except OSError as error:
        raise ConfigError(f"{said}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise ConfigError(f"{said}, which is a folder: name a file in it")
    if stat.S_ISSOCK(mode):
        raise ConfigError(f"{said}, which is a socket: name a file")
    if place.descriptor is not None or not stat.S_ISREG(mode):
        return Place(path, True, place.descriptor)
    if place.path.exists() and not os.access(place.path, os.W_OK):
        raise ConfigError(f"{said}, which is write-protected: name another file, or change its mode")
    if _is_database(place.path):
        raise ConfigError(f"{said}, which is a SQLite database: name another file")
    return place


def regular_place(given: object, name: str = "path") -> Place:
    """Return where to write a file that is replaced as a whole, so that it cannot be a pipe or a device.

    Raises:
        ConfigError: It is one of these, or what `place_to_write` refuses.
    """
    place = place_to_write(given, name)
    if place.is_stream:
        raise ConfigError(f"{name} is {os.fspath(place.path)!r}, which is no regular file: name another one")
    return place


def database_path(given: object, name: str = "db") -> Path:
    """Return the path of a SQLite file, which need not exist yet. Links are followed.

    Raises:
        ConfigError: It is ":memory:", is not a regular file, cannot be read, or its folder does not exist.

    >>> database_path(":memory:")
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: db is ':memory:': leave it out to keep events in memory
    """
    if given == ":memory:":
        raise ConfigError(f"{name} is ':memory:': leave it out to keep events in memory")
    path = file_path(given, name)
    said = f"{name} is {os.fspath(path)!r}"
    try:
        place = _followed(path)
        mode = _mode_of(path)
    except OSError as error:
        raise ConfigError(f"{said}: {error.strerror}") from error
    if place.descriptor is not None or not stat.S_ISREG(mode):
        raise ConfigError(f"{said}, which is no regular file: name a SQLite file")
    if place.path.exists() and not os.access(place.path, os.R_OK):
        raise ConfigError(f"{said}: there is no permission to read it")
    if not place.path.parent.is_dir():
        raise ConfigError(f"{said}: there is no folder {place.path.parent}; make it first")
    return place.path


def _mode_of(path: Path) -> int:
    """Return the mode of what a path leads to, or that of a regular file if nothing is there.

    `Path.exists` hides every error since Python 3.14, so it is not asked.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return stat.S_IFREG


def _followed(path: Path) -> Place:
    """Return the file behind every link. It need not exist."""
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if _OPEN_FILES.fullmatch(folder) and path.name.isdecimal():
            own = folder in (f"/proc/{os.getpid()}/fd", "/dev/fd")
            return Place(path, True, int(path.name) if own else None)
        path = Path(folder, path.name)
        if not path.is_symlink():
            return Place(path)
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _is_database(path: Path) -> bool:
    """Return whether a file belongs to a SQLite database.

    The files next to an open database are looked for first: to open and close it would drop the locks that
    SQLite has on it in this process (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    for end in ("-wal", "-shm"):
        if path.with_name(path.name + end).exists():
            return True
        name = path.name.removesuffix(end)
        if name not in ("", path.name) and path.exists() and path.with_name(name).exists():
            return True
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False
