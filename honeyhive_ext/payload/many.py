"""Many events become wire events at once, field by field, for a fraction of the CPU.

The result is the same as that of `prepare_event` for each, byte for byte. A field with unusual values (a
datetime, an Enum, a value of another type) is converted value by value. If an event is wrong, `prepare_event`
takes over and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter, sub
from typing import Any, NamedTuple

from honeyhive_client.request_fields import REQUEST_FIELDS, Field

from honeyhive_ext.config.settings import EventSettings, OnUnserializable
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import EVENT, begin, place
from honeyhive_ext.payload.ids import all_canonical, new_ids
from honeyhive_ext.payload.scope import BETWEEN, CURRENT
from honeyhive_ext.payload.times import FIRST_MS, LAST_MS, complete
from honeyhive_ext.serialize.dumps import to_json, write_builtin
from honeyhive_ext.serialize.encoders import MAX_CHARACTERS
from honeyhive_ext.serialize.is_builtin import all_builtin, characters, finite, only
from honeyhive_ext.serialize.to_builtins import to_builtins

_START_AND_END = {"start_time", "end_time"}
_TIMES = _START_AND_END | {"duration"}

_NO_INPUTS: dict[str, Any] = {}

Values = Sequence[Any]


class PreparedEvents(NamedTuple):
    """Wire events of one request, ready to be written.

    Attributes:
        wires: The events.
        ids: Their ids.
        given: The ids that the caller gave.
        mode: What happens to values that JSON cannot hold.
    """

    wires: list[dict[str, Any]]
    ids: list[str]
    given: list[str]
    mode: OnUnserializable

    def body(self) -> bytes | None:
        """Return all of them as the body of one request, or None if one of them cannot be written."""
        whole = write_builtin({"events": self.wires})
        if whole is None and (contents := self.contents()) is not None:
            return b'{"events":[%b]}' % b",".join(contents)
        return whole

    def contents(self) -> list[bytes] | None:
        """Return each of them as JSON, or None if one of them cannot be written."""
        try:
            # orjson refuses some that are no error, such as those with a key that is not a str
            return [write_builtin(wire) or to_json(wire, self.mode) for wire in self.wires]
        except EventError:
            return None


def prepare_events(
    events: Sequence[Any],
    *,
    settings: EventSettings,
    now_ms: Callable[[], float],
    session_id: str | None = None,
) -> PreparedEvents | None:
    """Make the wire events of many inputs, or return None if one of them needs `prepare_event`.

    Args:
        events: At least one input. If one is not an exact dict, None is returned. The dicts are copied.
        settings: As for `prepare_event`.
        now_ms: The clock, in Unix ms.
        session_id: The session of all these events, whatever session they name.
    """
    if settings.redact is not None:
        return None
    try:
        if not only(dict, events):
            return None
        wires: list[dict[str, Any]] = list(map(dict, events))
        groups = _alike(wires)
        given = [
            event_id
            for names, group, columns in groups
            for event_id in _make(names, group, columns, settings, session_id)
        ]
        if any("start_time" not in group[0] for _, group, _ in groups):
            for wire in wires:  # in the order of the input, so that the times are in order too
                begin(wire, now_ms)
    except Exception as error:  # an event is wrong, or its own code raises: `prepare_event` tells
        if from_a_signal_handler(error):
            raise
        return None
    return PreparedEvents(wires, [wire["event_id"] for wire in wires], given, settings.on_unserializable)


class _NotUsualError(Exception):
    """One of these events needs `prepare_event`."""


def _alike(wires: list[dict[str, Any]]) -> list[tuple[Sequence[str], list[dict[str, Any]], list[Values]]]:
    """Group events that have the same fields: the fields, the events, and the values of each field."""
    names = tuple(wires[0])
    if len({*map(len, wires)}) == 1:
        try:
            return [(names, wires, _columns(names, wires))]
        except KeyError:
            pass
    groups: dict[Sequence[str], list[dict[str, Any]]] = {}
    for wire in wires:
        groups.setdefault(tuple(wire), []).append(wire)
    return [(names, group, _columns(names, group)) for names, group in groups.items()]


def _columns(names: Sequence[str], wires: list[dict[str, Any]]) -> list[Values]:
    """Return the values of each field.

    A list for each field, since a tuple for each event would make the garbage collector run.
    """
    return [list(map(itemgetter(name), wires)) for name in names]


def _make(
    names: Sequence[str],
    wires: list[dict[str, Any]],
    columns: Sequence[Values],
    settings: EventSettings,
    session_id: str | None,
) -> Values:
    """Check and complete events that have the same fields; return the ids that the caller gave."""
    table = dict(zip(names, columns, strict=True))
    if "event_type" not in table:
        raise _NotUsualError
    if session_id is not None and "session_id" in table:
        del table["session_id"]
        _set(wires, "session_id", [session_id] * len(wires))
    for name, column in table.items():
        if not _AS_GIVEN[name](column):
            table[name] = _convert(name, column, settings.on_unserializable)
            _set(wires, name, table[name])
    given = table.get("event_id")
    if "inputs" not in table:
        _set(wires, "inputs", [_NO_INPUTS] * len(wires))
    if given is None:
        _set(wires, "event_id", new_ids(len(wires)))
    if session_id is not None or CURRENT.get() is not None or BETWEEN:
        for wire in wires:
            place(wire, session_id, settings.destination)
    if "source" not in table:
        _set(wires, "source", [settings.source] * len(wires))
    _third_time(wires, table)
    return given or ()


def _set(wires: list[dict[str, Any]], name: str, column: Values) -> None:
    for wire, value in zip(wires, column, strict=True):
        wire[name] = value


def _convert(name: str, column: Values, mode: OnUnserializable) -> Values:
    """Convert the values of a field one by one."""
    convert = EVENT.converters[name]
    if any(value is None for value in column) and name not in EVENT.nullable:
        raise _NotUsualError
    made = [None if value is None else convert(value, name, mode) for value in column]
    if all_builtin(made):
        return made
    copied = [
        value if all_builtin((value,)) else to_builtins(value, mode, path=name, depth=1) for value in made
    ]
    if characters(copied) > MAX_CHARACTERS:
        raise _NotUsualError
    return copied


def _third_time(wires: list[dict[str, Any]], table: dict[str, Values]) -> None:
    given = _TIMES & table.keys()
    if given == _START_AND_END and only(int, table["start_time"]) and only(int, table["end_time"]):
        # the usual case, all at once
        _set(wires, "duration", list(map(sub, table["end_time"], table["start_time"])))
    elif len(given) > 1:
        for wire in wires:
            complete(wire)


def _checker(field: Field) -> Callable[[Values], bool]:
    """Return the function that tells whether all values of a field go over the wire as they are."""
    if field.unit is not None:
        least = FIRST_MS if field.unit == "unix-ms" else 0
        return lambda column: _within(column, least)
    if field.enum is not None:
        values = frozenset(field.enum)
        return lambda column: only(str, column) and values.issuperset(column)
    if field.format == "uuid":
        return lambda column: only(str, column) and all_canonical(column)
    if field.types == ("object",) and field.model is None:
        return lambda column: only(dict, column) and all_builtin(column)
    if "string" in field.types:
        return lambda column: only(str, column)
    return lambda column: False


def _within(column: Values, least: float) -> bool:
    if only(int, column):
        return bool(min(column) >= least and max(column) < LAST_MS)
    return only(float, column) and finite(column) and min(column) >= least and max(column) < LAST_MS


_AS_GIVEN = {name: _checker(field) for name, field in REQUEST_FIELDS["CreateEventRequest"].items()}
