"""Trees of events that are written as dicts, and such dicts of any kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from honeyhive_ext import Event
from honeyhive_ext.results.trace_tree import TraceTree, build_tree

# What a parser of JSON returns.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    *("event_type", "event_name", "inputs", "outputs", "config", "metadata", "metrics", "error"),
    *("start_time", "end_time", "duration", "parent_id", "session_id", "event_id"),
)
INSIDE = ("model", "usage", "cost", "total_tokens", "prompt_tokens", "completion_tokens", "total", "input")
# Events whose fields and figures have any types.
EVENTS = st.dictionaries(
    st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(INSIDE), JSON, max_size=4), max_size=8
)


def tree_of(*events: dict[str, Any], session_id: str = "s") -> TraceTree:
    """Return the tree of these events."""
    return build_tree([Event.from_dict(event) for event in events], session_id)
