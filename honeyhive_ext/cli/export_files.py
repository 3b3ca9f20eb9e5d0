"""`honeyhive-ext export`: the events that a search finds, as a file or as a set of Parquet files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from honeyhive_ext.cli.asked import asked_for
from honeyhive_ext.cli.commands import MistypedError
from honeyhive_ext.cli.data import export_store
from honeyhive_ext.cli.meter import Meter
from honeyhive_ext.cli.output import tell_written
from honeyhive_ext.cli.running import NoLocalServerError
from honeyhive_ext.cli.target import base_url, connected, is_local
from honeyhive_ext.errors import ConfigError

LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst")
OTHERS = (".csv", ".csv.gz", ".csv.zst", ".parquet")


def export(options: argparse.Namespace) -> int:
    """Write the events; return the exit status."""
    if options.partition is not None:
        return _set(options)
    if options.overlap is not None or options.refresh is not None:
        raise MistypedError("--overlap and --refresh need --partition")
    if options.columns is not None and not options.file.lower().endswith(".parquet"):
        raise MistypedError("--columns needs a FILE that ends in .parquet, or --partition")
    if _is_older_form(options):
        try:
            return export_store(options)
        except NoLocalServerError:
            if options.file == "-":
                raise
    return _search(options)


def _is_older_form(options: argparse.Namespace) -> bool:
    """Return whether the whole store of a local server is meant: --db or --url, and nothing to choose by."""
    somewhere = options.db is not None or options.url is not None
    if options.file == "-" and somewhere:
        return True
    chosen = options.filters or options.since or options.until or options.evaluation or options.limit
    if chosen or options.parallel != 1 or options.file.lower().endswith(OTHERS):
        return False
    if options.url is not None and options.url.strip():
        try:
            return is_local(base_url(options.url))
        except ConfigError:
            return True
    return somewhere


def _search(options: argparse.Namespace) -> int:
    name = options.file.lower()
    if name == "-":
        raise MistypedError("name a FILE, or print events with `events search --output jsonl`")
    if not name.endswith((*LINES, *OTHERS)):
        raise ConfigError(f"FILE is {options.file!r}: end its name in {', '.join((*LINES, *OTHERS))}")
    with connected(options) as hh, Meter(options, options.limit) as meter:
        found = asked_for(hh, options, parallel=options.parallel)
        write: Callable[..., int] = found.to_jsonl
        if name.endswith(".parquet"):
            write = partial(found.to_parquet, columns=() if options.columns is None else options.columns)
        elif name.endswith(OTHERS):
            write = found.to_csv
        number = _written(write, options, meter)
    tell_written(options, number)
    return 0


def _set(options: argparse.Namespace) -> int:
    """Bring a set of Parquet files up to date."""
    if options.file == "-":
        raise MistypedError("name a folder: export DIR --partition day")
    given = {name: getattr(options, name) for name in ("columns", "overlap", "refresh")}
    with connected(options) as hh, Meter(options) as meter:
        found = asked_for(hh, options, parallel=options.parallel)
        chosen = {name: value for name, value in given.items() if value is not None}
        write = partial(found.to_parquet_dataset, partition=options.partition, **chosen)
        number = _written(write, options, meter)
    tell_written(options, number, "added")
    return 0


def _written(write: Callable[..., int], options: argparse.Namespace, meter: Meter) -> int:
    try:
        return write(options.file, progress=meter.tell)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command continues where this one stopped") from None
    except OSError as problem:
        raise ConfigError(
            f"cannot write {options.file}: {problem.strerror or problem}; the same command continues"
        ) from problem
