"""Whether this server knows what a request asks for.

A request can be valid by the API document and still ask for something that this code gives no meaning: the
document has changed since, or what violates it is accepted (switch `validation`). Such a request is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.local.message import Failure
from honeyhive_ext.local.routes.validate import fields

# ignore_order allows another order of the events, and asks for none.
_SEARCH = frozenset({"filters", "dateRange", "evaluation_id", "limit", "page", "ignore_order"})
_FILTER = frozenset({"field", "operator", "value", "type"})
_RANGE = frozenset({"start_time", "end_time"})


def unknown(given: Mapping[str, Any], known: Collection[str], at: str = "") -> list[Failure]:
    """Return the properties that this server gives no meaning."""
    text = f"this server knows {', '.join(sorted(known))}"
    return [Failure(f"{at}{name}", f"has no meaning here: {text}") for name in given if name not in known]


def new_in(schema: str, given: Mapping[str, Any], known: Collection[str]) -> list[Failure]:
    """Return the properties that the document has and this server gives no meaning."""
    named = {name: value for name, value in given.items() if name in fields(schema)}
    return unknown(named, known)


def unknown_in_search(body: Mapping[str, Any]) -> list[Failure]:
    """Return what this server does not know in a search.

    >>> [str(one.path) for one in unknown_in_search({"dateRange": {"relative": "1h"}, "limit": "all"})]
    ['limit', 'dateRange.relative', 'dateRange.start_time', 'dateRange.end_time']
    """
    found = unknown(body, _SEARCH)
    for name in ("limit", "page"):
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            found.append(Failure(name, "expected a number"))
    if not isinstance(body.get("evaluation_id"), str | None):
        found.append(Failure("evaluation_id", "expected a string"))
    filters = body.get("filters")
    if is_array(filters):
        found += [
            one for number, given in enumerate(filters) for one in _in_filter(given, f"filters[{number}]")
        ]
    elif filters is not None:
        found.append(Failure("filters", "expected an array"))
    between = body.get("dateRange")
    return found if between is None else found + _in_range(between)


def _in_filter(given: object, at: str) -> list[Failure]:
    if not is_object(given):
        return [Failure(at, "expected an object")]
    found = unknown(given, _FILTER, f"{at}.")
    for name in ("field", "operator"):
        if not isinstance(given.get(name), str):
            found.append(Failure(f"{at}.{name}", "expected a string"))
    if not isinstance(given.get("type"), str | None):
        found.append(Failure(f"{at}.type", "expected a string"))
    if "value" not in given and "exist" not in str(given.get("operator")):
        found.append(Failure(f"{at}.value", "required, but missing"))
    return found


def _in_range(between: object) -> list[Failure]:
    if not is_object(between):
        return [Failure("dateRange", "expected an object")]
    missing = [Failure(f"dateRange.{name}", "required, but missing") for name in ("start_time", "end_time")
               if name not in between]  # fmt: skip
    return [*unknown(between, _RANGE, "dateRange."), *missing]
