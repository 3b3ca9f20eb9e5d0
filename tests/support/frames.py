"""Which frames of a traceback are the package's own."""

from __future__ import annotations

from pathlib import Path

import honeyhive_ext

PACKAGE = Path(honeyhive_ext.__file__).parent


def is_ours(filename: str) -> bool:
    """Return whether a file is of the package. The folder of a clone or an sdist may have its name too."""
    return Path(filename).is_relative_to(PACKAGE)
