"""Which attribute of a span becomes which part of an event. One table, for both directions.

The stable targets are those of the service's public registry of attributes. Conventions move: a row says
since which version of the GenAI conventions of OpenTelemetry its source is written, or which library writes
it. The first row of a target whose source is there fills it. An attribute that no row names is kept
under `metadata` by its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import frozen

How = Literal["as it is", "first", "list", "json", "milliseconds", "inside", "total"]


@frozen
class AttributeRow:
    """One row of the table.

    Attributes:
        source: The attribute of the span.
        target: The part of the event, such as `metadata.model_name`.
        since: The version of the conventions that brought the source, or the library that writes it.
        stability: What the service's registry says about the target.
        how: How the value is taken over. "first": the first element of a list. "list": a list of one if
            it is none. "json": the value of a JSON text. "milliseconds": seconds, times 1,000. "inside": what
            the object of a JSON text has under the first of `keys` that is there. "total": the same, else
            the sum of the object's numbers.
        keys: The keys for "inside" and "total".
    """

    source: str
    target: str
    since: str
    stability: Literal["stable", "development"] = "stable"
    how: How = "as it is"
    keys: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """The field of the event, and the key inside it."""
        field, _, key = self.target.partition(".")
        return field, key


def _rows(
    target: str,
    *sources: tuple[str, str],
    how: How = "as it is",
    keys: tuple[str, ...] = (),
    stable: bool = True,
) -> list[AttributeRow]:
    stability: Literal["stable", "development"] = "stable" if stable else "development"
    return [AttributeRow(source, target, since, stability, how, keys) for source, since in sources]


OPENINFERENCE, TRACELOOP, TRACER, LANGFUSE = "openinference", "traceloop", "honeyhive tracer", "langfuse"
SEEN = "langfuse.observation"
USAGE, COSTS = (f"{SEEN}.usage_details", LANGFUSE), (f"{SEEN}.cost_details", LANGFUSE)
ASSOCIATED = "traceloop.association.properties"

ROWS: Sequence[AttributeRow] = (
    *_rows("config.model", ("gen_ai.request.model", "1.27"), ("llm.model_name", OPENINFERENCE)),
    *_rows("config.model", ("embedding.model_name", OPENINFERENCE), ("reranker.model_name", OPENINFERENCE)),
    *_rows("config.model", (f"{SEEN}.model.name", LANGFUSE)),
    *_rows(
        "config.provider",
        ("gen_ai.provider.name", "1.37"),
        ("llm.provider", OPENINFERENCE),
        ("gen_ai.system", "1.27"),
        ("llm.system", OPENINFERENCE),
    ),
    *_rows(
        "metadata.model_name",
        ("gen_ai.response.model", "1.27"),
        ("gen_ai.request.model", "1.27"),
        ("llm.model_name", OPENINFERENCE),
        ("embedding.model_name", OPENINFERENCE),
        ("reranker.model_name", OPENINFERENCE),
        (f"{SEEN}.model.name", LANGFUSE),
    ),
    *_rows("metadata.provider", ("gen_ai.provider.name", "1.37"), ("llm.provider", OPENINFERENCE)),
    *_rows("metadata.system", ("gen_ai.system", "1.27"), ("llm.system", OPENINFERENCE), stable=False),
    *_rows("metadata.input_tokens", ("gen_ai.usage.input_tokens", "1.27")),
    *_rows("metadata.output_tokens", ("gen_ai.usage.output_tokens", "1.27")),
    *_rows(
        "metadata.prompt_tokens",
        ("gen_ai.usage.prompt_tokens", "1.26"),
        ("llm.token_count.prompt", OPENINFERENCE),
    ),
    *_rows("metadata.prompt_tokens", USAGE, how="inside", keys=("input", "prompt_tokens", "input_tokens")),
    *_rows(
        "metadata.completion_tokens",
        ("gen_ai.usage.completion_tokens", "1.26"),
        ("llm.token_count.completion", OPENINFERENCE),
    ),
    *_rows(
        "metadata.completion_tokens",
        USAGE,
        how="inside",
        keys=("output", "completion_tokens", "output_tokens"),
    ),
    *_rows(
        "metadata.total_tokens",
        ("gen_ai.usage.total_tokens", TRACELOOP),
        ("llm.usage.total_tokens", TRACELOOP),
        ("llm.token_count.total", OPENINFERENCE),
    ),
    *_rows("metadata.total_tokens", USAGE, how="total", keys=("total", "total_tokens")),
    *_rows("metadata.usage_details", USAGE, how="json", stable=False),
    *_rows(
        "metadata.cache_read_input_tokens",
        ("gen_ai.usage.cache_read.input_tokens", "1.38"),
        ("gen_ai.usage.cache_read_input_tokens", TRACELOOP),
        ("llm.token_count.prompt_details.cache_read", OPENINFERENCE),
        stable=False,
    ),
    *_rows(
        "metadata.cache_write_input_tokens",
        ("gen_ai.usage.cache_creation.input_tokens", "1.38"),
        ("gen_ai.usage.cache_creation_input_tokens", TRACELOOP),
        ("llm.token_count.prompt_details.cache_write", OPENINFERENCE),
        stable=False,
    ),
    *_rows(
        "metadata.reasoning_tokens",
        ("gen_ai.usage.reasoning_tokens", TRACELOOP),
        ("llm.token_count.completion_details.reasoning", OPENINFERENCE),
        stable=False,
    ),
    *_rows(
        "metadata.finish_reason",
        ("gen_ai.response.finish_reasons", "1.27"),
        ("gen_ai.response.finish_reason", OPENINFERENCE),
        ("llm.finish_reason", OPENINFERENCE),
        how="first",
    ),
    *_rows("metadata.finish_reasons", ("gen_ai.response.finish_reasons", "1.27"), how="list"),
    *_rows("metadata.response_id", ("gen_ai.response.id", "1.27"), stable=False),
    *_rows("metadata.response_model", ("gen_ai.response.model", "1.27"), stable=False),
    *_rows("metadata.operation_name", ("gen_ai.operation.name", "1.27"), stable=False),
    *_rows("metadata.request_type", ("llm.request.type", TRACELOOP), stable=False),
    *_rows(
        "metadata.span_kind",
        ("openinference.span.kind", OPENINFERENCE),
        ("traceloop.span.kind", TRACELOOP),
        (f"{SEEN}.type", LANGFUSE),
        ("gen_ai.agent.type", "1.37"),
        stable=False,
    ),
    *_rows("metadata.tool_name", ("gen_ai.tool.name", "1.31"), ("tool.name", OPENINFERENCE)),
    *_rows(
        "metadata.tool_call_id",
        ("gen_ai.tool.call.id", "1.31"),
        ("tool_call.id", OPENINFERENCE),
        ("tool.id", OPENINFERENCE),
    ),
    *_rows("metadata.agent_name", ("gen_ai.agent.name", "1.31"), ("agent.name", OPENINFERENCE)),
    *_rows("metadata.agent_id", ("gen_ai.agent.id", "1.31")),
    *_rows("metadata.agent_description", ("gen_ai.agent.description", "1.31"), stable=False),
    *_rows(
        "metadata.conversation_id",
        ("gen_ai.conversation.id", "1.34"),
        ("session.id", OPENINFERENCE),
        stable=False,
    ),
    *_rows("metadata.session_id", ("session.id", OPENINFERENCE)),
    *_rows(
        "metadata.user_id",
        ("user.id", OPENINFERENCE),
        ("enduser.id", "1.0"),
        (f"{ASSOCIATED}.user_id", TRACELOOP),
    ),
    *_rows("metadata.latency_ms", ("latency_ms", TRACER), ("gen_ai.latency_ms", TRACER)),
    *_rows("metadata.time_to_first_token_ms", ("time_to_first_token_ms", TRACER)),
    *_rows(
        "metadata.time_to_first_token_ms",
        ("gen_ai.response.time_to_first_chunk", "1.38"),
        how="milliseconds",
    ),
    *_rows("metadata.openai_api_base", ("gen_ai.openai.api_base", TRACELOOP), stable=False),
    *_rows(
        "metadata.openai_system_fingerprint",
        ("openai.response.system_fingerprint", "1.37"),
        ("gen_ai.openai.response.system_fingerprint", "1.27"),
        ("gen_ai.openai.system_fingerprint", TRACELOOP),
        stable=False,
    ),
    *_rows(
        "metadata.status_code",
        ("http.response.status_code", "1.21"),
        ("http.status_code", "1.0"),
        stable=False,
    ),
    *_rows("metadata.cost", ("gen_ai.usage.cost", TRACELOOP), ("llm.cost.total", OPENINFERENCE)),
    *_rows("metadata.cost", COSTS, how="total", keys=("total",)),
    *_rows("metadata.cost_details", COSTS, how="json", stable=False),
    *_rows("metadata.level", (f"{SEEN}.level", LANGFUSE), stable=False),
    *_rows("metadata.status_message", (f"{SEEN}.status_message", LANGFUSE), stable=False),
    *_rows("metadata.llm.model_name", ("llm.model_name", OPENINFERENCE), stable=False),
    *_rows("metadata.event_id", ("gcp.vertex.agent.event_id", "google-adk"), stable=False),
    *_rows("metadata.mcp_client_name", ("mcp.client.name", "mcp"), stable=False),
    *_rows("metadata.mcp_server_name", ("mcp.server.name", "mcp"), stable=False),
    *_rows("metadata.mcp_session_id", ("mcp.session.id", "1.39"), stable=False),
    *_rows("metadata.mcp_tool_name", ("mcp.tool.name", "mcp"), stable=False),
    *_rows(
        "metadata.mcp_request_type", ("mcp.method.name", "1.39"), ("mcp.request.type", "mcp"), stable=False
    ),
    *_rows(
        "metadata.messaging_destination",
        ("messaging.destination.name", "1.17"),
        ("messaging.destination", "1.0"),
        stable=False,
    ),
    *_rows("config.destination", ("messaging.destination.name", "1.17"), ("messaging.destination", "1.0")),
    *_rows(
        "metadata.tool_status",
        ("gen_ai.tool.status", "aws-strands"),
        ("tool.status", "aws-strands"),
        stable=False,
    ),
    *_rows("metadata.run_id", (f"{ASSOCIATED}.run_id", TRACELOOP)),
    *_rows("metadata.dataset_id", (f"{ASSOCIATED}.dataset_id", TRACELOOP)),
    *_rows("metadata.datapoint_id", (f"{ASSOCIATED}.datapoint_id", TRACELOOP)),
    *_rows("metadata.disable_http_tracing", (f"{ASSOCIATED}.disable_http_tracing", TRACELOOP), stable=False),
    *_rows("metadata.input_mime_type", ("input.mime_type", OPENINFERENCE), stable=False),
    *_rows("metadata.output_mime_type", ("output.mime_type", OPENINFERENCE), stable=False),
    *_rows("metadata.honeyhive_event_type", ("honeyhive_event_type", TRACER)),
    *_rows("config.temperature", ("gen_ai.request.temperature", "1.27"), stable=False),
    *_rows("config.top_p", ("gen_ai.request.top_p", "1.27"), stable=False),
    *_rows("config.top_k", ("gen_ai.request.top_k", "1.27"), stable=False),
    *_rows("config.max_tokens", ("gen_ai.request.max_tokens", "1.27"), stable=False),
    *_rows("config.frequency_penalty", ("gen_ai.request.frequency_penalty", "1.27"), stable=False),
    *_rows("config.presence_penalty", ("gen_ai.request.presence_penalty", "1.27"), stable=False),
    *_rows("config.stop_sequences", ("gen_ai.request.stop_sequences", "1.27"), stable=False),
    *_rows("config.seed", ("gen_ai.request.seed", "1.30"), stable=False),
    *_rows("config.tools", ("gen_ai.tool.definitions", "1.38"), how="json", stable=False),
)
"""Every row, in the order in which they are tried."""

# What the honeyhive tracers write: `honeyhive_inputs.q` is `inputs.q`. Numbers are positions in lists.
BUCKETS = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")

# Attributes that steer: where an event belongs, not what it says.
STEERING = ("honeyhive.", f"{ASSOCIATED}.")
_STEERING = frozenset(
    f"{ASSOCIATED}.{name}"
    for name in ("session_id", "project", "source", "session_name", "session_auto_create")
)


def is_steering(name: str) -> bool:
    """Return whether an attribute only steers, and is not stored."""
    return name.startswith("honeyhive.") or name in _STEERING


# What a step got and gave where it is no chat, by the name of the library that writes it.
GIVEN_INPUTS = ("input.value", "traceloop.entity.input", f"{SEEN}.input", "gen_ai.tool.call.arguments")
GIVEN_OUTPUTS = ("output.value", "traceloop.entity.output", f"{SEEN}.output", "gen_ai.tool.call.result")
GIVEN = frozenset({*GIVEN_INPUTS, *GIVEN_OUTPUTS})

# The parameters of a call of a model: the JSON text of an object, which becomes `config`.
PARAMETERS = ("llm.invocation_parameters", f"{SEEN}.model.parameters")

# What langfuse writes of an application's metadata: each value is a JSON text.
JSON_METADATA = ("langfuse.trace.metadata.", f"{SEEN}.metadata.")

# Attributes of the tracers that become a field of the event itself.
OWN = frozenset({"honeyhive_event_name", "honeyhive_error", "honeyhive_error_type", "honeyhive_duration_ms"})

SESSION = "honeyhive.session_id"
PARENT = "honeyhive.event_parent_id"
"""The event that a span is a child of, whatever its parent span is: a block of this package."""
BLOCK = "honeyhive.parent_id"
"""The entry of baggage with the block that a request was made in."""

SESSION_IDS = (SESSION, "traceloop.association.properties.session_id", "session.id")
"""Where the id of a session is, the first that is there counts."""

EVENT_TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        ("llm", "embedding", "chat", "completion", "text_completion", "rerank", "model"), "model"
    ),
    **dict.fromkeys(("generate_content", "embeddings", "generation"), "model"),
    **dict.fromkeys(("tool", "retriever", "execute_tool"), "tool"),
    "session": "session",
}
"""The event_type of what a span says that it is, in lower case; any other word means chain."""

SAYS_WHAT = (
    "honeyhive_event_type",
    "openinference.span.kind",
    "traceloop.span.kind",
    f"{SEEN}.type",
    "gen_ai.operation.name",
    "llm.request.type",
    "gen_ai.agent.type",
)
"""The attributes that say what a span is. The first that is there counts."""
