"""Where the model, the tokens and the cost of an event are."""

from __future__ import annotations

from typing import Any

import pytest

from honeyhive_ext.views.figures import Figures, figures_of

CASES: list[tuple[dict[str, Any], Figures]] = [
    ({}, Figures()),
    ({"metadata": None, "config": None}, Figures()),
    ({"metadata": "text", "config": [1], "inputs": 5, "event_type": "model"}, Figures()),
    ({"config": {"model": "a"}, "metadata": {"model": "b", "model_name": "c"}}, Figures(model="a")),
    ({"config": {"model": ""}, "metadata": {"model": 5, "model_name": "c"}}, Figures(model="c")),
    ({"metadata": {"prompt_tokens": 3, "completion_tokens": 4}}, Figures(None, 3, 4, 7)),
    ({"metadata": {"input_tokens": 3, "output_tokens": 4.0, "total_tokens": 9}}, Figures(None, 3, 4, 9)),
    ({"metadata": {"prompt_tokens": 0, "input_tokens": 5}}, Figures(None, 0, None, 0)),
    ({"metadata": {"prompt_tokens": True, "completion_tokens": "4", "total_tokens": 1.5}}, Figures()),
    ({"metadata": {"total_tokens": 10**10, "cost": 1e300}}, Figures()),
    ({"metadata": {"cost": 10**400}}, Figures()),
    ({"metadata": {"cost": float("nan")}}, Figures()),
    ({"metadata": {"cost": 1, "total_tokens": float("inf")}}, Figures(cost=1.0)),
    ({"metadata": {"cost": True, "total_cost": 2}}, Figures(cost=2.0)),
    ({"metadata": {"usage": {"input": 1, "output": 2, "cost": 3}}}, Figures(None, 1, 2, 3, 3.0)),
    ({"event_type": "model", "inputs": {"model": "m", "cost": 1, "usage": {"total": 5}}},
     Figures("m", None, None, 5, 1.0)),
    ({"event_type": "tool", "inputs": {"model": "m", "cost": 1, "usage": {"total": 5}}}, Figures()),
]  # fmt: skip


@pytest.mark.parametrize(("event", "expected"), CASES)
def test_figures_are_read_where_they_are_numbers(event: dict[str, Any], expected: Figures) -> None:
    assert figures_of(event) == expected
