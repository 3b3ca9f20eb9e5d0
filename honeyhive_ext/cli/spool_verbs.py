"""`honeyhive-ext spool`: what processes that ended have left, counted, checked, sent or deleted."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.secrets import Environment
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import folder_path

if TYPE_CHECKING:
    from honeyhive_ext.background.spool.layout import Spooled
    from honeyhive_ext.background.spool.survey import DestinationStatus, SpoolStatus
    from honeyhive_ext.cli.commands import Parser

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FROM = "a destination as `spool status` shows it: all of it, its lane, or its project's digits"


def add_spool(command: Parser) -> None:
    """Add the verbs and their arguments."""
    command.description = "Check, send or delete what waits in a spool."
    _verb(command, "status", _status, "count what waits, one row a destination; change nothing")
    _verb(command, "verify", _verify, "read every record and its checks; change nothing")
    verb = _verb(command, "send", _send, "send the events that ended processes left")
    verb.add_argument("--from", dest="source", metavar="DESTINATION", help=f"{_FROM} (that of the settings)")
    verb.add_argument("--to", metavar="URL", help="send it there; needs --from (HH_API_URL)")
    verb.add_argument("--lane", metavar="NAME", default="", help="the lane of the settings (none)")
    verb.add_argument(
        "--max-age", metavar="AGE", type=_age, help="delete what is older, such as 7d, unsent (never)"
    )
    verb.add_argument("--yes", action="store_true", help="do not ask")
    verb = _verb(command, "discard", _discard, "delete the events that ended processes left")
    verb.add_argument("--from", dest="source", metavar="DESTINATION", required=True, help=_FROM)
    verb.add_argument("--older-than", metavar="AGE", type=_age, help="only what is older, such as 7d (all)")
    verb.add_argument("--yes", action="store_true", help="do not ask")


def _verb(command: Parser, name: str, run: Callable[[argparse.Namespace, Path], int], text: str) -> Parser:
    def run_there(options: argparse.Namespace) -> int:
        return run(options, _folder(options.folder))

    verb = command.verb(name, text, run_there)
    verb.add_argument(
        "folder", metavar="PATH", nargs="?", help="the spool (HH_SPOOL, else the user's own folder for state)"
    )
    verb.add_argument("--json", action="store_true", help="print JSON, and an error as one JSON object")
    return verb


def _folder(given: str | None) -> Path:
    """Return the folder of the spool.

    Raises:
        ConfigError: A folder that is named does not exist.
    """
    from honeyhive_ext.background.background_options import spool_folder

    if given is None:
        environ = Environment(os.environ)
        return Path(spool_folder(None, environ) or spool_folder(True, environ) or "")
    folder = folder_path(given, "PATH")
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {given}")
    return folder


def _age(text: str) -> float:
    """Return a duration in seconds.

    >>> _age("7d")
    604800.0
    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a number and s, m, h or d, such as 7d")
    return float(int(found[1]) * _UNITS[found[2]])


def _status(options: argparse.Namespace, folder: Path) -> int:
    # The sender and its libraries take longer to import than `serve` takes to start.
    from honeyhive_ext.background.spool.survey import status

    found = status(folder)
    if options.json:
        _print_json(folder, found)
    elif not found.destinations:
        print(f"nothing waits in {printable(str(folder))}")
    else:
        _print_table(found)
    if found.rejected_bytes and not options.json:
        print(f"{found.rejected_bytes:,} bytes of what the service refused are in rejected.jsonl")
    return 0


def _verify(options: argparse.Namespace, folder: Path) -> int:
    """Return 1 if something is damaged."""
    from honeyhive_ext.background.spool.survey import status

    found = status(folder, check=_is_event)
    if options.json:
        _print_json(folder, found)
    elif found.destinations:
        _print_table(found)
    rows = found.destinations.values()
    whole = sum(row.events - row.no_events for row in rows)
    counts = {
        "damaged bytes": sum(row.damaged_bytes for row in rows),
        "lost events": sum(row.lost for row in rows),
        "records that are no event": sum(row.no_events for row in rows),
        "unreadable segments": found.unreadable,
        "owners whose destination is unknown": sum(
            row.living + row.ended for row in rows if not row.sources and row.events + row.unreadable
        ),
    }
    wrong = [f"{count:,} {name}" for name, count in counts.items() if count]
    if not options.json:
        print(f"{whole:,} events are whole; {', '.join(wrong) if wrong else 'nothing is damaged'}")
    return 1 if wrong else 0


def _send(options: argparse.Namespace, folder: Path) -> int:
    from honeyhive_ext.cli.spool_changes import send

    return send(options, folder)


def _discard(options: argparse.Namespace, folder: Path) -> int:
    from honeyhive_ext.cli.spool_changes import discard

    return discard(options, folder)


def _is_event(record: Spooled) -> bool:
    from honeyhive_ext.background.records import entry_of

    try:
        entry = entry_of(record, None)
        return isinstance(orjson.loads(entry.content), dict)
    except (ValueError, KeyError, TypeError):
        return False


def _print_json(folder: Path, found: SpoolStatus) -> None:
    rows = [
        {
            "destination": name,
            "base_url": source.base_url if source else None,
            "lane": source.lane if source else None,
            "digest": source.digest if source else None,
            "events": row.events,
            "living_events": row.living_events,
            "bytes": row.bytes,
            "oldest": row.oldest,
            "living": row.living,
            "ended": row.ended,
            "segments": row.segments,
            "damaged_bytes": row.damaged_bytes,
            "lost": row.lost,
            "no_events": row.no_events,
            "unreadable": row.unreadable,
        }
        for name, row in sorted(found.destinations.items())
        for source in [next(iter(row.sources), None)]
    ]
    told = {
        "folder": os.fsencode(folder).decode(errors="replace"),
        "destinations": rows,
        "unreadable": found.unreadable,
        "rejected_bytes": found.rejected_bytes,
    }
    print(json.dumps(told, indent=2))


def _print_table(found: SpoolStatus) -> None:
    names = ("destination", "events", "bytes", "oldest", "living owners", "damaged bytes", "unreadable")
    rows = [names, *(_cells(name, row) for name, row in sorted(found.destinations.items()))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(names))]
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join((row[0].ljust(widths[0]), *cells)))


def _cells(name: str, row: DestinationStatus) -> tuple[str, ...]:
    oldest = "-" if row.oldest is None else f"{datetime.fromtimestamp(row.oldest, UTC):%Y-%m-%d %H:%M} UTC"
    numbers = (row.living, row.damaged_bytes, row.unreadable)
    return (printable(name), f"{row.events:,}", f"{row.bytes:,}", oldest, *(f"{one:,}" for one in numbers))
