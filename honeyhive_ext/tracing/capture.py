"""The arguments and the result of a decorated function, copied when they are seen."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.payload.events import EVENT
from honeyhive_ext.serialize.bounded import CAPTURE_BYTES, bounded, size_of
from honeyhive_ext.serialize.encoders import exception_text, type_name, well_formed
from honeyhive_ext.serialize.to_builtins import to_builtins
from honeyhive_ext.tracing.model_outputs import Fields, dict_of, fields_of
from honeyhive_ext.tracing.model_streams import Joined, joined_for
from honeyhive_ext.tracing.outcome import quietly

ITEMS_KEPT = 1_000  # of a generator; further items are counted, not kept
ITEMS_REDUCED = 100_000  # of a generator with `reduce`, which needs all of them
ERROR_LIMIT = 10_000  # characters of an exception's text


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_ANY = inspect.signature(lambda *args, **kwargs: None)


class Arguments:
    """Reads the arguments of calls to one function, by parameter name.

    Args:
        function: The decorated function.
        wanted: True for all parameters except `self` and `cls`, False for none, or the names of some.

    Raises:
        ConfigError: The function has no parameter of a wanted name, and no `**kwargs` either.
    """

    def __init__(self, function: Callable[..., Any], wanted: bool | Collection[str]) -> None:
        self._wanted = wanted
        self._signature = _ANY
        with quietly:  # a function written in C may have none, and an object's own code may raise
            self._signature = inspect.signature(function)
        parameters = [*self._signature.parameters.values()]
        # The names of the arguments, if a call can give them by position only; else none is long enough.
        self._names = [one.name for one in parameters if one.kind in _POSITIONAL]
        self._plain = wanted is True and len(self._names) == len(parameters) and self._signature is not _ANY
        self._bound = self._names[:1] in (["self"], ["cls"])
        kinds = {parameter.kind: name for name, parameter in self._signature.parameters.items()}
        self._further = kinds.get(inspect.Parameter.VAR_KEYWORD, "")  # the name of **kwargs
        if not isinstance(wanted, bool):
            takes = self._signature.parameters
            for name in wanted:
                if name not in takes and not self._further:
                    raise ConfigError(f"capture_inputs names {name!r}, but the function takes {list(takes)}")

    def of(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], mode: OnUnserializable
    ) -> dict[str, Any] | None:
        """Return the arguments of one call, with defaults, as plain JSON values.

        Returns:
            None if none is wanted, or if they do not fit the function: then the call raises the TypeError.
        """
        if self._wanted is False:
            return None
        if self._plain and not kwargs and len(args) == len(self._names):  # the usual case
            if not args:
                return {}
            plain = dict(zip(self._names, args, strict=True))
            if self._bound:
                del plain[self._names[0]]
            found: dict[str, Any] = bounded(plain, mode, path="inputs", depth=1)
            return found
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:
            return None
        bound.apply_defaults()
        values = dict(bound.arguments)
        if self._wanted is not True:
            values = {**values.get(self._further, {}), **values}
            values = {name: value for name, value in values.items() if name in self._wanted}
        elif (first := next(iter(values), None)) in ("self", "cls"):
            del values[first]
        copied: dict[str, Any] = bounded(values, mode, path="inputs", depth=1)
        return copied


def copied_fields(fields: Mapping[str, Any], mode: OnUnserializable) -> dict[str, Any]:
    """Return a checked copy of fields that are set on a span.

    Raises:
        EventError: A field is not known or not what the API takes.
    """
    objects = EVENT.objects
    given = {
        name: bounded(value, mode, path=name, depth=1) if name in objects and value else value
        for name, value in fields.items()
    }
    return {
        name: value if name in objects else to_builtins(value, mode, path=name)
        for name, value in EVENT.convert(given, mode).items()
    }


def captured_result(result: Any, mode: OnUnserializable) -> dict[str, Any]:
    """Return a copy of what a function returned, as `outputs`."""
    if result is None:  # the usual case
        return {"result": None}
    outputs: dict[str, Any] = bounded({"result": result}, mode, path="outputs", depth=1)
    return outputs


def model_result(result: Any, mode: OnUnserializable) -> Fields:
    """Return the same as a field, and what the result says of the model that answered it."""
    outputs = captured_result(result, mode)
    found = fields_of(outputs.get("result"))
    return {**found, "outputs": {**found.get("outputs", {}), **outputs}}


class Yielded:
    """The items that a generator yielded, as fields of its event.

    Args:
        mode: What stands for a value that JSON cannot hold.
        of_a_model: Whether the pieces of a model's answer are joined.
        live: Whether the items themselves are kept too, for `reduce`.

    Attributes:
        live: The items themselves; None if there are more than ITEMS_REDUCED, or nobody wants them.
    """

    def __init__(self, mode: OnUnserializable, *, of_a_model: bool = False, live: bool = False) -> None:
        self.live: list[Any] | None = [] if live else None
        self._mode: OnUnserializable = mode
        self._items: list[Any] = []
        self._more = 0
        self._size = 0
        self._joining = of_a_model
        self._joined: Joined | None = None

    def add(self, item: Any) -> None:
        """Keep a copy of an item, as the item may change later."""
        if self.live is not None:
            if len(self.live) < ITEMS_REDUCED:
                self.live.append(item)
            else:
                self.live = None
        keeping = len(self._items) < ITEMS_KEPT and self._size < CAPTURE_BYTES
        if not keeping:
            self._more += 1
            if not self._joining:
                return
        copied = bounded(item, self._mode, path="outputs.result", depth=3)
        if self._joining:
            self._join(copied)
        if keeping:
            self._size += size_of(copied)
            self._items.append(copied)

    def _join(self, copied: Any) -> None:
        """Take a piece of an answer. If an item is none, the items stay items."""
        if not (self._items or self._more):
            self._joined = joined_for(copied)
        joined, piece = self._joined, dict_of(copied)
        self._joining = joined is not None and bool(piece) and joined.add(piece)
        if not self._joining:
            self._joined = None

    def fields(self, returned: Any = None) -> Fields:
        """Return the items as `result`, the number of further items, and the generator's return value.

        Instead of the pieces of one answer of a model, return the answer.
        """
        found: Fields = {} if self._joined is None else self._joined.fields()
        if "outputs" not in found:
            found["outputs"] = {"result": self._items, **({"not_kept": self._more} if self._more else {})}
        outputs = found["outputs"]
        if returned is not None:
            outputs["returned"] = bounded(returned, self._mode, path="outputs.returned", depth=2)
        return found


def error_text(error: BaseException) -> str:
    """Return an exception as the `error` of an event: its type and its text, at most 10,000 characters.

    >>> error_text(ValueError("no such document"))
    'ValueError: no such document'
    """
    try:
        text = well_formed(exception_text(error))
    except Exception as second:  # an exception's own __str__ may raise
        if from_a_signal_handler(second):
            raise
        text = f"its text cannot be read ({type_name(second)})"
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:ERROR_LIMIT]
