"""Each operation of the API as a call to send, and its answer as a model. Pure, for both clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from honeyhive_client.api.events import create_event
from honeyhive_client.errors import MalformedResponse, UnexpectedStatus
from honeyhive_client.models import CreateEventRequest, CreateEventResponse

from honeyhive_ext.config.settings import Settings
from honeyhive_ext.http.bounds import About
from honeyhive_ext.http.exchange import Call, Reply
from honeyhive_ext.payload.events import prepare_event, prepare_session, prepare_update
from honeyhive_ext.payload.ids import HasEventId, uuid_str
from honeyhive_ext.payload.resumption import first_request, next_request, prepare_resumption
from honeyhive_ext.payload.times import now_ms

# The other operations are imported when they are called, so that a program that creates events starts sooner.
if TYPE_CHECKING:
    from honeyhive_client.models import CreateSessionResponse, EventType

    from honeyhive_ext.reading.event import Event

_Model = TypeVar("_Model")

# The id is made before the first attempt, so a conflict means that an earlier attempt arrived.
DELIVERED = frozenset({409})

# Where answers name the event or the session that they are about.
OWN_ID = (("event_id",),)
EVENT_ID = (("event", "event_id"),)
SESSION_IDS = (("session_id",), ("event_id",))  # a session is an event, which has its id


def creation(
    event: EventType | Mapping[str, Any] | CreateEventRequest | Event | None,
    fields: Mapping[str, Any],
    settings: Settings,
) -> tuple[str, Call]:
    """Return the id of an event to create, and the call that creates it."""
    wire = prepare_event(event, fields, settings=settings.events, now_ms=now_ms)
    request = create_event.build_request(body=wire.content)
    return wire.event_id, Call("createEvent", request, write=True, about=About(wire.event_id, OWN_ID))


def created(event_id: str, reply: Reply) -> CreateEventResponse:
    """Return the answer to the creation of an event. A 409 means that an earlier attempt arrived."""
    if reply.status in DELIVERED:
        return CreateEventResponse(success=True, event_id=event_id)
    answer = _parsed(create_event, reply, CreateEventResponse, write=True)
    answer.event_id = event_id  # the same id, as the client writes it
    return answer


def reading(event_id: str | UUID) -> Call:
    """Return the call that reads one event."""
    from honeyhive_client.api.events import get_event

    asked = uuid_str(event_id, "event_id")
    return Call("getEvent", get_event.build_request(event_id=asked), about=About(asked, EVENT_ID))


def read(reply: Reply) -> Event:
    """Return the event that was read."""
    from honeyhive_client.api.events import get_event
    from honeyhive_client.models import GetEventResponse

    from honeyhive_ext.reading.envelope import enveloped
    from honeyhive_ext.reading.event import Event

    event = enveloped(reply.content)
    # What only a tolerant parser reads, and what is not an event and so an error.
    return event or Event.from_dict(_parsed(get_event, reply, GetEventResponse).event.to_dict())


def changing(
    event: Event | CreateEventResponse | HasEventId | Mapping[str, Any] | str | UUID,
    fields: Mapping[str, Any],
    settings: Settings,
) -> Call:
    """Return the call that updates one event."""
    return updating(*prepare_update(event, fields, settings=settings.events))


def updating(event_id: str, content: bytes) -> Call:
    """Return the call that sends a prepared update."""
    from honeyhive_client.api.events import update_event

    request = update_event.build_request(event_id=event_id, body=content)
    # The service documents no body. If there is one that names an event, it is this one.
    return Call("updateEvent", request, write=True, about=About(event_id, OWN_ID + EVENT_ID))


def session_creation(fields: Mapping[str, Any], settings: Settings) -> tuple[str, Call]:
    """Return the id of a session to create, and the call that creates it."""
    from honeyhive_client.api.sessions import create_session

    session_id, content = prepare_session(fields, settings=settings.events, now_ms=now_ms)
    request = create_session.build_request(body=content)
    return session_id, Call("createSession", request, write=True, about=About(session_id, SESSION_IDS))


def resumption(fields: Mapping[str, Any], settings: Settings) -> tuple[bytes, Call]:
    """Return what resumes a session, and the first call of it; `resumed` returns the other one."""
    _, content = prepare_resumption(fields, settings=settings.events, now_ms=now_ms)
    return content, resuming(content)


def resuming(content: bytes) -> Call:
    """Return the call that starts a session, or finds out when it began."""
    from honeyhive_client.api.sessions import create_session

    return Call("createSession", create_session.build_request(body=first_request(content)), write=True)


def resumed(content: bytes, reply: Reply) -> Call:
    """Return the call that sets the end of a session, after the answer to `resuming`."""
    return updating(*next_request(content, b"" if reply.status in DELIVERED else reply.content))


def session_created(session_id: str, reply: Reply) -> CreateSessionResponse:
    """Return the answer to the creation of a session. After a 409 only its ids are known."""
    from honeyhive_client.api.sessions import create_session
    from honeyhive_client.models import CreateSessionResponse

    if reply.status in DELIVERED:
        return CreateSessionResponse(
            event_id=session_id, session_id=session_id, org_id="", workspace_id="", project_id=""
        )
    answer = _parsed(create_session, reply, CreateSessionResponse, write=True)
    answer.event_id = answer.session_id = session_id  # the same id, as the client writes it
    return answer


def _parsed(operation: Any, reply: Reply, model: type[_Model], *, write: bool = False) -> _Model:
    """Return a success as its model. Any 2xx counts as the documented 200, because the body decides."""
    parsed, wrong = _read(operation, reply, model)
    if parsed is not None:
        return parsed
    # Neither a variable here nor a cause of the error holds what came: it can repeat the key.
    raise reply.unusable(
        f"the service answered {reply.status}, but {wrong}. The request may have succeeded. "
        "Check that base_url (HH_API_URL) is the API and not a web page in front of it",
        maybe_stored=write,
    )


def _read(operation: Any, reply: Reply, model: type[_Model]) -> tuple[_Model | None, str]:
    """Return a success as its model, or None and what is wrong with it."""
    try:
        parsed = operation.parse_response(status_code=200, content=reply.content)
    except (MalformedResponse, UnexpectedStatus) as error:
        return None, error.reason
    if not isinstance(parsed, model):
        return None, f"expected {model.__name__}"
    return parsed, ""
