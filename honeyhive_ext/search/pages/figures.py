"""The figures of an event: its model, its tokens, its cost. Pure.

The service writes them under these names, and so does this package. Both pairs of token names occur: one is
OpenTelemetry's, the other that of older instrumentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import frozen

MOST_TOKENS = 10**10  # a larger number counts no tokens; sums of smaller ones fit in 64 bits
MOST_COST = 1e200  # US dollars; sums of smaller numbers are finite
_MODEL = (("config", "model"), ("metadata", "model"), ("metadata", "model_name"))


@frozen
class Figures:
    """What one event says about its model call; None where it says nothing.

    Attributes:
        model: The name of the model.
        prompt_tokens: Tokens of the input.
        completion_tokens: Tokens of the output.
        total_tokens: Both, or what the event says if it has another sum.
        cost: US dollars.
    """

    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None


def figures_of(event: Mapping[str, Any]) -> Figures:
    """Return the figures of an event, given as a dict.

    >>> figures_of({"config": {"model": "small"}, "metadata": {"input_tokens": 9, "output_tokens": 3}})
    Figures(model='small', prompt_tokens=9, completion_tokens=3, total_tokens=12, cost=None)
    """
    prompt, completion, total, cost = usage_of(event.get("metadata"))
    return Figures(model_of(event), prompt, completion, total, cost)


def model_of(event: Mapping[str, Any]) -> str | None:
    """Return the name of an event's model."""
    for part, name in _MODEL:
        found = event.get(part)
        model = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
        if isinstance(model, str) and model:
            return model
    return None


def usage_of(metadata: object) -> tuple[int | None, int | None, int | None, float | None]:
    """Return the tokens of the input, of the output, of both, and the cost that an event's metadata has."""
    if not isinstance(metadata, dict):
        return (None, None, None, None)
    get = cast("dict[str, Any]", metadata).get
    prompt, completion, total = get("prompt_tokens"), get("completion_tokens"), get("total_tokens")
    prompt = _tokens(get("input_tokens") if prompt is None else prompt)
    completion = _tokens(get("output_tokens") if completion is None else completion)
    total = _tokens(total)
    if total is None and prompt is not None and completion is not None:
        total = prompt + completion
    cost = get("cost")
    return prompt, completion, total, None if cost is None else _cost(cost)


def _tokens(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is int and -MOST_TOKENS < value < MOST_TOKENS:
        return value
    return None


def _cost(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST_COST < value < MOST_COST:
        return None
    return float(value)
