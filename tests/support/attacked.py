"""A client process under attack: argv are the way it sends, the URL, and what it calls.

It prints what the call ended with, its seconds, and the megabytes that its memory grew at its peak.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from honeyhive_ext.errors import HoneyHiveError
from tests.support.ways import client_over

TIMEOUT = 3.0
CALLS: dict[str, Any] = {
    "create": lambda hh: hh.events.create("tool"),
    "get": lambda hh: hh.events.get("caf77ace-3417-4da4-944d-f4a0688f3c23"),
}


def peak(process: str = "self") -> float:
    """Return the most memory that a process had so far, in MB.

    It is not ru_maxrss of getrusage, which begins with what the parent process had.
    """
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main(way: Any, url: str, call: str) -> None:
    """Make a call that succeeds, and the one that is attacked."""
    with client_over(way, url, timeout=TIMEOUT, retry=False) as client:
        client.do(CALLS["create"])
        before, start = peak(), time.monotonic()
        try:
            client.do(CALLS[call])
            outcome = "an answer"
        except HoneyHiveError as error:
            outcome = type(error).__name__
        print(json.dumps([outcome, time.monotonic() - start, peak() - before]))


if __name__ == "__main__":
    main(*sys.argv[1:])
