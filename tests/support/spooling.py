"""What tests of the spool share: destinations, records, and reading all of a backlog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from honeyhive_ext.background.spool import Backlog, Destination, RecordKind, Spool, Spooled, adopt
from honeyhive_ext.config.secrets import Secret

HERE = Destination("https://a.example", Secret("hh_secret_key_1"))
THERE = Destination("https://a.example", Secret("hh_secret_key_2"))


def payload(number: int, size: int = 60) -> bytes:
    """Return JSON that says its number."""
    return orjson.dumps({"n": number, "text": "x" * size})


def number_of(record: Spooled) -> int:
    """Return the number of a payload that `payload` made; fail if it was altered."""
    event = orjson.loads(record.payload)
    assert record.payload == payload(event["n"], len(event["text"]))
    return int(event["n"])


def fill(spool: Spool, count: int, size: int = 60, first: int = 0) -> list[int]:
    """Append numbered records; return their positions."""
    kind = RecordKind.CREATE
    return [spool.append(kind, payload(number, size)) for number in range(first, first + count)]


def records(backlog: Backlog, max_bytes: int = 4096) -> Iterator[Spooled]:
    """Yield everything of a backlog, in small windows."""
    after, end = -1, False
    while not end:
        window = backlog.read(after, max_bytes)
        yield from window.records
        after, end = window.after, window.end


def numbers(backlog: Backlog) -> list[int]:
    """Return the numbers of everything in a backlog."""
    return [number_of(record) for record in records(backlog)]


def drain(folder: Path, destination: Destination | None = HERE) -> list[int]:
    """Adopt, return and acknowledge everything that ended processes left."""
    found: list[int] = []
    for backlog in adopt(folder, destination):
        with backlog:
            after, end = -1, False
            while not end:
                window = backlog.read(after, 8192)
                after, end = window.after, window.end
                found += [number_of(record) for record in window.records]
                backlog.acknowledge(record.position for record in window.records)
    return found


def files(folder: Path, suffix: str = "") -> list[Path]:
    """Return the files of a spool by the end of their names, but for its salt."""
    return sorted(path for path in folder.iterdir() if path.name.endswith(suffix) and path.name != "salt")
