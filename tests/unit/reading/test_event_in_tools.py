"""An event in the hands of tools: rich, `copy.replace`, spans that record it, and wrong arguments."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from rich.pretty import pretty_repr

from honeyhive_ext import Event
from honeyhive_ext.serialize.dumps import to_json

KEY = "hh_abcd_0123456789abcdef0123"


def test_rich_shows_what_the_repr_shows_and_no_more() -> None:
    one = Event.from_dict(
        {"event_name": "a", "error": f"refused: {KEY}", "metadata": {"k": KEY}, "from a newer": 1, "x": None}
    )
    shown = "Event(event_name='a', error='refused: [key]', metadata={1 key}, 'from a newer'=1)"
    assert pretty_repr(one, max_width=200) == repr(one) == shown
    assert pretty_repr(one, max_width=20).splitlines()[1] == "    event_name='a',"
    for other in (Event.from_json("[1]"), Event.from_dict({}), Event.from_dict({"y": 1, "z" * 500: KEY})):
        assert pretty_repr(other, max_width=600) == repr(other)
    long = Event.from_dict({f"more{number}": "x" * 50 for number in range(100)})
    assert pretty_repr(long, max_width=600) == repr(long)
    assert repr(long).endswith(", ...)")


def test_an_event_with_other_properties_is_another_event() -> None:
    class Step(Event, frozen=True):
        pass

    one = Step.from_dict({"event_name": "a", "metadata": {"cost": 1}, "newer": 2})
    other = one.__replace__(event_name="b", metadata={}, newer=None, error="no")
    assert type(other) is Step
    assert other.raw == {"event_name": "b", "metadata": {}, "newer": None, "error": "no"}
    assert (other.event_name, other.metadata, other.error) == ("b", {}, "no")
    assert one.raw == {"event_name": "a", "metadata": {"cost": 1}, "newer": 2}
    with pytest.raises(TypeError, match="no property 'evnt_name'"):
        one.__replace__(evnt_name="b")


@pytest.mark.parametrize("value", [None, "text", 5, [("event_name", "a")], Event.from_dict({})])
def test_an_event_is_made_of_a_dict_alone(value: Any) -> None:
    with pytest.raises(TypeError, match=f"as a dict, as event.raw has it, not {type(value).__name__}"):
        Event.from_dict(value)
    assert Event.from_dict(MappingProxyType({"event_name": "a"})).event_name == "a"


@pytest.mark.parametrize("value", [5, None, 2.5, {"event_name": "a"}])
def test_json_is_text_alone(value: Any) -> None:
    with pytest.raises(TypeError):
        Event.from_json(value)


def test_a_value_that_contains_itself_or_is_too_deep_is_no_event() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for inputs in (cycle, deep):
        with pytest.raises(ValueError, match=r"Circular|deeper"):
            Event.from_dict({"inputs": inputs})
    with pytest.raises(TypeError, match="Decimal"):
        Event.from_dict({"inputs": Decimal(1)})


@pytest.mark.parametrize(
    "text",
    ['{"event_name":"a","x":{"y":[1.5]},"event_id":null}', '{"metadata":{"\\u00e9":1}}', "[1]", "null"],
)
def test_an_event_inside_of_another_is_written_as_it_came(text: str) -> None:
    class Step(Event, frozen=True):
        pass

    for kind in (Event, Step):
        one = kind.from_json(text)
        assert to_json({"inputs": [one]}) == to_json({"inputs": [one.raw]})
