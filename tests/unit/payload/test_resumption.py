"""The second request of a session that is resumed: its end is the latest that anything names."""

from __future__ import annotations

import orjson
import pytest

from honeyhive_ext.payload.resumption import next_request

CONTENT = orjson.dumps({"event_id": "a", "update": {"end_time": 9_000}, "session": {}})


@pytest.mark.parametrize(
    ("answer", "end", "duration"),
    [
        (b'{"start_time":2000,"end_time":5000}', 9_000, 7_000),
        (b'{"start_time":2000,"end_time":9500.5}', 9_500.5, 7_500.5),
        (b'{"start_time":2000,"end_time":5000,"metrics":{"x":NaN},"event_name":"\\ud83d"}', 9_000, 7_000),
        (b'{"start_time":2000,"end_time":NaN}', 9_000, 7_000),
        (b'{"start_time":2000,"end_time":1e300}', 9_000, 7_000),
        (b'{"start_time":2000,"end_time":1e999}', 9_000, 7_000),
        (b'{"start_time":2000,"end_time":%s}' % (b"9" * 5_000), 9_000, 7_000),
        (b'{"start_time":true,"end_time":"5000"}', 9_000, None),
        (b"[]", 9_000, None),
        (b"", 9_000, None),
        (b"<html>", 9_000, None),
    ],
)
def test_what_a_session_has_counts_if_it_is_a_time(answer: bytes, end: float, duration: float | None) -> None:
    event_id, update = next_request(CONTENT, answer)
    sent = orjson.loads(update)
    assert (event_id, sent["end_time"], sent.get("duration")) == ("a", end, duration)
