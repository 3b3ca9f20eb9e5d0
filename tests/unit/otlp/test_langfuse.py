"""The spans of langfuse are events of their type, with input, output, model, tokens and cost in their places.

The attributes are those that langfuse 5.0.4 writes.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.otlp.test_registry import event

SEEN = "langfuse.observation"


def seen(**attributes: Any) -> dict[str, Any]:
    return event({f"{SEEN}.{name.replace('__', '.')}": value for name, value in attributes.items()})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("generation", "model"),
        ("embedding", "model"),
        ("tool", "tool"),
        ("retriever", "tool"),
        *((name, "chain") for name in ("span", "agent", "chain", "evaluator", "guardrail", "event")),
    ],
)
def test_an_observation_is_of_its_type(said: str, expected: str) -> None:
    made = seen(type=said)
    assert (made["event_type"], made["metadata"]["span_kind"]) == (expected, said)


def test_a_generation_of_langfuse_is_a_call_of_a_model() -> None:
    made = event(
        {
            "user.id": "u-1",
            "session.id": "sess-1",
            "langfuse.trace.metadata.k": '"v"',
            "langfuse.trace.metadata.a": "2",
            "langfuse.trace.tags": ("t",),
            "langfuse.trace.name": "my trace",
            f"{SEEN}.input": '[{"role": "user", "content": "x"}]',
            f"{SEEN}.model.name": "gpt-5",
            f"{SEEN}.usage_details": '{"input": 3, "output": 4, "cache_read_input_tokens": 1}',
            f"{SEEN}.cost_details": '{"input": 0.25, "output": 0.5}',
            f"{SEEN}.model.parameters": '{"temperature": 0.5}',
            f"{SEEN}.metadata.a": "1",
            f"{SEEN}.metadata.b": '"x"',
            f"{SEEN}.metadata.c.d": '{"d":[1]}',
            f"{SEEN}.metadata.old": "no JSON",
            f"{SEEN}.type": "generation",
            f"{SEEN}.output": '{"role": "assistant", "content": "hi"}',
        },
        scope="langfuse-sdk",
    )
    assert made["inputs"] == {"chat_history": [{"role": "user", "content": "x"}]}
    assert made["outputs"] == {"role": "assistant", "content": "hi"}
    assert made["config"] == {"model": "gpt-5", "temperature": 0.5}
    metadata = made["metadata"]
    expected = {
        "instrumentor": "langfuse",
        "model_name": "gpt-5",
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 8,
        "usage_details": {"input": 3, "output": 4, "cache_read_input_tokens": 1},
        "cost": 0.75,
        "cost_details": {"input": 0.25, "output": 0.5},
        "user_id": "u-1",
        "session_id": "sess-1",
        "k": "v",
        "a": 1,
        "b": "x",
        "c.d": {"d": [1]},
        "old": "no JSON",
        "langfuse.trace.tags": ("t",),
        "langfuse.trace.name": "my trace",
        "langfuse.trace.metadata.a": "2",
    }
    assert {name: metadata.get(name) for name in expected} == expected
    assert not [name for name in metadata if name.startswith(SEEN)]


def test_counts_have_the_names_of_langfuse_or_of_openai() -> None:
    given = '{"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 5}'
    metadata = seen(usage_details=given, cost_details='{"total": 1.5, "input": 9}')["metadata"]
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "cost")
    assert [metadata[name] for name in names] == [3, 0, 5, 1.5]


@pytest.mark.parametrize("odd", ["", "{}", "{no", "[1]", "null", '{"input": null}', '{"a": true}', 7])
def test_odd_counts_are_kept_as_they_came(odd: Any) -> None:
    metadata = seen(usage_details=odd)["metadata"]
    assert not metadata.keys() & {"prompt_tokens", "completion_tokens", "total_tokens"}
    assert "usage_details" in metadata


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", {"value": "plain"}),
        ('{"args": ["q"], "kwargs": {}}', {"args": ["q"], "kwargs": {}}),
        ('["x"]', {"value": ["x"]}),
        ("[]", {"value": []}),
        ('{"tools": [], "messages": [{"role": "user"}]}', {"tools": [], "chat_history": [{"role": "user"}]}),
        ('{"messages": ["x"]}', {"messages": ["x"]}),
    ],
)
def test_the_input_of_an_observation_is_its_inputs(given: str, expected: Any) -> None:
    assert seen(input=given)["inputs"] == expected


def test_the_level_and_its_message_are_metadata() -> None:
    metadata = seen(level="WARNING", status_message="slow")["metadata"]
    assert (metadata["level"], metadata["status_message"]) == ("WARNING", "slow")


def test_what_an_attribute_says_is_kept_where_its_name_is_taken() -> None:
    """Names such as `scope` and `trace_id` say something else of every event that was a span."""
    given = {
        "scope": "billing",
        "dropped": 3,
        "honeyhive_metadata.trace_id": "mine",
        f"{SEEN}.metadata.resource": '"r"',
        "gen_ai.system": "openai",
        "system": "y",
        "model_name": "same",
        "gen_ai.response.model": "same",
    }
    metadata = event(given, scope="library", resource={"service.name": "s"})["metadata"]
    assert metadata["covered"] == {"scope": "billing", "trace_id": "mine", "resource": "r", "system": "y"}
    assert (metadata["scope"], metadata["dropped"]) == ({"name": "library"}, 3)
    assert metadata["trace_id"] == "1" * 32
    assert "covered" not in event({"scope": "billing"})["metadata"]
