"""The filter of a comparison with a text, as every engine asks it of the API. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from honeyhive_ext.filters.condition import Filter

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_IDS = ("event_id", "session_id", "parent_id", "project_id")


def text_filter(path: tuple[str, ...], compare: Callable[[Any, Any], Any], value: str) -> Filter | None:
    """Return a filter that every event passes for which the comparison holds, if there is one.

    A service may know only UUIDs as ids, and compare them in one of their forms. So it is only asked for a
    UUID in lower case.

    Args:
        path: Where the value is in an event.
        compare: A function of the module `operator`; `contains` for a text inside.
        value: What the value is compared with.

    >>> text_filter(("event_type",), operator.eq, "tool").operator
    'is'
    >>> text_filter(("session_id",), operator.eq, "chat-1") is None
    True
    """
    first = path[0] if path else ""
    if first in _IDS:
        asked = compare is operator.eq and _UUID.fullmatch(value)
        return Filter(path, "is", value, "string") if asked else None
    if compare is operator.eq:
        return Filter(path, "is", value, "string")
    nested = len(path) > 1 or "." in first
    if compare is operator.ne and not nested:  # a longer path may find several values
        return Filter(path, "is not", value, "string")
    if compare is operator.contains and value:
        return Filter(path, "contains", value, "string")
    return None
