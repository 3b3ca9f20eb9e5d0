"""The arguments of `honeyhive-ext export`, `import` and `seed`, which move events between places."""

from __future__ import annotations

import argparse

from honeyhive_ext.cli import arguments
from honeyhive_ext.cli.commands import Parser, later

LOCAL_KEY = "hh_local"  # a local server takes it, unless it was given a key


def add_export(command: Parser) -> None:
    """Add the arguments of `export`."""
    command.set_defaults(run=later("export_files", "export"))
    command.description = (
        "Write the events that a search finds to a file, newest first. The file appears when it is complete. "
        "After an interruption, the same command continues. Older form: with --db or --url of a local server "
        "and no filter, all events of its store are written as JSON Lines, in insertion order, also to "
        "standard output."
    )
    command.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help="ends in .jsonl, .csv (also with .gz, .zst) or .parquet; a folder with --partition",
    )
    arguments.add_filters(command, positional=False)
    command.add_argument(
        "--parallel", metavar="N", type=_parallel, default=1, help="requests at the same time, 1 to 64 (1)"
    )
    command.add_argument(
        "--columns",
        metavar="A,B",
        help="more columns of Parquet, for values inside objects: metadata.cost,metadata.model:string",
    )
    command.add_argument(
        "--partition",
        choices=("day", "hour", "month"),
        help="FILE is a folder of Parquet files by time; a later run adds what is new",
    )
    command.add_argument(
        "--overlap",
        metavar="TIME",
        help="with --partition: how late an event may arrive, such as 6h (1h)",
    )
    command.add_argument(
        "--refresh",
        metavar="WHEN",
        help="with --partition: fetch and replace partitions from this time on, such as 7d",
    )
    arguments.add_target(command)
    command.add_argument("--api-key", metavar="KEY", help=argparse.SUPPRESS)
    arguments.add_manner(command)
    command.show_examples(
        "honeyhive-ext export week.jsonl.gz --since 7d",
        "honeyhive-ext export models.parquet -f 'event_type is model' --parallel 4",
        "honeyhive-ext export costs.parquet --columns metadata.cost:number,metadata.model",
        "honeyhive-ext export costly.csv -f 'metadata.cost > 0.01'",
        "honeyhive-ext export events --partition day --parallel 4",
    )


def add_import(command: Parser) -> None:
    """Add the arguments of `import`."""
    command.set_defaults(run=later("import_files", "import_files"))
    command.description = (
        "Send the events of files, with their ids, in constant memory. Events that cannot be sent go to "
        "a file, with the reason. After an interruption, the same command continues."
    )
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="JSON Lines (also .gz, .zst), CSV or Parquet; - reads stdin"
    )
    command.add_argument("--dry-run", action="store_true", help="check every event and send none")
    command.add_argument(
        "--rejected", metavar="FILE", help="the file for events that cannot be sent (FILE.rejected.jsonl)"
    )
    command.add_argument(
        "--drop-unknown", action="store_true", help="leave out properties that the API does not take"
    )
    command.add_argument("--restart", action="store_true", help="begin again, and send everything")
    arguments.add_target(command)
    arguments.add_manner(command)
    command.show_examples(
        "honeyhive-ext import events.jsonl --dry-run",
        "honeyhive-ext import events.jsonl --db copy.db",
    )


def add_seed(command: Parser) -> None:
    """Add the arguments of `seed`."""
    command.set_defaults(run=later("data", "seed"))
    command.description = (
        "Older form of import, for a local server alone. Store one event a line. It replaces a stored event "
        "of the same event_id."
    )
    command.add_argument(
        "files", metavar="FILE.jsonl", nargs="+", help="the events, also as .gz or .zst; - reads stdin"
    )
    target = command.add_mutually_exclusive_group(required=True)
    target.add_argument("--db", metavar="FILE", help="the server's SQLite file")
    target.add_argument("--url", metavar="URL", help="a running local server")
    command.add_argument("--api-key", metavar="KEY", default=LOCAL_KEY, help="the running server's key")
    command.add_argument("--json", action="store_true", help="print an error as one JSON object")
    command.show_examples("honeyhive-ext seed events.jsonl --db copy.db")


def _parallel(text: str) -> int:
    number = arguments.count(text)
    if number > 64:
        raise argparse.ArgumentTypeError(f"it is {text}: give 1 to 64")
    return number
