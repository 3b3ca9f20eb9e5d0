"""The store of the local server: one SQLite file, or memory."""

from __future__ import annotations

from honeyhive_ext.local.store.columns import Columns, kinds
from honeyhive_ext.local.store.connections import StoreClosedError
from honeyhive_ext.local.store.store import Store
from honeyhive_ext.local.store.transaction import Draft, Stored, Transaction, get

__all__ = ["Columns", "Draft", "Store", "StoreClosedError", "Stored", "Transaction", "get", "kinds"]
