"""What every public method sends: it conforms, both clients send the same, batches change nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import honeyhive_schemas
import httpx
import orjson
from honeyhive_client.models import EventFilter, FilterOperator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from honeyhive_ext import F
from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.times import FIRST_MS
from honeyhive_ext.testing import batches, events, responses, searches, sessions, stored_events, updates
from tests.support.clients import EitherClient
from tests.support.contract import document
from tests.support.scale import scaled

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
# Shrinking a whole batch takes minutes: a failure shows the first example found.
some = settings(
    max_examples=scaled(300, 8), phases=[Phase.explicit, Phase.generate], suppress_health_check=SLOW
)
ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
IDS = st.uuids().map(str)
# With these fields given nothing is left to chance or to the clock.
FIXED = {"event_id": IDS, "start_time": st.integers(10**12, 2 * 10**12)}
PLACED = {**FIXED, "session_id": IDS, "parent_id": IDS}
LISTS = st.lists(events(**PLACED), min_size=1, max_size=7, unique_by=lambda event: event["event_id"])


SESSION_FIELDS = {"session_id", "start_time", "session_name", "user_properties", "metadata"}
FILTERS: list[dict[str, Any]] = [
    {"field": "event_type", "operator": "is", "value": "model"},
    {"field": "metadata.cost", "operator": "greater than", "value": 0.5, "type": "number"},
    {"field": "error", "operator": "exists", "value": None},
    {"field": "inputs.a.b", "operator": "not contains", "value": "é"},
    {"field": "end_time", "operator": "after", "value": "2026-01-01T00:00:00Z", "type": "datetime"},
]


def _operations() -> dict[tuple[str, str], tuple[str, str | None]]:
    """The operationId and the schema of the body, by method and path."""
    found: dict[tuple[str, str], tuple[str, str | None]] = {}
    for path, item in document()["paths"].items():
        for method in item.keys() - {"parameters"}:
            body = item[method].get("requestBody", {}).get("content", {}).get("application/json")
            schema = body["schema"]["$ref"].rpartition("/")[2] if body else None
            found[method.upper(), path] = item[method]["operationId"], schema
    return found


OPERATIONS = _operations()


class Wire:
    """A service without a memory: it answers as the document says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.called: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = "/".join("{event_id}" if _is_uuid(part) else part for part in request.url.path.split("/"))
        path = path.replace("sessions/{event_id}", "sessions/{session_id}")
        operation, schema = OPERATIONS[request.method, path]
        body = request.read()
        if schema is None:
            assert body == b""
        else:
            honeyhive_schemas.validate(schema, orjson.loads(body))
        headers = {k: v for k, v in request.headers.items() if k not in ("hh-client-timestamp", "user-agent")}
        self.sent.append((request.method, str(request.url), headers, body))
        self.called.append(operation)
        asked = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json=self._answer(operation, asked, body))

    def _answer(self, operation: str, asked: str, body: bytes) -> Any:
        match operation:
            case "getEvent":
                return {"event": {"event_id": asked, "event_type": "tool"}}
            case "updateEvent":
                return {}
            case "searchEvents":
                return {"events": [], "count": 0}
            case "createEventBatch":
                return {"success": True, "event_ids": [e["event_id"] for e in orjson.loads(body)["events"]]}
            case "createSession":
                keys = ("event_id", "session_id", "org_id", "workspace_id", "project_id")
                return dict.fromkeys(keys, orjson.loads(body)["session_id"])
            case _:
                return {"success": True, "event_id": orjson.loads(body).get("event_id", ID)}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _clients(handler: Any) -> list[EitherClient]:
    """Both clients over one function that answers requests."""
    transport = httpx.MockTransport(handler)
    return [
        EitherClient(kind, "http://local", transport=transport, retry=False) for kind in ("sync", "async")
    ]


def _range(body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `search` for the body of a search."""
    given_range = body.get("dateRange", {})
    return {
        "start": _moment(given_range.get("start_time")),
        "end": _moment(given_range.get("end_time")),
        "evaluation_id": body.get("evaluation_id") or None,
        "page_size": body.get("limit", 1000),
    }


def _moment(text: str | None) -> float | None:
    """Unix ms that a search takes: a smaller number looks like seconds, and is refused."""
    return (
        None if text is None else max(int(FIRST_MS), round(datetime.fromisoformat(text).timestamp() * 1000))
    )


@some
@given(
    event=events(**FIXED),
    update=updates(),
    session=sessions(start_time=st.integers(10**12, 2 * 10**12)),
    many=LISTS,
    filters=st.lists(st.sampled_from(FILTERS), max_size=3),
    search=searches(),
    batch=batches(max_size=0),
)
def test_every_method_sends_what_conforms_and_both_clients_send_the_same_bytes(
    event: dict[str, Any],
    update: dict[str, Any],
    session: dict[str, Any],
    many: list[dict[str, Any]],
    filters: list[dict[str, Any]],
    search: dict[str, Any],
    batch: dict[str, Any],
) -> None:
    wires: list[Wire] = []
    properties = {**batch.get("session_properties", {}), "session_id": ID}
    properties["start_time"] = 10**12
    properties = {k: v for k, v in properties.items() if k in SESSION_FIELDS}
    for kind in ("sync", "async"):
        wire = Wire()
        wires.append(wire)
        with EitherClient(kind, "http://local", transport=httpx.MockTransport(wire), retry=False) as client:
            client.do(lambda hh: hh.events.create(event))
            client.do(lambda hh: hh.events.get(event["event_id"]))
            client.do(lambda hh: hh.events.update(event["event_id"], **update))
            client.do(lambda hh: hh.events.search(*filters, **_range(search)).to_list())
            client.do(lambda hh: hh.sessions.create(**session))
            client.do(lambda hh: hh.events.create_batch(many, max_events=3, max_concurrency=1))
            client.do(lambda hh: hh.sessions.create_event_batch(ID, many, max_events=3, max_concurrency=1))
            client.do(
                lambda hh: hh.events.create_batch(many, single_session=True, session_properties=properties)
            )
    first, second = wires
    assert first.sent == second.sent
    assert set(first.called) == {operation for operation, _ in OPERATIONS.values()}


@some
@given(many=LISTS, size=st.integers(1, 4), kind=st.sampled_from(["sync", "async"]))
def test_a_batch_stores_what_creating_each_event_stores(many: list[Any], size: int, kind: Any) -> None:
    one, other = LocalServer(), LocalServer()
    with EitherClient(kind, "http://local", transport=_transport(kind, one), retry=False) as client:
        for event in many:
            client.do(lambda hh, event=event: hh.events.create(event))
    with EitherClient(kind, "http://local", transport=_transport(kind, other), retry=False) as client:
        report = client.do(lambda hh: hh.events.create_batch(many, max_events=size, max_concurrency=1))
    assert list(report.event_ids) == [event["event_id"] for event in many]
    assert other.events() == one.events()
    assert len(one.events()) == len(many)
    one.close()
    other.close()


def _transport(kind: str, server: LocalServer) -> Any:
    return server.transport() if kind == "sync" else server.async_transport()


@some
@given(
    many=LISTS,
    count=st.integers(1, 7),
    most=st.integers(1, 7),
    largest=st.integers(100, 4000),
    concurrency=st.integers(1, 3),
    kind=st.sampled_from(["sync", "async"]),
)
def test_however_a_batch_is_split_its_order_and_content_stay(
    many: list[Any], count: int, most: int, largest: int, concurrency: int, kind: Any
) -> None:
    whole, split = LocalServer(), LocalServer(max_batch=most)  # the server refuses larger ones with 413
    with EitherClient(kind, "http://local", transport=_transport(kind, whole)) as client:
        client.do(lambda hh: hh.events.create_batch(many))
    with EitherClient(kind, "http://local", transport=_transport(kind, split)) as client:
        report = client.do(
            lambda hh: hh.events.create_batch(
                many, max_events=count, max_bytes=largest, max_concurrency=concurrency
            )
        )
    assert list(report.event_ids) == [event["event_id"] for event in many]
    assert _by_id(split) == _by_id(whole)
    if concurrency == 1:
        assert split.events() == whole.events()
    whole.close()
    split.close()


def _by_id(server: LocalServer) -> dict[str, Any]:
    return {event["event_id"]: event for event in server.events()}


@some
@given(data=st.data(), kind=st.sampled_from(["sync", "async"]))
def test_every_answer_of_the_document_is_readable_through_the_methods(data: st.DataObject, kind: Any) -> None:
    answers = {
        operation: data.draw(responses(operation))
        for operation in ("createEvent", "getEvent", "createSession")
    }
    found = data.draw(st.lists(stored_events(), max_size=3))
    page = {"events": found, "count": len(found), "added": {"later": [1]}}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        operation = {"POST": "createEvent", "GET": "getEvent"}[request.method]
        if path.endswith("/sessions"):
            operation = "createSession"
        if path.endswith("/search"):
            return httpx.Response(200, json=page)
        about = answers[operation]["event"] if operation == "getEvent" else answers[operation]
        sent = orjson.loads(request.content) if request.content else {"event_id": ID}
        for name in ("event_id", "session_id"):  # an answer is about what was asked
            if isinstance(about.get(name), str):
                about[name] = sent.get("event_id", sent.get("session_id"))
        return httpx.Response(200, json=answers[operation])

    with EitherClient(kind, "http://local", transport=httpx.MockTransport(answer), retry=False) as client:
        assert client.do(lambda hh: hh.events.create("tool")).to_dict() == answers["createEvent"]
        assert client.do(lambda hh: hh.events.get(ID)).raw == answers["getEvent"]["event"]
        assert client.do(lambda hh: hh.sessions.create()).to_dict() == answers["createSession"]
        first = client.do(lambda hh: hh.events.search().raw().to_list())
        models = client.do(lambda hh: hh.events.search().to_list())
        assert len(first) == len(models)
        assert all(row in first for row in found)


@given(
    field=st.text(alphabet="abcé_-", min_size=1).map("metadata.{}".format),
    value=st.text(max_size=5) | st.integers(-5, 5) | st.booleans(),
    operator=st.sampled_from(get_args(FilterOperator)),
)
def test_a_filter_written_with_f_equals_its_dict_and_its_model(field: str, value: Any, operator: str) -> None:
    wanted = "2026-01-01T00:00:00Z" if operator in ("after", "before") else value
    if operator in ("contains", "not contains"):
        wanted = str(value)
    if operator in ("greater than", "less than"):
        wanted = float(len(str(value)))
    condition = F(field).where(operator, wanted)
    as_dict = condition.to_dict()
    assert (as_dict["field"], as_dict["operator"]) == (field, operator)
    assert EventFilter.from_dict(as_dict).to_dict() == as_dict
    bodies: list[Any] = []

    def keep(request: httpx.Request) -> httpx.Response:
        bodies.append(orjson.loads(request.content)["filters"])
        return httpx.Response(200, json={"events": [], "count": 0})

    for client in _clients(keep):
        with client:
            for form in (condition, as_dict, EventFilter.from_dict(as_dict)):
                client.do(lambda hh, form=form: hh.events.search(form).to_list())
    assert all(body == [as_dict] for body in bodies)
    assert len(bodies) >= 6
