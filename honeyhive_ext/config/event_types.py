"""What other tools call a step, and the event type that HoneyHive has for it."""

from __future__ import annotations

# Kinds of langfuse, langsmith, OpenInference, traceloop and OpenTelemetry (gen_ai.operation.name). As the
# service maps those that reach it over OpenTelemetry: model operations, tools and retrievers, all else.
ELSEWHERE = {
    "model": "llm chat chat_model chat_completion completion text_completion generation generate_content "
    "embedding embeddings response responses",
    "tool": "function function_call tool_call execute_tool retriever retrieval search mcp action api http "
    "database db",
    "chain": "agent invoke_agent create_agent workflow task span step event root_span prompt parser "
    "output_parser reranker evaluator evaluation guardrail internal handoff node graph",
    "session": "trace conversation thread root",
}
_HERE = {kind: here for here, kinds in ELSEWHERE.items() for kind in kinds.split()}


def event_type_for(kind: str) -> str | None:
    """Return the event type of what another tool calls a step, or None if it is not known.

    >>> event_type_for("LLM"), event_type_for("function-call"), event_type_for("banana")
    ('model', 'tool', None)
    """
    return _HERE.get(kind.strip().lower().replace("-", "_").replace(" ", "_"))
