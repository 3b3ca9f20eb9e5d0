# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""JSON Schemas of the HoneyHive events API, generated from openapi.yaml, and their validation.

The files of this folder, `PostEventRequest.json` and so on, are self-contained JSON Schema 2020-12 documents
for any tool. A schema has its name in openapi.yaml and the name of the Python model: `PostEventRequest` and
`CreateEventRequest` are the same.

    >>> validator("CreateEventRequest").is_valid({"event_type": "model", "inputs": {}})
    True
    >>> for failure in validator("CreateEventRequest").failures({"event_type": "modle", "durations": 3}):
    ...     print(failure)
    durations: no such property: did you mean 'duration'?
    event_type: expected one of 'model', 'tool', 'chain', 'session', got 'modle'
    inputs: required, but missing

Validation needs jsonschema or jsonschema-rs (`pip install 'honeyhive-ext[schemas]'` or
`[schemas-fast]`); you can read the schemas without both.
"""

from __future__ import annotations

from typing import Any

from ._backends import BackendName, MissingBackendError, Validator, make_validator
from ._documents import UnknownSchemaError, canonical_name, load, names, python_name
from ._failures import Failure, SchemaError

_validators: dict[tuple[str, BackendName | None], Validator] = {}


def schema(name: str) -> dict[str, Any]:
    """Return one JSON Schema document, as a new dict that you may change.

    Args:
        name: The name in openapi.yaml, such as PostEventRequest, or of the model, CreateEventRequest.

    Raises:
        UnknownSchemaError: There is no schema of that name.

    >>> schema("EventFilter")["required"]
    ['field', 'operator', 'value']
    """
    return load(canonical_name(name))


def validator(name: str, *, backend: BackendName | None = None) -> Validator:
    """Return the validator of a schema. It is made once and kept.

    Args:
        name: The name in openapi.yaml or of the model.
        backend: "jsonschema" or "jsonschema-rs"; None takes jsonschema-rs if it is installed, else
            jsonschema. Both give the same results and the same failures.

    Raises:
        UnknownSchemaError: There is no schema of that name.
        MissingBackendError: The backend is not installed; with None, neither is.
    """
    key = (canonical_name(name), backend)
    found = _validators.get(key)
    if found is None:
        found = _validators[key] = make_validator(*key)
    return found


def validate(name: str, value: object) -> None:
    """Check a value against a schema.

    Args:
        name: The name in openapi.yaml or of the model.
        value: A value such as `json.loads` returns: dict, list, str, int, float, bool, None. Tuples are
            arrays, and subclasses are what they derive from, as for `json.dumps`.

    Raises:
        SchemaError: The value does not follow the schema; the error lists every failing path.
        UnknownSchemaError: There is no schema of that name.
        MissingBackendError: Neither jsonschema nor jsonschema-rs is installed.

    >>> validate("DateRange", {})
    Traceback (most recent call last):
    ...
    honeyhive_schemas._documents.UnknownSchemaError: no schema named 'DateRange'
    >>> validate("CreateEventResponse", {"success": True, "event_id": "e1"})
    """
    failures = validator(name).failures(value)
    if failures:
        raise SchemaError(canonical_name(name), failures)


__all__ = [
    "Failure",
    "MissingBackendError",
    "SchemaError",
    "UnknownSchemaError",
    "Validator",
    "names",
    "python_name",
    "schema",
    "validate",
    "validator",
]
