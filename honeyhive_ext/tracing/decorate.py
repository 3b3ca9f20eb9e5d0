"""What a span may decorate, and what it makes of it.

A function stays a function. Any other callable becomes a stand-in, which keeps its attributes. What is no
function, or only looks like one, is refused at the line of the decorator.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import sys
import types
from typing import Any, cast

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.serialize.encoders import kind_of, type_name
from honeyhive_ext.tracing.outcome import quietly
from honeyhive_ext.tracing.returned import recorded_call
from honeyhive_ext.tracing.stand_in import stand_in
from honeyhive_ext.tracing.streamed import streamed
from honeyhive_ext.tracing.wrap import (
    AnySpan,
    Function,
    Start,
    recorded_async_generator,
    recorded_coroutine,
    recorded_generator,
    recorded_iterable_coroutine,
)

_METHODS = (staticmethod, classmethod)
_MAKERS: tuple[Any, ...] = (contextlib.contextmanager, contextlib.asynccontextmanager)
_HELPERS = {make(print).__code__: make.__name__ for make in _MAKERS}


def decorate(span: Any, target: Any, *, only_async: bool) -> Any:
    """Return a callable that records each call with a span like this one.

    Args:
        span: The span, which is decorating.
        target: What it decorates.
        only_async: Whether what is not async is refused, since it cannot await the sending of its event.

    Raises:
        ConfigError: It is not a function; the message says what to write instead.
    """
    kind = kind_of(target)
    if issubclass(kind, _METHODS):
        return _method(span, target)
    _refuse(target, kind)
    made = _recorded(span, target, only_async=only_async)
    return functools.wraps(target)(made) if kind is types.FunctionType else _object(span, target, made)


def _method(span: Any, target: Any) -> Any:
    """Decorate the function inside a staticmethod or classmethod."""
    kind = kind_of(target)
    inner = target.__func__
    try:
        made = kind(span(inner))
    except TypeError as error:
        raise ConfigError(
            f"{kind.__name__} takes more than a function: write it above the span, next to its arguments"
        ) from error
    for name, value in cast("dict[str, Any]", target.__dict__).items():
        if name not in vars(made):
            setattr(made, name, value)
    return made


def _refuse(target: Any, kind: type[Any]) -> None:
    if issubclass(kind, type):
        raise ConfigError(
            f"{_shown(target)} is a class, and a span records functions: decorate its methods, such as "
            "__init__"
        )
    helper = _HELPERS.get(target.__code__) if kind is types.FunctionType else None
    if helper is not None:
        raise ConfigError(
            f"{_shown(target)} makes a context manager: write @{helper} above the span, so that the span is "
            "next to the function and records what happens inside the `with` statement"
        )
    if callable(target):
        return
    if hasattr(kind, "__get__"):
        raise ConfigError(
            f"{_shown(target)} is a {kind.__name__}, and a span records functions: put the span below it, "
            f"next to the function, as @{kind.__name__} above @hh.span()"
        )
    raise ConfigError(f"a span decorates functions, not a {type_name(target)}")


def _shown(target: Any) -> str:
    """Return the name of what cannot be decorated, or of the function inside it."""
    for of in (target, *(getattr(target, name, None) for name in ("fget", "func", "__func__"))):
        name = getattr(of, "__qualname__", None)
        if isinstance(name, str):
            return repr(name)
    return f"a {type_name(target)}"


def _recorded(span: AnySpan, target: Any, *, only_async: bool) -> Function:
    """Return a function of the same kind that records each call."""
    start = Start(span, target)
    code = _function_of(target)
    flags = 0 if code is None else code.__code__.co_flags
    if flags & inspect.CO_ASYNC_GENERATOR:
        return recorded_async_generator(start, target)
    if flags & inspect.CO_COROUTINE or (only_async and inspect.iscoroutinefunction(target)):
        return recorded_coroutine(start, target, streamed)
    if flags & inspect.CO_ITERABLE_COROUTINE:
        return recorded_iterable_coroutine(start, target)
    if only_async:
        raise ConfigError(
            f"{_shown(target)} is not async, and AsyncHoneyHive must be awaited to send: make the function "
            "async, or decorate it with a span of HoneyHive"
        )
    if flags & inspect.CO_GENERATOR:
        return recorded_generator(start, target)
    return recorded_call(start, target)


def _function_of(target: Any) -> types.FunctionType | None:
    """Return the function that runs when an object is called, as far as it is known."""
    while issubclass(kind_of(target), functools.partial):
        target = target.func
    if kind_of(target) is types.MethodType:
        target = target.__func__
    elif kind_of(target) is not types.FunctionType:
        target = inspect.getattr_static(kind_of(target), "__call__", None)
    return target if kind_of(target) is types.FunctionType else None


def _object(span: Any, target: Any, made: Any) -> Any:
    """Return a stand-in for a callable that is not a function."""

    def bind(instance: Any, owner: type | None = None) -> Any:
        bound = kind_of(target).__get__(target, instance, owner)
        if bound is target:
            return whole
        if kind_of(bound) is types.MethodType and bound.__func__ is target:
            return types.MethodType(whole, bound.__self__)
        try:
            return span(bound)
        except ConfigError:
            return bound

    def reduce(protocol: Any = 2) -> Any:
        name = target.__reduce_ex__(protocol)
        if isinstance(name, str) and _found(target.__module__, name) is whole:
            return name
        return span, (target,)

    def copied() -> Any:
        return span(copy.copy(target))

    def deepcopied(memo: Any) -> Any:
        return span(copy.deepcopy(target, memo))

    own: dict[str, Any] = {
        "__call__": made,
        "__copy__": copied,
        "__deepcopy__": deepcopied,
        "__get__": bind,
        "__reduce__": reduce,
        "__reduce_ex__": reduce,
    }
    if not hasattr(kind_of(target), "__get__"):
        del own["__get__"]
    with quietly:  # a function written in C may have none, and an object's own code may raise
        own["__signature__"] = made.__signature__ = inspect.signature(target)
    whole = stand_in(target, own)
    return whole


def _found(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for step in name.split("."):
        found = getattr(found, step, None)
    return found
