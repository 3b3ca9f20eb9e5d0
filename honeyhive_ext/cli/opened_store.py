"""A local server in this process, which is opened and closed as a whole: Ctrl-C waits while it is."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.server import LocalServer
from honeyhive_ext.local.store.store_errors import StoreFailedError


@contextmanager
def opened_store(path: str | Path) -> Generator[LocalServer]:
    """Open a database until the block ends.

    Raises:
        ConfigError: It cannot be opened, read or written. The message names it.
    """
    with closing(LocalServer(path)) as server, store_explained():
        yield server


@contextmanager
def store_explained() -> Generator[None]:
    """Raise a ConfigError where the database cannot be read or written. The message names it."""
    try:
        yield
    except StoreFailedError as problem:
        raise ConfigError(str(problem)) from problem
