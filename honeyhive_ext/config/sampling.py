"""Which traces are recorded: HH_DISABLE_TRACING and HH_SAMPLE_RATE."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from honeyhive_ext.config.checks import unquoted
from honeyhive_ext.config.secrets import Environment
from honeyhive_ext.errors import ConfigError

_NO = frozenset({"", "0", "false", "no", "off"})
_YES = frozenset({"1", "true", "yes", "on"})


def sample_rate(environ: Mapping[str, str] | Environment) -> float:
    """Return the part of all traces that is recorded, 0 to 1.

    Args:
        environ: The environment variables. HH_DISABLE_TRACING, whose name is that of the official SDK, is 0
            for everything; HH_SAMPLE_RATE is a number from 0 to 1.

    Raises:
        ConfigError: A variable has another value.

    >>> sample_rate({}), sample_rate({"HH_SAMPLE_RATE": "0.25"}), sample_rate({"HH_DISABLE_TRACING": "true"})
    (1.0, 0.25, 0.0)
    """
    disabled = unquoted(environ.get("HH_DISABLE_TRACING", "")).lower()
    if disabled in _YES:
        return 0.0
    if disabled not in _NO:
        raise ConfigError(f"HH_DISABLE_TRACING is {disabled!r}: write true or false")
    text = unquoted(environ.get("HH_SAMPLE_RATE", ""))
    if not text:
        return 1.0
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise ConfigError(f"HH_SAMPLE_RATE is {text!r}: write a number from 0 to 1, such as 0.1")
    return rate


def sampled(session_id: str, rate: float) -> bool:
    """Return whether a trace is recorded. Every process decides alike for the same session.

    >>> ids = [f"0e6b8d5a-9d6c-4f1e-8c3b-{number:012x}" for number in range(10_000)]
    >>> round(sum(sampled(one, 0.3) for one in ids) / len(ids), 1)
    0.3
    """
    return rate >= 1 or zlib.crc32(session_id.lower().encode()) < rate * 2**32
