"""Values that were read from JSON, written as JSON again, however deep they are. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson


def exact_json(value: Any, *, sort_keys: bool = False) -> str:
    """Return a value as JSON text, with integers of any size, and NaN and infinities as `json` writes them.

    orjson reads 1,024 levels. `json` writes fewer, and fewer still deep inside a program's own calls.

    Args:
        value: What a JSON parser returns.
        sort_keys: Whether equal objects give equal texts.

    >>> exact_json({"b": [1, 2.5], "a": None}, sort_keys=True)
    '{"a":null,"b":[1,2.5]}'
    """
    try:
        return json.dumps(value, sort_keys=sort_keys, separators=(",", ":"))
    except RecursionError:
        return "".join(_pieces(value, sort_keys=sort_keys))


def exact_value(text: str | bytes) -> Any:
    """Return the value of JSON text, with integers of any size, up to the digits that Python reads.

    >>> exact_value('{"a": [123456789012345678901, NaN]}')
    {'a': [123456789012345678901, nan]}

    Raises:
        ValueError: The text is not JSON.
    """
    try:
        return json.loads(text)
    except RecursionError:
        return orjson.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        pass  # more digits than that; the error holds them, and is gone below
    return json.loads(text, parse_int=_integer)


def answered_value(content: bytes) -> Any:
    """Return the value of an answer, or None if it is not JSON.

    A service may write NaN, half of a character where it cuts a text, or very long numbers. They hide nothing
    else of the answer.

    >>> answered_value(b'{"event_ids": ["a"], "took": NaN}')["event_ids"]
    ['a']
    """
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(content)
    with suppress(ValueError):
        return exact_value(content)
    return None


def _integer(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


class _Text(str):
    """A piece that is written as it is."""

    __slots__ = ()


def _pieces(value: Any, *, sort_keys: bool) -> Iterator[str]:
    todo: list[Any] = [value]
    while todo:
        one = todo.pop()
        kind: Any = one.__class__
        if kind is _Text:
            yield one
        elif kind is dict:
            yield "{"
            pairs = sorted(one.items()) if sort_keys else one.items()
            todo += _between(
                [part for key, each in pairs for part in (_Text(f",{json.dumps(key)}:"), each)], "}"
            )
        elif kind is list:
            yield "["
            todo += _between([part for each in one for part in (_Text(","), each)], "]")
        else:
            yield json.dumps(one)


def _between(parts: list[Any], end: str) -> list[Any]:
    """Return what is left to write of an array or an object, the last first, without the first comma."""
    if parts:
        parts[0] = _Text(parts[0][1:])
    return [_Text(end), *reversed(parts)]
