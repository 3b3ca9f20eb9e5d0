"""The number of matches: right after every change, and not counted again for each page of a walk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
from tests.support import oracle
from tests.support.local_api import core, post
from tests.support.scale import scaled

FILTERS: list[list[dict[str, Any]]] = [
    [],
    [{"field": "metadata.k", "operator": "is", "value": 1}],
    [{"field": "metadata.k", "operator": "is not", "value": 1}],
    [{"field": "event_name", "operator": "contains", "value": "a"}],
]


def within(first: int, last: int) -> dict[str, str]:
    """A date range of Unix milliseconds."""
    return {
        "start_time": f"1970-01-01T00:00:{first / 1000:06.3f}Z",
        "end_time": f"1970-01-01T00:00:{last / 1000:06.3f}Z",
    }


times = st.integers(0, 6)
writes = st.tuples(st.just("create"), st.sampled_from(["one", "other"]), times, st.integers(0, 2))
updates = st.tuples(
    st.just("update"), st.sampled_from(["one", "other"]), st.integers(0, 9), st.integers(0, 2)
)
searches = st.tuples(
    st.just("search"), st.sampled_from(FILTERS), st.none() | st.tuples(times, times), st.integers(1, 3)
)


@given(steps=st.lists(writes | updates | searches | searches, max_size=30))
@settings(max_examples=scaled(600), deadline=None, suppress_health_check=list(HealthCheck))
def test_the_count_is_that_of_the_events_there_are_whoever_has_written_them(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    file = tmp_path_factory.mktemp("counts") / "events.db"
    servers = {"one": LocalServer(file), "other": LocalServer(file)}
    ids: list[str] = []
    try:
        for step in steps:
            if step[0] == "create":
                event = {"event_type": "tool", "inputs": {}, "event_name": "abc"[step[3]]}
                body = {**event, "start_time": step[2], "metadata": {"k": step[3]}}
                ids.append(post(servers[step[1]], "/v1/events", body)["event_id"])
            elif step[0] == "update" and ids:
                path = f"/v1/events/{ids[step[2] % len(ids)]}"
                post(servers[step[1]], path, {"metadata": {"k": step[3]}}, method="PUT")
            elif step[0] == "search":
                asked, between, limit = step[1:]
                events = [
                    one
                    for one in servers["one"].events()
                    if between is None or between[0] <= one["start_time"] <= between[1]
                ]
                right = len(oracle.matches(events, asked))
                body = {"filters": asked, "limit": limit}
                if between is not None:
                    body["dateRange"] = within(*between)
                for page in (1, 2, right + 2):
                    assert post(servers["one"], "/v1/events/search", {**body, "page": page})["count"] == right
    finally:
        for server in servers.values():
            server.close()


def test_a_walk_of_twice_as_many_events_takes_twice_the_work() -> None:
    taken: list[int] = []
    for events in (2_000, 4_000):
        with core() as app:
            for at in range(0, events, 500):
                batch = [{"event_type": "tool", "inputs": {}, "start_time": at + n} for n in range(500)]
                post(app, "/v1/events/batch", {"events": batch})
            work: list[int] = []
            app.state.store._writer.set_progress_handler(lambda work=work: work.append(1), 1)
            for last in range(events - 1, 0, -20):
                answer = post(app, "/v1/events/search", {"dateRange": within(0, last), "limit": 21})
                assert answer["count"] == last + 1
            app.state.store._writer.set_progress_handler(None, 1)
            taken.append(len(work))
    assert taken[1] < 2.2 * taken[0]


def test_a_client_that_walks_is_told_the_number_of_matches_on_every_page(tmp_path: Path) -> None:
    with LocalServer(tmp_path / "events.db") as server, HoneyHive("hh_any", base_url=server.url) as hh:
        server.seed({"event_type": "tool", "inputs": {}, "start_time": n // 3} for n in range(100))
        assert sum(1 for _ in hh.events.search(page_size=10).raw()) == 100
