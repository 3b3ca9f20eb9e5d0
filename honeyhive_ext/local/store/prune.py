"""Keep the store below a size: the oldest sessions go first."""

from __future__ import annotations

import sqlite3

from honeyhive_ext.local.store.columns import quoted

KEEP = 0.9  # the share of the bound that is left after pruning, so that not every write prunes


def size(connection: sqlite3.Connection) -> int:
    """Return the bytes in use, without the pages that are free for new events."""
    pages, free, page = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * page


def prune(connection: sqlite3.Connection, bound: int) -> int:
    """Delete the oldest sessions until the store is well below `bound` bytes; return how many events went.

    A session is as old as its newest event. The newest session is kept, whatever its size.
    """
    if size(connection) <= bound:
        return 0
    session = quoted("session_id")
    oldest = connection.execute(
        f"SELECT {session}, count(*) FROM events GROUP BY {session} ORDER BY max(sort_time)"
    ).fetchall()
    deleted = 0
    connection.execute("BEGIN IMMEDIATE")
    for session_id, _events in oldest[:-1]:
        value = session_id.decode() if isinstance(session_id, bytes) and session_id else session_id
        connection.execute(
            f"DELETE FROM indexed WHERE seq IN (SELECT seq FROM events WHERE {session} IS ?)", [value]
        )
        deleted += connection.execute(f"DELETE FROM events WHERE {session} IS ?", [value]).rowcount
        connection.execute("DELETE FROM sessions WHERE session_id IS ?", [value])
        if size(connection) <= bound * KEEP:
            break
    connection.execute("UPDATE totals SET value = value - ? WHERE name = 'events'", [deleted])
    connection.execute("UPDATE totals SET value = value + 1 WHERE name = 'version'")
    connection.execute("COMMIT")
    connection.execute("PRAGMA incremental_vacuum")
    return deleted
