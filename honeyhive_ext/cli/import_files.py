"""`honeyhive-ext import FILE...`: events of files are sent in constant memory, each with its id."""

from __future__ import annotations

import argparse
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson
from attrs import define

from honeyhive_ext.batch.intake import TWICE
from honeyhive_ext.cli.event_files import FileEvent, read_events
from honeyhive_ext.cli.import_state import ImportState, begin
from honeyhive_ext.cli.meter import Meter
from honeyhive_ext.cli.output import tell_result
from honeyhive_ext.cli.streams import note, say, say_json
from honeyhive_ext.cli.target import connected
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import ConfigError, EventError, HoneyHiveError, NotFoundError
from honeyhive_ext.payload.events import prepare_event
from honeyhive_ext.payload.times import now_ms

if TYPE_CHECKING:
    from pathlib import Path

    from honeyhive_ext.client.sync import HoneyHive

CHUNK_EVENTS = 5_000  # between two notes of how far it is
CHUNK_BYTES = 32_000_000
_NAMESPACE = uuid.UUID("5f1c3b0e-6f0e-5d5c-9a57-2d0c4a1f7b11")
_SETTINGS = EventSettings()  # of a dry run
_ONLY_READ = ("project",)  # the service sends it back; the key decides it
_FINAL = ("invalid", "duplicate", "refused", "too_large")  # reasons that no later attempt changes


class Letter(NamedTuple):
    """An event that cannot be sent, as a line of the file of rejected events has it."""

    file: str
    line: int
    reason: str
    content: bytes

    def as_line(self) -> bytes:
        """Return the line. An event that is JSON is in it as JSON."""
        file = self.file.encode(errors="backslashreplace").decode()  # a file's name can be any bytes
        told: dict[str, Any] = {"file": file, "line": self.line, "reason": self.reason}
        try:
            told["event"] = orjson.Fragment(
                self.content if orjson.loads(self.content) is not None else b"null"
            )
        except ValueError:
            told["text"] = self.content.decode(errors="replace")
        return orjson.dumps(told) + b"\n"


@define
class Tally:
    """What became of the events so far."""

    sent: int = 0
    rejected: int = 0
    before: int = 0

    def report(self, *, dry: bool) -> str:
        """Return the counts in one line."""
        parts = [f"{self.sent:,} {'can be sent' if dry else 'sent'}"]
        if self.before:
            parts.append(f"{self.before:,} sent before")
        parts.append(f"{self.rejected:,} rejected")
        return ", ".join(parts)


def import_files(options: argparse.Namespace) -> int:
    """Send the events of every file; return 1 if one was rejected.

    Raises:
        ConfigError: A file cannot be read, or is not the one that an earlier import began with.
        APIError: The service cannot be reached, or fails. The same command continues later.
    """
    tally = Tally()
    if options.dry_run:
        return _checked(options, tally)
    with connected(options, writes=True) as hh:
        settings = hh.events._sender.settings  # pyright: ignore[reportPrivateUsage]
        key = settings.key(write=True)
        with closing(begin(options, f"{settings.base_url}\0{options.db or ''}\0{key.reveal()}")) as state:
            try:
                _send_all(hh, options, state, tally)
                place = state.complete()
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_how_to_go_on(state, tally)) from None
            except HoneyHiveError as problem:
                problem.args = (f"{problem}; {_how_to_go_on(state, tally)}",)
                raise
            except OSError as problem:
                reason = f"cannot write {problem.filename}: {problem.strerror or problem}"
                raise ConfigError(f"{reason}; {_how_to_go_on(state, tally)}") from problem
    _told(options, tally, place)
    return 1 if tally.rejected else 0


def _how_to_go_on(state: ImportState, tally: Tally) -> str:
    again = "the same command continues after them"
    if not state.resumes:
        again = "a pipe cannot be resumed"
        if tally.rejected:
            again += f"; {tally.rejected:,} rejected: see {state.path}"
    return f"{tally.sent + tally.before:,} events are sent; {again}"


def _send_all(hh: HoneyHive, options: argparse.Namespace, state: ImportState, tally: Tally) -> None:
    with Meter(options) as meter:
        for name in dict.fromkeys(options.files):
            done = state.done(name)
            tally.before += done.sent
            tally.rejected += done.rejected
            reads = (read for read in read_events(name) if read.line > done.line)
            for chunk in _chunks(reads):
                letters = _send(hh, name, chunk, options)
                state.note(name, chunk[-1].line, len(chunk), [letter.as_line() for letter in letters])
                tally.sent += len(chunk) - len(letters)
                tally.rejected += len(letters)
                meter.tell(tally.sent + tally.before)


def _chunks(reads: Iterator[FileEvent]) -> Iterator[list[FileEvent]]:
    chunk: list[FileEvent] = []
    size = 0
    for read in reads:
        chunk.append(read)
        size += len(read.content)
        if len(chunk) == CHUNK_EVENTS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _send(hh: HoneyHive, name: str, chunk: Sequence[FileEvent], options: argparse.Namespace) -> list[Letter]:
    """Send some events; return those that can never be sent.

    Raises:
        HoneyHiveError: An event was not delivered that may be later.
    """
    letters = [Letter(name, read.line, problem, read.content) for read in chunk if (problem := _wrong(read))]
    whole = [read for read in chunk if not _wrong(read)]
    events = [cleaned(read, drop=options.drop_unknown) for read in whole]
    report = hh.events.create_batch(events, on_error="collect")
    for failure in report.failures:
        elsewhere = isinstance(failure.error, NotFoundError)  # what answers is not the API
        if elsewhere or failure.reason not in _FINAL:
            raise failure.error
        read = whole[failure.index]
        letters.append(Letter(name, read.line, f"{failure.reason}: {failure.error}", read.content))
    return sorted(letters, key=lambda letter: letter.line)


def _checked(options: argparse.Namespace, tally: Tally) -> int:
    """Check every event as the client does before it sends one."""
    for name in dict.fromkeys(options.files):
        for chunk in _chunks(read_events(name)):
            seen: set[str] = set()
            for read in chunk:
                if problem := _wrong(read) or _refused(read, seen, drop=options.drop_unknown):
                    tally.rejected += 1
                    _say_rejected(name, read.line, problem, as_json=options.json)
                else:
                    tally.sent += 1
    _told(options, tally, None)
    return 1 if tally.rejected else 0


def _wrong(read: FileEvent) -> str:
    """Return why this is no event at all; "" if it is one."""
    event: object = read.event
    if read.problem or isinstance(event, dict):
        return read.problem
    return f"an event is a JSON object, not {_OTHERS.get(type(event), 'null')}"


_OTHERS: Mapping[type[object], str] = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
}


def _refused(read: FileEvent, seen: set[str], *, drop: bool) -> str:
    """Return why the client does not send an event; "" if it does.

    Args:
        read: The event.
        seen: The ids of the events before it that are sent with it. Its own is added.
        drop: Whether properties that the API does not take are left out.
    """
    try:
        event = prepare_event(cleaned(read, drop=drop), {}, settings=_SETTINGS, now_ms=now_ms)
    except EventError as error:
        return str(error)
    if event.event_id in seen:
        return f"event_id: {TWICE}"
    seen.add(event.event_id)
    return ""


def _say_rejected(name: str, line: int, reason: str, *, as_json: bool) -> None:
    if as_json:
        say_json(json.dumps({"rejected": {"file": name, "line": line, "reason": reason}}))
    else:
        say(f"{name}: line {line}: {reason}")


def _told(options: argparse.Namespace, tally: Tally, place: Path | None) -> None:
    """Say what became of the events."""
    note(options, tally.report(dry=options.dry_run) + (f": see {place}" if place else ""))
    if options.json:
        counts = {"sent": tally.sent, "sent_before": tally.before, "rejected": tally.rejected}
        tell_result({**counts, "dry_run": options.dry_run, "rejected_file": place and str(place)})


def cleaned(read: FileEvent, *, drop: bool) -> Any:
    """Return an event as the API takes it: an event that was exported can be imported.

    A null is left out, as the service reads both alike. An event without an id gets one that follows from its
    line, so that it has the same id each time.

    Args:
        read: The event.
        drop: Whether properties that the API does not take are left out.
    """
    if not isinstance(read.event, dict):
        return read.event
    event = {
        name: value
        for name, value in cast("Mapping[str, Any]", read.event).items()
        if value is not None and name not in _ONLY_READ
    }
    if drop:
        known = _known()
        event = {name: value for name, value in event.items() if name in known}
    if "event_id" not in event:
        text = f"{sha256(read.content).hexdigest()}:{read.line}"
        event["event_id"] = str(uuid.uuid5(_NAMESPACE, text))
    return event


def _known() -> frozenset[str]:
    from honeyhive_client.request_fields import REQUEST_FIELDS

    return frozenset(REQUEST_FIELDS["CreateEventRequest"])
