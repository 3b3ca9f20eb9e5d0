"""Bodies checked by the schemas of the API document.

Never by the client's models: they could share a mistake with the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import honeyhive_schemas

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.local.message import Failure

LISTED = 1000  # failing paths in one answer


def load_schemas() -> None:
    """Read every schema, so that a request neither opens a file nor finds that a library is missing.

    Raises:
        ConfigError: No library that validates is installed.
    """
    try:
        for name in honeyhive_schemas.names():
            schema(name)
            honeyhive_schemas.validator(name)
    except honeyhive_schemas.MissingBackendError as problem:
        raise ConfigError(
            "the local server checks requests by their schemas, and no library for that is installed: "
            "pip install 'honeyhive-ext[local]'"
        ) from problem


def failures(name: str, value: object, *, every: bool = False) -> list[Failure]:
    """Return what is wrong with a value by the schema `name`; empty if nothing is.

    Of a long list or object only 1,000 items are looked at at once: the library spends thousands of bytes on
    each violation, and a body of 50 MB has room for millions.

    Args:
        name: The name of the schema.
        value: The value.
        every: Whether to look for all items that are wrong; otherwise 1,000 places are enough.
    """
    validator = honeyhive_schemas.validator(name)
    if validator.is_valid_json(value):
        return []
    wrong: list[Failure] = []
    for at, part in _parts(value):
        wrong += [Failure(_moved(one.path, at), one.message) for one in validator.failures(part)]
        if wrong and not every:
            return wrong[:LISTED]
    return wrong or [Failure("", f"a list or an object holds something wrong after its first {LISTED} items")]


def _parts(value: object) -> Iterator[tuple[int, object]]:
    """Yield a value with at most 1,000 items in each list, for as often as its longest list needs.

    Only the lists at its top are yielded to their ends, each time with the number of items left out before.
    """
    yield 0, _short(value)
    lists = {name: inner for name, inner in value.items() if is_array(inner)} if is_object(value) else {}
    for at in range(LISTED, max(map(len, lists.values()), default=0), LISTED):
        rest = {name: inner[at:] for name, inner in lists.items() if len(inner) > at}
        yield at, _short({**dict(value), **rest})  # type: ignore[call-overload]


def _short(value: object) -> object:
    if is_array(value):
        return [_short(inner) for inner in value[:LISTED]]
    if is_object(value):
        more = islice((name for name in value if name not in _names()), LISTED)
        kept = [*(name for name in _names() if name in value), *more] if len(value) > LISTED else value
        return {name: _short(value[name]) for name in kept}
    return value


def _moved(path: str, at: int) -> str:
    """Return a path with the index of its first list moved by the items that were left out."""
    return re.sub(r"^(\w+)\[(\d+)\]", lambda found: f"{found[1]}[{int(found[2]) + at}]", path) if at else path


@cache
def _names() -> frozenset[str]:
    """Return the names of all properties in the API document."""
    return frozenset(name for one in honeyhive_schemas.names() for name in schema(one).get("properties", ()))


def fields(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the properties of an object schema."""
    found: Mapping[str, Mapping[str, Any]] = schema(name)["properties"]
    return found


_UUID: dict[str, Any] = {"event_type": "model", "inputs": {}}


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID by the API document's own rule.

    >>> is_uuid("7f22137a-6911-4ed3-bc36-110f1dde6b66"), is_uuid("7")
    (True, False)
    """
    return honeyhive_schemas.validator("PostEventRequest").is_valid({**_UUID, "event_id": text})


@cache
def schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema of a component."""
    found: Mapping[str, Any] = honeyhive_schemas.schema(name)
    return found
