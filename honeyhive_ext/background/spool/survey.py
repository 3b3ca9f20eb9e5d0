"""What is in a spool, for people: events and bytes by destination. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from honeyhive_ext.background.spool.adopt import header_of, owners
from honeyhive_ext.background.spool.backlog import WINDOW
from honeyhive_ext.background.spool.header import Header, Owns, Source
from honeyhive_ext.background.spool.layout import Spooled
from honeyhive_ext.background.spool.owner import is_living
from honeyhive_ext.background.spool.rejected import REJECTED
from honeyhive_ext.background.spool.segment import Segment
from honeyhive_ext.background.spool.trouble import trouble
from honeyhive_ext.config.reprs import never_raising


@dataclass
class DestinationStatus:
    """What waits for one destination.

    Attributes:
        sources: Where that is, with a header that says so; empty if damage hides it.
        living: How many owners hold their events right now.
        ended: How many owners ended and left some.
        segments: How many segments they have.
        events: How many records are not acknowledged.
        living_events: How many of them are of living owners.
        older_events: How many of the others were appended before the time that was asked about.
        bytes: Their payloads, in bytes.
        oldest: When the oldest of them was appended, in Unix seconds; None without one.
        damaged_bytes: Bytes in segments of ended owners that belong to no record.
        lost: Records of ended owners that are missing between others, at least so many.
        no_events: Records that `check` refused.
        unreadable: Segments that could not be read.
    """

    sources: dict[Source, Header] = field(default_factory=dict[Source, Header])
    living: int = 0
    ended: int = 0
    segments: int = 0
    events: int = 0
    living_events: int = 0
    older_events: int = 0
    bytes: int = 0
    oldest: int | None = None
    damaged_bytes: int = 0
    lost: int = 0
    no_events: int = 0
    unreadable: int = 0


@never_raising
@dataclass
class SpoolStatus:
    """What is in the folder of a spool.

    Attributes:
        destinations: What waits, by where it goes. Damage may hide that: then it is "unknown".
        unreadable: Segments that could not be read.
        rejected_bytes: The size of `rejected.jsonl`, in bytes.
    """

    destinations: dict[str, DestinationStatus] = field(default_factory=dict)
    unreadable: int = 0
    rejected_bytes: int = 0


def status(
    folder: str | os.PathLike[str],
    *,
    wanted: Owns | None = None,
    before: float = 0.0,
    check: Callable[[Spooled], bool] | None = None,
) -> SpoolStatus:
    """Count what is in a spool. All of it is read, a window at a time.

    Args:
        folder: The folder of the spool.
        wanted: What is counted; None for everything.
        before: A time in Unix seconds, see `older_events`.
        check: Tells whether a record that is whole is an event; None does not look.

    Raises:
        SpoolError: The folder cannot be read.

    >>> from honeyhive_ext.background.spool import status
    >>> status("/no/such/folder").destinations
    {}
    """
    path = Path(folder).expanduser().absolute()
    found = SpoolStatus()
    try:
        listed = owners(os.listdir(path))
        if (path / REJECTED).exists():
            found.rejected_bytes = (path / REJECTED).stat().st_size
    except FileNotFoundError:
        return found
    except OSError as error:
        raise trouble(error, path) from error
    for owner, numbers in sorted(listed.items()):
        header = header_of(path, owner, numbers)
        if wanted is not None and (header is None or not wanted.owns(header)):
            continue
        waiting = found.destinations.setdefault(header.goes_to if header else "unknown", DestinationStatus())
        if header is not None:
            waiting.sources.setdefault(Source.of(header), header)
        living = is_living(path, owner)
        waiting.living += living
        waiting.ended += not living
        for number in numbers:
            waiting.segments += 1
            try:
                _count(Segment(path, owner, number, read_only=True), waiting, living, before, check)
            except FileNotFoundError:  # all of it was delivered since the folder was listed
                waiting.segments -= 1
            except OSError:
                waiting.unreadable += 1
                found.unreadable += 1
    return found


def _count(
    segment: Segment,
    waiting: DestinationStatus,
    living: bool,
    before: float,
    check: Callable[[Spooled], bool] | None,
) -> None:
    end = False
    while not end:
        seen = segment.read(WINDOW)
        end = seen.end
        if not living:  # a living owner is just writing
            waiting.damaged_bytes += seen.damaged
            waiting.lost += len(seen.lost.without(segment.acks.ranges))
        for record in seen.records:
            if record.position not in segment.acks.ranges:
                waiting.events += 1
                waiting.living_events += living
                waiting.older_events += not living and record.written_at < before
                waiting.bytes += len(record.payload)
                waiting.oldest = min(record.written_at, waiting.oldest or record.written_at)
                waiting.no_events += check is not None and not check(record)
