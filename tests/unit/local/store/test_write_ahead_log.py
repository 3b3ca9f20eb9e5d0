"""The write-ahead log stays small, whatever readers do."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from honeyhive_ext.local.app import App
from honeyhive_ext.local.store.write_ahead_log import WriteAheadLog
from tests.support.local_api import core, post

LARGE: dict[str, Any] = {"event_type": "tool", "inputs": {"a": "x" * 50_000}}


def log_size(file: Path) -> int:
    return os.stat(f"{file}-wal").st_size


def test_the_log_is_bounded_while_there_is_a_reader_at_every_moment(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    ended = threading.Event()
    turns = [threading.Semaphore(1), threading.Semaphore(0)]

    def read(app: App, at: int) -> None:
        """Begin to read while the other still reads, and end when the other has begun again."""
        while not ended.is_set():
            turns[at].acquire()
            with app.state.store.reading() as connection:
                connection.execute("SELECT count(*) FROM events").fetchone()
                turns[1 - at].release()
                turns[at].acquire()
            turns[at].release()
        turns[1 - at].release()
        turns[1 - at].release()

    with core(file) as app:
        app.state.store._writing.log = WriteAheadLog(file, threading.Event(), 300_000, 600_000, 100_000)
        readers = [threading.Thread(target=read, args=(app, at)) for at in range(2)]
        for reader in readers:
            reader.start()
        sizes: list[int] = []
        for _ in range(100):
            post(app, "/v1/events", LARGE)
            sizes.append(log_size(file))
        ended.set()
        for reader in readers:
            reader.join()
        assert max(sizes) < 1_000_000
        assert post(app, "/v1/events/search", {"limit": 1})["count"] == 100


def test_a_reader_that_stays_holds_up_no_write_for_long_and_the_log_is_emptied_after_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "events.db"
    with core(file) as app:
        app.state.store._writing.log = WriteAheadLog(file, threading.Event(), large=100_000)
        with app.state.store.reading() as connection:
            for _ in range(5):
                post(app, "/v1/events", LARGE)
            assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
        grown = log_size(file)
        assert grown > 200_000
        app.state.store._writing.log = WriteAheadLog(file, threading.Event(), large=100_000)
        post(app, "/v1/events", LARGE)
        assert log_size(file) == 0
