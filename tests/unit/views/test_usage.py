"""The figures of an event are found wherever tracers put them, and odd values are none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.views.event_row import COLUMNS, row_of
from honeyhive_ext.views.figures import figures_of, model_of
from honeyhive_ext.views.formats import cost_text, duration_text, number_text
from honeyhive_ext.views.usage import shown_of
from tests.support.traces import EVENTS


@pytest.mark.parametrize(
    ("event", "tokens"),
    [
        ({"metadata": {"total_tokens": 12, "prompt_tokens": 1, "completion_tokens": 1}}, 12),
        ({"metadata": {"prompt_tokens": 9, "completion_tokens": 3}}, 12),
        ({"metadata": {"input_tokens": 9, "output_tokens": 3}}, 12),
        ({"metadata": {"input_tokens": 9}}, 9),
        ({"metadata": {"usage": {"total": 12, "input": 1}}}, 12),
        ({"metadata": {"usage": {"input": 9, "output": 3}}}, 12),
        ({"metadata": {"total_tokens": 0}}, 0),
        ({"event_type": "model", "inputs": {"usage": {"total_tokens": 7}}}, 7),
        ({"event_type": "tool", "inputs": {"usage": {"total_tokens": 7}}}, None),
        ({"metadata": {"input": 9, "total": 5}}, None),
        ({"metadata": {"total_tokens": "12"}}, None),
        ({"metadata": {"total_tokens": True}}, None),
        ({"metadata": None}, None),
    ],
)
def test_tokens_are_the_total_or_the_sum_of_a_pair(event: dict[str, Any], tokens: int | None) -> None:
    assert figures_of(event).total_tokens == tokens


def test_model_and_cost_are_found_where_the_service_and_older_routes_keep_them() -> None:
    assert model_of({"config": {"model": "a"}, "metadata": {"model_name": "b"}}) == "a"
    assert model_of({"config": {"model": ""}, "metadata": {"model_name": "b"}}) == "b"
    assert model_of({"event_type": "model", "inputs": {"model": "c"}}) == "c"
    assert model_of({"event_type": "chain", "inputs": {"model": "c"}}) is None
    assert figures_of({"metadata": {"cost": 0}}).cost == 0
    assert figures_of({"metadata": {"usage": {"cost": 0.5}}}).cost == 0.5
    assert figures_of({"metadata": {"cost": float("nan")}}).cost is None


@given(EVENTS)
def test_any_json_has_figures_and_a_row_and_raises_nothing(event: dict[str, Any]) -> None:
    shown_of(event)
    assert len(row_of(event)) == len(COLUMNS)


@given(st.none() | st.integers() | st.text() | st.lists(st.none(), max_size=2))
def test_a_row_that_is_not_an_object_is_said_to_be_none(value: object) -> None:
    assert str(row_of(value)[1]).startswith("not an event: ")


@given(st.floats(allow_nan=False) | st.integers(-(10**300), 10**300))
def test_every_number_has_a_short_text(number: float) -> None:
    for text in (cost_text(number), duration_text(number), number_text(number)):
        assert 0 < len(text) < 30
