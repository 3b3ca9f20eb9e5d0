"""JSON in and out, with a rule wherever JSON libraries and SQLite disagree.

- Text that is not strict JSON is refused: NaN, infinity, lone surrogates, a byte order mark, invalid UTF-8.
- Integers of any size are kept to the last digit. orjson turns 2**64 and more into floats silently.
- NUL inside a string is kept. SQLite's JSON functions end a string there. Such strings are therefore stored
  in a code (`guard`) that compares and searches like the original, and decoded on the way out (`unguard`).
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.serialize.value_memory import values_exceed

MAX_DEPTH = 254  # levels inside one field: what orjson writes; SQLite's JSON functions read 1,000 or 2,000

# An integer that orjson does not keep has 20 digits or more, a negative one 19. This translation and a
# substring search find such an integer far faster than a regular expression does.
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 20
_LONG_NEGATIVE = b"-" + b"0" * 19
_HUGE = re.compile(rb"([0-9]{20})[0-9]{280,}")

# Four noncharacters of Unicode, which no text should hold: START, one to four MARKs and END stand for NUL
# and for these characters themselves. START opens and END closes every code, and both occur nowhere else.
# So one text contains another exactly if its code contains the other's code.
_START, _MARK, _END = "\ufdd0", "\ufdd1", "\ufdd2"
_CODES = {
    0x0: _START + _MARK + _END,
    0xFDD0: _START + 2 * _MARK + _END,
    0xFDD1: _START + 3 * _MARK + _END,
    0xFDD2: _START + 4 * _MARK + _END,
}
_ESCAPED = re.compile(rb"\\u(?:0000|[fF][dD][dD][0-2])")
_RAW = b"\xef\xb7"  # how the three begin in UTF-8
_CODED = re.compile("\ufdd0((?:\ufdd1){1,4})\ufdd2".encode())
_PLAIN = (b"\\u0000", "\ufdd0".encode(), "\ufdd1".encode(), "\ufdd2".encode())
_START_BYTES = _START.encode()


class TooManyValuesError(ValueError):
    """A text with so many values that they would fill the memory."""

    def __init__(self) -> None:
        super().__init__("the body holds too many arrays, objects and values: send fewer events at once")


class NotJSONError(ValueError):
    """A text that is not strict JSON. The message says what is wrong, and where."""


class TooDeepError(ValueError):
    """A value that is nested more deeply than SQLite can search.

    Args:
        path: The field that holds the value; "" where it is not known.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        super().__init__(f"nested more than {MAX_DEPTH} levels deep")


MEMORY = 256_000_000  # bytes that the values of one body may take, about


def check_values(body: bytes) -> None:
    """Check that the values of a body do not take far more memory than the body.

    Raises:
        TooManyValuesError: They do.
    """
    if values_exceed(body, MEMORY):
        raise TooManyValuesError


def loads(body: bytes) -> Any:
    """Return the value of a strict JSON text, with exact integers.

    Raises:
        NotJSONError: The text is not strict JSON.

    >>> loads(b'{"a": 100000000000000000001}')
    {'a': 100000000000000000001}
    """
    try:
        try:
            value = orjson.loads(body)
        except ValueError as problem:
            if "infinity" not in str(problem):
                raise
            # An integer may be larger than any double. The rest of the text is checked without its digits.
            orjson.loads(_HUGE.sub(rb"\1", body))
            return _exact(body)
        digits = body.translate(_DIGITS)
        return _exact(body) if _LONG in digits or _LONG_NEGATIVE in digits else value
    except (ValueError, RecursionError) as problem:
        raise NotJSONError(f"not JSON: {problem}") from problem


def _exact(body: bytes) -> Any:
    return json.loads(body, parse_float=_finite, parse_constant=_refuse)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is beyond the range of a double")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def dumps(value: object) -> str:
    """Return the JSON text of a value, with exact integers and with non-ASCII characters unescaped.

    Raises:
        TooDeepError: The value has more than MAX_DEPTH levels.

    >>> dumps({"é": [1.0, 2**70]})
    '{"é":[1.0,1180591620717411303424]}'
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # too deep, or an integer of more than 64 bits
        if depth(value) > MAX_DEPTH:
            raise TooDeepError from None
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def suspect(body: bytes) -> bool:
    """Return whether a body may hold characters that have to be guarded."""
    # Searching for one byte is much faster than searching for two.
    if b"\xef" in body and _RAW in body:
        return True
    return b"\\" in body and b"\\u" in body and _ESCAPED.search(body) is not None


def guard(value: Any) -> Any:
    """Return the value with NUL and the code's own characters encoded, in keys too.

    >>> unguard(dumps(guard({"a\\x00": "\\ufdd0"})).encode()) == dumps({"a\\x00": "\\ufdd0"}).encode()
    True
    """
    if isinstance(value, str):
        return value.translate(_CODES)
    if is_object(value):
        return {key.translate(_CODES): guard(inner) for key, inner in value.items()}
    if is_array(value):
        return [guard(inner) for inner in value]
    return value


def unguard(text: bytes) -> bytes:
    """Return the JSON text of the original values, from the JSON text of guarded ones."""
    if b"\xef" not in text or _START_BYTES not in text:  # one byte first: much faster
        return text
    return _CODED.sub(lambda found: _PLAIN[len(found[1]) // 3 - 1], text)


def depth(value: object) -> int:
    """Return how many arrays and objects are nested in one another; 0 for a scalar.

    >>> depth({"a": [1, {"b": 2}]})
    3
    """
    deepest = 0
    todo: list[tuple[object, int]] = [(value, 1)]
    while todo:
        item, level = todo.pop()
        if is_object(item):
            deepest = max(deepest, level)
            todo.extend((inner, level + 1) for inner in item.values())
        elif is_array(item):
            deepest = max(deepest, level)
            todo.extend((inner, level + 1) for inner in item)
    return deepest
