"""What standard output shows: colours, a width, an encoding."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import IO

_ASCII = str.maketrans({"─": "-", "│": "|", "├": "|", "└": "`", "…": "~"})


def colour_wanted(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to use colours: NO_COLOR, FORCE_COLOR and TERM decide in this order.

    >>> colour_wanted({"NO_COLOR": "1", "FORCE_COLOR": "1"}, terminal=True)
    False
    >>> colour_wanted({"FORCE_COLOR": "1"}, terminal=False), colour_wanted({"NO_COLOR": ""}, terminal=True)
    (True, True)
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return terminal and environ.get("TERM") != "dumb"


def is_terminal(stream: IO[str] | None) -> bool:
    """Return whether a stream is a terminal. A stream that cannot tell, or is closed, is none."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError, OSError):
        return False


def look() -> tuple[int | None, bool]:
    """Return the width of standard output, None if it is not a terminal, and whether it has colours."""
    terminal = is_terminal(sys.stdout)
    width = shutil.get_terminal_size((100, 24)).columns if terminal else None
    return width, colour_wanted(os.environ, terminal=terminal)


def writable(text: str) -> str:
    """Return a text that standard output can write: in another encoding, lines become ASCII."""
    encoding = getattr(sys.stdout, "encoding", None)
    if not isinstance(encoding, str) or encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        pass
    return text
