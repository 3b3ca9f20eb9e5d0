"""The repr of a value that holds others, short: the usual one may not end, as that of a dense graph."""

from __future__ import annotations

import reprlib
from dataclasses import fields, is_dataclass
from typing import Any

kind_of: Any = type
_FIELDS_SHOWN = 4  # levels below which a dataclass is its name


class _Short(reprlib.Repr):
    def repr_instance(self, x: Any, level: int) -> str:
        """Return the repr of a number, the fields of an outer dataclass, and the type's name of all else."""
        kind = kind_of(x)
        if kind is bytes:
            return repr(x[: self.maxother])
        if kind in (float, complex, bool, type(None)):
            return super().repr_instance(x, level)
        name = type(x).__qualname__
        if is_dataclass(x) and level > _FIELDS_SHOWN:
            shown = [f"{one.name}={self.repr1(getattr(x, one.name), level - 2)}" for one in fields(x)]
            return f"{name}({', '.join(shown)})"
        return f"<{name}>"


SHORT = _Short()  # ends at cycles and at depth 6
SHORT.maxstring = SHORT.maxother = 200
