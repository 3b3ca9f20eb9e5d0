"""Reading the service's answers to a batch."""

from __future__ import annotations

import random

import orjson
import pytest

from honeyhive_ext.batch.answers import BatchAnswer, is_partial, left_out, listed_ids, missing, status_error
from honeyhive_ext.errors import NotFoundError, ResponseError, ServerError
from tests.support.batches import event_id

IDS = [event_id(random.Random(n)) for n in range(4)]


def says(*ids: object, status: int = 200) -> BatchAnswer:
    return BatchAnswer(status, orjson.dumps({"event_ids": list(ids), "success": True}))


@pytest.mark.parametrize(
    "order", [IDS, IDS[::-1], [*IDS, IDS[0]], [i.upper() for i in IDS], [i.replace("-", "") for i in IDS]]
)
def test_an_answer_may_name_our_ids_in_any_order_often_and_in_upper_case(order: list[str]) -> None:
    assert missing(says(*order), IDS, ids_in_answer=True) == set()


def test_events_that_the_answer_does_not_name_are_missing() -> None:
    assert missing(says(IDS[2]), IDS, ids_in_answer=True) == {IDS[0], IDS[1], IDS[3]}
    assert missing(says(IDS[2].upper()), IDS, ids_in_answer=True) == {IDS[0], IDS[1], IDS[3]}
    assert missing(says(), IDS, ids_in_answer=True) == set(IDS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"7",
        b"{}",
        b'{"event_ids": null}',
        b'{"event_ids": [1]}',
        b'{"event_ids": "x"}',
    ],
)
def test_an_answer_that_names_no_ids_says_nothing(content: bytes) -> None:
    assert missing(BatchAnswer(200, content), IDS, ids_in_answer=True) is None
    assert not is_partial(500, content)


def test_an_answer_with_one_id_that_was_not_sent_says_nothing() -> None:
    assert missing(says(*IDS, event_id(random.Random(9))), IDS, ids_in_answer=True) is None


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (200, b'{"success": true}', set()),
        (200, b'{"success": false}', set(IDS)),
        (200, b'{"success": 1}', None),
        (200, b"", None),
        (500, b'{"success": true}', None),
    ],
)
def test_a_sessions_batch_is_confirmed_by_success_alone(
    status: int, content: bytes, expected: set[str] | None
) -> None:
    assert missing(BatchAnswer(status, content), IDS, ids_in_answer=False) == expected


def test_only_a_500_with_ids_is_a_partial_answer() -> None:
    assert is_partial(500, b'{"event_ids": []}')
    assert not is_partial(502, b'{"event_ids": []}')
    assert not is_partial(200, b'{"event_ids": []}')
    assert listed_ids(b'{"event_ids": ["a"]}') == ["a"]


def test_an_event_left_out_is_reported_with_the_service_s_words() -> None:
    error = left_out(
        BatchAnswer(500, b'{"event_ids": [], "errors": ["bad field", "bad type"], "success": false}')
    )
    assert isinstance(error, ServerError)
    assert error.message == "bad field; bad type"
    error = left_out(BatchAnswer(500, b'{"event_ids": [], "message": "shard is full"}'))
    assert isinstance(error, ServerError)
    assert (error.status, error.message) == (500, "shard is full")
    assert error.body == b'{"event_ids": [], "message": "shard is full"}'
    error = left_out(BatchAnswer(200, b'{"event_ids": []}'))
    assert isinstance(error, ResponseError)
    assert (error.status, error.body) == (200, b'{"event_ids": []}')
    assert str(error) == "the service did not store this event and gave no reason"


def test_an_answer_without_an_error_becomes_the_typed_error() -> None:
    made = status_error(BatchAnswer(404, b"no such page"))
    assert isinstance(made, NotFoundError)
    assert (made.status, made.message, made.body) == (404, "", b"no such page")
    given = NotFoundError(404, "no such route")
    assert status_error(BatchAnswer(404, b"", given)) is given


@pytest.mark.parametrize("odd", [b"NaN", b'"cut in half: \\ud83d"', b"1e999", b"9" * 5_000])
def test_an_odd_value_hides_nothing_else_of_an_answer(odd: bytes) -> None:
    content = b'{"event_ids":%s,"errors":["too large",%s],"x":%s}' % (orjson.dumps(IDS[:2]), odd, odd)
    assert is_partial(500, content)
    assert missing(BatchAnswer(500, content), IDS, ids_in_answer=True) == {IDS[2], IDS[3]}
    assert str(left_out(BatchAnswer(500, content))).startswith("500: too large; ")
    assert missing(BatchAnswer(200, b'{"success":false,"x":%s}' % odd), IDS, ids_in_answer=False) == set(IDS)
