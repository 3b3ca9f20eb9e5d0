"""The CPU of the processes that a process has started, such as the JVM and the workers of Spark."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

#: The parent of a process, and its clock ticks with those of its children that have ended.
_Entry: TypeAlias = tuple[int, int]


def descendants_cpu() -> float:
    """Return the CPU in seconds of all processes below this one, to 10 ms; 0 where there is no /proc.

    A process that has ended counts if its parent has waited for it and still runs.
    """
    return ticks_below(os.getpid(), entries(Path("/proc"))) / os.sysconf("SC_CLK_TCK")


def entries(proc: Path) -> dict[int, _Entry]:
    """Return what the system knows of each process."""
    found: dict[int, _Entry] = {}
    for stat in proc.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        found[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return found


def ticks_below(process: int, known: Mapping[int, _Entry]) -> int:
    """Return the ticks of all processes below a process, without its own."""
    children: dict[int, list[int]] = {}
    for one, (parent, _) in known.items():
        children.setdefault(parent, []).append(one)

    def below(ids: Iterable[int]) -> int:
        return sum(known[one][1] + below(children.get(one, ())) for one in ids)

    return below(children.get(process, ()))
