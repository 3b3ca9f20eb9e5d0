"""honeyhive_schemas and odd values: formats at their edges, what is no JSON, depth, size."""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import Any

import honeyhive_schemas as schemas
import pytest
from honeyhive_schemas import Failure
from honeyhive_schemas._formats import is_date_time, is_uuid
from honeyhive_schemas._values import MAX_DEPTH

BACKENDS = ("jsonschema", "jsonschema-rs")
EVENT = {"event_type": "tool", "inputs": {}}


def paths(name: str, value: object) -> list[str]:
    """The failing paths, which must be the same with both backends."""
    first, second = (schemas.validator(name, backend=b).failures(value) for b in BACKENDS)  # type: ignore[arg-type]
    verdicts = {schemas.validator(name, backend=b).is_valid(value) for b in BACKENDS}  # type: ignore[arg-type]
    assert first == second
    assert verdicts == {not first}
    return [failure.path for failure in first]


UUIDS = {
    "7f22137a-6911-4ed3-bc36-110f1dde6b66": True,
    "7F22137A-6911-4ED3-BC36-110F1DDE6B66": True,
    "00000000-0000-0000-0000-000000000000": True,
    "7f22137a69114ed3bc36110f1dde6b66": False,
    "{7f22137a-6911-4ed3-bc36-110f1dde6b66}": False,
    "urn:uuid:7f22137a-6911-4ed3-bc36-110f1dde6b66": False,
    "7f22137a-6911-4ed3-bc36-110f1dde6b66\n": False,
    " 7f22137a-6911-4ed3-bc36-110f1dde6b66": False,
    "7f22137a-6911-4ed3-bc36-110f1dde6b6": False,
    "7f22137-a6911-4ed3-bc36-110f1dde6b66": False,
    "7f22137g-6911-4ed3-bc36-110f1dde6b66": False,
    "\u0667f22137a-6911-4ed3-bc36-110f1dde6b66": False,
    "": False,
}
DATE_TIMES = {
    "2026-01-01T00:00:00Z": True,
    "2026-01-01t00:00:00z": True,
    "2026-01-01T00:00:00.123456789Z": True,
    "2026-01-01T00:00:00+05:30": True,
    "2026-01-01T23:59:59-23:59": True,
    "2026-01-01T00:00:00-00:00": True,
    "2024-02-29T00:00:00Z": True,
    "2000-02-29T00:00:00Z": True,
    "2016-12-31T23:59:60Z": True,
    "2017-01-01T00:59:60+01:00": True,
    "2016-12-31T15:59:60.5-08:00": True,
    "2016-12-31T23:58:60Z": False,
    "2016-12-31T23:59:60+01:00": False,
    "2016-12-31T23:59:61Z": False,
    "2026-01-01 00:00:00Z": False,
    "2026-01-01T00:00:00": False,
    "2026-01-01T00:00Z": False,
    "2026-01-01T24:00:00Z": False,
    "2026-01-01T00:60:00Z": False,
    "2026-01-01T00:00:00.Z": False,
    "2026-01-01T00:00:00,5Z": False,
    "2026-01-01T00:00:00+24:00": False,
    "2026-01-01T00:00:00+01:60": False,
    "2026-01-01T00:00:00+0530": False,
    "2026-02-29T00:00:00Z": False,
    "1900-02-29T00:00:00Z": False,
    "2026-13-01T00:00:00Z": False,
    "2026-04-31T00:00:00Z": False,
    "2026-00-01T00:00:00Z": False,
    "2026-01-00T00:00:00Z": False,
    "26-01-01T00:00:00Z": False,
    "2026-01-01": False,
    "2026-01-01T00:00:00Z\n": False,
    "\u0662026-01-01T00:00:00Z": False,
    "1767225600000": False,
    "": False,
}


@pytest.mark.parametrize(("text", "valid"), UUIDS.items())
def test_uuids(text: str, valid: bool) -> None:
    assert is_uuid(text) is valid
    assert paths("CreateEventRequest", {**EVENT, "event_id": text}) == ([] if valid else ["event_id"])


@pytest.mark.parametrize(("text", "valid"), DATE_TIMES.items())
def test_date_times(text: str, valid: bool) -> None:
    assert is_date_time(text) is valid
    value = {"dateRange": {"start_time": text, "end_time": "2026-01-02T00:00:00Z"}}
    assert paths("SearchEventsRequest", value) == ([] if valid else ["dateRange.start_time"])


class Color(enum.StrEnum):
    TOOL = "tool"


class Number(enum.IntEnum):
    ONE = 1


def test_subclasses_and_tuples_count_as_what_json_makes_of_them() -> None:
    event = OrderedDict(
        event_type=Color.TOOL, inputs=OrderedDict(), start_time=Number.ONE, children_ids=("a",)
    )
    assert paths("CreateEventRequest", event) == []
    assert paths("CreateEventRequest", {**event, "children_ids": (1,)}) == ["children_ids[0]"]


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _cycle() -> dict[str, Any]:
    value: dict[str, Any] = {"a": [1]}
    value["a"].append(value)
    return value


def _shared(levels: int) -> Any:
    value: Any = [1]
    for _ in range(levels):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("odd", "where"),
    [
        (float("nan"), "inputs.x"),
        (float("-inf"), "inputs.x"),
        ({1, 2}, "inputs.x"),
        (b"bytes", "inputs.x"),
        (object(), "inputs.x"),
        (1j, "inputs.x"),
        ({1: "a"}, "inputs.x"),
        ({"\ud800": "a"}, "inputs.x"),
        ("\ud800", "inputs.x"),
        (10**5000, "inputs.x"),
        ([1, {"y": float("nan")}], "inputs.x[1].y"),
    ],
    ids=["nan", "inf", "set", "bytes", "object", "complex", "key", "key text", "text", "digits", "inner"],
)
def test_a_value_that_is_not_json_is_a_failure_at_every_place(odd: object, where: str) -> None:
    """jsonschema alone would accept most of these inside a free-form object, and raise for others."""
    assert paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": odd}}) == [where]
    assert where.replace("inputs.x", "event_type") in paths(
        "CreateEventRequest", {"event_type": odd, "inputs": {}}
    )


def test_depth_up_to_the_limit_is_fine_and_beyond_it_a_failure() -> None:
    assert paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": _deep(MAX_DEPTH - 2)}}) == []
    for value in (_deep(MAX_DEPTH - 1), _deep(100_000), _cycle()):
        (failing,) = paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": value}})
        assert failing.startswith("inputs.x")
        (*rest, first) = sorted(
            paths("CreateEventRequest", {"event_type": value, "inputs": {}}), reverse=True
        )
        assert first.startswith("event_type")
        assert all(path.startswith("event_type") for path in rest)


def test_deep_values_where_another_type_is_expected_do_not_crash() -> None:
    assert paths("CreateEventRequest", {"event_type": _deep(250), "inputs": _deep(250)}) == [
        "event_type",
        "inputs",
    ]
    assert paths("CreateEventRequest", _deep(250)) == [""]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_nearly_full_stack_is_a_failure_not_a_crash(backend: Any) -> None:
    check = schemas.validator("CreateEventRequest", backend=backend)
    value = {"event_type": (), "inputs": _deep(200)}
    check.failures(value)  # what is loaded at first use is loaded

    def at_the_edge() -> list[list[Failure]]:
        try:
            return at_the_edge()
        except RecursionError:
            try:
                return [check.failures(value)]
            except RecursionError:  # no room even for the call itself
                return []

    for found in at_the_edge():
        assert found
    assert check.is_valid(EVENT)


def test_a_few_lists_with_billions_of_values_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honeyhive_schemas._values.MAX_VALUES", 100_000)
    assert paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": _shared(60)}}) == [""]
