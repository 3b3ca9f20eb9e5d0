"""Batches: planning, reconciling and reporting of any number of events.

`HoneyHive.events.create_batch` and `HoneyHive.sessions.create_event_batch` return a `BatchReport`; the
guide is docs/batches.md.
"""

from honeyhive_ext.batch.ids import EventIds
from honeyhive_ext.batch.plan import MAX_BYTES, MAX_EVENTS
from honeyhive_ext.batch.report import BatchFailure, BatchReport, Progress, Reason, report_of

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
