"""Events on disk until they are delivered: what a killed process leaves, the next one finds.

A process has a `Spool`: it appends records to it, and acknowledges them when they need not be kept any
more. `adopt` finds what processes that ended have left for the same destination. `status` counts what is
there. Nothing here knows HTTP, or what is inside a record.

In the folder are, for each owner (a process, or one client in it):

    OWNER.lock              locked while the owner lives; says where its events go
    OWNER-00000001.segment  records, in the order of their positions
    OWNER-00000001.acks     ranges of positions that need not be sent any more

and `rejected.jsonl`, which holds what the service refused, and why, and `salt`, which makes the digests of
this folder unlike those of others.
"""

from __future__ import annotations

from honeyhive_ext.background.spool.adopt import Adoption, adopt
from honeyhive_ext.background.spool.backlog import Backlog, Reading
from honeyhive_ext.background.spool.header import Destination, Header, Owns, Source
from honeyhive_ext.background.spool.layout import RecordKind, Spooled
from honeyhive_ext.background.spool.spool import Spool
from honeyhive_ext.background.spool.survey import DestinationStatus, SpoolStatus, status
from honeyhive_ext.background.spool.tail import Sync
from honeyhive_ext.background.spool.trouble import SpoolError, SpoolReason

__all__ = [
    "Adoption",
    "Backlog",
    "Destination",
    "DestinationStatus",
    "Header",
    "Owns",
    "Reading",
    "RecordKind",
    "Source",
    "Spool",
    "SpoolError",
    "SpoolReason",
    "SpoolStatus",
    "Spooled",
    "Sync",
    "adopt",
    "status",
]
