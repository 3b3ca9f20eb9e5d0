"""How far a command is, on a terminal: a bar of rich or of tqdm, whichever is installed."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from types import TracebackType
from typing import Any, Self


class Meter:
    """A bar on stderr. Without a terminal, with --quiet or with --json there is none.

    Args:
        options: The arguments of the command.
        total: The events that there will be; None if nobody knows.
    """

    def __init__(self, options: argparse.Namespace, total: int | None = None) -> None:
        self._rich: Any = None
        self._tqdm: Any = None
        terminal = sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison]
        if options.quiet or options.json or not terminal:
            return
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        except ImportError:
            self._begin_tqdm(total)
            return
        self._rich = Progress(
            TextColumn("events"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._rich.add_task("events", total=total)
        self._rich.start()

    def _begin_tqdm(self, total: int | None) -> None:
        try:
            tqdm: Any = import_module("tqdm")
        except ImportError:
            return
        self._tqdm = tqdm.tqdm(total=total, unit="event", unit_scale=True, leave=False)

    def tell(self, done: int, _total: int | None = None) -> None:
        """Show the number of events that are done."""
        if self._rich is not None:
            self._rich.update(self._task, completed=done)
        if self._tqdm is not None:
            self._tqdm.update(done - self._tqdm.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rich is not None:
            self._rich.stop()
        if self._tqdm is not None:
            self._tqdm.close()
