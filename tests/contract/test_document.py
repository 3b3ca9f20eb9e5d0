"""openapi.yaml by itself: valid, described throughout, examples true, requests strict, answers tolerant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.support.contract import document, examples

EXAMPLES = list(examples())
ERRORS = {"400", "401", "403", "404", "408", "429", "5XX"}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method in ("get", "put", "post", "delete", "patch"):
            if method in item:
                yield method, path, item[method]


def _resolve(node: Any) -> Any:
    while "$ref" in node:
        found: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _properties(schema: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{where}.{name}", inner
        yield from _properties(inner, f"{where}.{name}")


def _reach(node: Any, found: set[str]) -> set[str]:
    if isinstance(node, list):
        for item in node:
            _reach(item, found)
    elif isinstance(node, dict):
        ref = node.get("$ref")
        if isinstance(ref, str) and ref not in found:
            found.add(ref)
            _reach(_resolve(node), found)
        for inner in node.values():
            _reach(inner, found)
    return found


ALL_PROPERTIES = [
    pair for name, schema in document()["components"]["schemas"].items() for pair in _properties(schema, name)
]


def test_the_document_is_valid_openapi_3_1() -> None:
    # Here, as it takes a newer jsonschema than the lowest that the other tests run with.
    from openapi_spec_validator import OpenAPIV31SpecValidator

    errors = [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()]
    assert document()["openapi"].startswith("3.1.")
    assert errors == []


@pytest.mark.parametrize(("where", "schema", "value"), EXAMPLES, ids=[where for where, _, _ in EXAMPLES])
def test_every_example_follows_its_schema(where: str, schema: Any, value: Any) -> None:
    checked = {"$schema": Draft202012Validator.META_SCHEMA["$id"], "components": document()["components"]}
    checked["allOf"] = [{key: rule for key, rule in schema.items() if key != "examples"}]
    validator = Draft202012Validator(checked, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(value)] == [], where


def test_there_are_examples_to_check() -> None:
    assert len(EXAMPLES) > 100


@pytest.mark.parametrize(("where", "schema"), ALL_PROPERTIES, ids=[where for where, _ in ALL_PROPERTIES])
def test_every_property_has_a_description_and_an_example(where: str, schema: dict[str, Any]) -> None:
    described = _resolve(schema)
    assert described["description"].rstrip().endswith("."), where
    assert "$ref" in schema or described["examples"], where


@pytest.mark.parametrize(("where", "schema"), ALL_PROPERTIES, ids=[where for where, _ in ALL_PROPERTIES])
def test_every_time_says_its_unit(where: str, schema: dict[str, Any]) -> None:
    kinds = schema.get("type", [])
    if "number" not in kinds or not where.endswith(("_time", ".duration")):
        assert "x-unit" not in schema
        return
    assert schema["x-unit"] == ("ms" if where.endswith(".duration") else "unix-ms")
    assert "milliseconds" in schema["description"]


@pytest.mark.parametrize("operation", [op for _, _, op in _operations()], ids=lambda op: op["operationId"])
def test_every_operation_describes_itself_and_its_errors(operation: dict[str, Any]) -> None:
    expected = ERRORS | ({"413"} if "requestBody" in operation else set())
    assert operation["summary"]
    assert operation["description"]
    assert expected <= operation["responses"].keys()
    for response in operation["responses"].values():
        assert _resolve(response)["description"]
    assert "Retry-After" in _resolve(operation["responses"]["429"])["headers"]


def test_batches_describe_the_partial_500() -> None:
    for name in ("createEventBatch", "createSessionEventBatch"):
        (operation,) = [op for _, _, op in _operations() if op["operationId"] == name]
        schema = _resolve(operation["responses"]["500"])["content"]["application/json"]["schema"]
        assert [form["$ref"].rsplit("/", 1)[1] for form in schema["anyOf"]] == [
            "PartialBatchResponse",
            "ErrorResponse",
        ]


def test_requests_are_strict() -> None:
    """A request schema is closed, but for SessionProperties, which the service leaves open."""
    bodies = [op["requestBody"] for _, _, op in _operations() if "requestBody" in op]
    names = {ref.rsplit("/", 1)[1] for ref in _reach(bodies, set()) if "/schemas/" in ref}
    schemas = document()["components"]["schemas"]
    assert {name for name in names if schemas[name].get("additionalProperties") is not False} == {
        "SessionProperties"
    }


def test_answers_are_tolerant() -> None:
    """No answer is closed, has an enum or a format, or forbids null where it need not."""
    answers = [op["responses"] for _, _, op in _operations()]
    names = {ref.rsplit("/", 1)[1] for ref in _reach(answers, set()) if "/schemas/" in ref}
    assert "LegacyEvent" in names
    for name in names:
        schema = document()["components"]["schemas"][name]
        assert schema.get("additionalProperties", True) is not False, name
        for where, inner in _properties(schema, name):
            assert "enum" not in inner, where
            assert "format" not in inner, where
            optional = where.rsplit(".", 1)[1] not in schema.get("required", [])
            assert not optional or "type" not in inner or "null" in inner["type"], where
