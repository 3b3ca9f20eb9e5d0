"""A request is sent as often as `retry=` says, over every way of sending: no library below sends it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIConnectionError
from tests.support.misbehaving import Answer, Misbehaving, answer, cut, raw, reset
from tests.support.ways import WAYS, Way, client_over

EVENT_ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
READ = answer(200, f'{{"event":{{"event_id":"{EVENT_ID}"}}}}', {"X-Shown": "not-in-the-error"})
CALLS: dict[str, Callable[[Any], Any]] = {
    "create": lambda hh: hh.events.create("tool", event_id=EVENT_ID),
    "get": lambda hh: hh.events.get(EVENT_ID),
    "update": lambda hh: hh.events.update(EVENT_ID, metadata={"a": 1}),
}
LOST: dict[str, Answer] = {
    "closed": raw(b""),
    "reset": reset(),
    "a part of the head": cut(READ, 60),
    "a part of the body": cut(READ, len(READ.message) - 5),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("lost", LOST)
def test_a_lost_answer_is_asked_for_as_often_as_the_policy_says(way: Way, call: str, lost: str) -> None:
    for attempts in (1, 3):
        policy = RetryPolicy(attempts=attempts)
        with Misbehaving(then=LOST[lost]) as server, client_over(way, server.url, retry=policy) as client:
            with pytest.raises(APIConnectionError) as caught:
                client.do(CALLS[call])
            assert (len(server.requests), caught.value.attempts) == (attempts, attempts)
    assert "not-in-the-error" not in str(caught.value)
    assert "RawResponseMessage" not in str(caught.value)
    assert "deque" not in str(caught.value)
    assert ".." not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_that_speaks_another_protocol_now_is_not_used_again(way: Way) -> None:
    switched = answer(101, headers={"Upgrade": "other", "Connection": "Upgrade"})
    with (
        Misbehaving(switched, READ) as server,
        client_over(way, server.url, retry=RetryPolicy(attempts=1)) as client,
    ):
        with pytest.raises(APIConnectionError):
            client.do(CALLS["get"])
        assert client.do(CALLS["get"]).event_id == EVENT_ID
        assert server.connections == 2
