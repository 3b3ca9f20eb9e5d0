"""JSON as services write it. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson

from honeyhive_ext.errors import ResponseError


def loads(content: bytes) -> Any:
    """Return the value of JSON text. NaN and infinities are read as well.

    Some services write them, and one such number must not hide the other events.

    Raises:
        ValueError: The content is not JSON, or is nested too deeply.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested deeper than can be read") from None


def read_value(text: bytes) -> Any:
    """Return the value of a part of an answer, whose text was checked before.

    Raises:
        ResponseError: It is nested too deeply for the calls in which it is read.
    """
    try:
        return loads(text)
    except ValueError as error:
        raise ResponseError(f"a value of an event cannot be read: {error}", status=200) from error
