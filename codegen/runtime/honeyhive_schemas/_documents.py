"""The schema documents in the package, and their names."""

from __future__ import annotations

import json
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

from ._names import NAMES

_BY_PYTHON_NAME = {python: upstream for upstream, python in NAMES.items()}


class UnknownSchemaError(LookupError):
    """There is no schema of that name."""


def names() -> tuple[str, ...]:
    """The names of all schemas as openapi.yaml has them, sorted.

    >>> "PostEventRequest" in names()
    True
    """
    return tuple(NAMES)


def python_name(name: str) -> str:
    """The name of the Python model for a schema.

    Raises:
        UnknownSchemaError: There is no schema of that name.

    >>> python_name("LegacyEvent")
    'Event'
    """
    return NAMES[canonical_name(name)]


def canonical_name(name: str) -> str:
    """The name in openapi.yaml for either name.

    Raises:
        UnknownSchemaError: There is no schema of that name; the message holds the nearest one.
    """
    if name in NAMES:
        return name
    if name in _BY_PYTHON_NAME:
        return _BY_PYTHON_NAME[name]
    close = get_close_matches(name, [*NAMES, *_BY_PYTHON_NAME], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise UnknownSchemaError(f"no schema named {name!r}{hint}")


def load(name: str) -> dict[str, Any]:
    """Read one document from the package; each call gives a fresh one."""
    document: dict[str, Any] = json.loads(
        files("honeyhive_schemas").joinpath(f"{name}.json").read_text("utf-8")
    )
    return document
