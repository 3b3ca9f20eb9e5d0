"""What a search yields for a row."""

from __future__ import annotations

from honeyhive_client.models import Event

from honeyhive_ext.search.pages.event import UNREADABLE, as_event, as_it_came


def test_a_row_that_is_not_an_object_is_an_event_that_holds_it() -> None:
    event = as_event({"event_id": "a", "x": 1})
    assert (event.event_id, event["x"]) == ("a", 1)
    odd = as_event([5])
    assert isinstance(odd, Event)
    assert odd[UNREADABLE] == [5]
    assert odd.to_dict() == {UNREADABLE: [5]}


def test_a_raw_row_is_the_value_itself() -> None:
    value = {"event_id": "a"}
    assert as_it_came(value) is value
