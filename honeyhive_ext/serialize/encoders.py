"""What each Python type becomes in JSON: one table, one step towards builtin types, no recursion.

`docs/sending.md` shows this table to users; a test compares the two.
"""

from __future__ import annotations

import reprlib
import sys
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence, Set
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

from honeyhive_ext.config.signals import from_a_signal_handler

MIN_INT, MAX_INT = -(2**63), 2**64 - 1  # what orjson writes; beyond it most readers of JSON lose digits
MAX_STEPS = 32  # encoders in a row for one value, such as an Enum of an Enum
MOST_ITEMS = 1_000_000  # of a container that is not a builtin, which may make its items as they are read
REPR_LIMIT = 1_000  # characters of the repr that stands for a value that JSON cannot hold

Encoder = Callable[[Any], Any]

kind_of: Callable[[Any], Any] = type  # `type`, but type checkers do not narrow a value by it


class NotEncodableError(ValueError):
    """A value without an encoding although its type has one, such as Decimal("NaN")."""


@lru_cache(maxsize=2_048)
def encoder_for(kind: type) -> Encoder | None:
    """Return the function that takes a value of this type one step towards builtin types.

    Its result is a str, int, float, bool, None, dict or list, or a value that has an encoder itself. Only the
    type is asked: to ask an instance could run its own code.

    Returns:
        None if the type has no encoding.
    """
    for base, encoder in TABLE:
        if issubclass(kind, base):
            return encoder
    if hasattr(kind, "__pydantic_validator__") and callable(getattr(kind, "model_dump", None)):
        return _pydantic
    if kind.__module__.startswith("honeyhive_client.") and callable(getattr(kind, "to_dict", None)):
        return _generated
    if is_dataclass(kind):
        return _dataclass
    if hasattr(kind, "__attrs_attrs__"):  # pyright: ignore[reportUnknownArgumentType] - is_dataclass narrows
        return _attrs
    numpy = sys.modules.get("numpy")  # who has such a value has loaded numpy
    if numpy is not None and issubclass(kind, numpy.generic):
        return _numpy
    return None


def _enum(value: Enum) -> Any:
    return value.value


def _isoformat(value: date | time) -> str:
    return value.isoformat()


def _milliseconds(value: timedelta) -> int | float:
    exact = value / timedelta(milliseconds=1)
    return int(exact) if exact.is_integer() else exact


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise NotEncodableError(f"JSON has no {value}")
    return str(value)


def _base64(value: bytes | bytearray | memoryview) -> str:
    return b64encode(value).decode("ascii")


def _mapping(value: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value[key] for key in _bounded(value, len(value))}


def _elements(value: Sequence[Any] | Set[Any]) -> list[Any]:
    return list(_bounded(value, len(value)))


def _bounded(value: Any, length: int) -> Iterator[Any]:
    """Iterate up to the length. An iterator without end would block the caller.

    Raises:
        NotEncodableError: There are more items than that, or more than MOST_ITEMS: a `range` of a billion
            numbers would fill the memory.
    """
    if length > MOST_ITEMS:
        raise NotEncodableError(f"its length is {length:,} items, more than {MOST_ITEMS:,}")
    iterator = iter(value)
    yield from islice(iterator, length)
    if next(iterator, iterator) is not iterator:
        raise NotEncodableError(f"its length is {length:,} items, and it yields more")


def _pydantic(value: Any) -> Any:
    return value.model_dump(mode="python", warnings=False)


def _generated(value: Any) -> Any:
    return value.to_dict()


def _dataclass(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclass_fields(value)}


def _attrs(value: Any) -> dict[str, Any]:
    kind = kind_of(value)
    return {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__}


def _numpy(value: Any) -> bool | int | float:
    item = value.item()
    if type(item) in (bool, int, float):
        return item  # type: ignore[no-any-return]
    raise NotEncodableError(f"a numpy {type(value).__name__} has no JSON form: write str(value)")


# The first row that fits decides: an Enum of str is an Enum, and a named tuple is a sequence.
TABLE: tuple[tuple[type | tuple[type, ...], Encoder], ...] = (
    (Enum, _enum),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    ((date, time), _isoformat),  # datetime is a date
    (timedelta, _milliseconds),
    ((UUID, PurePath), str),
    (Decimal, _decimal),
    ((bytes, bytearray, memoryview), _base64),
    (Mapping, _mapping),
    ((Sequence, Set), _elements),
)


def type_name(value: object) -> str:
    """Return the name of a value's type, for messages."""
    return str(type.__getattribute__(type(value), "__qualname__"))


def why_not(value: object) -> str:
    """Return why a value without an encoding is refused, and what to write instead."""
    name = type_name(value)
    kind = type(value)
    if isinstance(value, type) or callable(value):
        return f"a {name} has no JSON form: give its name or its result"
    if issubclass(kind, BaseException):
        return f"an exception ({name}) has no JSON form: write str(error)"
    if issubclass(kind, Coroutine):
        return f"a {name} has no JSON form: await it first"
    if issubclass(kind, Iterator):
        return f"a {name} can be read only once: write list(value)"
    if hasattr(kind, "tolist"):
        return f"a {name} has no JSON form: write value.tolist()"
    return f"a value of type {name} has no JSON form: give a dict, a list, a str or a number made of it"


def stand_in(value: object) -> str:
    """Return a str in place of a value that JSON cannot hold. It never raises; the result is valid UTF-8.

    A str is kept whole, with `\\udc80` written for a lone surrogate. Any other value becomes its repr, up to
    1,000 characters.

    >>> stand_in(float("nan")), stand_in("caf\\udce9"), stand_in(2**64)
    ('nan', 'caf\\\\udce9', '18446744073709551616')
    """
    try:
        if isinstance(value, str):
            return well_formed(value)
        if type(value) is int:
            text = hex(value) if abs(value) >> 4_096 else str(value)  # Python refuses very long decimals
        else:
            short = type(value) in (dict, list, tuple)
            text = well_formed(_SHORT.repr(value) if short else repr(value))
    except Exception as error:  # a repr may raise anything, and this is the last resort
        if from_a_signal_handler(error):
            raise
        return f"<{type_name(value)}, whose repr raises {type_name(error)}>"
    return text if len(text) <= REPR_LIMIT else f"{text[: REPR_LIMIT - 3]}..."


def well_formed(text: str) -> str:
    """Return the text as an exact str, with lone surrogates escaped."""
    return str.encode(text, "utf-8", "backslashreplace").decode("utf-8")


_SHORT = reprlib.Repr()  # ends at cycles and at depth 6, where repr() would not
_SHORT.maxstring = _SHORT.maxother = 200
