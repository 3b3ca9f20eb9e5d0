"""Tests of the agent with the fixture `honeyhive_local`: what it records, and what it does in trouble."""

from __future__ import annotations

import pytest
from support_agent import answer, rate

from honeyhive_ext import HoneyHive, NotFoundError
from honeyhive_ext.local import LocalServer


def test_a_question_is_a_session_with_a_search(honeyhive_local: LocalServer) -> None:
    assert answer("What is a trace?").text == "A trace is all events of one session."
    search, session = honeyhive_local.events()
    assert (search["event_name"], search["parent_id"]) == ("search", session["event_id"])
    assert (session["event_type"], session["inputs"]) == ("session", {"question": "What is a trace?"})


def test_an_empty_question_is_recorded_with_its_error(honeyhive_local: LocalServer) -> None:
    with pytest.raises(ValueError, match="ask something"):
        answer(" ")
    assert {event["error"] for event in honeyhive_local.events()} == {"ValueError: ask something"}


def test_an_answer_does_not_need_the_service(honeyhive_local: LocalServer) -> None:
    honeyhive_local.stop()
    assert answer("What is a span?").text == "A span is one step."


def test_a_rating_survives_a_busy_service(honeyhive_local: LocalServer) -> None:
    given = answer("What is a span?")
    assert len(honeyhive_local.events()) == 2  # what waited is sent now
    honeyhive_local.faults.add("status", status=503, times=1)
    rate(given, 5)
    with HoneyHive() as hh:
        assert hh.events.get(given.event_id).feedback == {"rating": 5}


@pytest.mark.honeyhive(visibility_delay=60_000)
def test_a_rating_that_comes_too_early_is_an_error(honeyhive_local: LocalServer) -> None:
    given = answer("What is a span?")
    with pytest.raises(NotFoundError):
        rate(given, 5)
