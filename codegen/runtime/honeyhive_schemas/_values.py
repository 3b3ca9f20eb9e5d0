"""What counts as a JSON value. Both backends see only plain ones, so that their verdicts cannot differ.

Left to themselves they differ: jsonschema accepts NaN as a number, jsonschema-rs accepts tuples, enums
and decimals and raises ValueError for a str subclass; a deep value makes jsonschema's messages exceed the
recursion limit.
"""

from __future__ import annotations

import math
from typing import Any, cast

from ._failures import Failure, Path, path_text

# Arrays and objects within each other: what jsonschema-rs can report on, and a batch around events as deep as
# orjson can write (254).
MAX_DEPTH = 256
MAX_VALUES = 10_000_000  # counted with repetition; a few objects that share parts can stand for billions
MAX_BITS = 13_000  # of an integer, about 3,900 digits; Python refuses to print more than 4,300


def is_plain(value: object) -> bool:
    """Whether the value is made of exactly what `json.loads` gives, so that no copy is needed."""
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
                if not _is_text(cast("str", item)):
                    return False
            elif depth == MAX_DEPTH and kind in (dict, list):
                return False
            elif kind is dict:
                mapping = cast("dict[object, object]", item)
                for key in mapping:
                    if type(key) is not str or not _is_text(key):
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


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Plain:
    """A plain copy of a value, and what in it is no JSON.

    Attributes:
        value: The copy; null stands where something is no JSON.
        failures: The places that are no JSON.
    """

    def __init__(self, value: object) -> None:
        self.failures: list[Failure] = []
        self._seen = 0
        try:
            self.value: Any = self._copy(value, ())
        except RecursionError:  # the caller's own stack was nearly full
            self.value = None
            self.failures = [Failure("", "too deeply nested to be checked")]

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
            return self._fail(path, "an integer of too many digits")
        if isinstance(value, float):
            if math.isfinite(value):
                return float(value)
            return self._fail(path, f"expected a finite number, got {float(value)}")
        if isinstance(value, dict | list | tuple):
            if len(path) >= MAX_DEPTH:
                return self._fail(path, f"nested deeper than {MAX_DEPTH} levels, or within itself")
            return self._container(cast("dict[object, object] | list[object] | tuple[object]", value), path)
        return self._fail(path, f"expected a JSON value, got {type(value).__name__}")

    def _text(self, value: str, path: Path) -> Any:
        if _is_text(value):
            return str.__str__(value)
        return self._fail(path, "text with a lone surrogate, which UTF-8 cannot hold")

    def _container(self, value: dict[object, object] | list[object] | tuple[object], path: Path) -> Any:
        if not isinstance(value, dict):
            return [self._copy(item, (*path, index)) for index, item in enumerate(value)]
        result: dict[str, Any] = {}
        for key, item in value.items():
            if isinstance(key, str) and _is_text(key):
                plain_key = str.__str__(key)
                result[plain_key] = self._copy(item, (*path, plain_key))
            else:
                self._fail(path, f"expected text as property name, got {ascii(key)[:60]}")
        return result
