"""A process in which few threads can be started, or none."""

from __future__ import annotations

import threading

import pytest


def few_threads(
    monkeypatch: pytest.MonkeyPatch, most: int, error: str = "can't start new thread"
) -> list[threading.Thread]:
    """Refuse to start more than `most` threads, as Python does; return those that were started."""
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def limited(self: threading.Thread) -> None:
        if len(started) >= most:
            raise RuntimeError(error)
        started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    return started
