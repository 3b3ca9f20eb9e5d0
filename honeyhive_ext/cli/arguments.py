"""Arguments that several commands have. Light: `--help` needs nothing else."""

from __future__ import annotations

import argparse
import re

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from honeyhive_ext.cli.commands import Parser

FORMS = ("table", "json", "jsonl", "csv", "parquet")
FILTER = "a condition such as 'metadata.cost > 0.5 and event_type == model'"
WHEN = "a time such as 24h (ago), 2026-01-02Z or 2026-01-02T09:00:00Z"
COMPACT_CHARACTERS = 20_000  # of an output that a coding agent reads
FEWEST_CHARACTERS = 500


def add_manner(parser: Parser) -> None:
    """Add what every command takes: how errors are written, and how much is said."""
    group = parser.add_argument_group("messages")
    group.add_argument("--json", action="store_true", help="print JSON, and an error as one JSON object")
    group.add_argument("--quiet", action="store_true", help="print only results and errors")
    group.add_argument("--verbose", action="store_true", help="print each request on stderr, without keys")


def add_target(parser: Parser) -> None:
    """Add where the events are: the service, a local server, or the file of one."""
    group = parser.add_argument_group("where the events are")
    target = group.add_mutually_exclusive_group()
    target.add_argument("--url", metavar="URL", help="the service or a local server (HH_API_URL)")
    target.add_argument("--db", metavar="FILE", help="the SQLite file of a local server, without a server")


def add_output(parser: Parser, *, fields: bool = False, compact: bool = True) -> None:
    """Add the form of the output."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output",
        metavar="FORM",
        choices=FORMS,
        help=f"{', '.join(FORMS)} (a table on a terminal, else jsonl; json with --json)",
    )
    if fields:
        group.add_argument(
            "--fields", metavar="A,B", help="only these fields, such as event_name,metadata.cost"
        )
    if fields and compact:
        add_compact(group)


def add_compact(group: argparse._ActionsContainer) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add the options of an output that fits a context."""
    group.add_argument(
        "--compact", action="store_true", help="cut the longest values with a mark, and keep the ids"
    )
    group.add_argument(
        "--max-chars",
        metavar="N",
        type=characters,
        help=f"characters of the whole output with --compact ({COMPACT_CHARACTERS:,})",
    )


def add_filters(
    parser: Parser,
    *,
    positional: bool = True,
    limit: bool = True,
    evaluation: bool = True,
    most: str = "the largest number of events (all)",
) -> None:
    """Add which events are meant."""
    group = parser.add_argument_group("which events")
    if positional:
        group.add_argument("filter", metavar="FILTER", nargs="?", help=FILTER)
    group.add_argument(
        "-f",
        "--filter",
        dest="filters",
        metavar="FILTER",
        action="append",
        default=[],
        help=f"{'another' if positional else FILTER + ';'} condition that must be true; repeatable"
        if positional
        else f"{FILTER}; repeatable",
    )
    group.add_argument("--since", metavar="WHEN", help=f"start_time at or after this: {WHEN}")
    group.add_argument("--until", metavar="WHEN", help="start_time at or before this, in the same form")
    if evaluation:
        group.add_argument("--evaluation", metavar="ID", help="only events of this experiment run")
    if limit:
        group.add_argument("--limit", metavar="N", type=count, help=most)


def count(text: str) -> int:
    """Return a whole number of 1 or more.

    >>> count("20")
    20
    """
    if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) or not int(text):
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a whole number from 1, such as 20")
    return int(text)


def identifier(text: str) -> str:
    """Return the id of an event or a session.

    >>> identifier("CAF77ACE34174DA4944DF4A0688F3C23")
    'caf77ace-3417-4da4-944d-f4a0688f3c23'
    """
    from honeyhive_ext.errors import EventError
    from honeyhive_ext.payload.ids import uuid_str

    try:
        return uuid_str(text, "ID")
    except EventError:
        example = "caf77ace-3417-4da4-944d-f4a0688f3c23"
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a UUID, such as {example}") from None


def characters(text: str) -> int:
    """Return how many characters an output may have."""
    number = count(text)
    if number < FEWEST_CHARACTERS:
        raise argparse.ArgumentTypeError(f"it is {text}: give {FEWEST_CHARACTERS} or more")
    return number


def seconds_above_zero(text: str) -> float:
    """Return a number of seconds.

    >>> seconds_above_zero("0.5")
    0.5
    """
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text, re.ASCII) or not float(text):
        raise argparse.ArgumentTypeError(f"it is {text!r}: give seconds above 0, such as 2")
    return float(text)
