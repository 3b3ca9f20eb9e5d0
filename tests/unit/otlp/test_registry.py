"""Every row of the table takes its attribute to its target; what no row names is kept as it came."""

from __future__ import annotations

from typing import Any

import pytest

from honeyhive_ext.otlp.otel_span import OtelSpan
from honeyhive_ext.otlp.registry import ROWS, AttributeRow
from honeyhive_ext.otlp.to_event import to_event

SESSION = "5f0c9ac6-6e3d-4c6e-8c55-2c4f30d2a0b1"


def event(attributes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"start_ns": 1_000_000, "end_ns": 3_500_000, **changes}
    span = OtelSpan(trace_id="1" * 32, span_id="2" * 16, attributes=attributes, **given)
    return to_event(span, SESSION)


SAMPLES: dict[str, tuple[Any, Any]] = {
    "as it is": ("v", "v"),
    "text": ("v", "v"),
    "first": (["stop", "length"], "stop"),
    "list": (["stop", "length"], ["stop", "length"]),
    "json": ('[{"a": 1}]', [{"a": 1}]),
    "milliseconds": (0.25, 250.0),
}


def sample(row: AttributeRow) -> tuple[Any, Any]:
    return (f'{{"other": 1, "{row.keys[0]}": 7}}', 7) if row.keys else SAMPLES[row.how]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.source} to {row.target}")
def test_each_row_fills_its_target(row: AttributeRow) -> None:
    value, expected = sample(row)
    bucket, name = row.target.split(".", 1)
    made = event({row.source: value})
    assert made[bucket][name] == expected
    own = f"metadata.{row.source}"
    assert row.source not in made["metadata"] or any(
        (one.source, one.target) == (row.source, own) for one in ROWS
    )


@pytest.mark.parametrize("target", sorted({row.target for row in ROWS}))
def test_the_first_row_of_a_target_counts(target: str) -> None:
    rows = [row for row in ROWS if row.target == target]
    attributes = {row.source: sample(row)[0] for row in reversed(rows)} | {rows[0].source: ["first"]}
    bucket, name = target.split(".", 1)
    expected = {"first": "first", "list": ["first"]}.get(rows[0].how, ["first"])
    assert event(attributes)[bucket][name] == expected


def test_no_row_is_there_twice_and_each_target_is_of_a_bucket() -> None:
    assert len({(row.source, row.target) for row in ROWS}) == len(ROWS)
    assert {row.target.partition(".")[0] for row in ROWS} == {"config", "metadata"}


def test_what_no_row_names_is_kept_by_its_own_name() -> None:
    given = {"db.system": "x", "a.b.c": [1, {"d": None}], "": 0, "scope_of": "me"}
    metadata = event(given)["metadata"]
    assert {name: metadata[name] for name in given} == given


def test_what_steers_is_not_stored() -> None:
    given = {"honeyhive.project": "p", "traceloop.association.properties.source": "s"}
    made = event(given, resource={"honeyhive.session_id": SESSION, "service.name": "shop"})
    assert made["source"] == "s"
    assert made["metadata"]["resource"] == {"service.name": "shop"}
    assert not [name for name in made["metadata"] if name.startswith(("honeyhive.", "traceloop."))]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"honeyhive_event_type": "session"}, "session"),
        ({"honeyhive_event_type": "tool", "openinference.span.kind": "LLM"}, "tool"),
        ({"openinference.span.kind": "LLM"}, "model"),
        ({"openinference.span.kind": "EMBEDDING"}, "model"),
        ({"openinference.span.kind": "RETRIEVER"}, "tool"),
        ({"openinference.span.kind": "AGENT", "gen_ai.request.model": "m"}, "chain"),
        ({"traceloop.span.kind": "workflow"}, "chain"),
        ({"traceloop.span.kind": "tool"}, "tool"),
        ({"gen_ai.operation.name": "chat"}, "model"),
        ({"gen_ai.operation.name": "execute_tool"}, "tool"),
        ({"gen_ai.operation.name": "session"}, "chain"),
        ({"llm.request.type": "completion"}, "model"),
        ({"gen_ai.request.model": "m"}, "model"),
        ({"gen_ai.usage.input_tokens": 3}, "model"),
        ({"honeyhive_event_type": 7}, "chain"),
        ({}, "chain"),
    ],
)
def test_a_span_is_of_the_type_that_it_says(attributes: dict[str, Any], expected: str) -> None:
    assert event(attributes)["event_type"] == expected


def test_totals_are_the_sum_of_either_pair_unless_given() -> None:
    def total(**counts: int) -> Any:
        return event({f"gen_ai.usage.{name}": count for name, count in counts.items()})["metadata"].get(
            "total_tokens"
        )

    assert total(input_tokens=3, output_tokens=4) == 7
    assert total(prompt_tokens=3, completion_tokens=5) == 8
    assert total(input_tokens=3, output_tokens=4, total_tokens=9) == 9
    assert total(input_tokens=3, completion_tokens=4) is None


def test_times_are_milliseconds_and_never_negative() -> None:
    made = event({}, start_ns=1_795_646_619_518_219_313, end_ns=1_795_646_619_518_000_000)
    assert (made["start_time"], made["end_time"], made["duration"]) == (1795646619518.2193, 1795646619518, 0)


def test_an_error_without_a_message_is_named_by_its_type() -> None:
    assert event({"error.type": "not_found_error"}, failed=True)["error"] == "not_found_error"
    assert event({}, failed=True)["error"] == "error"
    assert "error" not in event({"error.type": "retried"})


def test_what_an_application_associates_with_a_trace_is_kept() -> None:
    given = {
        f"traceloop.association.properties.{name}": name for name in ("tier", "user_id", "run_id", "source")
    }
    made = event(given)
    assert made["source"] == "source"
    metadata = made["metadata"]
    assert (metadata["user_id"], metadata["run_id"]) == ("user_id", "run_id")
    assert metadata["traceloop.association.properties.tier"] == "tier"
    assert "traceloop.association.properties.source" not in metadata
