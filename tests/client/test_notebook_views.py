"""What a notebook shows of a search: what was fetched, without a request for it."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing

import pytest

from honeyhive_ext import AsyncHoneyHive, F, HoneyHive
from honeyhive_ext.local import LocalServer
from honeyhive_ext.search.cursor import PREVIEWED
from tests.client.test_export_jsonl import settle
from tests.support.inert import inert

KEY = "hh_test_key"
BEGAN = 1_767_225_600_000


@pytest.fixture
def stored(server: LocalServer) -> LocalServer:
    events = [
        {
            "event_type": "tool",
            "event_name": f"step {n}",
            "inputs": {},
            "start_time": BEGAN + n,
            "duration": 5,
        }
        for n in range(30)
    ]
    server.seed(events)
    return server


def shown(result: object) -> str:
    return str(result._repr_html_())  # type: ignore[attr-defined]


def searches(server: LocalServer) -> int:
    return len([one for one in server.requests if one.path == "/v1/events/search"])


def test_a_search_that_was_not_begun_says_so_and_sends_nothing(hh: HoneyHive, stored: LocalServer) -> None:
    result = hh.events.search(F.event_name == "<b>", limit=7)
    read = inert(shown(result))
    assert "nothing yet" in read.text
    assert "<b>" in read.text
    assert "limit=7" in read.text
    assert searches(stored) == 0


@pytest.mark.parametrize("page_size", [4, 100])
def test_the_first_rows_and_their_number_are_shown_after_an_iteration(
    hh: HoneyHive, stored: LocalServer, page_size: int
) -> None:
    result = hh.events.search(page_size=page_size)
    assert len(result.to_list()) == 30
    sent = searches(stored)
    read = inert(shown(result))
    names = re.findall(r"tool step (\d+)5 ms", read.text)
    assert names[0] == "29"
    assert len(names) == min(PREVIEWED, page_size)
    assert "30, which is all" in read.text
    assert f"{30 - len(names)} more" in read.text
    assert "2026-01-01 00:00:00.029 UTC" in read.text
    assert searches(stored) == sent


def test_an_iteration_that_stopped_early_says_how_far_it_came(hh: HoneyHive, stored: LocalServer) -> None:
    result = hh.events.search(page_size=10)
    with closing(iter(result)) as events:
        for _ in range(12):
            next(events)
    settle()
    assert "12 so far" in inert(shown(result)).text


def test_a_number_that_was_counted_is_shown(hh: HoneyHive, stored: LocalServer) -> None:
    result = hh.events.search()
    result.count()
    assert "matches30" in inert(shown(result)).text


def test_a_search_without_matches_says_zero(hh: HoneyHive, stored: LocalServer) -> None:
    result = hh.events.search(F.event_name == "absent")
    result.to_list()
    assert "0, which is all" in inert(shown(result)).text


def test_the_async_result_shows_the_same(stored: LocalServer) -> None:
    async def main() -> str:
        async with AsyncHoneyHive(api_key=KEY, base_url=stored.url) as hh:
            result = hh.events.search(page_size=10)
            before = shown(result)
            await result.to_list()
            await result.count()
            return before + shown(result)

    text = inert(asyncio.run(main())).text
    assert "nothing yet" in text
    assert "30, which is all" in text
    assert "matches30" in text


def test_windows_side_by_side_show_the_first_rows_too(hh: HoneyHive, stored: LocalServer) -> None:
    result = hh.events.search(page_size=5, parallel=3)
    assert len(result.to_list()) == 30
    text = inert(shown(result)).text
    assert "step 29" in text
    assert "30, which is all" in text
