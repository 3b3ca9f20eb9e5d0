"""The figures of an event: its model, its tokens and its cost, wherever tracers put them. Pure.

The places are those of the API document and of the service's mapping of OpenTelemetry attributes. Events of
other tracers have a `usage` object in `metadata`; the deprecated routes move `model`, `usage` and `cost` of a
model event to `inputs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

MOST_TOKENS = 10**10  # a larger number counts no tokens; sums of smaller ones fit in 64 bits
MOST_COST = 1e200  # USD; sums of smaller numbers are finite
_MODELS = (("config", "model"), ("metadata", "model_name"), ("metadata", "model"), ("config", "model_name"))
_NAMES = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens")
_SHORT = ("input", "output", "total")  # counts of tokens within `usage` only
_PLACES = frozenset({"usage", "cost", "total_cost", *_NAMES})  # in metadata
_NOTHING: Mapping[str, Any] = {}

Usage = tuple[int | None, int | None, int | None, float | None]
_NO_USAGE: Usage = (None, None, None, None)


class Figures(NamedTuple):
    """What one event says about its model call; None where it says nothing, or something odd.

    Attributes:
        model: The name of the model.
        prompt_tokens: Tokens of the input.
        completion_tokens: Tokens of the output.
        total_tokens: What the event says, else the sum of the two.
        cost: USD.
    """

    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None


def figures_of(event: Mapping[str, Any]) -> Figures:
    """Return the figures of an event, as it came from the service.

    >>> figures_of({"config": {"model": "small"}, "metadata": {"input_tokens": 9, "output_tokens": 3}})
    Figures(model='small', prompt_tokens=9, completion_tokens=3, total_tokens=12, cost=None)
    """
    return Figures(model_of(event), *usage_of(event))


def model_of(event: Mapping[str, Any]) -> str | None:
    """Return the name of the model that an event called, or None.

    >>> model_of({"metadata": {"model_name": "gpt-4o-mini"}})
    'gpt-4o-mini'
    """
    for part, name in _MODELS:
        model = object_of(event.get(part)).get(name)
        if isinstance(model, str) and model:
            return model
    model = object_of(event.get("inputs")).get("model") if event.get("event_type") == "model" else None
    return model if isinstance(model, str) and model else None


def usage_of(event: Mapping[str, Any]) -> Usage:
    """Return the tokens of the input, of the output, of both, and the cost of an event."""
    metadata = object_of(event.get("metadata"))
    inputs = object_of(event.get("inputs")) if event.get("event_type") == "model" else _NOTHING
    if _PLACES.isdisjoint(metadata) and "usage" not in inputs and "cost" not in inputs:
        return _NO_USAGE  # as of most events, and this runs for each event that a server stores
    tokens = _tokens(*map(metadata.get, _NAMES))
    cost = _cost(metadata.get("cost"))
    cost = _cost(metadata.get("total_cost")) if cost is None else cost
    cost = _cost(inputs.get("cost")) if cost is None else cost
    for place in (metadata, inputs):
        if usage := object_of(place.get("usage")):
            if tokens == (None, None, None):
                tokens = _tokens(*map(usage.get, _NAMES), *map(usage.get, _SHORT))
            cost = _cost(usage.get("cost")) if cost is None else cost
    prompt, completion, total = tokens
    return prompt, completion, total, cost


def _tokens(
    prompt: Any,
    completion: Any,
    input_: Any,
    output: Any,
    total: Any,
    short_input: Any = None,
    short_output: Any = None,
    short_total: Any = None,
) -> tuple[int | None, int | None, int | None]:
    both = (_count(prompt), _count(completion))
    if both == (None, None):
        both = (_count(input_), _count(output))
    if both == (None, None):
        both = (_count(short_input), _count(short_output))
    whole = _count(total)
    if whole is None:
        whole = _count(short_total)
    if whole is None and both != (None, None):
        whole = (both[0] or 0) + (both[1] or 0)
    return (*both, whole)


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and -MOST_TOKENS < value < MOST_TOKENS else None


def _cost(value: Any) -> float | None:
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -MOST_COST < value < MOST_COST else None


def object_of(value: object) -> Mapping[str, Any]:
    """Return a value that is an object, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING  # pyright: ignore[reportUnknownVariableType]
