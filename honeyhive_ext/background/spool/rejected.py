"""What the service refused, as JSON Lines for people: never sent again, and not lost in silence."""

from __future__ import annotations

import json
import os
from pathlib import Path

from honeyhive_ext.background.spool.layout import Spooled
from honeyhive_ext.background.spool.secure import check_own

REJECTED = "rejected.jsonl"
MOST = 64 * 1024 * 1024  # bytes of the file; what is refused later is only counted


def rejected_line(record: Spooled, reason: str, goes_to: str, at: int) -> bytes:
    """Return the line for a record that the service refused; `at` is in Unix seconds."""
    try:
        event: object = json.loads(record.payload)
    except ValueError:
        event = record.payload.decode("latin-1")
    told = {
        "rejected_at": at,
        "reason": reason,
        "goes_to": goes_to,
        "kind": record.kind.name.lower(),
        "appended_at": record.written_at,
        "event": event,
    }
    return json.dumps(told).encode() + b"\n"


def append_line(folder: Path, line: bytes) -> bool:
    """Append a line to the file in one write, as other processes do; return whether it is there.

    A disk that takes only a part of it leaves a line that is no JSON: the next one begins after its end.
    """
    flags = (
        os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    )
    try:
        descriptor = os.open(folder / REJECTED, flags, 0o600)
        try:
            check_own(descriptor)
            if os.fstat(descriptor).st_size + len(line) > MOST:
                return False
            written = os.write(descriptor, line)
            if written < len(line):
                os.write(descriptor, b"\n")
            return written == len(line)
        finally:
            os.close(descriptor)
    except OSError:
        return False
