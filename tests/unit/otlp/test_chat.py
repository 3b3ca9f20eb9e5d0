"""Messages of three conventions become one form; what a step got and gave is kept."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.otlp.test_registry import event

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}


def test_messages_of_parts() -> None:
    given = [
        {"role": "user", "parts": [{"type": "text", "content": "How warm?"}]},
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Bonn"}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "21"}]},
        {
            "role": "user",
            "parts": [{"type": "text", "content": "See"}, {"type": "uri", "uri": "https://a.example/i.png"}],
        },
    ]
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": "Warm."}], "finish_reason": "stop"}]
    made = event(
        {
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
            "gen_ai.input.messages": json.dumps(given),
            "gen_ai.output.messages": json.dumps(answer),
        }
    )
    assert made["inputs"]["chat_history"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How warm?"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "21"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "See"}, {"type": "uri", "uri": "https://a.example/i.png"}],
        },
    ]
    assert made["outputs"] == {"role": "assistant", "content": "Warm.", "finish_reason": "stop"}
    assert not [name for name in made["metadata"] if name.startswith("gen_ai.")]


def test_numbered_messages() -> None:
    made = event(
        {
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be brief.",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": '[{"type": "text", "text": "How warm?"}]',
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.finish_reason": "tool_calls",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "weather",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"city":"Bonn"}',
        }
    )
    assert made["inputs"]["chat_history"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "How warm?"}]},
    ]
    assert made["outputs"] == {"role": "assistant", "finish_reason": "tool_calls", "tool_calls": [CALL]}


def test_messages_of_openinference() -> None:
    call = "llm.output_messages.0.message.tool_calls.0.tool_call"
    content = "llm.input_messages.1.message.contents"
    made = event(
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "How warm?",
            "llm.input_messages.1.message.role": "user",
            f"{content}.0.message_content.type": "text",
            f"{content}.0.message_content.text": "See",
            f"{content}.1.message_content.type": "image",
            f"{content}.1.message_content.image.image.url": "data:image/png;base64,AA==",
            "llm.input_messages.2.message.role": "tool",
            "llm.input_messages.2.message.content": "21",
            "llm.input_messages.2.message.tool_call_id": "c1",
            "llm.output_messages.0.message.role": "assistant",
            f"{call}.id": "c1",
            f"{call}.function.name": "weather",
            f"{call}.function.arguments": '{"city":"Bonn"}',
            "llm.invocation_parameters": '{"temperature": 0.2}',
            "input.value": '{"messages": []}',
        }
    )
    assert made["inputs"] == {
        "chat_history": [
            {"role": "user", "content": "How warm?"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "See"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                ],
            },
            {"role": "tool", "content": "21", "tool_call_id": "c1"},
        ]
    }
    assert made["outputs"] == {"role": "assistant", "tool_calls": [CALL]}
    assert made["config"] == {"temperature": 0.2}
    assert made["metadata"]["input.value"] == '{"messages": []}'


def test_several_answers_are_all_kept() -> None:
    made = event({"gen_ai.completion.0.content": "a", "gen_ai.completion.1.content": "b"})
    assert made["outputs"]["content"] == "a"
    assert [one["content"] for one in made["outputs"]["chat_history"]] == ["a", "b"]


def test_positions_with_gaps_keep_their_order() -> None:
    made = event({f"gen_ai.prompt.{at}.content": str(at) for at in (10, 2, 7)})
    assert [one["content"] for one in made["inputs"]["chat_history"]] == ["2", "7", "10"]


def test_a_step_that_is_no_chat() -> None:
    def both(attributes: dict[str, Any]) -> tuple[Any, Any]:
        made = event(attributes)
        return made["inputs"], made.get("outputs")

    assert both({"input.value": '{"q": 1}', "output.value": "yes"}) == ({"q": 1}, {"text": "yes"})
    assert both({"input.value": "plain", "output.value": "[1]"}) == ({"value": "plain"}, {"value": [1]})
    assert both({"traceloop.entity.input": '{"args": [1]}', "traceloop.entity.output": "2"}) == (
        {"args": [1]},
        {"text": "2"},
    )
    assert both({"gen_ai.tool.call.arguments": {"c": 1}, "gen_ai.tool.call.result": '{"t": 2}'}) == (
        {"c": 1},
        {"t": 2},
    )
    assert both({}) == ({}, None)


def test_flattened_buckets_of_the_tracers() -> None:
    made = event(
        {
            "honeyhive_event_name": "lookup",
            "honeyhive_inputs.q": "x",
            "honeyhive_inputs.opts": '{"deep": [1, null]}',
            "honeyhive_outputs.result.hits.0": "a",
            "honeyhive_outputs.result.hits.1": "b",
            "honeyhive_metadata.nested.a.0": 1,
            "honeyhive_metrics.acc": 0.9,
            "honeyhive_feedback.rating": 5,
            "honeyhive_user_properties.tier": "free",
            "honeyhive_config.temperature": 0.2,
            "honeyhive_metadata.run_id": "r",
        }
    )
    assert made["event_name"] == "lookup"
    assert made["inputs"] == {"q": "x", "opts": {"deep": [1, None]}}
    assert made["outputs"] == {"result": {"hits": ["a", "b"]}}
    assert (made["metadata"]["nested"], made["metadata"]["run_id"]) == ({"a": [1]}, "r")
    assert (made["metrics"], made["feedback"]) == ({"acc": 0.9}, {"rating": 5})
    assert (made["user_properties"], made["config"]) == ({"tier": "free"}, {"temperature": 0.2})
