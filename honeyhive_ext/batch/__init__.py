"""Batches: planning, reconciling and reporting of any number of events.

`HoneyHive.events.create_batch` and `HoneyHive.sessions.create_event_batch` return a `BatchReport`; the
guide is docs/batches.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS
    from honeyhive_ext.batch.packed_ids import EventIds
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

_HOMES = {"EventIds": "packed_ids", "MAX_BYTES": "limits", "MAX_EVENTS": "limits"}  # the others are in report


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: a client that sends no batch needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'report')}"), name)
    globals()[name] = value
    return value
