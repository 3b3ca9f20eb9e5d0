"""Whether this is the main interpreter of the process: a thread of another one ends the process with it."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from honeyhive_ext.errors import ConfigError


def require_main_interpreter() -> None:
    """Refuse to send in the background in a subinterpreter, such as those of mod_wsgi.

    Python ends the whole process if a thread still runs when its subinterpreter ends.

    Raises:
        ConfigError: This is a subinterpreter.
    """
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    # Only a module that is loaded can have made one here; in a subinterpreter the id says so.
    try:
        interpreters = import_module(name)
        current, main = (_number(interpreters.get_current()), _number(interpreters.get_main()))
    except (ImportError, AttributeError, RuntimeError):  # a Python without them
        return
    if current != main:
        raise ConfigError(
            "this is a subinterpreter, where no thread can send in the background: "
            "write HoneyHive(background=False)"
        )


def _number(interpreter: Any) -> int:
    """Return the id of an interpreter, which newer versions give with how it was made."""
    with suppress(TypeError):
        return int(interpreter[0])
    return int(interpreter)
