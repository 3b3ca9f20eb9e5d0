"""Pydantic models become what their own JSON says, without the loss of a value.

`model_dump(mode="json")` writes nothing but the fields of the declared classes, writes NaN as null, and takes
time without end where many models share others. So a model is looked at before it is dumped.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from inspect import Parameter, signature
from typing import Any

from honeyhive_ext.config.signals import from_a_signal_handler

kind_of: Any = type
_DICT: Any = dict  # their own methods, not those of a subclass
_ARRAYS: tuple[Any, ...] = (list, tuple, set, frozenset, deque)
_SCALARS = frozenset({str, int, bool, type(None)})
_BYTES_A_VALUE = 64  # of bytes, which are copied when they are written


class Survey:
    """What a model holds, found without running any code of its own.

    Attributes:
        values: The values in it, those of an object that it holds twice counted twice.
        lossy: Whether its JSON would lose a value: NaN, or two keys that become the same str.
        classes: The pydantic classes in it.
    """

    def __init__(self, root: Any, most: int) -> None:
        self.values = 0
        self.lossy = False
        self.classes: set[type] = set()
        left = [root]
        while left and self.values <= most:
            node = left.pop()
            kind = kind_of(node)
            if issubclass(kind, float):
                self.lossy = self.lossy or node - node != 0
            elif issubclass(kind, Decimal):
                self.lossy = self.lossy or not Decimal.is_finite(node)
            elif issubclass(kind, date):
                self.lossy = self.lossy or node != node  # NaT of pandas is not equal to itself
            elif issubclass(kind, (bytes, bytearray)):
                self.values += len(node) // _BYTES_A_VALUE
            else:
                count, inner = self._inner(node, kind)
                self.values += count
                if self.values <= most:
                    left += [value for value in inner if kind_of(value) not in _SCALARS]

    def _inner(self, node: Any, kind: Any) -> tuple[int, Iterable[Any]]:
        if issubclass(kind, dict):
            if len({*map(_key, node)}) != _DICT.__len__(node):
                self.lossy = True
            return _DICT.__len__(node), _DICT.values(node)
        for base in _ARRAYS:
            if issubclass(kind, base):
                return base.__len__(node), base.__iter__(node)
        if is_model(kind):
            self.classes.add(kind)
        elif not is_dataclass(kind):
            return 0, ()
        fields = own_fields(node)
        return len(fields), fields.values()


def _key(key: Any) -> str:
    return key if type(key) is str else str(key).lower() if key is None or type(key) is bool else str(key)


def own_fields(node: Any) -> dict[str, Any]:
    """Return the fields of a model or dataclass, and what a model holds besides."""
    try:
        fields = dict(object.__getattribute__(node, "__dict__"))
    except AttributeError:  # a dataclass with slots
        names = getattr(kind_of(node), "__dataclass_fields__", ())
        fields = {name: object.__getattribute__(node, name) for name in names}
    if is_model(kind_of(node)):
        fields |= object.__getattribute__(node, "__pydantic_extra__") or {}
    return fields


def dump_within(value: Any, most: int, left_out: Callable[[Any], str]) -> Any:
    """Return the JSON of a model without its largest fields, or what stands for it if it has one form only.

    Args:
        value: The model.
        most: How many values it may hold.
        left_out: Returns what stands for a field.
    """
    survey = Survey(value, most)
    heavy = [*parts_of(value, most)] if survey.values > most else []
    if survey.values > most and not heavy:
        return left_out(value)
    written = dump(value, survey, heavy)
    fields = own_fields(value)
    return written | {name: left_out(fields[name]) for name in heavy} if heavy else written


def parts_of(value: Any, most: int) -> Iterator[str]:
    """Yield the fields of a model that are too large to be dumped with the rest."""
    kind = kind_of(value)
    if not is_model(kind) or kind.__pydantic_decorators__.model_serializers or kind.__pydantic_root_model__:
        return
    for name, field in own_fields(value).items():
        values = Survey(field, most).values
        if values > most:
            yield name
        else:
            most -= values


def is_model(kind: type) -> bool:
    """Tell whether a class is a pydantic model (version 2)."""
    return hasattr(kind, "__pydantic_validator__") and callable(getattr(kind, "model_dump", None))


def is_pydantic_dataclass(kind: type) -> bool:
    """Tell whether a class is a dataclass of pydantic itself, and not a plain subclass of one."""
    return is_dataclass(kind) and "__pydantic_serializer__" in vars(kind)


def dump(value: Any, survey: Survey, exclude: Iterable[str] = ()) -> Any:
    """Return the JSON of a model as pydantic writes it, or its Python values if the JSON would lose one."""
    options = dict(_options(kind_of(value), frozenset(survey.classes)))
    if exclude:
        options["exclude"] = {*exclude}
    write = value.model_dump if is_model(kind_of(value)) else _serializer(value)
    if survey.lossy:
        return write(**options | {"mode": "python"})
    try:
        return write(**options)
    except Exception as error:  # bytes that are no text, or a value that only the encoding table knows
        if from_a_signal_handler(error) or options.get("mode") != "json":
            raise
        return write(**options | {"mode": "python"})


def _serializer(value: Any) -> Any:
    write = kind_of(value).__pydantic_serializer__.to_python
    return partial(write, value)


@lru_cache(maxsize=2_048)
def _options(kind: type, classes: frozenset[type]) -> dict[str, Any]:
    """Return the arguments of `model_dump`, without those that a class does not take."""
    pydantic: Any = sys.modules["pydantic"]
    wanted: dict[str, Any] = {"mode": "json", "warnings": False}
    if "polymorphic_serialization" in signature(pydantic.BaseModel.model_dump).parameters:  # since 2.13
        wanted["polymorphic_serialization"] = True
    elif not any(map(_has_serializers, classes)):
        wanted["serialize_as_any"] = True  # it would skip `PlainSerializer`, which may mask a secret
    if not is_model(kind):
        return wanted
    taken = signature(kind.model_dump).parameters  # type: ignore[attr-defined]
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in taken.values()):
        return wanted
    return {name: option for name, option in wanted.items() if name in taken}


def _has_serializers(kind: Any) -> bool:
    return "'function-" in str(getattr(kind, "__pydantic_core_schema__", "'function-"))
