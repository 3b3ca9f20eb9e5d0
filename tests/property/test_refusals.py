"""What the API's document forbids, the local server refuses with 400 and names every failing path.

Each value is made to follow its schema and then spoiled in known places, so what must be listed is known
without asking a validator.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import honeyhive_schemas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.message import Request, Response
from tests.support.json_values import ODD, valid
from tests.support.scale import scaled

SESSION = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
ROUTES = {
    "PostEventRequest": ("POST", "/v1/events"),
    "PostEventBatchRequest": ("POST", "/v1/events/batch"),
    "UpdateEventRequest": ("PUT", f"/v1/events/{SESSION}"),
    "SearchEventsRequest": ("POST", "/v1/events/search"),
    "StartSessionRequest": ("POST", "/v1/sessions"),
    "SessionEventBatchRequest": ("POST", f"/v1/sessions/{SESSION}/events/batch"),
}
BAD_FORMAT = {
    "uuid": [
        "",
        "7",
        SESSION[:-1],
        f"{SESSION}0",
        f"{{{SESSION}}}",
        f"urn:uuid:{SESSION}",
        "g" + SESSION[1:],
    ],
    "date-time": ["", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01 noon"],
}
UNKNOWN = ["evnt_type", "project", "is_single_session", "a.b", "", "é", "__proto__", "'; DROP TABLE events"]
property_of_values = settings(
    max_examples=scaled(1000, 20),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """One value inside a body: what holds it, under which key, what the document says of it."""

    holder: Any
    key: Any
    schema: dict[str, Any]
    path: Path


def places(
    root: dict[str, Any], holder: Any, key: Any, schema: dict[str, Any], path: Path
) -> Iterator[Place]:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    yield Place(holder, key, schema, path)
    value = holder[key]
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from places(root, value, name, inner, (*path, name))
    elif isinstance(value, list):
        for at in range(len(value)):
            yield from places(root, value, at, schema.get("items", {}), (*path, at))


def is_of(kind: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "number": number,
        "integer": number and value == int(value),
    }[kind]


def wrong(schema: dict[str, Any]) -> list[Any]:
    """Values that the schema of a place forbids."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    values = [odd for odd in ODD if kinds and not any(is_of(kind, odd) for kind in kinds)]
    if "enum" in schema:
        values += ["", schema["enum"][0].upper(), schema["enum"][-1] + " "]
    values += BAD_FORMAT.get(schema.get("format", ""), [])
    values += [schema["minimum"] - 1] if "minimum" in schema else []
    values += [schema["maximum"] + 1] if "maximum" in schema else []
    return values


@st.composite
def spoiled_body(draw: st.DrawFn, name: str) -> tuple[Any, set[Path]]:
    """A body with one to three things wrong in it, and where."""
    root = honeyhive_schemas.schema(name)
    top = [copy.deepcopy(draw(valid(name)))]
    expected: set[Path] = set()
    for _ in range(draw(st.integers(1, 3))):
        open_places = [p for p in places(root, top, 0, root, ()) if free(p.path, expected)]
        ways = [way for place in open_places for way in ways_of(place)]
        if not ways:
            break
        kind, place, what = draw(st.sampled_from(ways))
        if kind == "value":
            place.holder[place.key] = copy.deepcopy(draw(st.sampled_from(wrong(place.schema))))
            expected.add(place.path)
        elif kind == "unknown":
            place.holder[place.key][what] = draw(st.sampled_from(ODD))
            expected.add((*place.path, what))
        else:
            del place.holder[place.key][what]
            expected.add((*place.path, what))
    return top[0], expected


def free(path: Path, expected: set[Path]) -> bool:
    """Whether nothing at, above or below this place has been spoiled yet."""
    return not any(path[: len(one)] == one or one[: len(path)] == path for one in expected)


def ways_of(place: Place) -> Iterator[tuple[str, Place, str]]:
    if wrong(place.schema):
        yield "value", place, ""
    value = place.holder[place.key]
    if isinstance(value, dict):
        if place.schema.get("additionalProperties") is False:
            known = place.schema["properties"]
            yield from (("unknown", place, name) for name in UNKNOWN if name not in {*known, *value})
        yield from (("missing", place, name) for name in place.schema.get("required", []) if name in value)


def text_of(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def post(server: LocalServer, name: str, value: Any) -> Response:
    method, path = ROUTES[name]
    body = json.dumps(value).encode()
    return server.handle(Request(method, path, body, {"authorization": "Bearer hh_any"}))


def fresh(server: LocalServer) -> list[dict[str, Any]]:
    server.reset()
    assert post(server, "StartSessionRequest", {"session_id": SESSION}).status == 200
    return server.events()


@pytest.fixture(scope="module")
def quiet() -> Iterator[LocalServer]:
    server = LocalServer()
    yield server
    server.close()


@pytest.mark.parametrize("name", ROUTES)
@property_of_values
@given(data=st.data())
def test_a_forbidden_body_is_refused_with_every_failing_path_and_nothing_is_stored(
    quiet: LocalServer, name: str, data: st.DataObject
) -> None:
    value, expected = data.draw(spoiled_body(name))
    before = fresh(quiet)
    response = post(quiet, name, value)
    answer = json.loads(response.body)
    assert (response.status, answer["statusCode"], answer["success"]) == (400, 400, False)
    assert {one["path"] for one in answer["errors"]} == {text_of(path) for path in expected}
    assert all(one["path"] in answer["message"] for one in answer["errors"][:20])
    assert quiet.events() == before


@pytest.mark.parametrize("name", ["PostEventBatchRequest", "SessionEventBatchRequest"])
@property_of_values
@given(data=st.data())
def test_with_partial_batches_the_bad_events_are_named_and_the_good_ones_stored(
    quiet: LocalServer, name: str, data: st.DataObject
) -> None:
    value, expected = data.draw(spoiled_body(name))
    before = fresh(quiet)
    quiet.configure(bad_event="partial")
    response = post(quiet, name, value)
    answer = json.loads(response.body)
    bad = {path[1] for path in expected if path[:1] == ("events",) and len(path) > 1}
    if any(path[:1] != ("events",) or len(path) == 1 for path in expected):
        assert response.status == 400
        assert quiet.events() == before
        return
    assert (response.status, answer["success"], len(answer["errors"])) == (500, False, len(bad))
    assert len(answer["event_ids"]) == len(value["events"]) - len(bad)
    for path in expected:
        assert any(text_of(path) in error for error in answer["errors"])
    stored = [event["event_id"] for event in quiet.events()]
    assert set(answer["event_ids"]) <= set(stored)


@pytest.mark.parametrize("name", [name for name in ROUTES if name != "SearchEventsRequest"])
@property_of_values
@given(data=st.data())
def test_an_allowed_body_is_taken(quiet: LocalServer, name: str, data: st.DataObject) -> None:
    value = data.draw(valid(name))
    fresh(quiet)
    response = post(quiet, name, value)
    assert response.status == 200, response.body


@property_of_values
@given(value=valid("SearchEventsRequest"))
def test_an_allowed_search_is_answered_or_its_filter_s_value_does_not_fit_its_type(
    quiet: LocalServer, value: dict[str, Any]
) -> None:
    response = post(quiet, "SearchEventsRequest", value)
    answer = json.loads(response.body)
    if response.status != 200:
        assert response.status == 400
        paths = [one["path"] for one in answer["errors"]]
        assert paths
        assert all(re.fullmatch(r"filters\[\d+\]\.(value|field)|dateRange\.\w+", path) for path in paths)


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"{}{}", b"\xff", b'{"a": NaN}', b"[" * 9999]
)
def test_what_is_no_json_object_is_refused(quiet: LocalServer, name: str, body: bytes) -> None:
    method, path = ROUTES[name]
    before = fresh(quiet)
    response = quiet.handle(Request(method, path, body, {"authorization": "Bearer hh_any"}))
    answer = json.loads(response.body)
    assert (response.status, answer["success"], answer["errorCode"]) == (400, False, "BAD_REQUEST")
    assert quiet.events() == before
