"""Any number of events in few requests, and a report of what happened to each.

`HoneyHive.events.create_batch` and `HoneyHive.sessions.create_event_batch` return a `BatchReport`. The
guide is docs/batches.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy

if TYPE_CHECKING:
    from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS
    from honeyhive_ext.batch.packed_ids import EventIds
    from honeyhive_ext.batch.report import BatchFailure, BatchReport, Reason, report_of
    from honeyhive_ext.observe.progress import Progress

__all__ = [
    "MAX_BYTES",
    "MAX_EVENTS",
    "BatchFailure",
    "BatchReport",
    "EventIds",
    "Progress",
    "Reason",
    "report_of",
]

_HOMES = {
    "EventIds": "batch.packed_ids",
    "MAX_BYTES": "batch.limits",
    "MAX_EVENTS": "batch.limits",
    "BatchFailure": "batch.report",
    "BatchReport": "batch.report",
    "Progress": "observe.progress",
    "Reason": "batch.report",
    "report_of": "batch.report",
}

__getattr__ = lazy(__name__, _HOMES)  # a client that sends no batch needs none of them
