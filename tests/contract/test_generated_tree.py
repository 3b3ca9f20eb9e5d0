"""generated/ as it is committed: current, marked, typed, named as users know it, and usable alone."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
from pathlib import Path

import pytest

from tests.support.contract import GENERATED, HEADER, document, generate, python

FILES = sorted(path for path in GENERATED.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
MODULES = [path for path in FILES if path.suffix == ".py"]
MODELS = {
    "CreateEventBatchRequest",
    "CreateEventBatchResponse",
    "CreateEventRequest",
    "CreateEventResponse",
    "CreateSessionEventBatchRequest",
    "CreateSessionEventBatchResponse",
    "CreateSessionRequest",
    "CreateSessionResponse",
    "DateRange",
    "ErrorResponse",
    "Event",
    "EventFilter",
    "EventType",
    "FilterOperator",
    "FilterType",
    "GetEventResponse",
    "PartialBatchResponse",
    "SearchEventsRequest",
    "SearchEventsResponse",
    "SessionProperties",
    "UpdateEventRequest",
}


def _name(path: Path) -> str:
    return path.relative_to(GENERATED).as_posix()


def test_it_is_what_the_document_makes() -> None:
    done = generate("--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", FILES, ids=map(_name, FILES))
def test_every_file_says_that_it_is_generated_and_by_which_command(path: Path) -> None:
    if path.suffix == ".json":
        assert json.loads(path.read_text("utf-8"))["$comment"].startswith(HEADER)
    else:
        assert path.read_text("utf-8").startswith(f"# {HEADER}")


@pytest.mark.parametrize("package", ["honeyhive_client", "honeyhive_schemas"])
def test_packages_are_marked_as_typed(package: str) -> None:
    assert (GENERATED / package / "py.typed").is_file()


@pytest.mark.parametrize("path", MODULES, ids=map(_name, MODULES))
def test_no_module_is_longer_than_a_person_reads(path: Path) -> None:
    limit = 500 if path.name == "typed_dicts.py" else 300
    assert len(path.read_text("utf-8").splitlines()) <= limit


@pytest.mark.parametrize("path", MODULES, ids=map(_name, MODULES))
def test_no_module_imports_the_ergonomic_layer(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert all(not alias.name.startswith("honeyhive_ext") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("honeyhive_ext")


def test_imports_are_at_the_top_of_the_models() -> None:
    for path in (GENERATED / "honeyhive_client" / "models").glob("*.py"):
        functions = (
            n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.FunctionDef)
        )
        for function in functions:
            inner = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert inner == [], f"{path.name}: {function.name}"


def test_both_packages_import_without_the_ergonomic_layer() -> None:
    """And without the libraries that only validation and the code generation need."""
    code = """
import sys
sys.modules["honeyhive_ext"] = None  # importing it now raises ImportError
import honeyhive_client.api.events.create_event, honeyhive_client.api.sessions.create_session
import honeyhive_client.models, honeyhive_client.typed_dicts, honeyhive_schemas
honeyhive_schemas.schema("Event")
print(sorted({"jsonschema", "jsonschema_rs", "pydantic", "yaml"} & sys.modules.keys()))
"""
    done = python(code)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_models_have_the_names_that_users_know() -> None:
    import honeyhive_client.models as models

    assert set(models.__all__) == MODELS


def test_free_form_objects_are_plain_dicts() -> None:
    import honeyhive_client.models as models

    for name in ("inputs", "outputs", "metadata", "config", "metrics", "feedback", "user_properties"):
        assert "dict[str, Any]" in models.CreateEventRequest.__annotations__[name]
        assert "dict[str, Any] | None" in models.Event.__annotations__[name]


def test_every_operation_has_a_module_with_the_six_functions() -> None:
    for item in document()["paths"].values():
        for method in ("get", "put", "post"):
            if method not in item:
                continue
            operation = item[method]["operationId"]
            snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation)
            path = GENERATED / "honeyhive_client" / "api" / item[method]["tags"][0].lower() / f"{snake}.py"
            tree = ast.parse(path.read_text("utf-8"))
            names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
            public = {
                "build_request",
                "parse_response",
                "sync",
                "sync_detailed",
                "asyncio",
                "asyncio_detailed",
            }
            assert public <= names


@pytest.mark.parametrize(
    "name", [".".join(path.relative_to(GENERATED).with_suffix("").parts) for path in MODULES]
)
def test_examples_in_docstrings_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert failed == 0


def test_there_are_examples_in_docstrings() -> None:
    attempted = [
        doctest.testmod(importlib.import_module(f"honeyhive_schemas{name}")).attempted
        for name in ("", "._documents", "._failures", "._formats")
    ]
    assert min(attempted) > 0
