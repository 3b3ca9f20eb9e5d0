"""What each Python type becomes in JSON: one table, one step towards builtin types, no recursion.

`docs/sending.md` shows this table to users; a test compares the two.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence, Set
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import islice, repeat
from pathlib import PurePath
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, cast
from uuid import UUID

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.serialize.mappings import ENVIRONMENT, entries
from honeyhive_ext.serialize.models import Survey, dump, is_model, is_pydantic_dataclass
from honeyhive_ext.serialize.short_repr import SHORT

MIN_INT, MAX_INT = -(2**63), 2**64 - 1  # what orjson writes; beyond it most readers of JSON lose digits
MAX_STEPS = 32  # encoders in a row for one value, such as an Enum of an Enum
MAX_VALUES = 1_000_000  # of an event, those of an object that it holds twice counted twice
A_CONTAINER = 4  # values that an array or object counts as besides its items
MAX_CHARACTERS = 100_000_000  # of all text of an event, counted alike
MOST_ITEMS = 1_000_000  # of a container that is not a builtin, which may make its items as they are read
REPR_LIMIT = 1_000  # characters of the repr that stands for a value that JSON cannot hold

TOO_LONG = f"more than {MAX_CHARACTERS:,} characters of text: send what you need of it"
TOO_MANY = f"more than {MAX_VALUES:,} values, or it contains itself: send what you need of it"

Encoder = Callable[[Any], Any]

kind_of: Callable[[Any], Any] = type  # `type`, but type checkers do not narrow a value by it


class NotEncodableError(ValueError):
    """A value without an encoding although its type has one, such as Decimal("NaN")."""


class TooLargeError(NotEncodableError):
    """A value that is too large to be written, whatever happens to values that JSON cannot hold."""


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
    if is_model(kind) or is_pydantic_dataclass(kind):
        return model
    if kind.__module__.startswith("honeyhive_client.") and callable(getattr(kind, "to_dict", None)):
        return _generated
    if any(base.__module__ == "honeyhive_client.event_view" for base in kind.__mro__):
        return _event
    if is_dataclass(kind):
        return _dataclass
    if hasattr(kind, "__attrs_attrs__"):  # pyright: ignore[reportUnknownArgumentType] - is_dataclass narrows
        return _attrs
    if _is_masked_or_url(kind):
        return str  # a secret as its own mask; a URL
    numpy = sys.modules.get("numpy")  # who has such a value has loaded numpy
    if numpy is not None and issubclass(kind, numpy.generic):
        if issubclass(kind, numpy.datetime64):
            return _datetime64
        return _timedelta64 if issubclass(kind, numpy.timedelta64) else _numpy
    return None


def _is_masked_or_url(kind: Any) -> bool:
    known = hasattr(kind, "get_secret_value") or hasattr(kind, "host")
    return known and any(base.__module__.startswith("pydantic") for base in kind.__mro__)


def _enum(value: Enum) -> Any:
    return value.value


def _isoformat(value: date | time) -> str:
    if value != value:  # NaT of pandas is a datetime, and not equal to itself
        raise NotEncodableError(f"JSON has no {value}: leave it out or write None")
    return value.isoformat()


def _milliseconds(value: timedelta) -> int | float:
    exact = value / timedelta(milliseconds=1)
    return int(exact) if exact.is_integer() else exact


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise NotEncodableError(f"JSON has no {value}")
    return str(value)


def base64(value: bytes | bytearray | memoryview) -> str:
    """Return bytes as base64."""
    if type(value) is memoryview and value.format not in ("B", "b", "c"):
        raise NotEncodableError("a memoryview of numbers is no bytes: write value.tolist()")
    return b64encode(value).decode("ascii")


def mapping(value: Mapping[Any, Any], most: int | None = None) -> dict[Any, Any]:
    """Return a mapping as a dict, with a list for each key that it holds several times.

    Args:
        value: The mapping.
        most: How many entries to read; None for all, and for an error if there are too many.
    """
    if ENVIRONMENT in kind_of(value).__mro__:
        raise NotEncodableError("the environment holds the secrets of the process: give the entries you need")
    keys = bounded_items(value, len(value)) if most is None else islice(iter(value), most)
    return entries(value, keys, most)


def elements(value: Sequence[Any] | Set[Any], most: int | None = None) -> list[Any]:
    """Return the items of a sequence or a set, or the first of them."""
    return list(bounded_items(value, len(value)) if most is None else islice(iter(value), most))


def bounded_items(value: Any, length: int) -> Iterator[Any]:
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


def model(value: Any) -> Any:
    """Return a pydantic model as its own JSON."""
    survey = Survey(value, MAX_VALUES)
    if survey.values > MAX_VALUES:
        raise TooLargeError(TOO_MANY)
    return dump(value, survey)


def _generated(value: Any) -> Any:
    return value.to_dict()


def _event(value: Any) -> Any:
    return value.raw  # an Event that was read, which knows this module


def _dataclass(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclass_fields(value)}


def _attrs(value: Any) -> dict[str, Any]:
    kind = kind_of(value)
    return {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__}


def _namespace(value: SimpleNamespace) -> dict[str, Any]:
    return dict(vars(value))


def _datetime64(value: Any) -> str:
    if value != value:  # NaT
        raise NotEncodableError("JSON has no NaT: leave it out or write None")
    return str(value)


def _timedelta64(value: Any) -> int | float:
    if value != value:  # NaT
        raise NotEncodableError("JSON has no NaT: leave it out or write None")
    kind: Any = kind_of(value)
    unit = str(value.dtype).partition("[")[2].rstrip("]")
    if unit in ("", "Y", "M"):
        raise NotEncodableError("a timedelta64 of years, months or no unit has no length in milliseconds")
    exact = float(value / kind(1, "ms"))
    return int(exact) if exact.is_integer() else exact


def _numpy(value: Any) -> bool | int | float:
    item = value.item()
    if type(item) in (bool, int, float):
        return item  # type: ignore[no-any-return]
    raise NotEncodableError(f"a numpy {type(value).__name__} has no JSON form: write str(value)")


VALUES: Any = kind_of(dict[str, str]().values())
IP = (IPv4Address, IPv4Network, IPv6Address, IPv6Network)

# The first row that fits decides: an Enum of str is an Enum, and a named tuple is a sequence.
TABLE: tuple[tuple[type | tuple[type, ...], Encoder], ...] = (
    (Enum, _enum),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    ((date, time), _isoformat),  # datetime is a date
    (timedelta, _milliseconds),
    ((UUID, PurePath, *IP), str),
    (Decimal, _decimal),
    ((bytes, bytearray, memoryview), base64),
    (SimpleNamespace, _namespace),
    (Mapping, mapping),
    ((Sequence, Set), elements),
)


# What these read holds other values, so its repr may be as large as what is refused.
HOLDERS: frozenset[Encoder] = frozenset(
    {mapping, elements, model, _dataclass, _attrs, _namespace, _generated, _event}
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
            text = well_formed(_repr(value))
    except Exception as error:  # a repr may raise anything, and this is the last resort
        if from_a_signal_handler(error):
            raise
        return f"<{type_name(value)}, whose repr raises {type_name(error)}>"
    return text if len(text) <= REPR_LIMIT else f"{text[: REPR_LIMIT - 3]}..."


def exception_text(error: BaseException) -> str:
    """Return the text of an exception. What it holds is short if its repr might not end."""
    args: tuple[Any, ...] = cast(Any, BaseException).args.__get__(error)
    own = type(error).__str__ is not BaseException.__str__
    if own or not any(kind_of(one) in (dict, list, tuple, set) or is_dataclass(one) for one in args):
        return str(error)
    return ", ".join(map(SHORT.repr, args))


def _repr(value: object) -> str:
    """Return the repr of a value. Those that hold others are short: `repr` might not end with them."""
    kind = kind_of(value)
    if kind in (dict, list, tuple, set, frozenset, VALUES, repeat) or is_dataclass(value):
        return SHORT.repr(value)
    if kind in (FunctionType, MethodType, partial):
        function: Any = cast(Any, value).func if kind is partial else value
        return f"<{kind.__name__} {getattr(function, '__qualname__', None) or type_name(function)}>"
    if ENVIRONMENT in kind.__mro__:
        return "<os.environ>"
    if issubclass(kind, BaseException) and kind.__repr__ is BaseException.__repr__:
        args: tuple[Any, ...] = cast(Any, BaseException).args.__get__(value)
        if len(args) != 1 or type(args[0]) is not str:
            return f"{kind.__name__}({', '.join(map(SHORT.repr, args))})"
    return repr(value)


def well_formed(text: str) -> str:
    """Return the text as an exact str, with lone surrogates escaped."""
    return str.encode(text, "utf-8", "backslashreplace").decode("utf-8")
