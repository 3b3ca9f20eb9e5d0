"""From the events that a caller gives to planned chunks. Pure, but for the ids that it draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from honeyhive_client.models import CreateEventRequest

from honeyhive_ext.batch.dispatch import Dispatch
from honeyhive_ext.batch.packed_ids import SeenIds
from honeyhive_ext.batch.plan import Chunk, Planner
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError, HoneyHiveError
from honeyhive_ext.payload.events import prepare_event
from honeyhive_ext.payload.given import sendable
from honeyhive_ext.payload.many import PreparedEvents, prepare_events
from honeyhive_ext.payload.times import now_ms
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.reading.event import Event

BatchEvent: TypeAlias = Union[Mapping[str, Any], CreateEventRequest, "Event"]

TWICE = "an earlier event of this batch has this id; only that one is sent"


class Intake:
    """Makes wire events of a caller's events, refuses what cannot be sent, and plans the others.

    Attributes:
        read: How many events came in.
    """

    def __init__(self, dispatch: Dispatch, settings: EventSettings) -> None:
        self.read = 0
        self._dispatch = dispatch
        self._ledger = dispatch.ledger
        self._session_id = dispatch.options.session_id
        self._max_events = dispatch.options.limits.max_events
        self._settings = settings
        self._planner = Planner(dispatch.options.limits)
        self._seen = SeenIds()
        self._fresh: set[str] = set()  # ids that `_prepare` noted as seen before `take` asks about them

    def take(self, event: object) -> Chunk | None:
        """Take one event. Return a chunk when one is complete."""
        position = self.read
        self.read += 1
        session_id = self._session_id
        given: Any = event
        try:
            if session_id is not None or type(event) is not dict:
                given = _placed(event, session_id)
            wire = prepare_event(given, {}, settings=self._settings, now_ms=now_ms, session_id=session_id)
        except EventError as error:
            self._ledger.fail_one(position, None, "invalid", error)
            return None
        event_id, content = wire.event_id, wire.content
        # An id made here is new. An id that was given may come twice in the input, and the service's answer,
        # which names ids, could not tell the two events apart.
        if (type(given) is not dict or "event_id" in given) and self._is_known(event_id):
            twice = EventError(TWICE, path="event_id")
            self._ledger.fail_one(position, event_id, "duplicate", twice, content)
            return None
        return self._plan(self._planner.add(position, event_id, content))

    def take_many(self, events: Sequence[object], *, last: bool) -> Iterator[Chunk]:
        """Take events of a list together, which costs less than one by one.

        Args:
            events: At least one event.
            last: Whether the input ends with them.

        Yields:
            The chunks that are complete.
        """
        prepared = self._prepare(events)
        # They fill one request, or they are the last events: this request gets no other event.
        complete = last or len(events) == self._max_events
        body = prepared.body() if prepared is not None and complete and not self._planner.ids else None
        if prepared is not None and body is not None:
            chunk = self._plan(self._planner.add_body(self.read, prepared.ids, body))
            if chunk is not None:
                self.read += len(events)
                del prepared  # now, while it is in the CPU's cache: to free it after the request costs more
                yield chunk
                return
        contents = None if prepared is None else prepared.contents()
        for number, event in enumerate(events):
            if prepared is None or contents is None:
                chunk = self.take(event)
            else:
                self.read += 1
                chunk = self._plan(self._planner.add(self.read - 1, prepared.ids[number], contents[number]))
            if chunk is not None:
                yield chunk

    def flush(self) -> Chunk | None:
        """Return the last chunk, if events are left."""
        return self._plan(self._planner.flush())

    def skip(self, events: Iterable[object], error: HoneyHiveError) -> None:
        """Note events that were not read because of an error, with the ids that they have."""
        for event in events:
            self._ledger.fail_one(self.read, _text_id(event), "not_sent", error)
            self.read += 1

    def close(self) -> None:
        """Free the memory for ids that came before: no event comes in any more."""
        self._seen = SeenIds()

    def _prepare(self, events: Sequence[object]) -> PreparedEvents | None:
        """Return the events prepared together, or None if they must be looked at one by one."""
        prepared = prepare_events(events, settings=self._settings, now_ms=now_ms, session_id=self._session_id)
        if prepared is None:
            return None
        self._fresh = {event_id for event_id in prepared.given if self._seen.add(event_id)}
        return prepared if len(self._fresh) == len(prepared.given) else None

    def _plan(self, chunk: Chunk | None) -> Chunk | None:
        if chunk is not None:
            self._dispatch.plan(chunk)
        return chunk

    def _is_known(self, event_id: str) -> bool:
        if event_id in self._fresh:
            self._fresh.remove(event_id)
            return False
        if self._seen.add(event_id):
            return False
        return event_id in self._planner.ids or self._ledger.holds(event_id)


def _placed(event: Any, session_id: str | None) -> Any:
    """Return the event, moved into this session if there is one: the service stores it there.

    createSessionEventBatch and single_session set the session of every event, whatever it says itself.
    """
    if event is None or isinstance(event, str):
        raise EventError(
            "give a mapping of fields, a CreateEventRequest or an Event that was read, "
            f"not {type_name(event)}"
        )
    if session_id is None:
        return event
    try:
        fields: Any = event.to_dict() if isinstance(event, CreateEventRequest) else event
        if not isinstance(fields, Mapping):
            fields = sendable(event) or event
        fields = cast("Mapping[str, Any]", fields)
        moved = {**fields, "session_id": session_id} if "session_id" in fields else fields
    except Exception as error:  # a mapping that cannot be read: prepare_event says so, with its path
        if from_a_signal_handler(error):
            raise
        return event
    return moved


def _text_id(event: object) -> str | None:
    given: Any = event
    event_id = given.get("event_id") if isinstance(event, dict) else getattr(given, "event_id", None)
    return event_id if isinstance(event_id, str) else None
