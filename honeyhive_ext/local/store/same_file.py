"""Whether the file of a store is still the one that was opened.

A file that somebody deletes, moves or replaces stays open, and SQLite writes to it as before. Nobody would
ever read what is written there.
"""

from __future__ import annotations

import os
from pathlib import Path

from attrs import define, field

from honeyhive_ext.local.store.store_errors import StoreFailedError


@define
class SameFile:
    """The file of a store, as it was when the store was opened.

    Args:
        path: The file, which exists.
        name: Its name, for messages.
    """

    path: Path
    name: str
    _opened: tuple[int, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        found = os.stat(self.path)
        self._opened = (found.st_dev, found.st_ino)

    def check(self) -> None:
        """Check that the file has still its name.

        Raises:
            StoreFailedError: It was deleted, moved or replaced.
        """
        try:
            found = os.stat(self.path)
            if (found.st_dev, found.st_ino) == self._opened:
                return
        except OSError:
            pass
        raise StoreFailedError(
            "gone", f"{self.name} was deleted, moved or replaced: put it back, or start the server again"
        )
