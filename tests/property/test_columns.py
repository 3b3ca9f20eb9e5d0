"""Many events at once become what each becomes alone: the same bytes, or they are left to the way for one."""

from __future__ import annotations

from typing import Any
from unittest import mock

import orjson
import pytest
from honeyhive_client.request_fields import REQUEST_FIELDS
from hypothesis import example, given
from hypothesis import strategies as st

from honeyhive_ext.batch.limits import RequestLimits
from honeyhive_ext.batch.plan import Part, Planner
from honeyhive_ext.config.settings import EventSettings, OnUnserializable
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload import events
from honeyhive_ext.payload import many as columns
from honeyhive_ext.payload.events import prepare_event
from honeyhive_ext.payload.ids import all_canonical, is_canonical
from honeyhive_ext.payload.many import prepare_events
from honeyhive_ext.payload.scope import Scope, enter, leave
from honeyhive_ext.serialize import dumps as encoding
from honeyhive_ext.serialize.encoders import kind_of
from honeyhive_ext.serialize.is_builtin import all_builtin
from honeyhive_ext.serialize.to_builtins import to_builtins
from tests.support.event_inputs import ANYTHING, PLAIN, TEXT, fields

NOW = 1_767_268_800_000.5
ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"
SESSION = "0b0d9a4e-27c1-4f0b-9a3c-5f1f64f3f6a1"
NAMES = sorted(REQUEST_FIELDS["CreateEventRequest"])

MODES = st.sampled_from(["raise", "null", "repr"])
SESSIONS = st.sampled_from([None, SESSION])
SCOPES = st.sampled_from([None, Scope(SESSION, ID), Scope(ID, SESSION)])
# One dict drawn now and then several times, so that events have the same fields, as those of a program do.
EVENTS = st.lists(fields("CreateEventRequest"), min_size=1, max_size=3).flatmap(
    lambda some: st.lists(st.sampled_from(some), min_size=1, max_size=6)
)
HOSTILE = st.lists(
    fields("CreateEventRequest", ANYTHING) | st.dictionaries(st.sampled_from(NAMES) | TEXT, ANYTHING),
    min_size=1,
    max_size=4,
)


def alone(event: Any, settings: EventSettings, session_id: str | None) -> bytes:
    """As one event of a batch is made ready by itself."""
    if session_id is not None and "session_id" in event:
        event = {**event, "session_id": session_id}
    made = prepare_event(event, {}, settings=settings, now_ms=lambda: NOW, session_id=session_id)
    return made.content


def same_ids(count: int) -> list[str]:
    return [ID] * count


def both(
    given_events: list[Any], mode: OnUnserializable, session_id: str | None, scope: Scope | None
) -> tuple[list[bytes] | None, list[bytes] | None]:
    """What many at once become, and what each becomes alone; None where one of them cannot."""
    settings = EventSettings(on_unserializable=mode)
    with (
        mock.patch.object(columns, "new_ids", same_ids),
        mock.patch.object(events, "new_id", return_value=ID),
    ):
        if scope is not None:
            enter(scope)
        try:
            prepared = prepare_events(
                given_events, settings=settings, now_ms=lambda: NOW, session_id=session_id
            )
            together = None if prepared is None else prepared.contents()
            if prepared is not None and together is not None:
                body = prepared.body()
                assert body is None or body == b'{"events":[' + b",".join(together) + b"]}"
                assert prepared.ids == [orjson.loads(content)["event_id"] for content in together]
                brought = [
                    i for i, event in zip(prepared.ids, given_events, strict=True) if "event_id" in event
                ]
                assert sorted(prepared.given) == sorted(brought)
            try:
                single = [alone(event, settings, session_id) for event in given_events]
            except EventError:
                return together, None
            return together, single
        finally:
            if scope is not None:
                leave(scope)


@example([{"event_type": "tool", "inputs": {}, "config": {"": {10: None}}}], "raise", None, None)
@given(EVENTS, MODES, SESSIONS, SCOPES)
def test_accepted_events_are_the_same_bytes_at_once_and_alone(
    some: list[Any], mode: Any, session_id: str | None, scope: Scope | None
) -> None:
    together, single = both(some, mode, session_id, scope)
    assert single is not None
    assert together == single


@given(HOSTILE, MODES, SESSIONS)
def test_no_event_is_taken_at_once_that_is_refused_alone(
    some: list[Any], mode: Any, session_id: str | None
) -> None:
    together, single = both(some, mode, session_id, None)
    assert together is None or together == single


@given(st.lists(ANYTHING, max_size=4))
def test_what_is_plain_at_once_is_plain_alone(values: list[Any]) -> None:
    if all_builtin(values):
        written = encoding.write_builtin(values)
        assert written is None or written == encoding.to_json(values) == orjson.dumps(to_builtins(values))


@given(st.lists(PLAIN, max_size=6))
def test_plain_values_are_found_to_be_plain(values: list[Any]) -> None:
    written = encoding.write_builtin(values)
    assert written == encoding.to_json(values) == orjson.dumps(values)
    # the sum of finite numbers may be infinite, which only costs time
    assert all_builtin(values) or any(size > 1e300 for size in map(abs, numbers(values)))


def numbers(value: Any) -> list[Any]:
    kind = kind_of(value)
    if kind in (dict, list, tuple):
        return [number for item in (value.values() if kind is dict else value) for number in numbers(item)]
    return [value] if kind in (bool, int, float) else []


def holds_itself(times: int) -> list[Any]:
    made: list[Any] = []
    made += [made] * times
    return made


@pytest.mark.parametrize("times", [1, 2, 3, 2_000])
def test_what_contains_itself_is_not_plain(times: int) -> None:
    assert not all_builtin([holds_itself(times)])
    assert not all_builtin([{"a": 1}, {"b": holds_itself(times)}] * 100)


IDS = st.uuids().map(str)
NEARLY = (
    IDS.map(str.upper)
    | IDS.map(lambda text: text.replace("-", ""))
    | st.text("0123456789abcdef-,", max_size=40)
)


@given(
    st.lists(IDS | NEARLY | st.text(max_size=40) | IDS.map(lambda text: text[:-1]), min_size=1, max_size=4)
)
def test_ids_are_canonical_at_once_if_each_is_alone(ids: list[str]) -> None:
    assert all_canonical(ids) == all(map(is_canonical, ids))


@given(st.tuples(IDS, IDS, st.integers(1, 35)))
def test_an_id_that_borrows_from_its_neighbour_is_none(some: tuple[str, str, int]) -> None:
    first, second, cut = some
    assert all_canonical([first, second])
    assert not all_canonical([first + second[:cut], second[cut:]])


@given(st.lists(st.dictionaries(TEXT, PLAIN, max_size=3), min_size=1, max_size=5))
def test_events_of_a_body_written_in_one_go_are_found_in_it(some: list[dict[str, Any]]) -> None:
    ids = [str(number) for number in range(len(some))]
    body = orjson.dumps({"events": some})
    chunk = Planner(RequestLimits()).add_body(7, ids, body)
    assert chunk is not None
    part = Part.of(chunk)
    assert list(part.events()) == [(7 + n, str(n), orjson.dumps(event)) for n, event in enumerate(some)]
    assert part.size == len(part.body()) == len(body)
    assert [chunk.content[chunk.start(row) : chunk.ends[row]] for row in part.rows] == list(
        map(orjson.dumps, some)
    )
