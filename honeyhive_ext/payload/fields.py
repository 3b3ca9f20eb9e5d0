"""Given fields -> wire fields, by the generated table of what each request may hold.

Nothing here names a field that the table could name: a property added to openapi.yaml is known here after
`nox -s generate`. Only the hints for wrong names are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from attrs import frozen
from honeyhive_client.request_fields import REQUEST_FIELDS, Field
from honeyhive_client.types import UNSET

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload import times
from honeyhive_ext.payload.hints import hint_for, takes
from honeyhive_ext.payload.ids import uuid_str
from honeyhive_ext.payload.shapes import Shapes
from honeyhive_ext.serialize.encoders import kind_of, stand_in, type_name, well_formed
from honeyhive_ext.serialize.to_builtins import to_builtins

Converter = Callable[[Any, str, OnUnserializable], Any]


@frozen
class RequestModel:
    """The fields of one request model, ready to convert what callers give.

    Attributes:
        name: The model's name, such as "CreateEventRequest".
        purpose: What the fields belong to, for messages, such as "an event".
        nullable: The fields that may be null.
        required: The fields that must be there.
    """

    name: str
    purpose: str
    converters: Mapping[str, Converter]
    nullable: frozenset[str]
    required: tuple[str, ...]
    shapes: Shapes

    @classmethod
    def of(cls, name: str, purpose: str) -> RequestModel:
        """The request model with this name in the generated table."""
        table = REQUEST_FIELDS[name]
        return cls(
            name=name,
            purpose=purpose,
            converters={field.name: converter(field) for field in table.values()},
            nullable=frozenset(field.name for field in table.values() if field.nullable),
            required=tuple(field.name for field in table.values() if field.required),
            shapes=Shapes(table),
        )

    def convert(
        self, given: Mapping[str, Any], mode: OnUnserializable, *, further: bool = False
    ) -> dict[str, Any]:
        """What was given, as the wire wants it. Nothing is added; only what a model left unset is left out.

        Args:
            given: Field names and values.
            mode: What happens to values that JSON cannot hold.
            further: Whether fields that the table does not name pass as they are.

        Raises:
            EventError: A field that is not known, null where the API takes none, a value of another type.
        """
        if kind_of(given) is dict and self.shapes.fits(given):
            return dict(given)
        wire: dict[str, Any] = {}
        converters = self.converters
        for name, value in given.items():
            convert = converters.get(name)
            if convert is None:
                if not further:
                    raise self.unknown(name)
                wire[name] = value
            elif value is None:
                if name not in self.nullable:
                    raise EventError("null is not accepted here: leave the field out", path=name)
                wire[name] = None
            elif value is not UNSET:
                try:
                    wire[name] = convert(value, name, mode)
                except EventError:
                    raise
                except Exception as error:  # a value's own code, such as a `__class__` that raises
                    raise EventError(
                        f"reading the {type_name(value)} raises {type_name(error)}", path=name
                    ) from error
        return wire

    def check_required(self, wire: Mapping[str, Any]) -> None:
        """Raise EventError for a field that the API needs and that is not there."""
        for name in self.required:
            if name not in wire:
                values = REQUEST_FIELDS[self.name][name].enum
                hint = f": one of {_listed(values)}" if values else ""
                raise EventError(f"{self.purpose} needs it{hint}", path=name)

    def unknown(self, name: object) -> EventError:
        """The error for a name that is not a field, with the nearest one that is."""
        if type(name) is not str:
            return EventError(f"a field name is a str, not {type_name(name)}")
        if self.name == "UpdateEventRequest" and name in REQUEST_FIELDS["CreateEventRequest"]:
            known = takes(self.purpose, self.converters)
            hint = f"the service cannot change it once the event is there; {known}"
        else:
            hint = hint_for(name, self.purpose, self.converters)
        return EventError(f"{self.purpose} has no such field: {hint}", path=well_formed(name[:80]))


def converter(field: Field) -> Converter:
    """How a value given for a field becomes what the wire wants."""
    if field.unit == "unix-ms":
        return _moment
    if field.unit == "ms":
        return _length
    if field.enum:
        return _one_of(field.enum)
    if field.format == "uuid":
        return _uuid
    by_type: dict[str, Converter] = {
        "object": _object,
        "array": _array(field),
        "string": _text,
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
    }
    kinds = [kind for kind in field.types if kind != "null"]
    return by_type[kinds[0]] if len(kinds) == 1 else _anything


def _moment(value: Any, path: str, mode: OnUnserializable) -> int | float:
    return times.unix_ms(value, path)


def _length(value: Any, path: str, mode: OnUnserializable) -> int | float:
    return times.duration_ms(value, path)


def _number(value: Any, path: str, mode: OnUnserializable) -> int | float:
    return times.number(value, path)


def _uuid(value: Any, path: str, mode: OnUnserializable) -> str:
    return uuid_str(value, path)


def _anything(value: Any, path: str, mode: OnUnserializable) -> Any:
    return value


def _object(value: Any, path: str, mode: OnUnserializable) -> Any:
    kind = kind_of(value)
    if kind is dict:
        return value  # its values are looked at when the event is written
    tree = to_builtins(value, mode, path=path, depth=1)
    if isinstance(tree, dict):
        return tree  # pyright: ignore[reportUnknownVariableType]
    if mode == "raise":
        raise EventError(
            f'give a dict (a JSON object), not {type_name(value)}: write {path}={{"value": ...}}', path=path
        )
    return {"value": tree}


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


def _text(value: Any, path: str, mode: OnUnserializable) -> str:
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, Enum):
        value = value._value_  # as `value`, which a class may override with code that raises
    if not isinstance(value, str):
        if mode == "raise":
            hint = ": write str(error)" if isinstance(value, BaseException) else ""
            raise EventError(f"give a str, not {type_name(value)}{hint}", path=path)
        return stand_in(value)
    text = str.__str__(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            if mode == "raise":
                raise EventError(
                    f"a lone surrogate at character {error.start}, which UTF-8 cannot hold", path=path
                ) from error
            return well_formed(text)
    return text


def _one_of(values: tuple[str, ...]) -> Converter:
    def convert(value: Any, path: str, mode: OnUnserializable) -> str:
        if type(value) is str and value in values:
            return value
        text = _text(value, path, "raise")
        if text in values:
            return text
        from difflib import get_close_matches  # only for messages, and it takes 1 ms

        near = get_close_matches(text.lower(), values, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? It" if near else "it"
        raise EventError(
            f"{well_formed(text[:40])!r} is not known: {hint} is one of {_listed(values)}", path=path
        )

    return convert


def _integer(value: Any, path: str, mode: OnUnserializable) -> int:
    number = times.number(value, path)
    if number != int(number):
        raise EventError("give a whole number", path=path)
    return int(number)


def _boolean(value: Any, path: str, mode: OnUnserializable) -> bool:
    if type(value) is not bool:
        raise EventError(f"give True or False, not {type_name(value)}", path=path)
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
