"""How far an import is: which lines are sent, and which could not be, so that an interrupted one goes on.

Next to the file of rejected events, `NAME`, are `NAME.part` with those so far and `NAME.checkpoint`, until
the import is complete. The bytes are on disk before the checkpoint that counts them.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from attrs import define, field, frozen

from honeyhive_ext.cli.event_files import is_regular
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import file_path, regular_place, shown
from honeyhive_ext.files.side_file import (
    close_side,
    named_errors,
    open_side,
    read_side,
    remove_side,
    write_side,
)
from honeyhive_ext.files.whole import move

_PART, _CHECKPOINT, _NEW = ".part", ".checkpoint", ".checkpoint.new"
_HEAD = 1 << 16  # bytes at the beginning of a file by which it is known again


@frozen
class Done:
    """What is done of one file: up to which line, and how many events were sent and rejected."""

    line: int = 0
    sent: int = 0
    rejected: int = 0


@define
class ImportState:
    """The state of an import. Made with `begin`; close it at the end.

    Args:
        path: The file of rejected events.
        letters: The file of those so far, which is open and locked.
        salt: What the digest of the destination is keyed with.
        destination: What stands for the service and the key that the events go to.
        files: What is done, by file.
        heads: What each file is known by.
        resumes: Whether the checkpoint is of use: a pipe cannot be read again.
    """

    path: Path
    letters: IO[bytes]
    salt: str
    destination: str
    files: dict[str, Done]
    heads: dict[str, str]
    resumes: bool
    _part: Path = field(init=False)
    _checkpoint: Path = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._part = _beside(self.path, _PART)
        self._checkpoint = _beside(self.path, _CHECKPOINT)

    def done(self, name: str) -> Done:
        """Return what is done of a file."""
        return self.files.get(name, Done())

    def note(self, name: str, line: int, events: int, letters: list[bytes]) -> None:
        """Note that all events of a file up to a line are sent or rejected.

        Args:
            name: The file.
            line: The line.
            events: How many more events these are.
            letters: Those of them that were rejected, each as a line.

        Raises:
            OSError: The disk is full, and the like. The error names the file. They are sent again later.
        """
        before = self.done(name)
        self.files[name] = Done(line, before.sent + events - len(letters), before.rejected + len(letters))
        with named_errors(self._part):
            self.letters.write(b"".join(letters))
            self.letters.flush()
            os.fsync(self.letters.fileno())
        if not self.resumes:
            return
        state = {
            "salt": self.salt,
            "destination": self.destination,
            "rejected_bytes": self.letters.tell(),
            "heads": self.heads,
            "files": {name: [one.line, one.sent, one.rejected] for name, one in self.files.items()},
        }
        with named_errors(self._checkpoint):
            write_side(self._checkpoint, _beside(self.path, _NEW), json.dumps(state).encode())

    def complete(self) -> Path | None:
        """End the import; return the file of rejected events, or None if there are none."""
        rejected = self.letters.tell()
        if rejected:
            with named_errors(self.path):
                move(self.letters, self._part, self.path)
        else:
            remove_side(self.letters, self._part)
        self._checkpoint.unlink(missing_ok=True)
        return self.path if rejected else None

    def close(self) -> None:
        """Close the file of rejected events; without anything in it, and not to go on with, it is deleted.

        If the import is of a pipe, the file gets its name: the next import would empty it.
        """
        unfinished = not self.letters.closed and not self._checkpoint.exists() and self._part.exists()
        try:
            if unfinished and not (self.resumes and self.letters.tell()):
                with contextlib.suppress(OSError, ConfigError):  # it must not hide why the import ended
                    self.complete()
        finally:
            close_side(self.letters)


def begin(options: argparse.Namespace, destination: str) -> ImportState:
    """Return the state of the import that the arguments ask for: the one that was interrupted, or a new one.

    Args:
        options: The arguments: `files`, `rejected` and `restart`.
        destination: Where the events go. It holds the key, and only a keyed digest of it is kept.

    Raises:
        ConfigError: The interrupted import is of other files, or goes elsewhere. Or the file of rejected
            events is one of the files to import, or has lost some of them. Or a file does not exist.
    """
    path = regular_place(options.rejected or f"{_first(options.files)}.rejected.jsonl", "--rejected").path
    _check_apart(path, options.files)
    checkpoint, part = _beside(path, _CHECKPOINT), _beside(path, _PART)
    hint = f"give --restart to begin again, or delete {shown(checkpoint)}"
    for name in options.files:
        _check_there(name)
    regular = [name for name in options.files if is_regular(name)]
    heads = {name: _head(name) for name in regular}
    letters = open_side(part)
    try:
        text = None if options.restart else read_side(checkpoint)
        if text is None:
            salt = secrets.token_hex(16)
            letters.truncate(0)
            checkpoint.unlink(missing_ok=True)
            kept: dict[str, Any] = {"salt": salt, "destination": _digest(destination, salt), "files": {}}
        else:
            kept = _read(text, hint)
            _check(kept, destination, heads, hint)
            _continue(letters, kept["rejected_bytes"], f"{shown(part)} has lost events: {hint}")
        files = {name: Done(*one) for name, one in kept["files"].items()}
        resumes = len(regular) == len(options.files)
        return ImportState(path, letters, kept["salt"], kept["destination"], files, heads, resumes)
    except BaseException:
        close_side(letters)
        raise


def _first(names: Sequence[str]) -> str:
    """Return what the file of rejected events is called after.

    Where the system shows pipes and devices as files, as the shell does in `import <(COMMAND)`, no file can
    be made.

    >>> _first(["-", "/dev/fd/63", "events.jsonl"]), _first(["/dev/stdin"])
    ('events.jsonl', 'stdin')
    """
    shown_there = ("/dev/", "/proc/")
    return next((name for name in names if name != "-" and not name.startswith(shown_there)), "stdin")


def _continue(letters: IO[bytes], size: int, lost: str) -> None:
    """Go to the end of what counts of the rejected events, and cut off what follows it.

    Raises:
        ConfigError: The file is shorter. To make it longer would fill it with zeros.
    """
    if os.fstat(letters.fileno()).st_size < size:
        raise ConfigError(lost)
    letters.truncate(size)
    letters.seek(size)


def _check_there(name: str) -> None:
    """Check that a file to import exists, before any event is sent. A pipe is not opened, which would wait.

    Raises:
        ConfigError: It does not, or is a folder.
    """
    if name == "-":
        return
    reason = ""
    try:
        if stat.S_ISDIR(file_path(name, "FILE").stat().st_mode):
            reason = os.strerror(errno.EISDIR)
    except OSError as problem:
        reason = problem.strerror or str(problem)
    if reason:
        raise ConfigError(f"cannot read {name}: {reason}")


def _check_apart(path: Path, names: Sequence[str]) -> None:
    """Check that no file to import is overwritten with rejected events, or with what is next to them.

    Raises:
        ConfigError: One of them would be.
    """
    ours = [one for end in ("", _PART, _CHECKPOINT, _NEW) if (one := _beside(path, end)).exists()]
    for name in names:
        if name != "-" and (given := file_path(name, "FILE")).exists():
            for one in ours:
                if one.samefile(given):
                    raise ConfigError(
                        f"{name} is to be imported, and the rejected events would replace it: name another "
                        "file with --rejected"
                    )


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _digest(destination: str, salt: str) -> str:
    return blake2b(
        destination.encode(errors="backslashreplace"), key=salt.encode(), digest_size=16
    ).hexdigest()


def _read(text: bytes, hint: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(text)
        kept["files"] = {name: [int(number) for number in one] for name, one in kept["files"].items()}
        kept["rejected_bytes"] = abs(int(kept["rejected_bytes"]))
        _digest(kept["destination"], kept["salt"])
        dict(kept["heads"])
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise ConfigError(f"the checkpoint of the interrupted import cannot be read: {hint}") from problem
    return kept


def _check(kept: Mapping[str, Any], destination: str, heads: Mapping[str, str], hint: str) -> None:
    """Check that an interrupted import is of the same files and goes to the same place.

    Raises:
        ConfigError: It is not.
    """
    if kept["destination"] != _digest(destination, kept["salt"]):
        raise ConfigError(f"an interrupted import of these files goes to another service: {hint}")
    for name, head in kept["heads"].items():
        if heads.get(name) != head:
            raise ConfigError(f"{name} is not what the interrupted import began with: {hint}")


def _head(name: str) -> str:
    """Return what a file is known by: its size and a digest of its beginning."""
    path = file_path(name, "FILE")
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return f"{size}:{blake2b(file.read(_HEAD), digest_size=16).hexdigest()}"
    except OSError as problem:
        raise ConfigError(f"cannot read {name}: {problem.strerror}") from problem
