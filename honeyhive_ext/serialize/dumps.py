"""Values become strict JSON (RFC 8259), or an error that names the path of the value that cannot.

Two ways lead to the same bytes. orjson writes plain values (exact builtin types, finite numbers) as they are.
Any other value is first copied into plain values, one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.encoders import MAX_CHARACTERS, TOO_LONG, kind_of
from honeyhive_ext.serialize.is_builtin import (
    characters,
    exact_types,
    few_plain,
    no_null_for_number,
    writable,
)
from honeyhive_ext.serialize.keys import path_step
from honeyhive_ext.serialize.to_builtins import to_builtins

# A metaclass may say that its class is str: then orjson refuses the value.
_NOTHING_ELSE = (
    orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)


def to_json(value: Any, on_unserializable: OnUnserializable = "raise") -> bytes:
    """Return a value as JSON.

    Args:
        value: Any value that the encoding table of docs/sending.md has.
        on_unserializable: What happens to a value that JSON cannot hold: an EventError ("raise"), null
            ("null") or its repr ("repr").

    Raises:
        EventError: A value has no JSON form; the error names its path.

    >>> to_json({"when": __import__("datetime").date(2026, 1, 2), "tags": {"b", "a"}})
    b'{"when":"2026-01-02","tags":["a","b"]}'
    """
    content = write_builtin(value) if few_plain(value) else _fast(value)
    if content is not None:
        return content
    tree = to_builtins(value, on_unserializable)
    if _long(tree):
        raise EventError(TOO_LONG, path=_place_of(tree, _long))
    try:
        return orjson.dumps(tree)
    except TypeError as error:
        raise EventError(f"cannot be written as JSON: {error}") from error


def write_builtin(value: Any) -> bytes | None:
    """Return the JSON of a value for which `all_builtin` is true.

    Returns:
        None if the value is nested too deep, or a str holds a lone surrogate.
    """
    try:
        return orjson.dumps(value, None, _NOTHING_ELSE)
    except TypeError:
        return None


def _fast(value: Any) -> bytes | None:
    """Return the JSON of a value of builtin types, or None if it holds anything else.

    orjson alone would not do: it writes NaN as null, writes any bytes that an `orjson.Fragment` holds, and
    crashes on an Enum whose `value` raises. So the types are checked before it sees the value.
    """
    image = exact_types(value)
    if image is None or not writable(value, image):
        return None  # the copy finds the place that is too large or contains itself
    try:
        content = orjson.dumps(value)
    except TypeError:
        return None
    return content if no_null_for_number(value, image, content) else None


def _place_of(value: Any, too_large: Callable[[Any], bool]) -> str:
    """Return the path of a part that is too large by itself, two levels down at most."""
    path, node = "", value
    for _ in range(2):
        for key, part in node.items() if kind_of(node) is dict else ():
            if too_large(part):
                path, node = path + path_step(key), part
                break
    return path.removeprefix(".")


def _long(tree: Any) -> bool:
    return characters(tree) > MAX_CHARACTERS
