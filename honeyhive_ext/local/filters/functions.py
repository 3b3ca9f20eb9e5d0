"""SQL functions for what SQLite's own functions cannot answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from honeyhive_ext.local.codec import dumps
from honeyhive_ext.local.filters.operands import instant
from honeyhive_ext.local.filters.predicates import match


def register(connection: sqlite3.Connection, late: Callable[[], bool]) -> None:
    """Register hh_match, hh_instant, hh_json and hh_fold with a connection.

    Args:
        connection: The connection.
        late: Tells whether a statement has to end. SQLite itself asks that too seldom: between two of its
            looks there may be hundreds of calls.
    """

    def look() -> None:
        if late():
            raise TimeoutError

    def matched(text: bytes | str | None, spec: str) -> int:
        look()
        return match(text, spec, look)

    connection.create_function("hh_match", 2, matched, deterministic=True)
    connection.create_function("hh_instant", 1, _instant, deterministic=True)
    connection.create_function("hh_json", 1, _json, deterministic=True)
    connection.create_function("hh_fold", 1, _fold, deterministic=True)


def _instant(text: bytes | str | None) -> float | None:
    return instant(text.decode() if isinstance(text, bytes) else text)


def _fold(text: bytes | str) -> str:
    return (text.decode(errors="replace") if isinstance(text, bytes) else text).casefold()


def _json(value: str | float | None) -> str | None:
    return None if value is None else dumps(value)
