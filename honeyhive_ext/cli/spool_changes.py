"""What changes a spool: `honeyhive-ext spool send` and `honeyhive-ext spool discard`."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from attrs import define

from honeyhive_ext.background.deliver import Sent, send_entries
from honeyhive_ext.background.leftovers import Leftovers
from honeyhive_ext.background.losses import cause
from honeyhive_ext.background.records import settle
from honeyhive_ext.background.spool.adopt import adopt
from honeyhive_ext.background.spool.header import Destination, Owns, Source
from honeyhive_ext.background.spool.survey import DestinationStatus, status
from honeyhive_ext.batch.limits import ObservedSizeLimit
from honeyhive_ext.batch.options import build_options
from honeyhive_ext.cli.streams import say
from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.settings import Settings, build_settings
from honeyhive_ext.errors import ConfigError, HoneyHiveError
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.observe.progress import Watcher

_DIGITS = 8  # of a digest, as `spool status` shows them


@define
class _Sending:
    """What became of what a spool held for one destination."""

    delivered: int = 0
    rejected: int = 0
    expired: int = 0
    unwritten: int = 0  # rejected, and not in rejected.jsonl
    elsewhere: int = 0  # owners
    unreadable: int = 0  # owners and segments
    left: int = 0
    living: int = 0
    error: HoneyHiveError | None = None

    def report(self) -> str:
        """Return the counts in one line."""
        parts = [f"{self.delivered:,} delivered", f"{self.rejected:,} rejected"]
        parts += [f"{self.expired:,} expired", f"{self.left:,} left"]
        if self.living:
            parts.append(f"{self.living:,} of these are of processes that run, and send them")
        if self.unwritten:
            parts.append(f"{self.unwritten:,} of the rejected are not in rejected.jsonl, which takes no more")
        if self.unreadable:
            parts.append(
                f"{self.unreadable:,} owners or segments cannot be read: `spool verify` looks at them"
            )
        if self.elsewhere:
            parts.append(f"{self.elsewhere:,} owners have events for elsewhere: `spool status` shows them")
        return ", ".join(parts) + (f"; {cause(self.error)}" if self.error is not None else "")


def send(options: argparse.Namespace, folder: Path) -> int:
    """Send what ended processes left for one destination. Return 0 if nothing of it is left.

    Raises:
        ConfigError: The settings or the arguments cannot be used, or nobody confirms.
    """
    if options.to is not None and options.source is None:
        raise ConfigError("--to needs --from: name whose events are sent, as `spool status` shows it")
    settings = build_settings(base_url=options.to)
    own = Destination(settings.base_url, settings.key(write=True), options.lane)
    wanted: Owns = own
    if options.source is None:
        total = sum(row.events - row.living_events for row in _rows(folder, own))
    else:
        name, wanted, row = _chosen(folder, options.source)
        total = row.events - row.living_events
        if total and not own.owns(row.sources[wanted]):
            question = f"send {total:,} events of {name} to {own.base_url}, with the key of the environment"
            _confirm(question, options)
    sending = _Sending()
    try:
        try:
            _send(folder, wanted, settings, options.max_age, total, sending)
        finally:
            rows = _rows(folder, wanted)
            sending.left = sum(row.events for row in rows)
            sending.living = sum(row.living_events for row in rows)
            sending.unreadable += sum(row.unreadable for row in rows)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(sending.report()) from None
    except (HoneyHiveError, OSError) as problem:
        raise ConfigError(f"{problem}; {sending.report()}") from problem
    say(sending.report())
    return 1 if sending.left or sending.unwritten or sending.unreadable else 0


def _send(
    folder: Path, wanted: Owns, settings: Settings, max_age: float | None, total: int, sending: _Sending
) -> None:
    """Send until nothing is left or a request fails. What is not acknowledged stays in the spool."""
    batch = build_options(settings, ObservedSizeLimit(), on_error="collect")
    adoption = adopt(folder, wanted, max_age=max_age)
    left = Leftovers(adoption)
    watcher = Watcher(sys.stderr.isatty() and find_spec("tqdm") is not None, total)
    try:
        with closing(Sender(settings)) as sender:
            waiting = left.take(batch.limits.max_events)
            while waiting and sending.error is None:
                sent = Sent()
                send_entries(sender, waiting, batch, sent)
                settle(sent.delivered, sent.rejected, ())
                sending.delivered += len(sent.delivered)
                sending.rejected += len(sent.rejected)
                sending.error = sent.error
                watcher.tell(sending.delivered + sending.rejected)
                settled = {id(entry) for entry in sent.delivered}
                settled.update(id(entry) for entry, _ in sent.rejected)
                waiting = [entry for entry in waiting if id(entry) not in settled] or left.take(
                    batch.limits.max_events
                )
    finally:
        watcher.close()
        left.close()
        sending.rejected = left.counts["rejected"]  # what is no event too
        sending.expired = left.counts["dropped_max_age"]
        sending.unwritten = left.counts["rejected_unwritten"]
        sending.elsewhere, sending.unreadable = adoption.elsewhere, adoption.unreadable


def discard(options: argparse.Namespace, folder: Path) -> int:
    """Delete what ended processes left for one destination. Return 0 if that could be done.

    Raises:
        ConfigError: The arguments cannot be used, or nobody confirms.
    """
    age: float | None = options.older_than
    name, wanted, row = _chosen(folder, options.source, before=time.time() - (age or 0))
    count = row.older_events if age is not None else row.events - row.living_events
    if count:
        _confirm(f"delete {count:,} events of {name}", options)
    adoption = adopt(folder, wanted, max_age=age)
    events = size = 0
    try:
        for backlog in adoption:
            with backlog:
                after, end = -1, False
                while not end:
                    window = backlog.read(after)
                    after, end = window.after, window.end
                    gone = window.records if age is None else window.expired
                    backlog.drop([one.position for one in gone], "discarded")
                    events += len(gone)
                    size += sum(len(one.payload) for one in gone)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{events:,} events are deleted") from None
    left = sum(row.events for row in _rows(folder, wanted))
    say(f"{events:,} events, {size:,} bytes deleted; {left:,} events left")
    return 0


def _rows(folder: Path, wanted: Owns) -> list[DestinationStatus]:
    return [*status(folder, wanted=wanted).destinations.values()]


def _chosen(folder: Path, text: str, before: float = 0.0) -> tuple[str, Source, DestinationStatus]:
    """Return the one destination that a person names, and what waits for it.

    Raises:
        ConfigError: There is none, or more than one.
    """
    rows = status(folder, before=before).destinations
    known = [(name, source, row) for name, row in sorted(rows.items()) for source in row.sources]
    found = [one for one in known if text in (one[0], printable(one[0]))]
    if not found:
        found = [
            one
            for one in known
            if text and (one[1].lane == text or (len(text) >= _DIGITS and one[1].digest.startswith(text)))
        ]
    if len(found) == 1:
        return found[0]
    which = "several destinations" if found else "no destination"
    names = "; ".join(name for name, _, _ in found or known) or "there is none"
    raise ConfigError(f"--from {text!r} is {which} of {folder}: {names}")


def _confirm(question: str, options: argparse.Namespace) -> None:
    if options.yes:
        return
    say(f"{question}? [y/N]")
    answer = sys.stdin.readline() if sys.stdin is not None else ""  # pyright: ignore[reportUnnecessaryComparison]
    if not answer:
        raise ConfigError("nobody confirms: give --yes")
    if answer.strip().lower() not in ("y", "yes"):
        raise ConfigError("nothing is changed")
