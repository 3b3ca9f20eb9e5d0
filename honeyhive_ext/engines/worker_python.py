"""Whether the Python that an engine starts its workers with can run this package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from honeyhive_ext.errors import ConfigError

_VERSION = "{0[0]}.{0[1]}"
_ASKED = f"import sys, pyspark, pyarrow, honeyhive_ext; print({_VERSION!r}.format(sys.version_info))"
PATIENCE = 60.0  # seconds


def check_worker_python(command: str, *, local: bool = True) -> None:
    """Check the Python of Spark's workers. Without this check, one that cannot work gives an EOFException.

    Args:
        command: What Spark starts, such as python3.
        local: Whether the workers run on this machine. If not, the command may be there alone.

    Raises:
        ConfigError: It lacks a package, or has another version. The message says what to set.
    """
    fix = f"set the environment variable PYSPARK_PYTHON={sys.executable} before the session is created"
    place = shutil.which(command)
    if place is None and not local:
        return
    if place is None:
        raise ConfigError(f"Spark starts its workers with {command!r}, which is not on this machine: {fix}")
    if os.path.samefile(place, sys.executable) and os.path.dirname(place) == os.path.dirname(sys.executable):
        return
    command_line = [place, "-c", _ASKED]
    try:
        done = subprocess.run(command_line, capture_output=True, text=True, check=False, timeout=PATIENCE)  # noqa: S603
    except subprocess.TimeoutExpired:  # a machine that is this busy tells nothing
        return
    here = _VERSION.format(sys.version_info)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2][:200]
        raise ConfigError(f"Spark starts its workers with {place}, which lacks a package ({reason}): {fix}")
    if done.stdout.strip() != here:
        raise ConfigError(
            f"Spark starts its workers with {place}, Python {done.stdout.strip()[:20]}, not {here}: {fix}"
        )
