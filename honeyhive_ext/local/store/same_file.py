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
    _opened: os.stat_result = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._opened = self.path.stat()

    def check(self) -> None:
        """Check that the file has still its name.

        Raises:
            StoreFailedError: It was deleted, moved or replaced.
        """
        try:
            same = os.path.samestat(os.stat(self.path), self._opened)
        except OSError:
            same = False
        if not same:
            raise StoreFailedError(
                "gone", f"{self.name} was deleted, moved or replaced: put it back, or start the server again"
            )
