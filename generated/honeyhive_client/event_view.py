# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The properties of a stored event as attributes, for `honeyhive_ext.Event`, which reads events."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    Integer: TypeAlias = int
    Number: TypeAlias = float
else:  # one of more than 64 bits is read as every other value of JSON is
    Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    Number = Integer | float

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Property(NamedTuple):
    """One property of a stored event.

    Attributes:
        name: Its name in JSON.
        types: The JSON types that the document gives it; empty for any.
        items: The JSON types of the items of an array; empty for any.
        scalar: Whether it is read with the event, and not at its first use.
    """

    name: str
    types: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    scalar: bool = False


def datetime_of(ms: float | None) -> datetime | None:
    """Return Unix ms as an aware datetime in UTC; None for None, and for a time beyond the years 1 to 9999."""
    try:
        return None if ms is None else EPOCH + timedelta(milliseconds=ms)
    except (OverflowError, ValueError):
        return None


class EventView(Struct, frozen=True, eq=False, weakref=True, kw_only=True):
    """A stored event as the service returns it. Each property may be missing or null, event_type may have
    values that are not known today, and there may be other properties.
    """

    event_type: str | None = None
    """The kind of step. Today it is model, tool, chain or session."""
    event_id: str | None = None
    """The event's own id."""
    session_id: str | None = None
    """The id of the trace that the event belongs to."""
    parent_id: str | None = None
    """The id of the event that this one is a step of."""
    event_name: str | None = None
    """The step's name."""
    source: str | None = None
    """Which program or environment sent the event."""
    project_id: str | None = None
    """The id of the project."""
    project: str | None = None
    """The name of the project."""
    error: str | None = None
    """The text of the error that ended the step."""
    start_time: Number | None = None
    """When the step began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    end_time: Number | None = None
    """When the step ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    duration: Number | None = None
    """How long the step took, in milliseconds."""

    def _object(self, name: str) -> dict[str, Any]:
        raise NotImplementedError(name)

    def _array(self, name: str) -> list[Any]:
        raise NotImplementedError(name)

    def _any(self, name: str) -> Any:
        raise NotImplementedError(name)

    @property
    def inputs(self) -> dict[str, Any]:
        """The input of the step."""
        return self._object("inputs")

    @property
    def children_ids(self) -> list[str]:
        """The ids of the steps below this one."""
        return self._array("children_ids")

    @property
    def config(self) -> dict[str, Any]:
        """Settings of the step."""
        return self._object("config")

    @property
    def outputs(self) -> dict[str, Any]:
        """What the step returned."""
        return self._object("outputs")

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts about the step."""
        return self._object("metadata")

    @property
    def metrics(self) -> dict[str, Any]:
        """Numbers and judgements computed about the step."""
        return self._object("metrics")

    @property
    def feedback(self) -> dict[str, Any]:
        """What people said about the step."""
        return self._object("feedback")

    @property
    def user_properties(self) -> dict[str, Any]:
        """Facts about the user for whom the step ran."""
        return self._object("user_properties")

    @property
    def started_at(self) -> datetime | None:
        """`start_time` as an aware datetime in UTC, to the microsecond."""
        return datetime_of(self.start_time)

    @property
    def ended_at(self) -> datetime | None:
        """`end_time` as an aware datetime in UTC, to the microsecond."""
        return datetime_of(self.end_time)


PROPERTIES: Mapping[str, Property] = {
    "event_type": Property("event_type", ("string",), scalar=True),
    "inputs": Property("inputs", ("object",)),
    "event_id": Property("event_id", ("string",), scalar=True),
    "session_id": Property("session_id", ("string",), scalar=True),
    "parent_id": Property("parent_id", ("string",), scalar=True),
    "children_ids": Property("children_ids", ("array",), items=("string",)),
    "event_name": Property("event_name", ("string",), scalar=True),
    "source": Property("source", ("string",), scalar=True),
    "project_id": Property("project_id", ("string",), scalar=True),
    "project": Property("project", ("string",), scalar=True),
    "config": Property("config", ("object",)),
    "outputs": Property("outputs", ("object",)),
    "metadata": Property("metadata", ("object",)),
    "metrics": Property("metrics", ("object",)),
    "feedback": Property("feedback", ("object",)),
    "user_properties": Property("user_properties", ("object",)),
    "error": Property("error", ("string",), scalar=True),
    "start_time": Property("start_time", ("number",), scalar=True),
    "end_time": Property("end_time", ("number",), scalar=True),
    "duration": Property("duration", ("number",), scalar=True),
}

__all__ = ["PROPERTIES", "EventView", "Property"]
