"""What a model answered, known by its shape: row by row, whole and in pieces."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.serialize.bounded import CAPTURE_BYTES
from honeyhive_ext.tracing.model_outputs import fields_of
from honeyhive_ext.tracing.model_streams import MOST_PARTS, joined_for
from tests.support.json_values import ANY_JSON

CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Rome"}'}}
OF_OPENAI = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
OF_ANTHROPIC = {
    "input_tokens": 9,
    "output_tokens": 4,
    "cache_read_input_tokens": 2,
    "service_tier": "standard",
}


def chat(message: dict[str, Any], reason: str = "stop") -> dict[str, Any]:
    choice = {
        "index": 0,
        "finish_reason": reason,
        "logprobs": None,
        "message": {"role": "assistant", **message},
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [choice],
        "usage": {**OF_OPENAI, "prompt_tokens_details": {"cached_tokens": 0}},
    }


def response(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-5",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": list(output),
        "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13, "input_tokens_details": {}},
        **more,
    }


def message(*content: dict[str, Any], reason: str | None = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": OF_ANTHROPIC,
    }


SAID = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is sunny."}]}
ASKED = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": '{"city": "Rome"}'}
TOOL_USE = {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Rome"}}

ROWS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "chat completion": (
        chat({"content": "It is sunny.", "refusal": None, "tool_calls": None}),
        {"role": "assistant", "content": "It is sunny."},
        {**OF_OPENAI, "finish_reason": "stop"},
    ),
    "chat completion with tool calls": (
        chat({"content": None, "tool_calls": [CALL]}, "tool_calls"),
        {"role": "assistant", "tool_calls": [CALL]},
        {"finish_reason": "tool_calls", "finish_reasons": ["tool_calls"]},
    ),
    "chat completion with a custom tool": (
        chat({"tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "run", "input": "ls"}}]}),
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "run", "arguments": "ls"}}],
        },
        {},
    ),
    "chat completion with the older function call": (
        chat({"content": None, "function_call": {"name": "f", "arguments": "{}"}}),
        {
            "role": "assistant",
            "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {},
    ),
    "refusal": (
        chat({"content": None, "refusal": "I cannot."}),
        {"role": "assistant", "content": "I cannot."},
        {},
    ),
    "completion": (
        {"object": "text_completion", "model": "m", "choices": [{"text": "Once"}], "usage": OF_OPENAI},
        {"text": "Once"},
        OF_OPENAI,
    ),
    "response": (
        response({"type": "reasoning", "summary": []}, SAID),
        {"role": "assistant", "content": "It is sunny."},
        {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13, "finish_reason": "completed"},
    ),
    "response with a tool call": (response(ASKED), {"role": "assistant", "tool_calls": [CALL]}, {}),
    "response that was cut off": (
        response(SAID, status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        {"role": "assistant", "content": "It is sunny."},
        {"finish_reason": "max_output_tokens"},
    ),
    "message": (
        message(
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "It is "},
            {"type": "text", "text": "sunny."},
        ),
        {"role": "assistant", "content": "It is sunny."},
        {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13, "cache_read_input_tokens": 2},
    ),
    "message with a tool call": (
        message(TOOL_USE, reason="tool_use"),
        {
            "role": "assistant",
            "tool_calls": [
                {**CALL, "function": {"name": "look_up", "arguments": '{"city":"Rome"}'}},
            ],
        },
        {"finish_reason": "tool_use"},
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_an_answer_becomes_fields(row: str) -> None:
    answer, outputs, metadata = ROWS[row]
    found = fields_of(answer)
    assert found["outputs"] == outputs
    assert found["config"] == {"model": answer["model"]}
    assert found["metadata"]["model_name"] == answer["model"]
    assert metadata.items() <= found["metadata"].items()


def test_embeddings_give_the_model_and_the_tokens() -> None:
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    found = fields_of({"object": "list", "data": [{"embedding": [0.1]}], "model": "embed-3", "usage": usage})
    assert found == {"config": {"model": "embed-3"}, "metadata": {"model_name": "embed-3", **usage}}


@pytest.mark.parametrize(
    "other",
    [
        None,
        "It is sunny.",
        ["It is sunny."],
        {},
        {"choices": ["a", "b"]},
        {"choices": []},
        {"type": "message", "content": "It is sunny."},
        {"object": "response", "output": "It is sunny."},
        {"model": "m", "usage": {"seconds": 3}},
        {"model": 3, "usage": OF_OPENAI},
    ],
    ids=repr,
)
def test_what_is_no_answer_gives_nothing(other: object) -> None:
    assert fields_of(other) == {}


def chunk(delta: dict[str, Any], index: int = 0, reason: str | None = None) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": reason, "logprobs": None}
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "model": "gpt-4o-mini",
        "choices": [choice],
        "usage": None,
    }


def joined(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    found = joined_for(pieces[0])
    assert found is not None
    for piece in pieces:
        assert found.add(piece), piece
    return found.fields()


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    *(chunk({"content": word}) for word in ("It ", "is ", "sunny.")),
    chunk({}, reason="stop"),
    {"object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": [], "usage": OF_OPENAI},
]
EVENTS = [
    {"type": "response.created", "response": response(status="in_progress", usage=None)},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning"}},
    {"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "content": []}},
    {"type": "response.output_text.delta", "output_index": 1, "delta": "It is "},
    {"type": "response.output_text.delta", "output_index": 1, "delta": "sunny."},
    {"type": "response.output_item.done", "output_index": 1, "item": SAID},
    {"type": "response.output_item.added", "output_index": 2, "item": {**ASKED, "arguments": ""}},
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"city": '},
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '"Rome"}'},
    {"type": "response.completed", "response": response(SAID, ASKED)},
]
BLOCKS = [
    {
        "type": "message_start",
        "message": {**message(reason=None), "usage": {"input_tokens": 9, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "ping"},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "It is "}},
    {"type": "text", "text": "It is ", "snapshot": "It is "},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "sunny."}},
    {"type": "content_block_stop", "index": 1},
    {"type": "content_block_start", "index": 2, "content_block": {**TOOL_USE, "input": {}}},
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"city": '},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '"Rome"}'},
    },
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use"},
        "usage": {"output_tokens": 7, "input_tokens": None},
    },
    {"type": "message_stop"},
]
WHOLE = {"role": "assistant", "content": "It is sunny.", "tool_calls": [CALL]}


def test_chunks_of_a_chat_completion_are_joined() -> None:
    found = joined(CHUNKS)
    assert found["outputs"] == {"role": "assistant", "content": "It is sunny."}
    assert found["config"] == {"model": "gpt-4o-mini"}
    assert {**OF_OPENAI, "finish_reason": "stop"}.items() <= found["metadata"].items()


def test_tool_calls_in_pieces_are_joined_by_their_index() -> None:
    def part(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        function = {"arguments": arguments, **({"name": more.pop("name")} if more else {})}
        return {"index": index, "function": function, **more}

    pieces = [
        chunk(
            {"role": "assistant", "content": None, "tool_calls": [part(0, "", name="look_up", id="call_1")]}
        ),
        chunk({"tool_calls": [part(0, '{"city": ')]}),
        chunk({"tool_calls": [part(1, "{}", name="now", id="call_2"), part(0, '"Rome"}')]}),
        chunk({}, reason="tool_calls"),
    ]
    now = {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    assert joined(pieces)["outputs"] == {"role": "assistant", "tool_calls": [CALL, now]}


def test_several_choices_are_kept_apart() -> None:
    pieces = [chunk({"content": text}, index) for text, index in (("a", 0), ("x", 1), ("b", 0), ("y", 1))]
    first, second = ({"role": "assistant", "content": text} for text in ("ab", "xy"))
    assert joined(pieces)["outputs"] == {**first, "result": [first, second]}


def test_a_stream_that_begins_without_a_choice_is_joined() -> None:
    azure = {"choices": [], "model": "", "object": "", "prompt_filter_results": []}
    assert joined([azure, *CHUNKS])["outputs"] == {"role": "assistant", "content": "It is sunny."}


def test_chunks_inside_the_events_of_a_helper_are_joined() -> None:
    helper = [{"type": "chunk", "chunk": piece, "snapshot": {}} for piece in CHUNKS]
    helper.insert(2, {"type": "content.delta", "delta": "It ", "snapshot": "It "})
    assert joined(helper)["outputs"] == joined(CHUNKS)["outputs"]


def test_events_of_a_response_are_joined() -> None:
    found = joined(EVENTS)
    assert found["outputs"] == WHOLE
    assert found["metadata"]["total_tokens"] == 13


def test_a_response_that_never_completes_is_joined_as_far_as_it_came() -> None:
    found = joined(EVENTS[:-1])
    assert found["outputs"] == WHOLE
    assert found["metadata"] == {"model_name": "gpt-5"}
    assert joined(EVENTS[:4])["outputs"] == {"role": "assistant", "content": "It is "}


def test_events_of_a_message_are_joined() -> None:
    found = joined(BLOCKS)
    assert found["outputs"] == WHOLE
    expected = {"input_tokens": 9, "output_tokens": 7, "total_tokens": 16, "finish_reason": "tool_use"}
    assert expected.items() <= found["metadata"].items()
    assert found["config"] == {"model": "claude-sonnet-4-5"}
    assert joined(BLOCKS[:6])["outputs"] == {"role": "assistant", "content": "It is "}


@pytest.mark.parametrize("pieces", [CHUNKS, EVENTS, BLOCKS], ids=["chunks", "events", "blocks"])
def test_another_item_ends_the_joining(pieces: list[dict[str, Any]]) -> None:
    found = joined_for(pieces[0])
    assert found is not None
    assert not found.add({"text": 3})
    assert not found.add({})


@given(ANY_JSON, st.lists(ANY_JSON, max_size=3))
def test_whatever_comes_nothing_is_raised(first: Any, more: list[Any]) -> None:
    fields_of(first)
    for answer, *_ in ROWS.values():
        for name in answer:
            fields_of({**answer, name: first})
    for pieces in (CHUNKS, EVENTS, BLOCKS):
        for number, piece in enumerate(pieces):
            for name in piece:
                found = joined_for(pieces[0])
                assert found is not None
                for one in [*pieces[:number], {**piece, name: first}, *more]:
                    if type(one) is dict:
                        found.add(one)
                found.fields()


@given(st.data())
def test_no_input_is_changed(data: st.DataObject) -> None:
    pieces = data.draw(st.sampled_from([CHUNKS, EVENTS, BLOCKS]))
    before = copy.deepcopy(pieces)
    joined(pieces)
    assert pieces == before


def test_what_is_kept_of_a_stream_is_bounded() -> None:
    word = "x" * 100_000
    found = joined([chunk({"content": word}) for _ in range(100)])
    content = found["outputs"]["content"]
    assert len(content) < CAPTURE_BYTES + 200_000
    assert content.endswith(" of 10,000,000 characters left out>")
    found = joined([chunk({"content": "x"}, index) for index in range(MOST_PARTS * 3)])
    assert len(found["outputs"]["result"]) == MOST_PARTS
