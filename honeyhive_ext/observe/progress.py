"""Show how far a batch is: with a function of the caller, or with a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import ConfigError

Progress = Callable[[int, int | None], object]
"""Called with the number of settled events (delivered or failed), and their total if it is known, or None."""


class Bar:
    """A progress bar of tqdm: a widget in a notebook, else a line on stderr."""

    def __init__(self, total: int | None) -> None:
        try:
            tqdm: Any = import_module("tqdm.auto")
        except ImportError as error:
            raise ConfigError(
                "progress=True needs tqdm: pip install 'honeyhive-ext[progress]', or give a function of "
                "(done, total)"
            ) from error
        self._bar: Any = tqdm.tqdm(total=total, unit="event", unit_scale=True)

    def __call__(self, done: int, total: int | None) -> None:
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is, and end its line."""
        self._bar.close()


class Watcher:
    """Calls the caller's function whenever more events are settled, in the thread of the batch call."""

    def __init__(self, progress: bool | Progress, total: int | None) -> None:
        self._bar = Bar(total) if progress is True else None
        self._call: Progress | None = self._bar if isinstance(progress, bool) else progress
        if self._call is not None and not callable(self._call):
            raise ConfigError(
                f"progress is {repr_of(progress)}: give True, False or a function of (done, total)"
            )
        self._total = total
        self._told = 0

    def tell(self, settled: int) -> None:
        """Pass on the number of settled events, if it is new."""
        if self._call is not None and settled != self._told:
            self._told = settled
            self._call(settled, self._total)

    def close(self) -> None:
        """Make no more calls, and close the bar."""
        self._call = None
        if self._bar is not None:
            self._bar.close()
