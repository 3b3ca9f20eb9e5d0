"""`honeyhive-ext seed` and `honeyhive-ext export`: JSON Lines to and from a local server or its file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.server import ANY_KEY, LocalServer

if TYPE_CHECKING:
    from collections.abc import Generator

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]

LINES = 1000  # events in one request to a running server


def add(commands: Commands) -> None:
    """Add the two commands to the command line."""
    command = commands.add_parser(
        "seed",
        help="store events from JSON Lines in a local server or its file",
        description="Store one event a line. It replaces a stored event of the same event_id.",
        allow_abbrev=False,
    )
    command.set_defaults(run=seed)
    command.add_argument("files", metavar="FILE.jsonl", nargs="+", help="the events; - reads standard input")
    _target(command)
    command = commands.add_parser(
        "export",
        help="write the events of a local server or its file as JSON Lines",
        description="Write one event a line, in the order of insertion.",
        allow_abbrev=False,
    )
    command.set_defaults(run=export)
    command.add_argument("file", metavar="FILE.jsonl", nargs="?", default="-", help="(standard output)")
    _target(command)


def _target(command: argparse.ArgumentParser) -> None:
    target = command.add_mutually_exclusive_group(required=True)
    target.add_argument("--db", metavar="FILE", type=Path, help="the server's SQLite file")
    target.add_argument("--url", metavar="URL", help="a running local server")
    command.add_argument("--api-key", metavar="KEY", default=ANY_KEY, help="the running server's key")


def seed(options: argparse.Namespace) -> int:
    """Store the events of every file; return the exit status."""
    stored = 0
    for name in options.files:
        with _reading(name) as lines:
            if options.db is not None:
                server = LocalServer(options.db)
                try:
                    stored += server.seed(lines)
                finally:
                    server.close()
            else:
                stored += _post(options, lines)
    print(f"{stored} events stored", file=sys.stderr)
    return 0


def export(options: argparse.Namespace) -> int:
    """Write every event; return the exit status."""
    if options.db is not None and not options.db.exists():
        raise ConfigError(f"there is no file {options.db}")
    written = 0
    with _writing(options.file) as out:
        for line in _stored(options):
            out.write(line + b"\n")
            written += 1
    print(f"{written} events written", file=sys.stderr)
    return 0


def _stored(options: argparse.Namespace) -> Iterator[bytes]:
    if options.db is not None:
        server = LocalServer(options.db)
        try:
            yield from (line.encode() for line in server.export())
        finally:
            server.close()
    else:
        body = _ask(options, "GET", "/_local/export", b"")
        yield from (line for line in body.split(b"\n") if line)


def _post(options: argparse.Namespace, lines: BinaryIO) -> int:
    stored, waiting = 0, list[bytes]()
    for line in lines:
        if line.strip():
            waiting.append(line.rstrip(b"\n"))
        if len(waiting) == LINES:
            _ask(options, "POST", "/_local/seed", b"\n".join(waiting))
            stored, waiting = stored + len(waiting), []
    if waiting:
        _ask(options, "POST", "/_local/seed", b"\n".join(waiting))
    return stored + len(waiting)


def _ask(options: argparse.Namespace, method: str, path: str, body: bytes) -> bytes:
    import httpx

    url, scrub = options.url.rstrip("/") + path, Scrub(secret(options.api_key))
    headers = {"authorization": f"Bearer {options.api_key}", "content-type": "application/x-ndjson"}
    try:
        answer = httpx.request(method, url, content=body, headers=headers, timeout=60.0)
    except httpx.HTTPError as problem:
        raise ConfigError(scrub.text(f"no local server answers at {options.url}: {problem}")) from problem
    if not answer.is_success:
        raise ConfigError(f"{url} answered {answer.status_code}: {scrub.text(answer.text)[:2000]}")
    return answer.content


@contextmanager
def _reading(name: str) -> Generator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as lines:
            yield lines
    except OSError as problem:
        raise ConfigError(f"cannot read {name}: {problem}") from problem


@contextmanager
def _writing(name: str) -> Generator[BinaryIO]:
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with Path(name).open("wb") as out:
            yield out
    except OSError as problem:
        raise ConfigError(f"cannot write {name}: {problem}") from problem
