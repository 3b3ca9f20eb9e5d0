"""Checks of arguments that many modules need: each question in one place, with one wording."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from typing import Any

from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError, HoneyHiveError

MAX_TIMEOUT = 3600.0  # seconds; nothing waits forever

# A UUID in any of the forms that RFC 9562 and Python write; the group is what `uuid.UUID` takes.
UUID_FORM = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\}?", re.I | re.A
)


def whole_number(
    value: object,
    name: str,
    least: int,
    most: int | None = None,
    *,
    error: type[HoneyHiveError] = ConfigError,
) -> int:
    """Return a whole number within bounds.

    Args:
        value: The argument. True and False do not count as numbers.
        name: The argument's name, for the message.
        least: The smallest number allowed.
        most: The largest number allowed; None for no bound.
        error: The class to raise.

    Raises:
        HoneyHiveError: The argument is anything else. The message says what to give.

    >>> whole_number(0, "max_events", 1)
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: max_events is 0: give a whole number, 1 or more
    """
    top = math.inf if most is None else most
    # numpy's integers are an Integral, and numpy's bool is not.
    if type(value) is int:
        if least <= value <= top:
            return value
    elif not isinstance(value, bool) and isinstance(value, Integral):
        try:
            if least <= (number := int(value)) <= top:
                return number
        except Exception as problem:  # a number of another kind may raise anything
            if from_a_signal_handler(problem):
                raise
    bounds = f"{least} or more" if most is None else f"{least} to {most}"
    raise error(f"{name} is {repr_of(value)}: give a whole number, {bounds}")


def seconds(
    value: object,
    name: str,
    *,
    least: float | None = None,
    most: float = MAX_TIMEOUT,
    error: type[HoneyHiveError] = ConfigError,
) -> float:
    """Return a finite number of seconds within bounds.

    Args:
        value: The argument. True and False do not count as numbers.
        name: The argument's name, for the message.
        least: The shortest time allowed, in seconds; None for any time above 0.
        most: The longest time allowed, in seconds.
        error: The class to raise.

    Raises:
        HoneyHiveError: The argument is anything else. The message says what to give.

    >>> seconds(30, "timeout")
    30.0
    >>> seconds(-1, "timeout")
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: timeout is -1: give seconds above 0, such as 30
    """
    given: Any = value if not isinstance(value, bool) and isinstance(value, Real) else math.nan
    if -math.inf < given < math.inf:
        if given > most:
            raise error(f"{name} is {repr_of(value)} seconds, more than {most:g}: is it in milliseconds?")
        if given > 0 if least is None else given >= least:
            return float(given)
    bounds = "above 0" if least is None else f"of {least:g} or more"
    raise error(f"{name} is {repr_of(value)}: give seconds {bounds}, such as 30")


def is_one_of(value: object, known: Collection[str]) -> bool:
    """Return whether an argument is one of these. A value that has no hash is none.

    >>> is_one_of("ms", ("ms", "s")), is_one_of([], {"ms": 1})
    (True, False)
    """
    return isinstance(value, str) and value in known


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that is closest to a mistyped one, or None if none is close.

    >>> did_you_mean("metdata", ["metadata", "config"])
    'metadata'
    """
    from difflib import get_close_matches  # here, because only messages need it

    near = get_close_matches(name.lower(), list(known), n=1, cutoff=cutoff)
    return near[0] if near else None


def lone_surrogate(text: str) -> str | None:
    r"""Return what is wrong with a str that UTF-8 cannot hold, or None for any other str.

    JSON is UTF-8 (RFC 8259, 8.1), and UTF-8 cannot encode a surrogate (RFC 3629, 3).

    >>> lone_surrogate("ok \ud800")
    'a lone surrogate at character 3, which UTF-8 cannot hold'
    """
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"a lone surrogate at character {error.start}, which UTF-8 cannot hold"
    return None


def unquoted(text: str) -> str:
    """Return a value without the blanks, line ends and quotes that env files leave around it.

    >>> unquoted(' "https://api.example.com" \\r\\n')
    'https://api.example.com'
    """
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text
