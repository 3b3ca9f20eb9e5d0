"""A process that appends to a spool, or drains it, until it is killed; it says what it has done.

python -m tests.support.appender append FOLDER SYNC FIRST    a line with each number that is in the spool
python -m tests.support.appender drain FOLDER                a line with each number before it is acknowledged
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from honeyhive_ext.background.spool import RecordKind, Spool, SpoolError, adopt
from tests.support.spooling import HERE, number_of, payload


def say(numbers: list[int]) -> None:
    """Write whole lines in one call, as a kill may come at any time."""
    os.write(1, "".join(f"{number}\n" for number in numbers).encode())


def append(folder: Path, sync: str, first: int) -> None:
    """Append numbered records for ever; two threads."""
    import threading

    spool = Spool(folder, HERE, sync=sync, segment_bytes=256 * 1024)  # type: ignore[arg-type]

    def run(number: int) -> None:
        while True:
            try:
                spool.append(RecordKind.CREATE, payload(number, number % 1500))
            except SpoolError as error:
                raise SystemExit(str(error)) from error
            say([number])
            number += 2

    threading.Thread(target=run, args=(first + 1,), daemon=True).start()
    run(first)


def drain(folder: Path) -> None:
    """Say and acknowledge what ended processes left."""
    for backlog in adopt(folder, HERE):
        with backlog:
            after, end = -1, False
            while not end:
                window = backlog.read(after, 4096)
                after, end = window.after, window.end
                for record in window.records:
                    say([number_of(record)])
                    backlog.acknowledge([record.position])
                if backlog.counts["damaged_bytes"]:
                    say([-backlog.counts["damaged_bytes"]])


if __name__ == "__main__":
    if sys.argv[1] == "append":
        append(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        drain(Path(sys.argv[2]))
