"""Equality of events: by the content of their JSON, however deep it is and whatever Python's `==` says."""

from __future__ import annotations

import pytest

from honeyhive_ext import Event
from honeyhive_ext.reading.same import same

PAIRS = [
    ('{"a":1,"b":2}', '{"b":2, "a":1}', True),
    ('{"a":1}', '{"a":1.0}', True),
    ('{"a":0}', '{"a":-0.0}', True),
    ('{"a":1}', '{"a":true}', False),
    ('{"a":0}', '{"a":false}', False),
    ('{"a":[true]}', '{"a":[1]}', False),
    ('{"a":null}', "{}", False),
    ('{"a":null}', '{"b":null}', False),
    ('{"a":[1]}', '{"a":[1,2]}', False),
    ('{"a":[1,2]}', '{"a":[2,1]}', False),
    ('{"a":{}}', '{"a":[]}', False),
    ('{"a":[]}', '{"a":{}}', False),
    ('{"a":"1"}', '{"a":1}', False),
    ('{"a":NaN}', '{"a": NaN}', True),
    ('{"a":NaN}', '{"a":1}', False),
    ('{"a":1e999}', '{"a":Infinity}', True),
    ('{"a":"\\u00e9"}', '{"a":"\u00e9"}', True),
    ("NaN", " NaN", True),
    ("[1]", "[true]", False),
]


@pytest.mark.parametrize(("one", "other", "equal"), PAIRS)
def test_events_are_equal_if_their_json_has_the_same_content(one: str, other: str, equal: bool) -> None:
    first, second = Event.from_json(one), Event.from_json(other)
    assert (first == second) is (second == first) is equal
    assert (first != second) is not equal
    assert not equal or hash(first) == hash(second)


def test_an_event_is_not_equal_to_anything_else() -> None:
    class Step(Event, frozen=True):
        pass

    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

    one, step = Event.from_json('{"a":1}'), Step.from_json('{"a": 1}')
    assert one == step
    assert not one != step  # noqa: SIM202 - `!=` has a method of its own
    for other in ({"a": 1}, None, "", one.raw):
        assert one != other
        assert not one == other  # noqa: SIM201
    assert one == Anything()
    assert not one != Anything()  # noqa: SIM202


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_events_that_are_nested_deeply_are_compared(begin: str, end: str) -> None:
    depth = 1_020  # json and orjson read a little more
    last = [f'{{ "event_id":"a", "inputs":{begin * depth}{value}{end * depth}}}' for value in (1, 2)]
    spaced = last[0].replace(" ", "")
    one, other, same_as_one = map(Event.from_json, (*last, spaced))
    assert one == same_as_one
    assert one != other
    assert [one, other].index(same_as_one) == 0


def test_no_depth_of_values_is_too_much() -> None:
    one: object = 1
    other: object = True
    for _ in range(100_000):
        one, other = [one], [other]
    assert same(one, one)
    assert not same(one, other)
