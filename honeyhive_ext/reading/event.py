"""`Event`: a stored event as the service sent it, to be read."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Never, Self, TypeAlias, TypeVar, cast

import msgspec
from honeyhive_client.event_view import PROPERTIES, EventView, Property

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.reading.json import loads, read_value
from honeyhive_ext.reading.kinds import is_of
from honeyhive_ext.reading.same import same
from honeyhive_ext.reading.shown import AsIs, shown_event, shown_parts
from honeyhive_ext.reading.value_at import value_at
from honeyhive_ext.serialize.exact_json import exact_json

if TYPE_CHECKING:
    Hidden: TypeAlias = Any
else:
    Hidden = None  # no JSON that is read as an event sets it: any other value than null is refused

WHOLE = ""  # in `odd`: the event itself is not an object


@never_raising
class Event(EventView, frozen=True, eq=False, weakref=True, kw_only=True):
    """A stored event as the service sent it, to be read: each property of the API document is an attribute.

    A property that is absent or null reads as None, one that is an object or an array as an empty dict or
    list. So does a value of a type that the document does not name; `odd` names it. `raw` and `get` have
    every value as it came, and the properties that the document does not name.

    An event never changes. Two events with equal content are equal. A nested value is parsed when you first
    read it, and is the same object at each read. If you change that object, the event and `raw` stay as they
    were.

    Attributes:
        started_at, ended_at: `start_time` and `end_time` as aware datetimes in UTC; None if unknown.
        start_time, end_time: Unix ms.
        duration: In ms.
        raw: The JSON value that came, a new dict each time.
        odd: The names of the properties whose value is not of the documented type.

    >>> event = Event.from_dict({"event_name": "answer", "metadata": {"cost": 0.02}, "start_time": 5, "x": 1})
    >>> event.metadata["cost"], event.get("metadata.cost"), event.outputs, event.error, event.get("x")
    (0.02, 0.02, {}, None, 1)
    >>> event
    Event(event_name='answer', start_time=5, metadata={1 key}, x=1)
    """

    _text: Hidden = msgspec.field(default=None, name="(text)")
    _read: Hidden = msgspec.field(default=None, name="(read)")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], /) -> Self:
        """Return the event of a dict, for tests and for events that are stored elsewhere.

        Args:
            value: The JSON of an event, as `raw` has it. It is copied.

        Raises:
            TypeError: It is not a dict, or something in it is not JSON.
            ValueError: It contains itself, or is nested too deeply.
        """
        if not isinstance(value, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"give the event as a dict, as event.raw has it, not {type(value).__name__}")
        return cls.from_json(exact_json(dict(value)).encode())

    @classmethod
    def from_json(cls, text: str | bytes, /) -> Self:
        """Return the event of JSON text, such as a line of a file that `to_jsonl` wrote.

        Raises:
            ValueError: The text is not JSON.

        >>> Event.from_json('{"event_name": "answer"}').event_name
        'answer'
        """
        content = text.encode() if isinstance(text, str) else bytes(memoryview(text))
        content.decode()  # what is nested is not looked at before it is read
        return read_event(content, cls)

    @property
    def raw(self) -> dict[str, Any]:
        """The event as it came: a new dict each time, which you may change.

        If the service sent something else than an object in place of the event, it is that value.
        """
        whole: dict[str, Any] = read_value(text_of(self))
        return whole

    def to_dict(self) -> dict[str, Any]:
        """Return `raw`, or an empty dict if the service sent something else than an object."""
        raw = cast("object", self.raw)
        return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}

    @property
    def odd(self) -> tuple[str, ...]:
        """The names of the properties whose value is not of the type in the API document.

        Their attributes read as if they were absent. `("",)` if the event is not an object.
        """
        whole = cast("object", self.raw)
        if not isinstance(whole, dict):
            return (WHOLE,)
        fields = cast("Mapping[str, Any]", whole)
        return tuple(one.name for one in PROPERTIES.values() if not is_of(one, fields.get(one.name)))

    def get(self, path: str | Sequence[str | int], default: Any = None, /) -> Any:
        """Return a value of the event, such as `event.get("metadata.cost", 0)`.

        Args:
            path: Keys joined by dots, or a list of keys if a key holds a dot. A number is the place in an
                array, from 0.
            default: What to return if there is no such value, or if it is null.

        >>> event = Event.from_dict({"metadata": {"usage": {"gen_ai.tokens": 7}, "tags": ["a"]}})
        >>> event.get("metadata.usage.gen_ai.tokens"), event.get(["metadata", "tags", 0])
        (7, 'a')
        >>> event.get("metadata.cost", 0.0)
        0.0
        """
        found = value_at(self.raw, path)
        return default if found is None else found

    def _object(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = self._nested(name, dict[str, Any])
        return read

    def _array(self, name: str) -> list[Any]:
        read: list[Any] = self._nested(name, list[Any])
        return read

    def _any(self, name: str) -> Any:
        return self._nested(name, _nothing)

    def _nested(self, name: str, empty: Callable[[], Any]) -> Any:
        """Return the value of a property: what was read before, else what is in the text."""
        read: dict[str, Any] | None = self._read
        if read is None:
            read = {}
            _set_read(self, read)
        if name not in read:
            value = _value(text_of(self), name)
            fits = value is not None and is_of(_BY_NAME[name], value)
            read.setdefault(name, value if fits else empty())  # the first of two threads
        return read[name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Event):
            return NotImplemented
        mine, others = text_of(self), text_of(other)
        return mine == others or same(read_value(mine), read_value(others))

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)  # that of a Struct compares identities
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(self.event_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_event(self.raw)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        # That of a Struct shows every field, and so the whole text.
        return [(name, AsIs(text)) for name, text in shown_parts(self.raw)]

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.views.contents import event_html

        raw = cast("object", self.raw)
        return event_html(cast("Mapping[str, Any]", raw)) if isinstance(raw, dict) else None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (text_of(self),)

    def __replace__(self, /, **changes: Any) -> Self:
        unknown = changes.keys() - PROPERTIES.keys() - self.to_dict().keys()
        if unknown:
            raise TypeError(f"an Event has no property {min(unknown)!r} to replace")
        return type(self).from_dict({**self.to_dict(), **changes})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self).from_json(text_of(self))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            raise AttributeError(
                f"an Event has no attribute {name!r}: a property that the API document does not name is "
                f"event.get({name!r}), and event.raw has all of them",
                name=name,
                obj=self,
            )


def _refuse(self: Event, name: str, value: object = None) -> Never:
    raise AttributeError(
        f"an Event is what the service sent, so {name!r} of it cannot be changed: change the stored event "
        "with hh.events.update(event, ...), or event.raw, which is a new dict each time",
        name=name,
        obj=self,
    )


_EVENT: Any = msgspec.json.Decoder(Event)
_SLOTS: Any = Event
_text: Callable[[Event], bytes | None] = _SLOTS._text.__get__
_set_text: Callable[[Event, bytes], None] = _SLOTS._text.__set__
_set_read: Callable[[Event, dict[str, Any]], None] = _SLOTS._read.__set__
_BY_NAME = {one.name: one for one in PROPERTIES.values()}
type.__setattr__(Event, "__setattr__", _refuse)  # a frozen Struct would say less
type.__setattr__(Event, "__delattr__", _refuse)
Event.__module__ = "honeyhive_ext"  # once its annotations are understood

_Kind = TypeVar("_Kind", bound=Event)


def read_event(text: bytes, kind: type[_Kind] = Event) -> _Kind:  # type: ignore[assignment]
    """Return the event of its JSON text, which is UTF-8.

    Raises:
        ValueError: The text is not JSON.
    """
    try:
        event: _Kind = (_EVENT if kind is Event else msgspec.json.Decoder(kind)).decode(text)
    except (msgspec.MsgspecError, RecursionError):
        event = kind(**_scalars(loads(text)))
    _set_text(event, text)
    return event


def with_texts(events: Sequence[Event], texts: Sequence[bytes]) -> None:
    """Give events that were decoded together their texts."""
    deque(map(_set_text, events, texts), maxlen=0)


def text_of(event: Event) -> bytes:
    """Return the JSON text of an event."""
    text: bytes | None = _text(event)
    if text is None:  # made by its constructor
        set_ = {one.name: getattr(event, name) for name, one in PROPERTIES.items() if one.scalar}
        text = exact_json({name: value for name, value in set_.items() if value is not None}).encode()
        _set_text(event, text)
    return text


def _scalars(value: Any) -> dict[str, Any]:
    """Return the arguments of an event with an odd value, or with text that only `json` reads."""
    if not isinstance(value, dict):
        return {}
    fields = cast("Mapping[str, Any]", value)
    scalars = {name: (one, fields.get(one.name)) for name, one in PROPERTIES.items() if one.scalar}
    return {name: _typed(one, given) for name, (one, given) in scalars.items() if is_of(one, given)}


def _typed(one: Property, value: Any) -> Any:
    return int(value) if isinstance(value, float) and "number" not in one.types else value


@cache
def _finder(name: str) -> Any:
    """Return the decoder that finds one property of an event and passes over the others."""
    found = msgspec.defstruct("Found", [("value", msgspec.Raw, msgspec.field(name=name, default=NULL))])
    return msgspec.json.Decoder(found)


NULL = msgspec.Raw(b"null")


def _value(text: bytes, name: str) -> Any:
    """Return one value of an event; None if there is none."""
    try:
        return read_value(bytes(_finder(name).decode(text).value))
    except (msgspec.MsgspecError, RecursionError):
        whole = read_value(text)
        return cast("Mapping[str, Any]", whole).get(name) if isinstance(whole, dict) else None


def _nothing() -> None:
    return None
