"""Events that are all kept share their equal strings, and do not change otherwise."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from honeyhive_client.models import Event

from honeyhive_ext.search.pages import interning
from honeyhive_ext.search.pages.event import as_event, as_it_came
from honeyhive_ext.search.pages.interning import intern_strings

EVENT = {
    "event_name": "look up",
    "source": None,
    "session_id": "s-1",
    "config": {"model": "m-1", "provider": "p-1", "n": 1},
}


def page() -> list[Any]:
    return [orjson.loads(orjson.dumps(EVENT)) for _ in range(3)]


@pytest.mark.parametrize("convert", [as_event, as_it_came])
def test_equal_texts_are_one_object(convert: Any) -> None:
    texts: dict[str, str] = {}
    events = [*map(convert, page()), *map(convert, page())]
    intern_strings(events[:3], texts)
    intern_strings(events[3:], texts)
    dicts = [event.to_dict() if isinstance(event, Event) else event for event in events]
    assert dicts == [EVENT] * 6
    for name in ("event_name", "session_id"):
        assert len({id(event[name]) for event in dicts}) == 1
    assert len({id(event["config"]["model"]) for event in dicts}) == 1


def test_odd_events_stay_as_they_are() -> None:
    odd: list[Any] = [None, 5, "x", [1], {"config": ["x"], "event_name": 5}, Event(), Event(config=None)]
    texts: dict[str, str] = {}
    intern_strings(odd, texts)
    assert odd == [None, 5, "x", [1], {"config": ["x"], "event_name": 5}, Event(), Event(config=None)]
    assert texts == {}


def test_events_behind_an_odd_one_share_too() -> None:
    first, second = {"event_name": "".join(["look", " up"])}, {"event_name": "".join(["look", " up"])}
    assert first["event_name"] is not second["event_name"]
    intern_strings([first, None, 5, second], {})
    assert first["event_name"] is second["event_name"]


def test_only_so_many_texts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interning, "MOST", 10)
    texts: dict[str, str] = {}
    for first in range(0, 100, 5):
        intern_strings([{"event_name": f"n{n}"} for n in range(first, first + 5)], texts)
    assert len(texts) == 10
