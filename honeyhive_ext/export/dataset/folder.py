"""The folder of a set: what it must be, where everything is in it, and how a file appears there.

    DIR/date=2026-01-02/part-0a1b2c3d4e5f-000007.parquet    complete files
    DIR/_honeyhive/manifest.json                            what the set holds
    DIR/_honeyhive/run.json                                 how far an unfinished run is
    DIR/_honeyhive/unfinished/                              events and files that are not complete
    DIR/_honeyhive/lock                                     locked by the process that writes

Engines read no file and no folder whose name begins with an underscore.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import PathLike, Place, folder_path, shown
from honeyhive_ext.files.side_file import close_side, named_errors, open_side, read_side, write_side
from honeyhive_ext.files.whole import move, sync_folder, whole_file

OURS = "_honeyhive"
MANIFEST = f"{OURS}/manifest.json"
_HIDDEN = ("_", ".")  # how the names begin that engines ignore, such as those that macOS puts next to files


class DatasetFolder:
    """The folder of a set. Nothing is made before `open`.

    Args:
        path: The folder.

    Raises:
        ConfigError: It is a file, has files that are not of a set, or cannot be written.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = folder_path(path, "path")
        self._own = self.path / OURS
        self._manifest = self.path / MANIFEST
        self.state = self._own / "run.json"
        self._unfinished = self._own / "unfinished"
        self._lock: IO[bytes] | None = None
        self._check()

    def open(self) -> None:
        """Make the folder unless it is there, and keep other processes away until `close`.

        Raises:
            ConfigError: Another process is writing the set, or the folder cannot be made.
        """
        _make(self.path, 0o777, link=True)
        for folder in (self._own, self._unfinished):
            _make(folder, 0o700)
        self._lock = open_side(self._own / "lock")
        self._check()

    def close(self) -> None:
        """Let other processes write the set."""
        if self._lock is not None:
            close_side(self._lock)

    def manifest(self) -> bytes | None:
        """Return the manifest; None for a new set."""
        return read_side(self._manifest)

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest."""
        with named_errors(self._manifest), whole_file(Place(self._manifest)) as new:
            new.write(content)

    def write_state(self, content: bytes, *, sync: bool = False) -> None:
        """Replace the state of the run.

        Args:
            content: The state.
            sync: Whether a power cut must not bring the state before it back.
        """
        with named_errors(self.state):
            write_side(self.state, self._own / "run.json.new", content)
        if sync:
            sync_folder(self._own)

    def end_run(self) -> None:
        """Forget the state of the run."""
        self.state.unlink(missing_ok=True)

    def pending(self, number: int) -> Path:
        """Return the path of a file of pending events."""
        return self._unfinished / f"pending-{number:06}"

    def clean(self, keep: Path | None) -> None:
        """Delete what an earlier run left unfinished, but for one file."""
        for path in self._unfinished.iterdir():
            if path != keep:
                path.unlink()

    def files(self, partition: str) -> list[Path]:
        """Return the complete files of a partition. Engines and `read_parquet` see no other ones."""
        found = sorted((self.path / partition).glob("*.parquet"))
        return [path for path in found if not path.name.startswith(_HIDDEN)]

    def target(self, partition: str, name: str) -> Path:
        """Return the path of a file in a partition, whose folder is made."""
        folder = self.path
        for part in Path(partition).parts:
            folder /= part
            _make(folder, 0o777)
        return folder / name

    def put(self, target: Path, write: Callable[[IO[bytes]], None]) -> None:
        """Write a file elsewhere, and give it its name once it is complete."""
        side = self._unfinished / "file"
        with named_errors(target):
            new = open_side(side)
            try:
                new.truncate(0)
                write(new)
                move(new, side, target)
            finally:
                close_side(new)

    def _check(self) -> None:
        said = f"path is {os.fspath(self.path)!r}"
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            if self.path.is_symlink():
                raise ConfigError(f"{said}, which is a link to nothing: name a folder") from None
            return
        except OSError as error:
            raise ConfigError(f"{said}: {error.strerror}") from error
        if not stat.S_ISDIR(mode):
            raise ConfigError(f"{said}, which is a file: name a folder")
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigError(f"{said}: there is no permission to write there")
        if not os.path.lexists(self._manifest) and (other := next(self._visible(), None)) is not None:
            raise ConfigError(
                f"{said}, which has other files ({shown(Path(other))}): name an empty folder or a new one"
            )

    def _visible(self) -> Iterator[str]:
        with os.scandir(self.path) as entries:
            yield from sorted(entry.name for entry in entries if not entry.name.startswith(_HIDDEN))


def _make(folder: Path, mode: int, *, link: bool = False) -> None:
    """Make a folder unless it is there, so that it outlives a power cut.

    `link` says whether it may be a link to one.
    """
    try:
        folder.mkdir(mode, parents=True)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(f"{shown(folder)} cannot be made: {error.strerror}") from error
    else:
        sync_folder(folder.parent)
    if not folder.is_dir() or (folder.is_symlink() and not link):
        raise ConfigError(
            f"{shown(folder)} is not a folder that this program made: delete what has this name"
        )
