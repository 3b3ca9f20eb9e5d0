"""Where a search stands, as text and back, and the searches that may go on from there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters import F
from honeyhive_ext.search.checkpoint import Checkpoint, as_checkpoint
from honeyhive_ext.search.query import Query, build_query
from honeyhive_ext.search.walk.steps import Position

POSITION = Position(
    *(1, 9),
    reach=7.5,
    past=10,
    drained=True,
    failed=(8, 9),
    overlap=10,
    seen={"a": 8.5, "b": None},
    open=True,
)
TEXT = (
    '{"version":1,"query":"q","range":"r","position":{"lo":1,"hi":9,"reach":7.5,"past":10,"drained":true,'
    '"failed":[8,9],"overlap":10,"seen":[["a",8.5],["b",null]],"open":true},"handed_out":3}'
)

# These tests are about other things than names; their fields have short ones.
pytestmark = pytest.mark.filterwarnings("ignore:.*events have no field '.':honeyhive_ext.FilterWarning")


def test_the_text_of_an_earlier_version_is_still_read() -> None:
    assert Checkpoint.from_json(TEXT) == Checkpoint("q", "r", POSITION, 3)


def test_a_checkpoint_is_one_dense_line() -> None:
    assert Checkpoint("q", "r", POSITION, 3).to_json() == TEXT


def test_the_end_is_a_checkpoint_too() -> None:
    end = Checkpoint("q", "r", None, 3)
    assert end.to_json() == '{"version":1,"query":"q","range":"r","position":null,"handed_out":3}'
    assert Checkpoint.from_json(end.to_json()) == end


@pytest.mark.parametrize("seen", [{"é": 5}, {"half \ud800": 5}, {"a": 2**70}, {"\U0001f41d": None}])
def test_any_id_and_any_time_survive_in_plain_ascii(seen: dict[str, Any]) -> None:
    checkpoint = Checkpoint("q", "r", Position(1, 9, seen=seen), 3)
    text = checkpoint.to_json()
    assert text.isascii()
    assert Checkpoint.from_json(text) == checkpoint


def error_of(text: str) -> QueryError:
    with pytest.raises(QueryError) as raised:
        Checkpoint.from_json(text)
    return raised.value


def test_a_text_that_is_not_a_checkpoint_is_refused_as_such() -> None:
    error = error_of("{")
    assert isinstance(error.__cause__, ValueError)
    assert str(error) == f"this is not a checkpoint, which is JSON: {error.__cause__}"
    for text in ("[]", "5", "{}", TEXT.replace('"version":1', '"version":2')):
        assert str(error_of(text)) == (
            "this is not a checkpoint that this version can resume: search without resume="
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("query", None),
        ("range", None),
        ("position", {}),
        ("position", 5),
        ("handed_out", "x"),
        ("handed_out", []),
    ],
)
def test_a_damaged_checkpoint_says_what_is_wrong(name: str, value: Any) -> None:
    damaged = json.loads(TEXT)
    if value is None:
        del damaged[name]
    else:
        damaged[name] = value
    error = error_of(json.dumps(damaged))
    assert isinstance(error.__cause__, KeyError | TypeError | ValueError)
    assert str(error) == f"this checkpoint is damaged ({error.__cause__!r}): search without resume="


def query(*filters: Any, **options: Any) -> Query:
    return build_query(filters, now_ms=1_767_225_600_000.0, **options)


def checkpoint(asked: Query) -> Checkpoint:
    return Checkpoint(asked.fingerprint(), asked.range_text, None, 3)


def test_the_same_search_continues_from_a_checkpoint_or_its_text() -> None:
    asked = query(F("a") == 1, start=1e12, end=2e12)
    same = checkpoint(asked)
    assert as_checkpoint(same, asked) is same
    assert as_checkpoint(same.to_json(), asked) == same
    assert as_checkpoint(same, query(F("a") == 1)) is same  # its range may be left out
    assert as_checkpoint(None, asked) is None


def test_another_search_does_not_continue_from_a_checkpoint() -> None:
    with pytest.raises(QueryError) as raised:
        as_checkpoint(checkpoint(query(F("a") == 1)), query(F("a") == 2))
    assert str(raised.value) == (
        "resume= is the checkpoint of a search with other filters or another evaluation_id: "
        "give the same as there"
    )
    with pytest.raises(QueryError) as raised:
        as_checkpoint(checkpoint(query(start=1e12)), query(start=2e12))
    assert str(raised.value) == (
        "resume= is the checkpoint of a search over '1000000000000.0..', not '2000000000000.0..': "
        "leave start and end out, or give the same"
    )


@pytest.mark.parametrize("given", [5, {}, b"{}"])
def test_anything_else_than_a_checkpoint_is_refused_with_what_to_give(given: Any) -> None:
    with pytest.raises(QueryError) as raised:
        as_checkpoint(given, query())
    assert str(raised.value) == (
        f"resume is {given!r}: give the result of checkpoint(), or its to_json() text"
    )
