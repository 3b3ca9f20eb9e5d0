"""Sends the events of JSON Lines files, searches for them and compares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import orjson

from examples.quickstart.program import PAGE_SIZE, Step
from honeyhive_ext import HoneyHive


class ReplayError(Exception):
    """An event did not come back as it was sent, or a file is not JSON Lines."""


def read(path: Path) -> list[dict[str, Any]]:
    """Return the events of a JSON Lines file, one object a line; empty lines are ignored."""
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
        events.append(cast(dict[str, Any], event))
    return events


def differences(sent: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """Return the fields of `sent` that are not equal in `stored`."""
    return [name for name, value in sent.items() if name not in stored or stored[name] != value]


def span_of(events: list[dict[str, Any]]) -> tuple[float | None, float | None]:
    """Return the range of start_time of these events; None, None if one has no start_time."""
    times = [e.get("start_time") for e in events]
    known = [t for t in times if isinstance(t, (int, float))]
    return (min(known), max(known)) if known and len(known) == len(times) else (None, None)


def compare(
    hh: HoneyHive,
    expected: dict[str, dict[str, Any]],
    start: float | None = None,
    end: float | None = None,
) -> int:
    """Search page by page and compare each event with the one that was sent; return the number of pages.

    Raises:
        ReplayError: An event is missing, changed, or came twice; the message names it.
    """
    seen: set[str] = set()
    pages = 0
    for page in hh.events.search(start=start, end=end, page_size=PAGE_SIZE).raw().pages():
        pages += 1
        for stored in page:
            event_id = stored["event_id"]
            if event_id not in expected:
                continue  # the server holds other events, too
            if event_id in seen:
                raise ReplayError(f"event {event_id} came back twice")
            seen.add(event_id)
            if changed := differences(expected[event_id], stored):
                raise ReplayError(f"event {event_id} came back changed: {', '.join(changed)}")
    if missing := expected.keys() - seen:
        raise ReplayError(f"{len(missing)} events did not come back, {min(missing)} among them")
    return pages


def replay(hh: HoneyHive, paths: list[Path]) -> Iterator[Step]:
    """Send each file as one batch; search for it; compare line by line.

    Raises:
        ReplayError: A line did not come back as it was sent.
    """
    everything: dict[str, dict[str, Any]] = {}
    lines = again = 0
    for path in paths:
        events = read(path)
        report = hh.events.create_batch(events)
        sent = dict(zip(report.event_ids, events, strict=True))
        compare(hh, sent, *span_of(events))
        lines += len(events)
        again += len(sent.keys() & everything.keys())
        everything |= sent
        yield Step(path.name, f"{len(events)} events, {report.bytes_sent:,} bytes: each came back equal")
    pages = compare(hh, everything)
    yield Step("searched everything", f"{len(everything)} events in {pages} pages of {PAGE_SIZE}, each once")
    if again:
        yield Step("ids that are in two files", f"{again}: the later event took the place of the earlier")
    yield Step("in all", f"{lines} lines sent, {lines} came back equal")
