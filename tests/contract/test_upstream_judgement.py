"""A newer document: what is judged, what is only named, and what is never written wrongly."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import pytest

from codegen.errors import GenerationError
from codegen.sync.changes import Comparison, report
from codegen.sync.compare import compare
from codegen.sync.documents import Source, read_ours, written
from codegen.sync.flatten import flat
from codegen.sync.take_over import take_over
from tests.support.contract import SPEC
from tests.support.upstream_changes import Change, operation, props, schema, upstream

REF = "#/components/schemas/"
TWO = [{"required": ["event_id"]}, {"required": ["session_id"]}]
OBJECTS = [
    {
        "type": "object",
        "additionalProperties": False,
        "required": [key],
        "properties": {key: {"type": "string"}},
    }
    for key in "ab"
]


@functools.cache
def ours() -> Source:
    return read_ours(SPEC)


def compared(change: Callable[[Any], object]) -> tuple[Comparison, list[str], Any]:
    root = upstream()
    change(root)
    found = compare(ours(), Source(root))
    return found, report(found).splitlines(), root


def event(**keywords: Any) -> Change:
    return lambda root: schema("PostEventRequest")(root).update(keywords)


def field(name: str, model: str = "PostEventRequest", **keywords: Any) -> Change:
    return lambda root: props(model)(root)[name].update(keywords)


def instead(name: str, new: Any, model: str = "PostEventRequest") -> Change:
    return lambda root: props(model)(root).update({name: new})


def body(**keywords: Any) -> Change:
    return lambda root: operation(root)["requestBody"].update(keywords)


def event_id(**keywords: Any) -> Change:
    return lambda root: root["components"]["parameters"]["EventId"].update(keywords)


NAMED: dict[str, tuple[Change, str]] = {
    "propertyNames": (field("metadata", propertyNames={"maxLength": 3}), "PostEventRequest.metadata"),
    "dependentRequired": (event(dependentRequired={"a": ["b"]}), "PostEventRequest"),
    "anyOf": (event(anyOf=TWO), "PostEventRequest"),
    "oneOf": (event(oneOf=TWO), "PostEventRequest"),
    "not": (event(**{"not": {"required": ["project_id"]}}), "PostEventRequest"),
    "readOnly": (field("source", readOnly=True), "PostEventRequest.source"),
    "discriminator": (event(discriminator={"propertyName": "event_type"}), "PostEventRequest"),
    "x-secret": (field("source", **{"x-secret": None}), "PostEventRequest.source"),
    "application/xml": (
        lambda root: operation(root)["requestBody"]["content"].update({"application/xml": {}}),
        "createEvent request",
    ),
    "text/csv": (
        lambda root: operation(root)["responses"]["200"]["content"].update({"text/csv": {}}),
        "createEvent 200",
    ),
    "headers": (
        lambda root: operation(root)["responses"]["200"].update(headers={"X-A": {"schema": {}}}),
        "createEvent 200",
    ),
    "default": (lambda root: operation(root)["responses"].update(default={}), "createEvent responses"),
    "callbacks": (lambda root: operation(root).update(callbacks={"a": {}}), "createEvent"),
    "webhooks": (lambda root: root.update(webhooks={"a": {}}), "the document"),
    "query": (lambda root: root["paths"]["/v1/events"].update(query={}), "/v1/events"),
    "style": (event_id(style="matrix"), "getEvent parameter event_id"),
    "variables": (
        lambda root: root["servers"][0].update(variables={"a": {"default": "b"}}),
        "server https://api.dp1.us.honeyhive.ai",
    ),
}


@pytest.mark.parametrize("keyword", NAMED)
def test_a_keyword_without_a_comparison_is_named_and_nothing_is_called_current(keyword: str) -> None:
    change, where = NAMED[keyword]
    found, lines, root = compared(change)
    assert f"not compared: {keyword} at {where}" in lines
    assert "no changes in what is compared" in lines[-1]
    assert not found.is_current
    changed, _ = take_over(ours(), Source(root))
    assert written(changed) == SPEC.read_text("utf-8")


JUDGED: dict[str, tuple[Change, str]] = {
    "other properties follow a schema": (
        field("metadata", additionalProperties={"type": "string"}),
        "changed: PostEventRequest.metadata: other properties must now follow a schema (breaks senders)",
    ),
    "fewer properties": (
        field("metadata", maxProperties=3),
        "changed: PostEventRequest.metadata: maxProperties none is now 3 (breaks senders)",
    ),
    "more properties": (
        field("metadata", minProperties=1),
        "changed: PostEventRequest.metadata: minProperties none is now 1 (breaks senders)",
    ),
    "unique items": (
        field("children_ids", uniqueItems=True),
        "changed: PostEventRequest.children_ids: uniqueItems none is now True (breaks senders)",
    ),
    "items of any kind": (
        lambda root: props("PostEventRequest")(root)["children_ids"].pop("items"),
        "changed: PostEventRequest.children_ids: items may be anything now (harmless)",
    ),
    "another default": (
        field("limit", "SearchEventsRequest", default=10),
        "changed: SearchEventsRequest.limit: the default 1000 is now 10 (breaks senders)",
    ),
    "required beside the properties": (
        event(allOf=[{"required": ["event_id"]}]),
        "changed: PostEventRequest.event_id: is now required (breaks senders)",
    ),
    "a name of a free object": (
        field("metadata", properties={"cost": {"type": "number"}}),
        (
            "added: PostEventRequest.metadata.cost: an optional property, which could be anything before "
            "(breaks senders)"
        ),
    ),
    "optional body": (
        body(required=False),
        "changed: createEvent request: the body is no longer required (harmless)",
    ),
    "only another media type": (
        body(content={"application/xml": {}}),
        "removed: createEvent request: the body (breaks senders)",
    ),
    "format of a parameter": (
        event_id(schema={"type": "string", "format": "uri"}),
        "changed: getEvent parameter event_id: the format uuid is now uri (breaks senders)",
    ),
    "security scheme": (
        lambda root: root["components"]["securitySchemes"].update(
            bearerAuth={"type": "apiKey", "in": "header", "name": "X-Key"}
        ),
        "changed: createEvent: its security http bearer is now apiKey X-Key (breaks senders)",
    ),
    "no security": (
        lambda root: operation(root).update(security=[]),
        "changed: createEvent: its security http bearer is now none (harmless)",
    ),
    "server added": (
        lambda root: root["servers"].append({"url": "https://new.example/"}),
        "added: the document: the server https://new.example (harmless)",
    ),
    "server removed": (
        lambda root: root["servers"].pop(0),
        "removed: the document: the server https://api.dp1.us.honeyhive.ai (breaks senders)",
    ),
    "server of an operation": (
        lambda root: operation(root).update(servers=[{"url": "https://new.example"}]),
        "changed: createEvent: its servers are now https://new.example (breaks senders)",
    ),
    "operation deprecated": (
        lambda root: operation(root).update(deprecated=True),
        "changed: createEvent: is now deprecated (harmless)",
    ),
    "operation renamed": (
        lambda root: operation(root).update(operationId="postEvent"),
        "changed: createEvent: the operationId is now postEvent (harmless)",
    ),
    "another success": (
        lambda root: operation(root).update(responses={"201": {"description": ""}}),
        "removed: createEvent 200: an answer (breaks readers)",
    ),
    "choices without a type": (
        instead("event_type", {"enum": ["model"]}),
        "removed: PostEventRequest.event_type: the value 'tool' (breaks senders)",
    ),
    "a constant without a type": (
        instead("source", {"const": "sdk"}),
        "changed: PostEventRequest.source: only these values now: 'sdk' (breaks senders)",
    ),
    "a property of an error": (
        lambda root: operation(root)["responses"].update(
            {"400": {"content": {"application/json": {"schema": OBJECTS[0]}}}}
        ),
        "added: createEvent 400.a: a property that is always there (harmless)",
    ),
}


@pytest.mark.parametrize("name", JUDGED)
def test_a_difference_is_judged(name: str) -> None:
    change, line = JUDGED[name]
    _, lines, _ = compared(change)
    assert line in lines


SAME: dict[str, Change] = {
    "choices without a type": instead("event_type", {"enum": ["model", "tool", "chain", "session"]}),
    "a constant that is the choice": lambda root: props("PostEventRequest")(root)["source"].update(
        minLength=0
    ),
    "a scheme of another name": lambda root: (
        root["components"]["securitySchemes"].update(
            Other={**root["components"]["securitySchemes"]["bearerAuth"], "bearerFormat": "key"}
        ),
        root.update(security=[{"Other": []}]),
    ),
    "a media type with a charset": lambda root: operation(root)["requestBody"].update(
        content={
            "application/json; charset=utf-8": operation(root)["requestBody"]["content"]["application/json"]
        }
    ),
    "the usual style": event_id(style="simple", explode=False),
    "names for their command line": lambda root: operation(root).update(
        {"x-cli-name": "a", "x-hidden": True}
    ),
    "a reference where there was none": lambda root: (
        root["components"]["schemas"].update(Inputs=props("PostEventRequest")(root)["inputs"]),
        instead("inputs", {"allOf": [{"$ref": f"{REF}Inputs"}]})(root),
    ),
    "an answer with fewer values": field("count", "ExportEventsResponse", minimum=0),
    "statuses as numbers": lambda root: operation(root).update(
        responses={int(k): v for k, v in operation(root)["responses"].items() if k.isdigit()}
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_in_other_words_is_current(name: str) -> None:
    assert compared(SAME[name])[1] == ["openapi.yaml is current"]


def behind(root: Any, first: Any, second: Any) -> None:
    root["components"]["schemas"].update(First=first, Second=second)
    props("GetEventResponse")(root)["event"] = {"$ref": f"{REF}First"}
    props("ExportEventsResponse")(root)["events"]["items"] = {"$ref": f"{REF}Second"}


def test_two_schemas_behind_one_of_ours_are_read_together() -> None:
    def split(root: Any) -> None:
        first, second = (copy.deepcopy(schema("LegacyEvent")(root)) for _ in range(2))
        del first["properties"]["duration"]
        second["properties"]["cost"] = {"type": "number"}
        behind(root, first, second)

    _, lines, root = compared(split)
    assert lines[0] == "added: LegacyEvent.cost: a property (harmless)"
    assert len(lines) == 2
    changed, left = take_over(ours(), Source(root))
    assert left == []
    event = changed.root["components"]["schemas"]["LegacyEvent"]["properties"]
    assert {"cost", "duration"} <= event.keys()


def test_every_form_of_an_answer_is_read() -> None:
    first = {
        "oneOf": [
            {"$ref": f"{REF}LegacyEvent"},
            {"type": "object", "properties": {"event_id": {"type": "integer"}}},
        ]
    }
    _, lines, _ = compared(lambda root: behind(root, first, {"$ref": f"{REF}LegacyEvent"}))
    assert lines[0] == "changed: LegacyEvent.event_id: null or string may now be integer (breaks readers)"


def test_what_only_one_of_two_schemas_asks_of_a_request_is_left_to_a_person() -> None:
    def split(root: Any) -> None:
        other = copy.deepcopy(schema("PostEventRequest")(root))
        other["properties"]["batch_only"] = {"type": "string"}
        root["components"]["schemas"]["BatchEvent"] = other
        props("PostEventBatchRequest")(root)["events"]["items"] = {"$ref": f"{REF}BatchEvent"}

    _, lines, root = compared(split)
    assert "added: PostEventRequest.batch_only: an optional property, in BatchEvent alone (harmless)" in lines
    changed, left = take_over(ours(), Source(root))
    assert written(changed) == SPEC.read_text("utf-8")
    assert len(left) == 1


def test_what_a_request_is_asked_next_to_a_reference_is_compared() -> None:
    def beside(root: Any) -> None:
        props("PostEventBatchRequest")(root)["events"]["items"]["required"] = ["duration"]

    _, lines, root = compared(beside)
    where = "in PostEventBatchRequest.events[] alone"
    assert lines[0] == f"changed: PostEventRequest.duration: is now required, {where} (breaks senders)"
    changed, left = take_over(ours(), Source(root))
    assert written(changed) == SPEC.read_text("utf-8")
    assert len(left) == 1


def test_a_reference_to_a_reference_asks_for_what_is_next_to_both() -> None:
    def chain(root: Any) -> None:
        root["components"]["schemas"]["Longer"] = {"$ref": f"{REF}PostEventRequest", "minProperties": 3}
        operation(root)["requestBody"]["content"]["application/json"]["schema"] = {"$ref": f"{REF}Longer"}

    assert "minProperties none is now 3" in compared(chain)[1][0]


def test_the_error_body_of_one_operation_changes_no_schema_that_others_share() -> None:
    _, _, root = compared(JUDGED["a property of an error"][0])
    changed, left = take_over(ours(), Source(root))
    assert written(changed) == SPEC.read_text("utf-8")
    assert left


def test_a_new_union_of_objects_is_written_as_it_is() -> None:
    _, _, root = compared(instead("thing", {"oneOf": [*OBJECTS]}))
    changed, left = take_over(ours(), Source(root))
    assert left == []
    assert changed.root["components"]["schemas"]["PostEventRequest"]["properties"]["thing"] == {
        "oneOf": OBJECTS
    }


def test_what_cannot_be_written_is_left_to_a_person_and_the_rest_is_written() -> None:
    def tree(root: Any) -> None:
        kids = {"type": "array", "items": {"$ref": f"{REF}Tree"}}
        root["components"]["schemas"]["Tree"] = {"type": "object", "properties": {"kids": kids}}
        props("PostEventRequest")(root).update(tree={"$ref": f"{REF}Tree"}, plain={"type": "string"})

    _, _, root = compared(tree)
    changed, left = take_over(ours(), Source(root))
    assert [change.where for change in left] == ["PostEventRequest.tree"]
    known = changed.root["components"]["schemas"]["PostEventRequest"]["properties"]
    assert "plain" in known
    assert "tree" not in known


UNIONS: list[tuple[Any, Any]] = [
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["null", "string"]}),
    ({"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer", "minimum": 0}]}, None),
    (
        {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
        {"type": ["null", "string"], "enum": ["a", None]},
    ),
    ({"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 3}]}, {"type": "integer", "minimum": 3}),
]
KEPT: list[Any] = [
    {"oneOf": OBJECTS},
    {"anyOf": OBJECTS},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "string", "pattern": "^a"}]},
    {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "integer"}]},
    {"allOf": OBJECTS},
]


@pytest.mark.parametrize(("union", "simple"), UNIONS)
def test_a_union_with_a_simple_form_gets_it(union: Any, simple: Any) -> None:
    found = flat(union, ours())
    assert not found.keys() & {"anyOf", "oneOf", "allOf"}
    assert simple is None or found == simple


@pytest.mark.parametrize("union", KEPT)
def test_a_union_that_no_keywords_can_say_stays_one(union: Any) -> None:
    assert flat(union, ours()).keys() & {"anyOf", "oneOf", "allOf"}


@pytest.mark.parametrize(
    "broken",
    [
        {"$ref": f"{REF}Loop"},
        {"$ref": f"{REF}Around"},
        {"$ref": "other.yaml#/a"},
        {"$ref": f"{REF}Gone"},
        [1],
        "string",
    ],
)
def test_a_document_that_is_none_is_a_sentence(broken: Any) -> None:
    def change(root: Any) -> None:
        props("PostEventRequest")(root)["source"] = broken
        root["components"]["schemas"]["Loop"] = {"allOf": [{"$ref": f"{REF}Loop"}]}
        root["components"]["schemas"]["Around"] = {"$ref": f"{REF}Around"}

    with pytest.raises(GenerationError):
        compared(change)
