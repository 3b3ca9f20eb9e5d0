"""The older forms: JSON Lines to and from a local server or its file, with `seed` and `export --db`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import BinaryIO, cast

from honeyhive_ext.cli.moving import LOCAL_KEY
from honeyhive_ext.cli.opened_store import opened_store
from honeyhive_ext.cli.streams import opened_file, say, standard_output
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.json_lines import json_lines
from honeyhive_ext.files.names import Place, database_path, file_path, place_to_write
from honeyhive_ext.files.packing import Packing, packing_of
from honeyhive_ext.files.whole import whole_file

Seed = Callable[[Iterable[bytes]], Iterable[int]]

BLOCK = 1 << 20  # bytes that are written, or compressed, at a time
_BESIDE = ("-wal", "-shm", "-journal")  # SQLite's own files next to a database


def seed(options: argparse.Namespace) -> int:
    """Store the events of every file; return the exit status."""
    stored = 0
    try:
        with ExitStack() as stack:
            store: Seed | None = None
            for name in options.files:
                with opened_file(name) as file:
                    store = store or stack.enter_context(_store(options))
                    with about(name):
                        for number in store(json_lines(file)):
                            stored += number
    except ConfigError as problem:
        if stored:
            raise ConfigError(f"{problem}; {stored} events before that are stored") from problem
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{stored} events are stored") from None
    say(f"{stored} events stored")
    return 0


def export_store(options: argparse.Namespace) -> int:
    """Write every event of a store; return the exit status.

    Raises:
        NoLocalServerError: What answers has no such route. Nothing is written.
    """
    place = None if options.file == "-" else _place(options)
    packing = packing_of(*(() if place is None else (file_path(options.file), place.path)))
    # Nothing of the file is touched before its events are there to be read.
    with _source(options) as blocks, _output(place) as out:
        written = _copy(blocks, out, packing)
    from honeyhive_ext.cli.output import tell_written  # `serve` imports this module, and needs no tables

    tell_written(options, written)
    return 0


@contextmanager
def _store(options: argparse.Namespace) -> Generator[Seed]:
    """Give the function that stores lines and says how many each step stored."""
    if options.db is not None:
        with opened_store(options.db) as server:
            yield lambda lines: (server.seed(lines),)
    else:
        from honeyhive_ext.cli.running import connect

        with connect(options.url, options.api_key) as running:
            yield running.seed


@contextmanager
def _source(options: argparse.Namespace) -> Generator[Iterator[bytes]]:
    """Give every event as a line, in blocks that end anywhere."""
    if options.db is not None:
        path = database_path(options.db, "--db")
        if not path.exists():
            raise ConfigError(f"there is no file {options.db}")
        # The server closes when nobody reads any more.
        with opened_store(path) as server, closing(server.export()) as lines:
            yield _blocks(lines)
    else:
        from honeyhive_ext.cli.running import connect

        key = options.api_key
        if key is None:
            key = os.environ.get("HH_API_KEY", "").strip() or LOCAL_KEY
        with connect(options.url, key) as running, running.export() as blocks:
            yield blocks


def _blocks(lines: Iterable[str]) -> Iterator[bytes]:
    block = bytearray()
    for line in lines:
        block += line.encode()
        block += b"\n"
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _place(options: argparse.Namespace) -> Place:
    """Return where the export goes, which is not where it comes from."""
    place = place_to_write(options.file, "FILE")
    if not place.path.parent.is_dir():
        raise ConfigError(f"cannot write {options.file}: there is no folder {place.path.parent}")
    if options.db is not None:
        db = database_path(options.db, "--db")
        its_own = [db, *(db.with_name(db.name + end) for end in _BESIDE)]
        if place.path in its_own or (place.path.exists() and db.exists() and place.path.samefile(db)):
            raise ConfigError(f"cannot write {options.file}: it is the database, or one of its files")
    return place


@contextmanager
def _output(place: Place | None) -> Generator[BinaryIO]:
    try:
        if place is None:
            out = standard_output()
            yield out
            out.flush()
        else:
            with whole_file(place) as new:
                yield cast("BinaryIO", new)
    except BrokenPipeError:  # the reader has stopped reading
        raise
    except OSError as problem:
        name = "standard output" if place is None else place.path
        raise ConfigError(f"cannot write {name}: {problem.strerror or problem}") from problem


def _copy(blocks: Iterable[bytes], out: BinaryIO, packing: Packing) -> int:
    """Write the blocks and return how many lines they have. The last line ends as the others do."""
    lines, last = 0, b""
    for last in blocks:
        out.write(packing.member(last))
        lines += last.count(b"\n")
    if not last:
        out.write(packing.member(b""))  # an empty file is not one that is compressed
    elif not last.endswith(b"\n"):
        out.write(packing.member(b"\n"))
        lines += 1
    return lines


@contextmanager
def about(name: str) -> Generator[None]:
    """Say which file an error is about."""
    try:
        yield
    except ConfigError as problem:
        raise ConfigError(f"{name}: {problem}") from problem
    except OSError as problem:
        raise ConfigError(f"{name}: {problem.strerror or problem}") from problem
