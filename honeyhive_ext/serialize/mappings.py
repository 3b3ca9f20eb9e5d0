"""Mappings that may hold a key several times: query parameters, headers, forms."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

ENVIRONMENT: type = type(os.environ)


def entries(value: Mapping[Any, Any], keys: Iterable[Any], most: int | None = None) -> dict[Any, Any]:
    """Return a mapping as a dict. A key that it holds several times has the list of its values.

    Args:
        value: The mapping. It is asked for its pairs once.
        keys: Its keys, as it iterates them.
        most: How many pairs to read; None for all.

    >>> import httpx
    >>> entries(query := httpx.QueryParams("a=1&a=2&b=3"), query)
    {'a': ['1', '2'], 'b': '3'}
    """
    kind, source = type(value), cast(Any, value)
    if callable(getattr(kind, "lists", None)) and callable(getattr(kind, "getlist", None)):
        # werkzeug, django
        lists = {key: list(several) for key, several in islice(source.lists(), most)}
        return {key: several[0] if len(several) == 1 else several for key, several in lists.items()}
    pairs = _pairs(value, kind)
    if pairs is None:
        found = list(keys)
        if len(found) == len({*found}):
            return {key: value[key] for key in found}
        pairs = iter(value.items())  # a mapping that iterates a key twice gives each of its values
    values: dict[Any, list[Any]] = {}
    for key, one in islice(pairs, most):
        values.setdefault(key, []).append(one)
    return {key: several if len(several) > 1 else several[0] for key, several in values.items()}


def _pairs(value: Any, kind: type) -> Iterator[tuple[Any, Any]] | None:
    """Return all pairs of a mapping that has a method for it, as those of the known libraries do."""
    pairs: Any = None
    if callable(getattr(kind, "multi_items", None)):  # httpx, starlette
        pairs = value.multi_items()
    elif callable(getattr(kind, "allitems", None)):  # bottle
        pairs = value.allitems()
    elif callable(getattr(kind, "getall", None)):  # multidict, webob
        pairs = value.items()
    elif callable(getattr(kind, "get_all", None)) and callable(getattr(kind, "get_list", None)):  # tornado
        pairs = value.get_all()
    return None if pairs is None else iter(pairs)
