"""The store of the local server: one SQLite file, or memory. It knows no HTTP."""

from __future__ import annotations

from honeyhive_ext.local.store.columns import kinds
from honeyhive_ext.local.store.packed_row import PackedRows
from honeyhive_ext.local.store.store import Store
from honeyhive_ext.local.store.store_errors import (
    EventExistsError,
    InterruptedReadError,
    SlowReadError,
    StoreClosedError,
    StoreFailedError,
)
from honeyhive_ext.local.store.transaction import Draft, Stored, Transaction

__all__ = [
    "Draft",
    "EventExistsError",
    "InterruptedReadError",
    "PackedRows",
    "SlowReadError",
    "Store",
    "StoreClosedError",
    "StoreFailedError",
    "Stored",
    "Transaction",
    "kinds",
]
