"""From the bytes of a page to the JSON text of each row, which is all that JSON Lines need. Pure.

Each row is parsed for its id and time, and dropped before the next one is parsed. So it stays in the
processor's cache, and no event has to be written as text again.

A page is cut at `},{"event_id"` (or at the property that its first row begins with). Inside a JSON string
the quotes would be escaped, as in `},{\\"event_id\\"`. So a cut is always between two objects of an array,
but that array may be inside an event. The parser notices: the parts of a wrong cut are not JSON. `cut` then
returns None, as it does for any page that is unusual, and the caller parses the page as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import orjson

from honeyhive_ext.search.pages.json import loads, parsed
from honeyhive_ext.search.pages.rows import Row, as_rows, read_rows

HEAD_BYTES = 4096  # the events of a page begin within these bytes

_BEGIN = re.compile(rb'"events": ?\[(?=\{"([^"\\]++)")')
_id_and_time: Callable[[Any], tuple[Any, Any]] = itemgetter("event_id", "start_time")


def cut(content: bytes) -> tuple[list[Row], Any] | None:
    """Return the rows of a page, each with its text as its value, and the page without them; or None.

    >>> rows, page = cut(b'{"events":[{"event_id":"a","start_time":5,"x":[{}]}],"count":1}')
    >>> rows, page
    ([Row(key='a', time=5, value=b'{"event_id":"a","start_time":5,"x":[{}]}')], {'events': [], 'count': 1})
    """
    begin = _BEGIN.search(content, endpos=HEAD_BYTES)
    if begin is None or b"\n" in content or b"\r" in content:
        return None
    start, end = begin.end(), content.rfind(b"]")
    edges = re.compile(rb'\}, ?(?=\{"' + re.escape(begin[1]) + b'")').finditer(content, start)
    try:
        # With a number in place of the events, the rest has to be a page with this number as its events.
        page: Any = loads(content[:start] + b"0" + content[end:])
        if page["events"] != [0]:
            return None
        rows = _rows(_between(content, start, edges, end))
    except (ValueError, TypeError, LookupError):
        return None
    page["events"] = []
    return rows, page


def _between(content: bytes, start: int, edges: Iterable[re.Match[bytes]], end: int) -> list[bytes]:
    lines: list[bytes] = []
    for edge in edges:
        brace, after = edge.span()
        lines.append(content[start : brace + 1])
        start = after
    return [*lines, content[start:end]]


def _rows(lines: Sequence[bytes]) -> list[Row]:
    try:
        ids, stamps = zip(*map(_id_and_time, map(orjson.loads, lines)), strict=True)
        if (rows := as_rows(ids, stamps, lines)) is not None:
            return rows
    except (ValueError, LookupError):
        pass
    # Something is odd: a NaN, whose text stays as it is, or an event without an event_id, whose identity
    # depends on the other events of the page. So all are parsed together.
    for line in lines:
        line.decode()
    odd = read_rows([*map(parsed, lines)])
    return [row._replace(value=line) for row, line in zip(odd, lines, strict=True)]
