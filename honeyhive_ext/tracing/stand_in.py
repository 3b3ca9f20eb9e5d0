"""A stand-in for an object that cannot be replaced by a function: it has every attribute and method of it.

Attributes are read, set and deleted on the object itself. Special methods, which Python looks up in the
class, are passed on by a class that is made for the type of the object. `isinstance` and `inspect` see the
object's type.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from honeyhive_ext.serialize.encoders import kind_of

# What a class needs for itself.
_OWN = frozenset(
    {
        "__abstractmethods__",
        "__class__",
        "__class_getitem__",
        "__del__",
        "__delattr__",
        "__dict__",
        "__doc__",
        "__getattr__",
    }
    | {"__getattribute__", "__init__", "__init_subclass__", "__module__", "__new__", "__setattr__"}
    | {"__slots__", "__subclasshook__", "__weakref__"}
)


class StandIn:
    """Passes everything on to one object, except for attributes of its own."""

    __slots__ = ("__weakref__", "_own", "_target")

    def __getattribute__(self, name: str) -> Any:
        own = _own_of(self)
        return own[name] if name in own else getattr(_target_of(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_target_of(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_target_of(self), name)

    def __copy__(self) -> Any:  # Python looks it up in the class, also where the object's type has none
        own = _own_of(self).get("__copy__")
        return copy.copy(_target_of(self)) if own is None else own()


_TARGET, _OWN_SLOT = StandIn.__dict__["_target"], StandIn.__dict__["_own"]
_target_of: Callable[[StandIn], Any] = _TARGET.__get__
_own_of: Callable[[StandIn], Mapping[str, Any]] = _OWN_SLOT.__get__


def stand_in(target: Any, own: Mapping[str, Any]) -> Any:
    """Return a stand-in for an object.

    Args:
        target: The object.
        own: The attributes that the stand-in has instead of those of the object, by name. Python finds a
            special method among them only if the type of the object has it too.
    """
    made: Any = object.__new__(_class_for(kind_of(target)))
    _TARGET.__set__(made, target)
    _OWN_SLOT.__set__(made, own)
    return made


@lru_cache(maxsize=128)
def _class_for(kind: type[Any]) -> type[StandIn]:
    special = {name for base in kind.__mro__ for name in vars(base) if name[:2] == name[-2:] == "__"}
    found: dict[str, Any] = {"__slots__": ()}
    for name in special - _OWN:
        value: Any = getattr(kind, name, ...)
        if value is None:  # as `__hash__` of what cannot be hashed
            found[name] = None
        elif callable(value):
            found[name] = _passed_on(name)
        elif value is not ... and not hasattr(kind_of(value), "__get__"):  # as `__dataclass_fields__`
            found[name] = value
    made: type[StandIn] = type(kind.__name__, (StandIn,), found)
    return made


def _passed_on(name: str) -> Callable[..., Any]:
    def method(self: StandIn, *args: Any, **kwargs: Any) -> Any:
        own = _own_of(self).get(name)
        if own is not None:
            return own(*args, **kwargs)
        target = _target_of(self)
        return getattr(kind_of(target), name)(target, *args, **kwargs)

    method.__name__ = name
    return method
