"""The fields that the code inside a span adds to its event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from honeyhive_client.request_fields import REQUEST_FIELDS
from honeyhive_client.typed_dicts import CreateEventRequestInput

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.config.unpicklable import Uncopied
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.encoders import type_name
from honeyhive_ext.tracing.capture import copied_fields
from honeyhive_ext.tracing.model_outputs import Fields, dict_of
from honeyhive_ext.tracing.outcome import is_the_applications, say

# The service does the same with an update: it merges facts, and replaces inputs and outputs.
MERGED = frozenset(
    name
    for name, field in REQUEST_FIELDS["CreateEventRequest"].items()
    if "object" in field.types and name not in ("inputs", "outputs")
)


class SpanFields(Uncopied):
    """The part of a `Recording` that holds the fields of its event.

    Attributes:
        mode: What happens to values that JSON cannot hold. Captured values are never refused.
    """

    mode: OnUnserializable
    event_id: Any  # a property of `Recording`
    _fields: dict[str, Any]
    _ended: bool

    def has(self, field: str) -> bool:
        """Tell whether a field of the span's event is set."""
        return field in self._fields

    def keep(self, field: str, value: Any) -> None:
        """Set a field that is not set to a value that is already a copy made of plain JSON types."""
        self._fields.setdefault(field, value)

    def fill(self, found: Fields) -> None:
        """Set what is not set yet: what the code inside has set is kept."""
        fill(self._fields, found)

    def not_captured(self, field: str, failure: Exception) -> None:
        """Report that a value could not be copied into a field. Raise only what is the application's."""
        if is_the_applications(failure):
            raise failure
        say("the %s of the event %s are not captured: %s", field, self.event_id, type_name(failure))

    @property
    def outputs(self) -> dict[str, Any] | None:
        """The span's result. A value that is not a dict is recorded as `{"value": ...}`."""
        return self._fields.get("outputs")

    @outputs.setter
    def outputs(self, value: Any) -> None:
        self.set(outputs=value)

    def set(self, **fields: Unpack[CreateEventRequestInput]) -> None:
        """Add fields to the span's event, which is sent when the span ends.

        Values are copied now. `metadata`, `metrics`, `feedback`, `config` and `user_properties` are merged
        with those that are set; every other field is replaced.

        Args:
            **fields: The fields of CreateEventRequest except the ids and `event_type`.

        Raises:
            EventError: A field is not known or cannot be set here, or the span has ended.
        """
        if self._ended:
            raise EventError("the span has ended and its event is sent: use events.update")
        for name in ("event_id", "session_id", "parent_id", "event_type"):
            if name in fields:
                raise EventError("cannot be set inside the span: give it to span() or session()", path=name)
        for name, value in self._checked(fields).items():
            if name in MERGED:
                # In one step each, so that threads which set facts at the same time lose none.
                self._fields.setdefault(name, {}).update(value)
            else:
                self._fields[name] = value

    def _checked(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of the fields, as values may change later. A wrong field is an error at this line."""
        return copied_fields(fields, self.mode)


def fill(fields: dict[str, Any], found: Fields) -> None:
    """Add to the fields of an event what they lack. Facts, such as `metadata`, are compared key by key."""
    for name, value in found.items():
        if name not in MERGED:
            fields.setdefault(name, value)
        elif value:
            known = dict_of(fields.setdefault(name, {}))
            for key, one in value.items():
                known.setdefault(key, one)
