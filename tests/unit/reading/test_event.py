"""An event that was read: what its attributes are, what it equals, and that nothing changes it."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from honeyhive_client import models
from honeyhive_client.event_view import PROPERTIES

from honeyhive_ext import Event
from honeyhive_ext.reading.event import read_event
from tests.support.inert import inert

RAW: dict[str, Any] = {
    "event_type": "model",
    "event_name": "answer",
    "event_id": "7f22137a-6911-4ed3-bc36-110f1dde6b66",
    "children_ids": ["a"],
    "metadata": {"cost": 0.02, "usage": {"cache.read": 3}},
    "outputs": None,
    "start_time": 1_767_225_600_000,
    "end_time": 1_767_225_600_850.5,
    "duration": 850.5,
    "brand_new": {"x": [1, 2]},
}


def event(**more: Any) -> Event:
    return Event.from_dict({**RAW, **more})


def test_every_property_of_the_document_is_an_attribute() -> None:
    names = {name for name in models.Event.__annotations__ if name != "additional_properties"}
    assert PROPERTIES.keys() == names
    empty = Event.from_dict({})
    for name, one in PROPERTIES.items():
        value = getattr(empty, name)
        assert value == {("object",): {}, ("array",): []}.get(one.types)
        assert getattr(Event.from_dict({one.name: None}), name) == value
        assert (getattr(Event, name).__doc__ is not None) is not one.scalar


def test_attributes_are_what_came() -> None:
    one = event()
    assert (one.event_type, one.event_name, one.error) == ("model", "answer", None)
    assert one.metadata["cost"] == 0.02
    assert (one.children_ids, one.outputs) == (["a"], {})
    assert one.started_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert one.ended_at == datetime(2026, 1, 1, 0, 0, 0, 850_500, tzinfo=UTC)
    assert one.duration == 850.5
    assert one.raw == one.to_dict() == RAW
    assert one.odd == ()


@pytest.mark.parametrize(
    "time", [1e300, -1e300, 10**15 * 300, float("nan"), float("inf"), None, "soon", True]
)
def test_a_time_that_is_none_reads_as_none(time: Any) -> None:
    assert event(start_time=time).started_at is None


ODD: list[tuple[str, Any]] = [
    ("event_name", 5),
    ("event_id", ["a"]),
    ("metadata", "text"),
    ("metadata", [1]),
    ("children_ids", {"a": 1}),
    ("children_ids", ["a", 5]),
    ("children_ids", ["a", None]),
    ("duration", "850"),
    ("start_time", True),
]


@pytest.mark.parametrize(("name", "value"), ODD)
def test_a_value_of_another_type_reads_as_absent_and_is_named(name: str, value: Any) -> None:
    one = event(**{name: value})
    assert getattr(one, name) == getattr(Event.from_dict({}), name)
    assert one.odd == (name,)
    assert one.raw[name] == one.get(name) == value
    others = [other for other in PROPERTIES if other != name]
    assert [getattr(one, other) for other in others] == [getattr(event(), other) for other in others]


@pytest.mark.parametrize("value", [None, 5, "text", [1], True])
def test_what_is_not_an_object_is_an_event_without_properties(value: Any) -> None:
    one = Event.from_json(orjson.dumps(value))
    assert (one.raw, one.odd, one.to_dict()) == (value, ("",), {})
    assert (one.event_id, one.metadata, one.children_ids, one.get("event_id", 7)) == (None, {}, [], 7)
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_nested_value_is_read_once_and_changes_nothing_else() -> None:
    one = event()
    assert one.metadata is one.metadata
    one.metadata["cost"] = 5
    assert one.raw["metadata"] == RAW["metadata"]
    assert one == event()
    one.raw["event_name"] = "other"
    assert one.raw == RAW


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event_name", "answer"),
        ("metadata.cost", 0.02),
        ("metadata.usage.cache.read", 3),
        (["metadata", "usage", "cache.read"], 3),
        ("brand_new.x.1", 2),
        (("brand_new", "x", 0), 1),
        ("brand_new.x.2", "default"),
        ("brand_new.x.-1", "default"),
        (["brand_new", "x", -1], "default"),
        ("brand_new.x.one", "default"),
        ("metadata.cost.more", "default"),
        ("outputs", "default"),
        ("outputs.x", "default"),
        ("", "default"),
        (".", "default"),
        ("metadata.", "default"),
        (["metadata", 0], "default"),
    ],
)
def test_get_finds_a_value_by_its_keys(path: Any, value: Any) -> None:
    assert event().get(path, "default") == value


def test_get_prefers_keys_that_are_nested() -> None:
    one = Event.from_dict({"a": {"b": 1, "c": None}, "a.b": 2, "a.c": 3, "": {"": 4}})
    assert (one.get("a.b"), one.get("a.c"), one.get(["a.b"]), one.get(".")) == (1, 3, 2, 4)


def test_equal_content_is_equal_and_has_one_hash() -> None:
    one = event()
    other = Event.from_json(orjson.dumps(dict(reversed(RAW.items())), option=orjson.OPT_INDENT_2))
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other, event(event_name="x")}) == 2
    assert one != event(event_name="x")
    assert one != event(brand_new=None)
    assert one != RAW
    assert event(metrics={"x": float("nan")}) == event(metrics={"x": float("nan")})


def test_it_pickles_and_copies_with_values_of_its_own() -> None:
    one = event()
    one.metadata["cost"] = 5
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert other == one
        assert type(other) is Event
        assert other.metadata == RAW["metadata"]
    assert copy.copy(one) is one
    assert b"honeyhive_ext\n" in pickle.dumps(one, 0)  # and no module that may move


def test_nothing_of_it_can_be_set_or_deleted() -> None:
    one = event()
    for name in (*PROPERTIES, "raw", "odd", "started_at", "get", "brand_new", "_text", "__class__"):
        with pytest.raises(AttributeError, match=r"what the service sent.*hh\.events\.update"):
            setattr(one, name, None)
        with pytest.raises(AttributeError, match=f"{name!r} of it cannot be changed"):
            delattr(one, name)
    assert one == event()


def test_a_property_that_the_document_does_not_name_is_in_raw_and_get() -> None:
    with pytest.raises(AttributeError, match=r"event\.get\('brand_new'\), and event\.raw"):
        _ = event().brand_new
    assert not hasattr(event(), "additional_properties")
    assert event().get("brand_new") == {"x": [1, 2]}


def test_the_repr_is_one_short_line_of_what_is_set() -> None:
    assert repr(event()) == (
        "Event(event_type='model', event_name='answer', event_id='7f22137a-6911-4ed3-bc36-110f1dde6b66', "
        "start_time=1767225600000, duration=850.5, children_ids=[1 item], metadata={2 keys}, "
        "end_time=1767225600850.5, brand_new={1 key})"
    )
    assert repr(Event.from_dict({})) == "Event()"
    long = event(error="a\n" * 10_000, **{f"more{n}": "x" * 50 for n in range(100)}, **{"k" * 500: 1})
    assert len(repr(long)) < 500
    assert "\n" not in repr(long)
    assert repr(Event.from_dict({"a b": 1, "k" * 500: 2}))[:14] == "Event('a b'=1,"


def test_the_repr_shows_no_key() -> None:
    key = "hh_abcd_0123456789abcdef0123"
    for where in (
        {"error": f"refused: {key}"},
        {"error": "x" * 40 + key},
        {key: 1},
        {"metadata": {"k": key}},
    ):
        for shown in (repr(event(**where)), str([event(**where)])):
            assert "0123456789" not in shown


def test_a_subclass_may_add_what_it_likes() -> None:
    class Step(Event, frozen=True):
        @property
        def cost(self) -> float:
            return float(self.get("metadata.cost", 0))

    step = Step.from_dict(RAW)
    assert (step.cost, step.event_name, type(copy.deepcopy(step))) == (0.02, "answer", Step)
    assert repr(step).startswith("Step(event_type=")
    with pytest.raises(AttributeError):
        step.event_name = "x"  # type: ignore[misc]


def test_an_event_of_single_properties_is_that_of_a_dict() -> None:
    one = Event(event_id="a", start_time=5)
    assert one == Event.from_dict({"event_id": "a", "start_time": 5})
    assert one.raw == {"event_id": "a", "start_time": 5}
    assert one.metadata == {}


@pytest.mark.parametrize("text", [b"", b"{", b'{"a":}', b'{"a":"\xff"}', b"nul", "\ud800", b"[" * 100_000])
def test_text_that_is_not_json_is_refused(text: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any parser
        Event.from_json(text)


@pytest.mark.parametrize("value", [{"a": object()}, {"a": {1, 2}}, {"a": b"x"}])
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        Event.from_dict(value)


def test_json_cannot_set_what_an_event_keeps_for_itself() -> None:
    raw = {"event_id": "a", "(text)": "{}", "(read)": {"metadata": {"x": 1}}}
    one = read_event(orjson.dumps(raw))
    assert (one.raw, one.event_id, one.metadata) == (raw, "a", {})
    nulls = read_event(b'{"event_id":"a","(text)":null,"(read)":null}')
    assert (nulls.event_id, nulls.metadata) == ("a", {})


def test_numbers_of_any_size_are_read_as_everywhere() -> None:
    for text in (
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "1" * 30,
        "1e999",
        "0.1",
    ):
        one = Event.from_json(f'{{"start_time":{text},"metadata":{{"n":{text}}}}}')
        assert one.start_time == one.raw["start_time"] == one.metadata["n"] == one.get("metadata.n")
        assert type(one.start_time) is type(one.raw["start_time"])


def test_an_event_can_be_referred_to_weakly_and_leaves_nothing() -> None:
    one = event()
    _ = one.metadata
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def test_a_notebook_shows_what_an_event_holds() -> None:
    event = Event.from_dict({"event_type": "tool", "event_name": "<b>", "metadata": {"cost": 0.5}, "x": [1]})
    read = inert(str(event._repr_html_()))
    for text in ("tool <b>", "$0.50", "cost 0.5", "x 1 item"):
        assert text in read.text
    assert Event.from_json("[1]")._repr_html_() is None
