"""What of the public interface has an entry in the reference. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

# What a class holds without code of its own is described at the class: attributes, and keys of a TypedDict.
_WITHIN = re.compile(r"[\w.]+(\[\w+\]|\.[a-z]\w*)(: .*)?( +\[deprecated\])?$")
_OPERATOR = re.compile(r"[\w.]+\.__(?!version)\w+__\b")
_NAME = re.compile(r"[\w.]+")
_LINE = re.compile(r"(.+?)\s+\S+\s+-?\d+\s+\S*\s+")  # name, role, priority, place, shown name


def names_of(inventory: bytes) -> set[str]:
    """Return the names of an objects.inv of version 2, which Sphinx defines."""
    head, _, packed = inventory.partition(b"zlib.\n")
    if not head.startswith(b"# Sphinx inventory version 2\n"):
        raise ValueError("this is no inventory of version 2")
    lines = zlib.decompress(packed).decode("utf-8").splitlines()
    return {found[1] for line in lines if (found := _LINE.match(line))}


def without_an_entry(interface: Iterable[str], entries: set[str]) -> list[str]:
    """Return the public names that the reference does not have.

    Args:
        interface: The lines of tests/contract/public_interface.txt.
        entries: The names of objects.inv.

    >>> lines = ["a.F(x: int)", "a.F.size: int", "a.F.run(self)", "a.F.__len__(self) -> int", "b.F is a.F"]
    >>> without_an_entry(lines, {"a.F"})
    ['a.F.run: no entry in the reference', 'b.F: no entry in the reference']
    """
    found: list[str] = []
    for line in interface:
        name = _NAME.match(line)
        if name is None or line.startswith("#") or _OPERATOR.match(line):
            continue
        if name[0] not in entries and not ("(property)" not in line and _WITHIN.match(line)):
            found.append(f"{name[0]}: no entry in the reference")
    return found
