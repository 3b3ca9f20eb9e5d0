"""A newer document of the service: every kind of change is found, judged, and taken over on request."""

from __future__ import annotations

import copy
import difflib
import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.sync.changes import Change as Finding
from codegen.sync.changes import report
from codegen.sync.compare import compare
from codegen.sync.documents import Source, read_ours, written
from codegen.upstream import main
from tests.support.contract import SPEC, document, python
from tests.support.misbehaving import Misbehaving, answer
from tests.support.upstream_changes import (
    BY_HAND,
    CHANGES,
    new_operation,
    optional_parameter,
    props,
    schema,
    upstream,
)


@functools.cache
def parsed() -> Source:
    """Our document, with its comments; not to be changed."""
    return read_ours(SPEC)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """Compare a document with a copy of ours; gives the exit status and the report."""
    shutil.copy(SPEC, tmp_path / "openapi.yaml")
    (tmp_path / "generated").mkdir()

    def call(root: Any, *options: str) -> tuple[int, list[str]]:
        (tmp_path / "upstream.json").write_text(json.dumps(root))
        paths = ["--spec", str(tmp_path / "openapi.yaml"), "--out", str(tmp_path / "generated")]
        status = main([str(tmp_path / "upstream.json"), *options, *paths])
        return status, capsys.readouterr().out.splitlines()

    return call


def test_the_same_api_written_otherwise_is_current(run: Any) -> None:
    assert run(upstream()) == (0, ["openapi.yaml is current"])
    assert run(document()) == (0, ["openapi.yaml is current"])


def compared(root: Any, ours: Source) -> tuple[list[Finding], list[str]]:
    found = compare(ours, Source(root))
    return [*found.changes], report(found).splitlines()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_and_judged(name: str) -> None:
    change, line = CHANGES[name]
    root = upstream()
    change(root)
    changes, lines = compared(root, parsed())
    assert line in lines
    effects = ["breaks senders", "breaks readers", "harmless"]
    found = [next(effect for effect in effects if f"({effect})" in text) for text in lines[:-1]]
    assert found == sorted(found, key=effects.index)
    assert lines[-1].startswith(f"{len(changes)} changes: {found.count('breaks senders')} breaks senders")


@pytest.mark.parametrize("name", [name for name in CHANGES if not name.startswith(BY_HAND)])
def test_a_change_that_is_taken_over_is_no_change_any_more(name: str) -> None:
    change, _ = CHANGES[name]
    root = upstream()
    change(root)
    ours = Source(copy.deepcopy(parsed().root))
    changes, _ = compared(root, ours)
    for found in changes:
        found.edit()
    assert compared(root, ours) == ([], ["openapi.yaml is current"])
    before, after = SPEC.read_text("utf-8").splitlines(), written(ours).splitlines()
    changed = [line for line in difflib.unified_diff(before, after, n=0, lineterm="") if line[0] in "+-"]
    assert 0 < len(changed) < 20, changed
    assert not any(line.startswith("-") and "#" in line for line in changed)


def test_writing_changes_nothing_else() -> None:
    assert written(parsed()) == SPEC.read_text("utf-8")


def test_the_report_names_what_only_a_person_can_change_and_the_rest_is_changed(
    run: Any, tmp_path: Path
) -> None:
    root = upstream()
    optional_parameter(root)
    CHANGES["request property added"][0](root)
    status, lines = run(root, "--write")
    assert status == 1
    assert lines[-1].startswith("not taken over, write it by hand: added: createEvent parameter dry_run")
    assert "priority" in (tmp_path / "openapi.yaml").read_text("utf-8")


def test_every_operation_that_is_not_covered_is_named_and_nothing_is_called_current(run: Any) -> None:
    root = upstream()
    new_operation(root)
    assert run(root) == (
        0,
        [
            "not covered: old, PUT /v1/events/count (deprecated)",
            "not covered: countEvents, POST /v1/events/count",
            "not covered: getDatasets, GET /v1/datasets",
            "no changes in what is compared; 3 operations not covered",
        ],
    )


def test_after_writing_the_wrapper_and_the_server_follow(run: Any, tmp_path: Path) -> None:
    root = upstream()
    props("PostEventRequest")(root)["priority"] = {
        "type": "integer",
        "minimum": 0,
        "description": "How urgent.",
    }
    schema("PostEventRequest")(root)["properties"]["stage"] = {"$ref": "#/components/schemas/Stage"}
    root["components"]["schemas"]["Stage"] = {"type": "string", "enum": ["draft", "final"]}
    props("LegacyEvent")(root)["priority"] = {"type": "integer"}
    status, _ = run(root, "--write")
    assert status == 0
    code = """
from honeyhive_ext import EventError, F, HoneyHive
from honeyhive_ext.local import LocalServer
from honeyhive_schemas import validator
with LocalServer() as server, HoneyHive(api_key="hh_test", base_url=server.url) as hh:
    for priority in (1, 5):
        sent = hh.events.create("tool", priority=priority, stage="final")
    print(hh.events.get(sent.event_id).priority)
    print([event.priority for event in hh.events.search(F("priority") > 2)])
    try:
        hh.events.create("tool", stage="finl")
    except EventError as error:
        print(error.path)
print(validator("Event").is_valid({"priority": None}))
"""
    done = python(code, path=tmp_path / "generated")
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["5", "[5]", "stage", "True"]


def test_our_words_stay_when_a_type_changes(run: Any, tmp_path: Path) -> None:
    root = upstream()
    props("PostEventRequest")(root)["outputs"] = {"type": ["object", "string"], "description": "Theirs."}
    assert run(root, "--write")[0] == 0
    after = yaml.safe_load((tmp_path / "openapi.yaml").read_text("utf-8"))
    outputs = after["components"]["schemas"]["PostEventRequest"]["properties"]["outputs"]
    assert outputs["description"] == "What the step returned, any JSON object."
    assert outputs["type"] == ["object", "string"]
    assert outputs["examples"]


def test_nothing_is_written_when_the_result_cannot_be_generated(run: Any, tmp_path: Path) -> None:
    root = upstream()
    # A second class of the name DateRange.
    props("SearchEventsRequest")(root)["date_range"] = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
    }
    assert run(root, "--write")[0] == 2
    assert (tmp_path / "openapi.yaml").read_bytes() == SPEC.read_bytes()
    assert list((tmp_path / "generated").iterdir()) == []


@pytest.mark.parametrize("form", [json.dumps, yaml.safe_dump])
def test_a_url_is_read_as_yaml_or_json(form: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Misbehaving(answer(200, form(upstream()), {"Content-Type": "text/plain"})) as server:
        assert main([f"{server.url}/openapi"]) == 0
    assert capsys.readouterr().out == "openapi.yaml is current\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        ("a: [1", "cannot read"),
        ("[]", "not an OpenAPI 3 document"),
        ("swagger: '2.0'\npaths: {}", "not an OpenAPI 3 document"),
    ],
)
def test_the_error_says_what_is_not_a_document(
    content: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "upstream.yaml"
    if content is not None:
        place.write_text(content)
    assert main([str(place)]) == 2
    assert message in capsys.readouterr().err


def test_a_server_that_fails_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with Misbehaving(answer(503)) as server:
        assert main([server.url]) == 2
    assert "503" in capsys.readouterr().err


def test_a_reference_to_nothing_is_said(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    root = upstream()
    props("PostEventRequest")(root)["config"] = {"$ref": "#/components/schemas/Gone"}
    assert run(root)[0] == 2
