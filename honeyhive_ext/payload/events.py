"""Input becomes a wire event: fields are checked, defaults and times added, and it is serialised once.

`docs/sending.md` has the rules for users. Everything here is pure except that it draws ids; the clock is an
argument. The result is final: a retry sends the same bytes, and later changes of the input have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast
from uuid import UUID

from honeyhive_client.models import CreateEventRequest, CreateEventResponse

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.fields import RequestModel
from honeyhive_ext.payload.given import event_id_of, mapping_of, sendable
from honeyhive_ext.payload.ids import HasEventId, new_id, uuid_str
from honeyhive_ext.payload.scope import BETWEEN, CURRENT, innermost
from honeyhive_ext.payload.times import complete
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.encoders import kind_of, type_name
from honeyhive_ext.serialize.to_builtins import to_builtins

# Imported when one is given: the others need not wait for it.
if TYPE_CHECKING:
    from honeyhive_ext.reading.event import Event

EVENT = RequestModel.of("CreateEventRequest", "an event")
UPDATE = RequestModel.of("UpdateEventRequest", "an update")
SESSION = RequestModel.of("CreateSessionRequest", "a session")
PROPERTIES = RequestModel.of("SessionProperties", "a session")

# A redact hook cannot change these: with another id the event could not be found, retried or reconciled.
KEPT = ("event_id", "session_id", "parent_id", "event_type")

NUMBERS = (int, float)

EventInput: TypeAlias = "str | Mapping[str, Any] | CreateEventRequest | Event"


class WireEvent(NamedTuple):
    """An event as it goes over the wire.

    Attributes:
        event_id: Its id, made on the client if none was given.
        session_id: The trace it belongs to, or None if the service makes one.
        content: One JSON object (RFC 8259).
    """

    event_id: str
    session_id: str | None
    content: bytes


def prepare_event(
    event: EventInput | None,
    fields: Mapping[str, Any],
    *,
    settings: EventSettings,
    now_ms: Callable[[], float],
    session_id: str | None = None,
) -> WireEvent:
    """Make a wire event from the arguments of a call.

    Args:
        event: An event type, a mapping of fields, a `CreateEventRequest`, an `Event` that was read, or None
            if `fields` has them all.
        fields: Keyword arguments. The same field here and in `event` is an error if the two differ; of an
            `Event` it takes the place.
        settings: The default `source`, what happens to values that JSON cannot hold, the redact hook.
        now_ms: The clock, in Unix ms; see `now_ms` of times.py.
        session_id: The session of an event that names none; it wins over that of the surrounding span.

    Raises:
        EventError: The input is not an event. Nothing was sent.
    """
    try:
        wire = EVENT.convert(_given(event, fields), settings.on_unserializable)
        wire.setdefault("inputs", {})
        if "event_id" not in wire:
            wire["event_id"] = new_id()
        place(wire, session_id, settings.destination)
        _defaults(wire, settings, now_ms)
        EVENT.check_required(wire)
        whole = settings.redact is None
        content = to_json(wire, settings.on_unserializable) if whole else _write(EVENT, wire, settings)
        return WireEvent(wire["event_id"], wire.get("session_id"), content)
    except EventError as error:
        settings.scrub.clean(error)
        raise


def prepare_update(
    event: Event | CreateEventResponse | HasEventId | Mapping[str, Any] | str | UUID,
    fields: Mapping[str, Any],
    *,
    settings: EventSettings,
) -> tuple[str, bytes]:
    """Return the id of the event to update, and the body of the request.

    Args:
        event: The event, the answer to its creation, its id, or a mapping with `event_id`.
        fields: Keyword arguments.
        settings: What happens to values that JSON cannot hold, and the redact hook.

    Raises:
        EventError: There is no field or no id, the service would ignore a field without saying so, or a
            value has no effect.
    """
    try:
        event_id = event_id_of(event)
        _check_effect(fields)
        wire = UPDATE.convert(fields, settings.on_unserializable)
        return event_id, _write(UPDATE, wire, settings)
    except EventError as error:
        settings.scrub.clean(error)
        raise


def _check_effect(fields: Mapping[str, Any]) -> None:
    if not fields:
        raise EventError(f"nothing to update: give at least one of {', '.join(UPDATE.converters)}")
    for name, why in NO_EFFECT.items():
        if name in fields and (fields[name] is None or _is_empty_list(fields[name])):
            raise EventError(why, path=name)


NO_EFFECT = {
    "outputs": "null would keep the stored outputs: leave outputs out, or write {} to empty them",
    "children_ids": "the service ignores an empty list: leave children_ids out; the list cannot be emptied",
}


def prepare_session(
    fields: Mapping[str, Any], *, settings: EventSettings, now_ms: Callable[[], float]
) -> tuple[str, bytes]:
    """Return the id of the session to start, and the body of the request.

    An id that is not given is made here. So a retry starts the same session: the service merges a second
    request with the same id instead of starting another session.

    Raises:
        EventError: A field is not known, or the session_id is not a UUID.
    """
    try:
        if fields.get("session_id") is not None:
            fields = {**fields, "session_id": session_id_str(fields["session_id"])}
        wire = SESSION.convert(fields, settings.on_unserializable)
        wire.setdefault("session_id", new_id())
        _defaults(wire, settings, now_ms)
        return wire["session_id"], _write(SESSION, wire, settings)
    except EventError as error:
        settings.scrub.clean(error)
        raise


def prepare_properties(properties: Mapping[str, Any], *, settings: EventSettings) -> bytes:
    """Return the session properties of a batch as JSON; the caller may add fields."""
    wire = PROPERTIES.convert(mapping_of(properties), settings.on_unserializable, further=True)
    return _write(PROPERTIES, wire, settings, further=True)


def session_id_str(value: object) -> str:
    """Return a session's id in its canonical form.

    Raises:
        EventError: It is not a UUID; the service would use another id without saying so.
    """
    try:
        return uuid_str(value, "session_id")
    except EventError as error:
        raise EventError(
            f"{error.reason}. The service would make a session with another id", path="session_id"
        ) from None


def _given(event: EventInput | None, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event and the keyword arguments as one mapping."""
    if event is None:
        return fields
    # The type decides, not `isinstance`: that one reads `__class__`, which may be code that raises.
    kind, given = kind_of(event), cast(Any, event)
    if kind is dict and not fields:  # the usual cases, before checks that cost more
        return given  # type: ignore[no-any-return]
    if kind is str and "event_type" not in fields:
        return {"event_type": given, **fields}
    if issubclass(kind, str):
        base: Mapping[str, Any] = {"event_type": given}
    elif issubclass(kind, CreateEventRequest):
        base = given.to_dict()
    elif issubclass(kind, Mapping):
        base = mapping_of(given)
    elif (read := sendable(given)) is not None:
        return {**read, **fields}
    else:
        raise EventError(
            "give an event type, a mapping of fields, a CreateEventRequest, an Event that was read or "
            f"keyword arguments, not {type_name(event)}"
        )
    if not fields:
        return base
    for name in base.keys() & fields.keys():
        if not _same(base[name], fields[name]):
            raise EventError("given twice, with different values", path=name)
    return {**base, **fields}


def _same(first: Any, second: Any) -> bool:
    try:
        return first is second or bool(first == second)
    except Exception as error:  # values that cannot be compared are not the same
        if from_a_signal_handler(error):
            raise
        return False


def place(wire: dict[str, Any], session_id: str | None, destination: str) -> None:
    """Give an event the session and the parent that it does not name: those of the surrounding span.

    A span whose event goes to another destination is not one: its ids mean nothing there.
    """
    scope = innermost(destination) if BETWEEN or CURRENT.get() is not None else None
    if "session_id" not in wire:
        if session_id is None and scope is not None:
            session_id = scope.session_id
        if session_id is None:
            return
        wire["session_id"] = session_id
    if "parent_id" not in wire and scope is not None and scope.session_id == wire["session_id"]:
        wire["parent_id"] = scope.event_id


def _defaults(wire: dict[str, Any], settings: EventSettings, now_ms: Callable[[], float]) -> None:
    wire.setdefault("source", settings.source)
    if "end_time" in wire or "duration" in wire:
        complete(wire)
    begin(wire, now_ms)


def begin(wire: dict[str, Any], now_ms: Callable[[], float]) -> None:
    """Let an event without a start_time start now, or at its end_time if that is earlier."""
    if "start_time" not in wire:
        now = now_ms()
        wire["start_time"] = min(now, wire["end_time"]) if "end_time" in wire else now


def _write(
    model: RequestModel, wire: dict[str, Any], settings: EventSettings, *, further: bool = False
) -> bytes:
    mode = settings.on_unserializable
    if settings.redact is None:
        return to_json(wire, mode)
    try:
        # A copy: the hook may change what it gets, and must not change the caller's own objects.
        redacted = settings.redact(to_builtins(wire, mode))
    except EventError:
        raise
    except Exception as error:
        if from_a_signal_handler(error):
            raise
        raise EventError(f"the redact hook raises {type_name(error)}: not sent") from error
    if not isinstance(redacted, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a hook may forget
        raise EventError(f"the redact hook returns {type_name(redacted)}, not the event as a dict: not sent")
    rest = {name: value for name, value in mapping_of(redacted).items() if name not in KEPT}
    kept = {name: wire[name] for name in KEPT if name in wire}
    # A number that was checked is not checked again: a time computed from two others may look like seconds.
    kept |= {
        name: value for name, value in rest.items() if kind_of(value) in NUMBERS and value == wire.get(name)
    }
    changed = {name: value for name, value in rest.items() if name not in kept}
    result = {**kept, **model.convert(changed, mode, further=further)}
    if "inputs" in model.required:
        result.setdefault("inputs", {})
    return to_json(result, mode)


def _is_empty_list(value: object) -> bool:
    return isinstance(value, (list, tuple, set, frozenset)) and not value
