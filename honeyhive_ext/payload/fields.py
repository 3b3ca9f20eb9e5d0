"""Fields that callers give become the fields of a request, as the generated table of fields says.

No field has its name here: a property added to openapi.yaml is known after `nox -s generate`. Only the hints
for wrong names are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Any

from attrs import frozen
from honeyhive_client.request_fields import REQUEST_FIELDS, Field
from honeyhive_client.types import UNSET

from honeyhive_ext.config.checks import did_you_mean, lone_surrogate
from honeyhive_ext.config.event_types import event_type_for
from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.hints import hint_for, takes
from honeyhive_ext.payload.ids import is_canonical, uuid_str
from honeyhive_ext.payload.times import FIRST_MS, LAST_MS, duration_ms, number, unix_ms
from honeyhive_ext.serialize.encoders import kind_of, stand_in, type_name, well_formed
from honeyhive_ext.serialize.to_builtins import to_builtins

Converter = Callable[[Any, str, OnUnserializable], Any]


@frozen
class RequestModel:
    """The fields of one request model of the API document.

    Attributes:
        name: The model's name, such as "CreateEventRequest".
        purpose: What the fields belong to, for messages, such as "an event".
        converters: A function for each field, from a value that a caller gives to the value on the wire.
        objects: The fields whose value is an object.
        nullable: The fields that may be null.
        required: The fields that must be there.
    """

    name: str
    purpose: str
    converters: Mapping[str, Converter]
    objects: frozenset[str]
    nullable: frozenset[str]
    required: tuple[str, ...]

    @classmethod
    def of(cls, name: str, purpose: str) -> RequestModel:
        """Return the request model with this name in the generated table."""
        table = REQUEST_FIELDS[name]
        return cls(
            name=name,
            purpose=purpose,
            converters={field.name: converter(field) for field in table.values()},
            objects=frozenset(name for name, field in table.items() if converter(field) is _object),
            nullable=frozenset(field.name for field in table.values() if field.nullable),
            required=tuple(field.name for field in table.values() if field.required),
        )

    def convert(
        self, given: Mapping[str, Any], mode: OnUnserializable, *, further: bool = False
    ) -> dict[str, Any]:
        """Return the given fields with the values that the wire takes.

        No field is added. A field that a generated model left unset is left out.

        Args:
            given: Field names and values.
            mode: What happens to values that JSON cannot hold.
            further: Whether fields that the table does not have pass as they are.

        Raises:
            EventError: A field is not known, is null where the API takes no null, or has a value of
                another type.
        """
        wire = dict(given)
        objects, converters = self.objects, self.converters
        for name, value in given.items():
            if kind_of(value) is dict and name in objects:
                continue  # the usual case; its values are checked when the event is written
            convert = converters.get(name)
            if convert is None:
                if not further:
                    raise self.unknown(name)
            elif value is None:
                if name not in self.nullable:
                    raise EventError("null is not accepted here: leave the field out", path=name)
            elif value is UNSET:
                del wire[name]
            else:
                try:
                    wire[name] = convert(value, name, mode)
                except EventError:
                    raise
                except Exception as error:  # a value's own code, such as a `__class__` that raises
                    if from_a_signal_handler(error):
                        raise
                    raise EventError(
                        f"reading the {type_name(value)} raises {type_name(error)}", path=name
                    ) from error
        return wire

    def check_required(self, wire: Mapping[str, Any]) -> None:
        """Raise EventError if a field that the API needs is not there."""
        for name in self.required:
            if name not in wire:
                values = REQUEST_FIELDS[self.name][name].enum
                hint = f": one of {_listed(values)}" if values else ""
                raise EventError(f"{self.purpose} needs it{hint}", path=name)

    def unknown(self, name: object) -> EventError:
        """Return the error for a name that is not a field, with what to write instead."""
        if type(name) is not str:
            return EventError(f"a field name is a str, not {type_name(name)}")
        if self.name == "UpdateEventRequest" and name in REQUEST_FIELDS["CreateEventRequest"]:
            known = takes(self.purpose, self.converters)
            hint = f"the service cannot change it once the event exists; {known}"
        else:
            hint = hint_for(name, self.purpose, self.converters)
        return EventError(f"{self.purpose} has no such field: {hint}", path=well_formed(name[:80]))


def converter(field: Field) -> Converter:
    """Return the function from a value that a caller gives for a field to its value on the wire."""
    kinds = [kind for kind in field.types if kind != "null"]
    if field.model is not None and kinds in (["object"], ["array"]):
        return _model(field) if kinds == ["object"] else _models(field)
    if field.unit == "unix-ms":
        return _timestamp
    if field.unit == "ms":
        return _duration
    if field.enum:
        return _one_of(field.enum, event_type_for if field.name == "event_type" else _nothing)
    if field.format == "uuid":
        return _uuid
    by_type: dict[str, Converter] = {
        "object": _object,
        "array": _array(field),
        "string": _str,
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
    }
    return by_type[kinds[0]] if len(kinds) == 1 else _anything


# Each converter first asks for the usual value: it runs for every field of every event.


def _timestamp(value: Any, path: str, mode: OnUnserializable) -> int | float:
    if (type(value) is int or type(value) is float) and FIRST_MS <= value < LAST_MS:
        return value
    return unix_ms(value, path)


def _duration(value: Any, path: str, mode: OnUnserializable) -> int | float:
    if (type(value) is int or type(value) is float) and 0 <= value < LAST_MS:
        return value
    return duration_ms(value, path)


def _number(value: Any, path: str, mode: OnUnserializable) -> int | float:
    return number(value, path)


def _uuid(value: Any, path: str, mode: OnUnserializable) -> str:
    return value if type(value) is str and is_canonical(value) else uuid_str(value, path)


def _anything(value: Any, path: str, mode: OnUnserializable) -> Any:
    return value


def _object(value: Any, path: str, mode: OnUnserializable) -> Any:
    kind = kind_of(value)
    if kind is dict:
        return value  # its values are checked when the event is written
    tree = to_builtins(value, mode, path=path, depth=1)
    if isinstance(tree, dict):
        return tree  # pyright: ignore[reportUnknownVariableType]
    if mode == "raise":
        raise EventError(
            f'give a dict (a JSON object), not {type_name(value)}: write {path}={{"value": ...}}', path=path
        )
    return {"value": tree}


def _model(field: Field) -> Converter:
    """Return the converter of an object whose properties the document names."""

    def convert(value: Any, path: str, mode: OnUnserializable) -> Any:
        tree = value if kind_of(value) is dict else _object(value, path, mode)
        # At the first value: a model may contain itself.
        inner = _inner_model(field.model or "")
        try:
            wire = inner.convert(tree, mode, further=not field.closed)
            inner.check_required(wire)
        except EventError as error:
            place = f"{path}.{error.path}" if error.path else path
            raise EventError(error.reason, path=place) from error.__cause__
        return wire

    return convert


def _models(field: Field) -> Converter:
    """Return the converter of an array of such objects."""
    each = _model(field)

    def convert(value: Any, path: str, mode: OnUnserializable) -> Any:
        tree = to_builtins(value, path=path, depth=1)
        if kind_of(tree) is not list:
            raise EventError(f"give a list, not {type_name(value)}", path=path)
        return [each(item, f"{path}[{index}]", mode) for index, item in enumerate(tree)]

    return convert


@cache
def _inner_model(name: str) -> RequestModel:
    return RequestModel.of(name, "the object")


def _array(field: Field) -> Converter:
    item_types = field.items

    def convert(value: Any, path: str, mode: OnUnserializable) -> Any:
        tree = to_builtins(value, path=path, depth=1)
        kind = kind_of(tree)
        if kind is not list:
            raise EventError(f"give a list, not {type_name(value)}", path=path)
        if item_types == ("string",):
            for index, item in enumerate(tree):
                if type(item) is not str:
                    raise EventError(f"give a str, not {type_name(item)}", path=f"{path}[{index}]")
        return tree

    return convert


def _str(value: Any, path: str, mode: OnUnserializable) -> str:
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, Enum):
        value = value._value_  # not `value`, which a class may override with code that raises
    if not isinstance(value, str):
        if mode == "raise":
            hint = ": write str(error)" if isinstance(value, BaseException) else ""
            raise EventError(f"give a str, not {type_name(value)}{hint}", path=path)
        return stand_in(value)
    text = str.__str__(value)
    if (problem := lone_surrogate(text)) is not None:
        if mode == "raise":
            raise EventError(problem, path=path)
        return well_formed(text)
    return text


def _one_of(values: tuple[str, ...], elsewhere: Callable[[str], str | None]) -> Converter:
    def convert(value: Any, path: str, mode: OnUnserializable) -> str:
        if type(value) is str and value in values:
            return value
        text = _str(value, path, "raise")
        if text in values:
            return text
        if instead := elsewhere(text[:40]):
            hint = f"write {instead}; it"
        else:
            near = did_you_mean(text, values, cutoff=0.5)
            hint = f"did you mean {near!r}? It" if near else "it"
        raise EventError(
            f"{well_formed(text[:40])!r} is not known: {hint} is one of {_listed(values)}", path=path
        )

    return convert


def _nothing(_: str) -> None:
    return None


def _integer(value: Any, path: str, mode: OnUnserializable) -> int:
    found = number(value, path, "a whole number")
    if found != int(found):
        raise EventError(f"{found} is not whole: give a whole number", path=path)
    return int(found)


def _boolean(value: Any, path: str, mode: OnUnserializable) -> bool:
    if type(value) is not bool:
        raise EventError(f"give True or False, not {type_name(value)}", path=path)
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
