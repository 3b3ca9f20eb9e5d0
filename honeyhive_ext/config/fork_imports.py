"""Imports of this package that a fork interrupts: a child begins them again.

Python keeps a lock for each module that is being imported. A child that is forked while another thread
imports a module inherits the lock, taken by a thread that it does not have, and the half of a module. It
would wait forever at its own import of it.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

OURS = frozenset({"honeyhive_ext", "honeyhive_client", "honeyhive_schemas"})
NEEDED = frozenset(
    {"anyio", "attr", "attrs", "certifi", "h11", "httpcore", "httpx", "idna", "msgspec", "orjson", "sniffio"}
) | {"typing_extensions", "brotli", "brotlicffi", "zstandard"}  # where they are installed


def is_needed(name: str) -> bool:
    """Return whether a module belongs to this package or to what it imports.

    >>> is_needed("honeyhive_ext.errors"), is_needed("encodings.idna"), is_needed("application.views")
    (True, True, False)
    """
    first = name.partition(".")[0]
    return first in OURS or first in NEEDED or first in sys.stdlib_module_names


def begin_again() -> None:
    """Forget, in a forked child, the imports that other threads of the parent were in the middle of."""
    # importlib has no public name for its locks. A Python that keeps them elsewhere is left as it is.
    locks: Any = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    here = get_ident()
    for name, known in [*locks.items()]:
        lock = known()
        owner = getattr(lock, "owner", None)
        if lock is None or owner == here or not is_needed(name):
            continue
        locks.pop(name, None)
        specification: Any = getattr(sys.modules.get(name), "__spec__", None)
        if owner is not None and getattr(specification, "_initializing", False):
            del sys.modules[name]


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=begin_again)
