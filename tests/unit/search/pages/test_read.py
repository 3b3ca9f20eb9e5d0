"""Which replies are a page, and what the others say about themselves."""

from __future__ import annotations

import math
from typing import Any

import httpx
import orjson
import pytest

from honeyhive_ext.errors import BadRequestError, ResponseError
from honeyhive_ext.http.exchange import Reply
from honeyhive_ext.reading.event import Event
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.read import ReadPage, accepted, answer, read_events, read_texts
from honeyhive_ext.search.pages.rows import Row


def reply(content: bytes) -> Reply:
    return Reply(200, httpx.Headers(), content, 3, 0)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<", "is not JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"[]", "is not an object"),
        (b"{}", "has no list of events"),
        (b"[" * 100_000 + b"]" * 100_000, "is not JSON (it is nested deeper than can be read)"),
    ],
    ids=["text", "list", "object", "deep"],
)
@pytest.mark.parametrize("read", [read_events, read_texts])
def test_a_reply_that_is_not_a_page_says_what_it_is_instead(
    read: ReadPage, content: bytes, what: str
) -> None:
    with pytest.raises(ResponseError) as raised:
        read(reply(content))
    error = raised.value
    assert str(error) == f"the answer to the search {what}: check that base_url (HH_API_URL) is the API"
    assert (error.status, error.attempts, error.body) == (200, 3, content)


def test_a_page_knows_how_often_it_was_asked_for() -> None:
    content = b'{"events":[{"event_id":"a","start_time":5}],"count":7.5}'
    text = b'{"event_id":"a","start_time":5}'
    assert read_texts(reply(content)) == Page([Row("a", 5, text)], 7.5, 3)
    assert read_events(reply(content)) == Page([Row("a", 5, Event.from_json(text))], 7.5, 3)


def test_only_extra_filters_may_be_refused_and_only_many_of_them_by_a_500() -> None:
    refusals = {400, 413, 414, 422, 431}
    for number, statuses in ((0, set()), (1, refusals), (100, refusals), (101, refusals | {500})):
        assert accepted(Ask(0, 5, 3, extra=({},) * number)) == statuses


def test_a_refusal_keeps_its_error() -> None:
    error = BadRequestError(400, "no")
    assert answer(reply(b""), error, read_texts) == PageRefused(error)
    assert answer(reply(b'{"events":[]}'), None, read_texts) == Page([], None, 3)


@pytest.mark.parametrize(
    ("content", "events", "count"),
    [
        (b'{"events":[{"a":1}],"count":1}', [{"a": 1}], 1),
        (b'{"events":[null,5],"count":null,"more":{}}', [None, 5], None),
        (b'{"events":[]}', [], None),
        (b'{"events":[],"count":"many"}', [], None),
        (b'{"events":[],"count":true}', [], None),
    ],
)
def test_odd_answers_are_read_as_far_as_they_go(
    content: bytes, events: list[Any], count: float | None
) -> None:
    texts, typed = read_texts(reply(content)), read_events(reply(content))
    assert [orjson.loads(row.value) for row in texts.events] == events
    assert [row.value.raw for row in typed.events] == events
    assert texts.count == typed.count == count


def test_a_number_that_json_has_not_does_not_hide_the_other_events() -> None:
    page = read_events(reply(b'{"events":[{"event_id":"a","metrics":{"x":NaN}},{"event_id":"b"}],"count":2}'))
    assert [row.value.event_id for row in page.events] == [row.key for row in page.events] == ["a", "b"]
    assert math.isnan(page.events[0].value.metrics["x"])


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"events":{}}', b'{"events":[', b"\xff"])
def test_a_reply_that_is_not_a_page_is_an_error(content: bytes) -> None:
    with pytest.raises(ResponseError, match="base_url") as caught:
        read_events(reply(content))
    assert caught.value.body == content
