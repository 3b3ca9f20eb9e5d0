"""Whether a value is of the type that the API document gives its property. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from honeyhive_client.event_view import Property


def _is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


_IS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: type(value) is str,
    "number": lambda value: type(value) in (int, float),
    "integer": _is_integer,
    "boolean": lambda value: type(value) is bool,
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "null": lambda value: value is None,
}


def is_of(property_: Property, value: Any) -> bool:
    """Return whether a value is of a documented type. Null always is: it is read as an absent value.

    >>> tokens = Property("tokens", ("array",), items=("integer", "null"))
    >>> is_of(tokens, [1, 2.0, None]), is_of(tokens, [1, True]), is_of(tokens, None), is_of(tokens, {})
    (True, False, True, False)
    """
    if value is None or not property_.types:
        return True
    if not any(_IS[kind](value) for kind in property_.types):
        return False
    if type(value) is not list or not property_.items:
        return True
    items = cast("Sequence[Any]", value)
    return all(any(_IS[kind](item) for kind in property_.items) for item in items)
