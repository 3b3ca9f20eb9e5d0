# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The schema documents in the package, and their names."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from ._failures import did_you_mean
from ._names import NAMES

_BY_PYTHON_NAME = {python: upstream for upstream, python in NAMES.items()}


class UnknownSchemaError(LookupError):
    """There is no schema of that name."""


def names() -> tuple[str, ...]:
    """Return the names of all schemas in openapi.yaml, sorted.

    >>> "PostEventRequest" in names()
    True
    """
    return tuple(NAMES)


def python_name(name: str) -> str:
    """Return the name of the Python model of a schema.

    Raises:
        UnknownSchemaError: There is no schema of that name.

    >>> python_name("LegacyEvent")
    'Event'
    """
    return NAMES[canonical_name(name)]


def canonical_name(name: str) -> str:
    """Return the name in openapi.yaml for either name of a schema.

    Raises:
        UnknownSchemaError: There is no schema of that name; the message has the nearest one.
    """
    if name in NAMES:
        return name
    if name in _BY_PYTHON_NAME:
        return _BY_PYTHON_NAME[name]
    raise UnknownSchemaError(f"no schema named {name!r}{did_you_mean(name, [*NAMES, *_BY_PYTHON_NAME])}")


def load(name: str) -> dict[str, Any]:
    """Read one document of the package; each call returns a new one."""
    document: dict[str, Any] = json.loads(
        files("honeyhive_schemas").joinpath(f"{name}.json").read_text("utf-8")
    )
    return document
