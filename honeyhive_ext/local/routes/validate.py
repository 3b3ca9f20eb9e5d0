"""Bodies checked by the schemas of the API document.

Never by the client's models: they could share a mistake with the client.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import honeyhive_schemas

from honeyhive_ext.errors import ConfigError
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


def failures(name: str, value: object) -> list[Failure]:
    """Return what is wrong with a value by the schema `name`; empty if nothing is."""
    validator = honeyhive_schemas.validator(name)
    if validator.is_valid_json(value):
        return []
    return [Failure(one.path, one.message) for one in validator.failures(value)[:LISTED]]


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
