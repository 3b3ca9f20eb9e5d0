"""JSON as services write it. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson

from honeyhive_ext.errors import ResponseError

DIGITS = 20  # of the integers of 64 bits, with their sign


def loads(content: bytes) -> Any:
    """Return the value of JSON text. NaN and infinities are read as well.

    Some services write them, and one such number must not hide the other events. An integer beyond 64 bits is
    a float, whatever stands next to it.

    Raises:
        ValueError: The content is not JSON, or is nested too deeply.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested deeper than can be read") from None


def _integer(text: str) -> int | float:
    """Return an integer as orjson reads it. Python reads no int of many digits."""
    value = int(text) if len(text) <= DIGITS else float(text)
    return value if -(2**63) <= value < 2**64 else float(text)


def read_value(text: bytes) -> Any:
    """Return the value of a part of an answer, whose text was checked before.

    Raises:
        ResponseError: It is nested too deeply for the calls in which it is read.
    """
    try:
        return loads(text)
    except ValueError as error:
        raise ResponseError(f"a value of an event cannot be read: {error}", status=200) from error
