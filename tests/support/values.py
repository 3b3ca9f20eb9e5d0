"""Values that no JSON writer can take, and classes that the encoding table of docs/sending.md names."""

from __future__ import annotations

import dataclasses
import enum
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import attrs
import pydantic


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Celsius(float):
    pass


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Step:
    name: str
    after: Any = None


@attrs.define
class Tool:
    name: str


class Answer(pydantic.BaseModel):
    text: str
    at: date = date(2026, 1, 2)


class Broken(enum.Enum):
    """Its `value` raises; orjson alone would crash the process on it."""

    ONE = 1

    @property
    def value(self) -> Any:
        raise RuntimeError("no value")


class RaisingIter(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("no iteration")


class RaisingItem(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class RaisingLength(UserDict[str, Any]):
    def __len__(self) -> int:
        raise OSError("gone")


class Endless(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(int, 1)


class RaisingRepr:
    def __repr__(self) -> str:
        raise ZeroDivisionError


class RaisingDict:
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise AttributeError("no dict")


class RaisingClass:
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class RaisingMeta(type):
    def __hash__(cls) -> int:
        raise RuntimeError("no hash")


class Unhashable(metaclass=RaisingMeta):
    pass


@dataclasses.dataclass
class RaisingField:
    name: str

    def __getattribute__(self, name: str) -> Any:
        if name == "name":
            raise ValueError("closed")
        return super().__getattribute__(name)


class Recursive:
    def __repr__(self) -> str:
        return repr(self)


class RecursiveModel(pydantic.BaseModel):
    def model_dump(self, **kwargs: Any) -> Any:
        return self.model_dump(**kwargs)


class Itself(enum.Enum):
    A = "a"

    @property
    def value(self) -> Any:
        return self


def cycle() -> Any:
    inner: dict[str, Any] = {}
    inner["again"] = [inner]
    return inner


def dataclass_cycle() -> Any:
    step = Step("a")
    step.after = {"next": step}
    return step


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def deep_dicts(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = {"a": value}
    return value


MALFORMED: Mapping[str, Callable[[], Any]] = {
    "nan": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "nan in a subclass": lambda: Celsius("nan"),
    "nan beside null": lambda: [None, float("nan")],
    "huge": lambda: 2**64,
    "very huge": lambda: 10**5_000,
    "very low": lambda: -(2**63) - 1,
    "surrogate": lambda: "caf\udce9",
    "surrogate key": lambda: {"\ud800": 1},
    "cycle": cycle,
    "cycle of dataclasses": dataclass_cycle,
    "deep": lambda: deep(300),
    "very deep": lambda: deep(3_000),
    "deep dicts": lambda: deep_dicts(300),
    "same key": lambda: {1: "a", "1": "b"},
    "same key of bool": lambda: {True: "a", "true": "b"},
    "tuple key": lambda: {(1, 2): "a"},
    "object key": lambda: {object(): "a"},
    "nan key": lambda: {float("nan"): "a"},
    "object": object,
    "function": lambda: len,
    "class": lambda: Step,
    "generator": lambda: iter([1]),
    "exception": lambda: ValueError("x"),
    "complex": lambda: 1j,
    "raising value": lambda: Broken.ONE,
    "raising iter": lambda: RaisingIter([1]),
    "raising item": RaisingItem,
    "raising length": RaisingLength,
    "very long": lambda: range(10**12),
    "endless": lambda: Endless([1]),
    "raising repr": RaisingRepr,
    "raising dict": RaisingDict,
    "raising class": RaisingClass,
    "unhashable class": Unhashable,
    "raising field": lambda: RaisingField.__new__(RaisingField),
    "recursive repr": Recursive,
    "recursive model": RecursiveModel,
    "endless enum": lambda: Itself.A,
}
