"""Show a page: a private temporary file, and the user's browser."""

from __future__ import annotations

import contextlib
import os
import tempfile
import webbrowser
from pathlib import Path


def show(page: str) -> Path:
    """Write a page to a file that only this user can read, open it in a browser, and return its path."""
    descriptor, name = tempfile.mkstemp(prefix="honeyhive-trace-", suffix=".html")  # mode 0600, a new file
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    with contextlib.suppress(webbrowser.Error, OSError):  # without a browser, the caller has the path
        webbrowser.open(path.as_uri())
    return path
