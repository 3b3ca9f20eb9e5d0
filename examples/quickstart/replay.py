"""Send the events of JSON Lines files and hold what search returns against what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from examples.quickstart.program import PAGE_SIZE, Step
from honeyhive_ext import HoneyHive


class ReplayError(Exception):
    """An event did not come back as it was sent, or a file is not JSON Lines."""


def read(path: Path) -> list[dict[str, Any]]:
    """The events of a JSON Lines file, one object a line; empty lines are passed over."""
    events: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ReplayError(f"{path.name}, line {number}: not JSON ({error})") from error
        if not isinstance(event, dict):
            raise ReplayError(f"{path.name}, line {number}: an event is a JSON object")
        events.append(event)
    return events


def differences(sent: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """The fields of `sent` that are not equal in `stored`."""
    return [name for name, value in sent.items() if name not in stored or stored[name] != value]


def replay(hh: HoneyHive, paths: list[Path]) -> Iterator[Step]:
    """Send each file as one batch; then search everything and compare event by event.

    Raises:
        ReplayError: An event is missing, changed, or came twice; the message names it.
    """
    expected: dict[str, dict[str, Any]] = {}
    for path in paths:
        events = read(path)
        report = hh.events.create_batch(events)
        expected.update(zip(report.event_ids, events, strict=True))
        sessions = len({e.get("session_id") for e in events})
        sent = f"{len(events)} events in {sessions} session(s), {report.bytes_sent:,} bytes sent"
        yield Step(path.name, sent)

    seen: set[str] = set()
    for stored in hh.events.search(page_size=PAGE_SIZE).raw():
        event_id = stored["event_id"]
        if event_id in seen:
            raise ReplayError(f"event {event_id} came back twice")
        if event_id not in expected:
            continue  # this server holds other events, too
        seen.add(event_id)
        if changed := differences(expected[event_id], stored):
            raise ReplayError(f"event {event_id} came back changed: {', '.join(changed)}")
    if missing := expected.keys() - seen:
        raise ReplayError(f"{len(missing)} events did not come back, {min(missing)} among them")
    yield Step("searched everything", f"{len(seen)} events came back equal to what was sent, each once")
