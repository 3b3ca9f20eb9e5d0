"""What an answer is about is known from whatever JSON can be read as an event."""

from __future__ import annotations

import pytest

from honeyhive_ext.http.bounds import About, AnswerBounds, AnswerError
from honeyhive_ext.reading.envelope import enveloped

ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
ODD = {
    "plain": b"1",
    "NaN": b"NaN",
    "beyond a float": b"-1e999",
    "beyond 64 bits": b"9" * 30,
    "more digits than Python reads": b"9" * 5_000,
    "a lone surrogate": b'"\\ud800"',
    "deep": b"[" * 1_000 + b"]" * 1_000,
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_value_does_not_hide_what_an_answer_is_about(odd: str) -> None:
    bounds = AnswerBounds(60, about=About(ID, (("event", "event_id"),)))
    for named, right in ((ID, True), ("another", False)):
        content = b'{"event":{"metrics":{"x":%s},"event_id":"%s"}}' % (ODD[odd], named.encode())
        if right:
            bounds.check(200, content)
            read = enveloped(content)
            assert read is None or read.event_id == ID
            continue
        with pytest.raises(AnswerError, match=f"it is about 'another', and not about {ID}"):
            bounds.check(200, content)


@pytest.mark.parametrize("content", [b"", b"{", b'{"event":{"event_id":"another"}', b"\xff", b"[" * 5_000])
def test_what_is_not_json_is_about_nothing(content: bytes) -> None:
    AnswerBounds(60, about=About(ID, (("event", "event_id"),))).check(200, content)
