"""`honeyhive-ext serve`: run the local server in the foreground."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import os
import re
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import orjson

from honeyhive_ext.cli.data import about
from honeyhive_ext.cli.opened_store import store_explained
from honeyhive_ext.cli.streams import opened_file
from honeyhive_ext.config.checks import whole_number
from honeyhive_ext.config.printable import printable
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.json_lines import json_lines
from honeyhive_ext.local.faults.fault import Fault, fault_from
from honeyhive_ext.local.server import LocalServer
from honeyhive_ext.local.switches import TABLE

if TYPE_CHECKING:
    from honeyhive_ext.cli.commands import Parser

LOOK = 0.5  # seconds between two looks whether a signal has come
CLOSING = 4.0  # seconds for the end of everything that runs; then the process ends without it
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def add_serve(command: Parser) -> None:
    """Add the arguments, with an option for each switch of the local server."""
    command.set_defaults(run=run, local=True)
    command.description = "Run the HoneyHive events API on this machine until it is interrupted."
    command.add_argument("--db", metavar="FILE", help="keep events in this SQLite file (memory)")
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    command.add_argument("--port", type=port_number, default=0, help="port to listen on (0: a free one)")
    command.add_argument(
        "--seed",
        metavar="FILE.jsonl",
        action="append",
        default=[],
        help="store these events first, also from .gz or .zst; repeatable",
    )
    command.add_argument("--api-key", metavar="KEY", help="accept only this key (any)")
    command.add_argument("--ingestion-key", metavar="KEY", help="a key that may write but not read (none)")
    command.add_argument(
        "--index",
        metavar="PATH",
        action="append",
        default=[],
        help="index this dotted path, such as metadata.tag; repeatable",
    )
    command.add_argument(
        "--max-size",
        metavar="BYTES",
        type=_bytes,
        default=None,
        help="delete the oldest sessions above this size, such as 500M (no limit)",
    )
    command.add_argument(
        "--fault",
        metavar="JSON",
        type=_fault,
        action="append",
        default=[],
        help='a fault, such as {"kind": "latency", "delay": 0.2}',
    )
    command.add_argument(
        "--random-seed", metavar="N", type=int, default=0, help="seed of every random choice (%(default)s)"
    )
    command.add_argument(
        "--allowed-host",
        metavar="NAME",
        action="append",
        default=[],
        help="another name that the Host header may have; repeatable",
    )
    switches = command.add_argument_group("behaviour that the service does not document")
    for switch in TABLE.values():
        meaning = f"{switch.question} {switch.meaning} (default: {switch.default})".replace("%", "%%")
        if switch.choices:
            switches.add_argument(switch.option, choices=switch.choices, default=switch.default, help=meaning)
        else:
            switches.add_argument(
                switch.option, type=_whole, metavar="N", default=switch.default, help=meaning
            )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status."""
    switches: dict[str, Any] = {name: getattr(options, name) for name in TABLE}
    server = LocalServer(
        options.db,
        host=options.host,
        port=options.port,
        api_key=options.api_key,
        ingestion_key=options.ingestion_key,
        index=options.index,
        max_size=options.max_size,
        faults=options.fault,
        seed=options.random_seed,
        allowed_hosts=options.allowed_host,
        **switches,
    )

    def seed() -> None:
        for file in options.seed:
            _seed(server, file)

    return stay(server, lambda: _greet(server, options), first=seed)


def stay(server: LocalServer, greet: Callable[[], None], *, first: Callable[[], None] = lambda: None) -> int:
    """Let a server listen until SIGINT or SIGTERM, and close it; return the exit status.

    Args:
        server: The server.
        greet: Called once it listens.
        first: Called before that.
    """
    _settle_memory()
    try:
        first()
        stopping = threading.Event()
        _on_signals(stopping)
        server.start()
        greet()
        # A signal just before a wait begins does not end that wait, so no wait is long.
        while not stopping.wait(LOOK):
            pass
    finally:
        _close(server)
    print("stopped", flush=True)
    return 0


def _close(server: LocalServer) -> None:
    """Close the server. If that takes too long, end the process, as a kill would: no stored event is lost."""

    def end(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError, ValueError):
            print("stopped, while a request was running", flush=True)
        os._exit(0)

    bounded = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if bounded:  # not a thread: there may be none to spare
        signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, CLOSING)
    server.close()
    if bounded:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _settle_memory() -> None:
    """Set up Python and the C library for a process that only serves.

    The loaded modules stay, and events contain no cycles, so the garbage collector can run far less often.
    The memory of one request is kept for the next: to return it to the system and ask for it again takes
    longer than to fill a page of megabytes.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    mallopt(trim_threshold, 256 << 20)
    mallopt(mmap_threshold, 32 << 20)


def _seed(server: LocalServer, name: str) -> None:
    with opened_file(name) as file, store_explained(), about(name):
        stored = server.seed(json_lines(file))
    print(f"{stored} events from {printable(name)}", flush=True)


def _on_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _greet(server: LocalServer, options: argparse.Namespace) -> None:
    where = printable(str(options.db)) if options.db is not None else "memory"
    environ = server.environ
    if options.api_key is not None:
        environ["HH_API_KEY"] = "<the key given with --api-key>"
    lines = [f"HoneyHive local server on {server.url}, events in {where}"]
    lines += [f"export {name}={value}" for name, value in environ.items()]
    # Written at once: a reader that takes the first line alone, such as `head -1`, ends no server.
    print("\n".join([*lines, "Press Ctrl+C to stop.\n"]), end="", flush=True)


def port_number(text: str) -> int:
    """Return the number of a port, for argparse."""
    return _whole(text, 65535)


def _whole(text: str, most: int | None = None) -> int:
    try:
        return whole_number(int(text) if text.isdecimal() else text, "it", 0, most)
    except ConfigError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _bytes(text: str) -> int:
    """Return a number of bytes; K, M and G are thousands, millions and billions.

    >>> _bytes("500M")
    500000000
    """
    found = re.fullmatch(r"(\d+)([KMG]?)B?", text.upper())
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a number of bytes, such as 500M")
    return int(found[1]) * _UNITS[found[2]]


def _fault(text: str) -> Fault:
    try:
        return fault_from(orjson.loads(text) if text.startswith("{") else text)
    except (ConfigError, ValueError) as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem
