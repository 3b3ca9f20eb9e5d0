"""Every difference of a newer document is reported or named, whatever its keyword and its place."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from codegen.errors import GenerationError
from codegen.sync.changes import Comparison, report
from codegen.sync.compare import compare
from codegen.sync.documents import Source, read_ours, written
from codegen.sync.take_over import take_over
from tests.support.contract import SPEC, document
from tests.support.scale import scaled
from tests.support.upstream_changes import CHANGES, upstream

SLOW = list(HealthCheck)
# A comparison takes a tenth of a second, too long for hundreds of attempts at a smaller example.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
few = settings(max_examples=scaled(100, 10), deadline=None, suppress_health_check=SLOW, phases=PHASES)
some = settings(max_examples=scaled(20, 4), deadline=None, suppress_health_check=SLOW, phases=PHASES)

NAMES = {"properties", "responses", "content", "paths", "headers", "securitySchemes", "schemas", "parameters"}
DATA = {"example", "examples", "enum", "default", "required", "tags", "security"}
Place = tuple[str | int, ...]


@functools.cache
def ours() -> Source:
    return read_ours(SPEC)


@functools.cache
def places(kind: str) -> list[Place]:
    """Every object of the document that a covered operation leads to, by the way to it."""
    root = upstream()
    found: dict[Place, None] = {}
    requests = {"requestBody", "parameters"}
    for path, item in root["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            for key in operation:
                if kind == "any" or (key in requests) == (kind == "request"):
                    for place in reached(root, ("paths", path, method, key)):
                        found[place] = None
            if kind == "any":
                found["paths", path, method] = None
    if kind == "any":
        found.update(dict.fromkeys([(), ("info",), *(("paths", path) for path in root["paths"])]))
    return list(found)


def reached(root: Any, place: Place, above: frozenset[Place] = frozenset()) -> Iterator[Place]:
    node = at(root, place)
    if place in above or place[-1] in DATA:
        return
    above |= {place}
    if isinstance(node, list):
        for index in range(len(node)):
            yield from reached(root, (*place, index), above)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("$ref"), str):
        if node["$ref"].startswith("#/components/schemas/"):
            yield place  # what a schema says next to a reference counts too
        yield from reached(root, tuple(node["$ref"].removeprefix("#/").split("/")), above)
        return
    if place[-1] not in NAMES or (len(place) > 1 and place[-2] in NAMES - {"content"}):
        yield place
    for key in node:
        yield from reached(root, (*place, key), above)


def at(root: Any, place: Place) -> Any:
    for part in place:
        root = root[part]
    return root


def follow(root: Any, place: Place) -> Any:
    try:
        return at(root, place)
    except (KeyError, IndexError):
        return None


def outcome(root: Any) -> tuple[Comparison, str]:
    found = compare(ours(), Source(root))
    return found, report(found)


def test_there_are_places_of_every_kind() -> None:
    assert {("components", "schemas", name) for name in ("PostEventRequest", "LegacyEvent")} < {
        *places("any")
    }
    assert len(places("any")) > 150
    assert len(places("request")) > 60


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


@few
@given(
    place=st.sampled_from(places("any")), keyword=st.from_regex(r"[a-z]{3,8}Q", fullmatch=True), value=JSON
)
def test_a_keyword_that_nobody_knows_is_named_with_its_place(place: Place, keyword: str, value: Any) -> None:
    root = upstream()
    at(root, place)[keyword] = value
    found, text = outcome(root)
    assert f"not compared: {keyword} at " in text
    assert "is current" not in text
    assert not found.is_current


def test_unknown_keywords_are_named_at_every_place_at_once() -> None:
    root = upstream()
    for number, place in enumerate(places("any")):
        at(root, place)[f"unknown{number}Q"] = number
    _, text = outcome(root)
    missing = [p for n, p in enumerate(places("any")) if f"not compared: unknown{n}Q at " not in text]
    assert missing == []


NEW_SCHEMAS: list[tuple[Place, Any]] = [
    (("metadata", "additionalProperties"), {"fooQ": 1}),
    (("metadata", "additionalProperties"), {"type": "object", "properties": {"a": {"items": {"fooQ": 1}}}}),
    (("metadata", "properties"), {"invented": {"anyOf": [{"type": "string"}, {"fooQ": 1}]}}),
    (("invented",), {"type": "array", "items": {"additionalProperties": {"fooQ": None}}}),
    (("event_name",), {"type": "object", "properties": {"a": {"fooQ": True}}}),
]


@pytest.mark.parametrize(("place", "schema"), NEW_SCHEMAS)
def test_an_unknown_keyword_is_named_in_a_schema_that_is_new_as_a_whole(place: Place, schema: Any) -> None:
    root = upstream()
    properties: Place = ("components", "schemas", "PostEventRequest", "properties")
    at(root, (*properties, *place[:-1]))[place[-1]] = schema
    found, text = outcome(root)
    assert "not compared: fooQ at PostEventRequest" in text
    assert not found.is_current


KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "additionalProperties": st.sampled_from([{"type": "string"}, {"minLength": 1}]),
    **dict.fromkeys(("maxProperties", "minProperties", "minItems", "maxItems"), st.integers(1, 3)),
    **dict.fromkeys(("minLength", "maxLength"), st.integers(1, 3)),
    **dict.fromkeys(("minimum", "exclusiveMaximum"), st.integers(-77, -70)),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), st.just(True)),
    "multipleOf": st.integers(2, 9),
    "pattern": st.just("^a"),
    "format": st.sampled_from(["email", "int32"]),
    "const": st.sampled_from(["other", 7]),
    "default": st.sampled_from(["other", 7]),
    "propertyNames": st.just({"pattern": "^a"}),
    "patternProperties": st.just({"^a": {"type": "string"}}),
    "dependentRequired": st.just({"a": ["b"]}),
    "dependentSchemas": st.just({"a": {"required": ["b"]}}),
    "not": st.just({"required": ["a"]}),
    **dict.fromkeys(("anyOf", "oneOf"), st.just([{"required": ["a"]}, {"required": ["b"]}])),
    "allOf": st.just([{"required": ["a"]}, {"minProperties": 2}]),
    "if": st.just({"required": ["a"]}),
    "prefixItems": st.just([{"type": "string"}]),
    "contains": st.just({"const": 1}),
    "unevaluatedProperties": st.just(False),
    "discriminator": st.just({"propertyName": "a"}),
    "xml": st.just({"name": "a"}),
    "contentEncoding": st.just("base64"),
    "required": st.just(["an_invented_name"]),
    "type": st.sampled_from(["null", ["string", "null", "array"]]),
    "enum": st.just(["other"]),
    "properties": st.just({"an_invented_name": {"type": "string"}}),
}


def is_schema(place: Place) -> bool:
    return (
        place[-1:] == ("schema",)
        or place[-2:-1] in (("properties",), ("schemas",))
        or place[-1:] == ("items",)
    )


def says_the_same(node: Any, name: str | int, two: tuple[str, Any]) -> bool:
    """Return whether types are added that nothing beside them allows, or what is said already or in vain."""
    if two[0] == "type":
        return isinstance(two[1], list) and ("enum" in node or "$ref" in node)
    return node.get(two[0]) == two[1] or (name == "UpdateEventRequest" and two[0] == "additionalProperties")


@pytest.mark.parametrize("types", ["null", ["null", "array"], "integer"])
def test_values_of_no_allowed_type_are_no_values(types: Any) -> None:
    root = upstream()
    at(root, ("components", "schemas", "PostEventRequest", "properties", "event_type"))["type"] = types
    _, text = outcome(root)
    assert "changed: PostEventRequest.event_type: string is now nothing (breaks senders)" in text


@few
@given(
    place=st.sampled_from([place for place in places("request") if is_schema(place)]),
    two=st.sampled_from(sorted(KNOWN)).flatmap(lambda key: st.tuples(st.just(key), KNOWN[key])),
)
def test_what_a_request_must_be_now_is_never_called_current(place: Place, two: tuple[str, Any]) -> None:
    root = upstream()
    assume(not says_the_same(at(root, place), place[-1], two))
    at(root, place)[two[0]] = two[1]
    found, text = outcome(root)
    assert not found.is_current, (place, two)
    assert "is current" not in text


LOOSE = ("type", "enum", "required", "minimum", "maximum", "items", "default")


@functools.cache
def loosenings() -> list[tuple[Place, str]]:
    """Every keyword of a request schema without which it accepts more, and its place."""
    root = document()
    schemas = [(place, follow(root, place)) for place in places("request") if is_schema(place)]
    found = [(place, key) for place, node in schemas if node for key in LOOSE if key in node]
    closed = [
        (p, "additionalProperties")
        for p, node in schemas
        if node and node.get("additionalProperties") is False
    ]
    # The type of an object, an array or listed values is plain from the other keywords.
    plain = {(p, "type") for p, node in schemas if node and node.keys() & {"properties", "items", "enum"}}
    return [one for one in [*found, *closed] if one not in plain and one[0][-1] != "UpdateEventRequest"]


@few
@given(st.sampled_from(loosenings()))
def test_what_a_request_need_not_be_any_more_is_reported(two: tuple[Place, str]) -> None:
    root = copy.deepcopy(document())
    del at(root, two[0])[two[1]]
    found, _ = outcome(root)
    assert not found.is_current


@some
@given(names=st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5, unique=True), data=st.data())
def test_what_is_taken_over_is_taken_over_once(names: list[str], data: st.DataObject) -> None:
    root = upstream()
    for name in names:
        try:
            CHANGES[name][0](root)
        except (KeyError, ValueError):  # another change has taken its place away
            continue
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from([place for place in places("any") if is_schema(place)]))
        key = data.draw(st.sampled_from(sorted(KNOWN)))
        found = follow(root, place)
        if isinstance(found, dict):
            found[key] = data.draw(KNOWN[key])
    try:
        changed, left = take_over(ours(), Source(root))
    except GenerationError:
        return
    again, still = take_over(changed, Source(root))
    assert written(again) == written(changed)
    assert [*map(str, still)] == [*map(str, left)]
