"""A page cut into the texts of its rows, which are not parsed: all that an export of JSON Lines needs. Pure.

Parsing a page and writing it as text again costs more than twice as much. A page is cut where `},{"event_id"`
stands (or whichever property its first row begins with). Within a text it would be `},{\\"event_id\\"`, so it
is always the edge of two objects in an array, but that array may lie inside an event. Therefore the brackets
of all rows are counted: a row whose own brackets do not close, or that holds two objects side by side, was
cut wrongly. Whatever is not plain is left to the parser: then `cut` returns None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from honeyhive_ext.search.parse import loads
from honeyhive_ext.search.rows import Row, as_rows, read_rows

HEAD_BYTES = 4096  # within these the events of a page begin
DEEPEST = 100  # brackets inside one another; a page with more of them is parsed

_STRUCTURE = b'"{}[]' + bytes(range(32))  # control characters are not JSON inside text, so none may be left
_REST = bytes(byte for byte in range(256) if byte not in _STRUCTURE)
_ESCAPES = re.compile(rb'\\["\\]')
_STRINGS = re.compile(rb'"[^"\n]*+"')
_BEGIN = re.compile(rb'"events": ?\[(?=\{"([^"\\]++)")')

# The properties of a row up to its event_id, and of those after it the plain ones up to its start_time.
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PLAIN = rb'(?:"[^"\\]*+"|[-+.\w]++)'


def _nested(depth: int) -> bytes:
    """An object or array with up to so many inside one another."""
    inner = b"|" + _nested(depth - 1) if depth else b""
    return rb"[{\[](?:[^][{}\"]++|" + _TEXT + inner + rb")*+[}\]]"


_ANY = rb"(?:" + _TEXT + rb"|[-+.\w]++|" + _nested(5) + rb")"  # five are enough before an event_id
_NUMBER = rb"(-?\d{1,18}(?:\.\d{1,18})?+)"
_ROW = re.compile(
    rb'\{(?:"(?!event_id")[^"\\]*+": ?' + _ANY + rb', ?)*+"event_id": ?"([^"\\]++)"'
    rb'(?:, ?(?:"(?!start_time")[^"\\]*+": ?' + _PLAIN + rb', ?)*+"start_time": ?' + _NUMBER + rb"(?=[,}]))?+"
)
_TIME = b'"start_time":'
_LATE_TIME = re.compile(_TIME + rb" ?" + _NUMBER + rb'(?:, ?"[^"\\]*+": ?' + _PLAIN + rb")*+\}")


def cut(content: bytes) -> tuple[list[Row], Any] | None:
    """The rows of a page, each with its text as its value, and the page without them. None: parse it.

    >>> rows, page = cut(b'{"events":[{"event_id":"a","start_time":5,"x":[{}]}],"count":1}')
    >>> rows, page
    ([Row(key='a', time=5, value=b'{"event_id":"a","start_time":5,"x":[{}]}')], {'events': [], 'count': 1})
    """
    begin = _BEGIN.search(content, 0, HEAD_BYTES)
    if begin is None or b"\n" in content or not _is_utf8(content):
        return None
    end = content.rfind(b"]")
    head, tail = content[: begin.end()], content[end:]
    first = b'{"' + begin[1] + b'"'
    for comma in (b",", b", "):
        # Made of the page as it is, head and tail included: each copy of a page costs up to 0.5 µs an event.
        marked = content.replace(b"}" + comma + first, b"}\n" + first)
        if b"\n" in marked:
            break
    try:
        page: Any = loads(head + tail)
        # What was taken out are the events of the page itself, not of something inside it.
        moved: Any = loads(head + b"0" + tail)
        if page["events"] != [] or moved["events"] != [0] or not _are_objects(marked, head, tail):
            return None
        lines = marked.split(b"\n")
        lines[-1] = lines[-1][: -len(tail)]
        lines[0] = lines[0][len(head) :]
        return _rows(lines), page
    except (ValueError, TypeError, LookupError):
        return None


def _is_utf8(content: bytes) -> bool:
    try:
        return content.isascii() or bool(content.decode())
    except UnicodeDecodeError:
        return False


def _brackets(text: bytes) -> bytes:
    """The brackets outside of text, and what else says whether they can be trusted. 1.1 µs an event."""
    plain = _ESCAPES.sub(b"", text) if b"\\" in text else text
    left = plain.translate(None, _REST).replace(b'""', b"")
    return _STRINGS.sub(b"", left) if b'"' in left else left  # text that holds brackets


def _are_objects(marked: bytes, head: bytes, tail: bytes) -> bool:
    """Whether each line between head and tail is one object, as far as brackets and quotes tell."""
    begin, end = _brackets(head) + b"{", b"}" + _brackets(tail)
    left = _brackets(marked)
    if not left.startswith(begin) or not left.endswith(end):
        return False
    left = left[len(begin) : -len(end)].replace(b"}\n{", b"\n")
    count = left.count(b"\n")
    for _ in range(DEEPEST):  # without its own brackets, each line has to vanish
        if len(left) == count:
            break
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    return left == b"\n" * count


def _rows(lines: Sequence[bytes]) -> list[Row]:
    found = [*map(_ROW.match, lines)]
    if None not in found:
        ids, moments = zip(*[cast("re.Match[bytes]", one).groups() for one in found], strict=True)
        if None not in moments:
            return as_rows(map(bytes.decode, ids), _numbers(moments), lines)
    rows = [_row(one, line) for one, line in zip(found, lines, strict=True)]
    # What is odd is parsed, all of it together, since rows without an event_id are told apart by content.
    odd = iter(read_rows([loads(line) for row, line in zip(rows, lines, strict=True) if row is None]))
    return [
        next(odd)._replace(value=line) if row is None else row for row, line in zip(rows, lines, strict=True)
    ]


def _row(found: re.Match[bytes] | None, line: bytes) -> Row | None:
    if found is None:
        return None
    moment = found[2]
    if moment is None:
        # Where only plain values follow it, the last start_time is that of the row itself.
        at = line.rfind(_TIME)
        late = _LATE_TIME.fullmatch(line, at) if line[at - 1 : at] in (b",", b" ") else None
        if late is None:
            return None
        moment = late[1]
    return Row(found[1].decode(), _number(moment), line)


def _numbers(texts: Sequence[bytes]) -> list[float]:
    try:
        return [*map(int, texts)]
    except ValueError:
        return [*map(_number, texts)]


def _number(text: bytes) -> float:
    return float(text) if b"." in text else int(text)
