# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""What is a JSON value. Both backends get only plain ones, so that their results cannot differ.

For other values they differ. jsonschema accepts NaN as a number. jsonschema-rs accepts tuples, enums and
decimals, and raises ValueError for a str subclass. With a deep value the messages of jsonschema exceed the
recursion limit.
"""

from __future__ import annotations

import math
from typing import Any, cast

from ._failures import Failure, Path, path_text

# Levels of arrays and objects: jsonschema-rs can report on them, and a batch can contain events as deep as
# orjson can write (254).
MAX_DEPTH = 256
MAX_VALUES = 10_000_000  # shared parts count each time: a few objects can be billions of values
MAX_BITS = 13_000  # of an integer, about 3,900 digits; Python refuses to print more than 4,300


def is_plain(value: object) -> bool:
    """Return whether the value has exactly the types of `json.loads`, so that it needs no copy."""
    level: list[object] = [value]
    seen = 0
    for depth in range(MAX_DEPTH + 1):
        if not level:
            break
        seen += len(level)
        if seen > MAX_VALUES:
            return False
        below: list[object] = []
        for item in level:
            kind = type(item)
            if kind is str:
                if not _is_encodable(cast("str", item)):
                    return False
            elif depth == MAX_DEPTH and kind in (dict, list):
                return False
            elif kind is dict:
                mapping = cast("dict[object, object]", item)
                for key in mapping:
                    if type(key) is not str or not _is_encodable(key):
                        return False
                below.extend(mapping.values())
            elif kind is list:
                below.extend(cast("list[object]", item))
            elif kind is float:
                if not math.isfinite(cast("float", item)):
                    return False
            elif kind is int:
                if cast("int", item).bit_length() > MAX_BITS:
                    return False
            elif kind is not bool and item is not None:
                return False
        level = below
    return True


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Plain:
    """A plain copy of a value, and what in it is not JSON.

    Attributes:
        value: The copy, with null in place of everything that is not JSON.
        failures: The places that are not JSON.
    """

    def __init__(self, value: object) -> None:
        self.failures: list[Failure] = []
        self._seen = 0
        try:
            self.value: Any = self._copy(value, ())
        except RecursionError:  # the stack of the caller was nearly full
            self.value = None
            self.failures = [Failure("", "nested too deeply to be checked")]

    def _fail(self, path: Path, message: str) -> Any:
        self.failures.append(Failure(path_text(path), message))
        return None

    def _copy(self, value: object, path: Path) -> Any:
        self._seen += 1
        if self._seen > MAX_VALUES:
            if self._seen == MAX_VALUES + 1:
                self._fail((), f"more than {MAX_VALUES:,} values")
            return None
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, int):
            if value.bit_length() <= MAX_BITS:
                return int(value)
            return self._fail(path, "an integer with too many digits")
        if isinstance(value, float):
            if math.isfinite(value):
                return float(value)
            return self._fail(path, f"expected a finite number, got {float(value)}")
        if isinstance(value, dict | list | tuple):
            if len(path) >= MAX_DEPTH:
                return self._fail(path, f"nested deeper than {MAX_DEPTH} levels, or inside itself")
            return self._container(cast("dict[object, object] | list[object] | tuple[object]", value), path)
        return self._fail(path, f"expected a JSON value, got {type(value).__name__}")

    def _text(self, value: str, path: Path) -> Any:
        if _is_encodable(value):
            return str.__str__(value)
        return self._fail(path, "a lone surrogate, which UTF-8 cannot hold")

    def _container(self, value: dict[object, object] | list[object] | tuple[object], path: Path) -> Any:
        if not isinstance(value, dict):
            return [self._copy(item, (*path, index)) for index, item in enumerate(value)]
        result: dict[str, Any] = {}
        for key, item in value.items():
            if isinstance(key, str) and _is_encodable(key):
                plain_key = str.__str__(key)
                result[plain_key] = self._copy(item, (*path, plain_key))
            else:
                self._fail(path, f"expected a string as property name, got {ascii(key)[:60]}")
        return result
