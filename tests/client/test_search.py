"""`events.search` through both clients, against the local server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from honeyhive_ext import F, HoneyHive, QueryError, ResultCountError
from honeyhive_ext.local import LocalServer
from tests.support.twins import AsyncTwin, SyncTwin

BASE = 1_767_225_600_000
TRACES = sorted(Path("../shared/data/traces").glob("*.jsonl"))


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid4()),
        "session_id": str(uuid4()),
        "event_type": "tool",
        "event_name": f"n{number}",
        "inputs": {},
        "start_time": BASE + number,
        **fields,
    }


@pytest.fixture
def quiet() -> Iterator[LocalServer]:
    """A server without a socket."""
    server = LocalServer()
    yield server
    server.close()


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest, quiet: LocalServer) -> SyncTwin:
    return SyncTwin(quiet.transport()) if request.param == "sync" else AsyncTwin(quiet.async_transport())


def names(events: list[Any]) -> list[str]:
    return [one["event_name"] if isinstance(one, Mapping) else one.event_name for one in events]


def searches(server: LocalServer) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in server.requests if one.path == "/v1/events/search"]


def test_all_pages_come_newest_first_whatever_the_page_size(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(number) for number in range(50)])
    expected = [f"n{number}" for number in range(49, -1, -1)]
    for size in (1, 2, 7, 50, 1000):
        assert names(twin.all(page_size=size)) == expected
        assert names([one for page in twin.pages(page_size=size) for one in page]) == expected


def test_a_result_that_fits_one_page_costs_one_request(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(number) for number in range(50)])
    assert len(twin.all()) == 50
    assert len(searches(quiet)) == 1


def test_nothing_is_sent_before_the_result_is_used(quiet: LocalServer) -> None:
    with HoneyHive(api_key="x", base_url="http://local", transport=quiet.transport()) as hh:
        result = hh.events.search(F.event_type == "tool", start=BASE, limit=3)
        assert "F.event_type == 'tool'" in repr(result)
        assert result.checkpoint().handed_out == 0
    assert searches(quiet) == []


def test_first_asks_for_one_event(twin: SyncTwin, quiet: LocalServer) -> None:
    assert twin.call("first") is None
    quiet.seed([event(number) for number in range(5)])
    assert twin.call("first").event_name == "n4"
    assert twin.call("first", raw=True)["event_name"] == "n4"
    assert [body["limit"] for body in searches(quiet)] == [1, 1, 1]


def test_one_takes_exactly_one(twin: SyncTwin, quiet: LocalServer) -> None:
    with pytest.raises(ResultCountError, match="none"):
        twin.call("one")
    quiet.seed([event(1), event(2)])
    assert twin.call("one", F.event_name == "n1").event_name == "n1"
    with pytest.raises(ResultCountError, match="several"):
        twin.call("one")


def test_limit_is_the_number_of_events_and_ends_the_requests(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(number) for number in range(20)])
    assert names(twin.all(limit=5, page_size=4)) == ["n19", "n18", "n17", "n16", "n15"]
    assert len(searches(quiet)) == 2
    assert twin.all(limit=0) == []
    assert len(twin.all(limit=20, page_size=20)) == 20
    assert len(searches(quiet)) == 3


@pytest.mark.parametrize(("switch", "by", "is_total"), [("total", "service", True), ("page", "walk", False)])
def test_count_says_whether_the_service_counts_all(
    twin: SyncTwin, quiet: LocalServer, switch: Any, by: str, is_total: bool
) -> None:
    server = LocalServer(count=switch)
    server.seed([event(number) for number in range(12)])
    other = AsyncTwin(server.async_transport()) if twin.name == "async" else SyncTwin(server.transport())
    counted = other.count(page_size=5, limit=3)
    assert (counted, counted.by, counted.is_total) == (12, by, is_total)
    assert other.count(F.event_name == "n1") == 1
    assert other.count(F.event_name == "none") == 0
    server.close()


def test_ranges_are_inclusive_at_both_ends(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(number) for number in range(10)])
    at = datetime.fromtimestamp(BASE / 1000, UTC)
    milli = timedelta(milliseconds=1)
    assert names(twin.all(start=BASE + 2, end=BASE + 4)) == ["n4", "n3", "n2"]
    assert names(twin.all(start=at + 2 * milli, end=at + 4 * milli)) == ["n4", "n3", "n2"]
    assert names(twin.all(start=BASE + 8)) == ["n9", "n8"]
    assert names(twin.all(end=BASE + 1)) == ["n1", "n0"]
    assert twin.all(start=timedelta(milliseconds=-1)) == []


def test_a_range_given_to_the_microsecond_is_widened_to_the_millisecond(
    twin: SyncTwin, quiet: LocalServer
) -> None:
    quiet.seed([event(1), event(2)])
    micro = timedelta(microseconds=100)
    at = datetime.fromtimestamp(BASE / 1000, UTC) + timedelta(milliseconds=1)
    assert names(twin.all(start=at + micro, end=at + 2 * micro)) == ["n2", "n1"]


def test_an_open_search_finds_the_future_and_the_distant_past(twin: SyncTwin, quiet: LocalServer) -> None:
    far = [event(0), event(1, start_time=7_000_000_000_000), event(2, start_time=5), event(3, start_time=-5)]
    quiet.seed(far)
    assert sorted(names(twin.all())) == ["n0", "n1", "n2", "n3"]


def test_events_without_a_start_time_are_found_by_an_open_search(twin: SyncTwin) -> None:
    server = LocalServer(validation="lenient")
    server.seed([event(number) for number in range(7)])
    server.seed([{key: value for key, value in event(8).items() if key != "start_time"}])
    other = AsyncTwin(server.async_transport()) if twin.name == "async" else SyncTwin(server.transport())
    for size in (3, 1000):
        assert "n8" in names(other.all(page_size=size))
    server.close()


def test_evaluation_id_goes_along(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(1, metadata={"run_id": "r1"}), event(2)])
    assert names(twin.all(evaluation_id="r1")) == ["n1"]


def test_filters_of_every_form_select(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed(
        [
            event(1, metadata={"cost": 0.5, "gen_ai.usage.input_tokens": 7}),
            event(2, metadata={"cost": 0.1, "flag": True}),
            event(3, event_type="model", error="boom"),
        ]
    )
    assert names(twin.all(F("metadata.cost") > 0.2)) == ["n1"]
    assert names(twin.all(F("metadata", "gen_ai.usage.input_tokens") == 7)) == ["n1"]
    assert names(twin.all(F("metadata.flag") == True)) == ["n2"]  # noqa: E712
    assert names(twin.all(F.error != None)) == ["n3"]  # noqa: E711
    assert names(twin.all(F.error == None, F("metadata.cost").exists())) == ["n2", "n1"]  # noqa: E711
    assert names(twin.all((F.event_type == "tool") & (F("metadata.cost") < 0.2))) == ["n2"]
    assert names(twin.all(F.error.contains("oo"))) == ["n3"]
    assert names(twin.all({"field": "event_type", "operator": "is", "value": "model"})) == ["n3"]
    timestamp = datetime.fromtimestamp((BASE + 1) / 1000, UTC)
    assert names(twin.all(F.start_time > timestamp)) == ["n3", "n2"]
    assert names(twin.all(F.start_time.before(BASE + 2))) == ["n1"]
    assert names(twin.all(F.start_time == BASE + 2)) == ["n2"]


@pytest.mark.parametrize("ties", ["newest", "shuffled"])
@pytest.mark.parametrize("missing", ["matches", "exclude"])
@pytest.mark.parametrize("most", [0, 12])
def test_ties_larger_than_a_page_come_exactly_once(ties: Any, missing: Any, most: int) -> None:
    server = LocalServer(ties=ties, missing=missing, max_filters=most)
    sent = [event(number, start_time=BASE + (number > 5)) for number in range(60)]
    server.seed(sent)
    got = SyncTwin(server.transport()).all(page_size=5, raw=True)
    server.close()
    assert sorted(one["event_id"] for one in got) == sorted(one["event_id"] for one in sent)


def test_a_search_resumes_after_any_event(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(number, start_time=BASE + number // 3) for number in range(20)])
    whole = twin.all(raw=True, page_size=4)
    for number in range(len(whole) + 1):
        had, checkpoint = twin.some(number, page_size=4)
        rest = twin.all(raw=True, page_size=4, resume=checkpoint.to_json())
        assert sorted(names(had + rest)) == sorted(names(whole)), f"after {number} events"
        assert len(had) == number == checkpoint.handed_out


def test_a_resumed_search_keeps_its_limit_and_its_range(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(number) for number in range(20)])
    had, checkpoint = twin.some(4, page_size=3, limit=10, end=BASE + 15)
    rest = twin.all(raw=True, page_size=3, limit=10, resume=checkpoint)
    assert names(had + rest) == [f"n{number}" for number in range(15, 5, -1)]
    assert twin.all(page_size=3, limit=4, resume=checkpoint) == []


def test_a_checkpoint_of_another_search_is_refused(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(1), event(2)])
    _, checkpoint = twin.some(1, F.event_type == "tool", start=BASE)
    with pytest.raises(QueryError, match="other filters"):
        twin.all(F.event_type == "model", resume=checkpoint)
    with pytest.raises(QueryError, match="leave start and end out"):
        twin.all(F.event_type == "tool", start=BASE + 1, resume=checkpoint)
    for damaged in ("", "{}", "[]", '{"version":1}', checkpoint.to_json().replace('"lo"', '"low"')):
        with pytest.raises(QueryError, match="checkpoint"):
            twin.all(F.event_type == "tool", resume=damaged)


def test_each_iteration_searches_again(hh: HoneyHive, server: LocalServer) -> None:
    result = hh.events.search()
    assert result.to_list() == []
    server.seed([event(1)])
    assert names(result.to_list()) == names(result.to_list()) == ["n1"]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_real_traces_come_back_as_they_were_sent(hh: HoneyHive, path: Path) -> None:
    sent = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    hh.events.create_batch(sent)
    got = {one["event_id"]: one for one in hh.events.search(page_size=3).raw()}
    assert len(got) == len(sent)
    for one in sent:
        stored = got[one["event_id"]]
        assert {key: stored[key] for key in one} == one


@pytest.mark.skipif(not TRACES, reason="needs ../shared/data/traces")
def test_paths_of_real_traces_with_dots_in_their_keys_can_be_searched(
    hh: HoneyHive, server: LocalServer
) -> None:
    sent = [json.loads(line) for path in TRACES for line in path.read_text(encoding="utf-8").splitlines()]
    server.seed(sent)
    dotted = [
        (one["event_id"], key, value)
        for one in sent
        for key, value in (one.get("metadata") or {}).items()
        if "." in key and isinstance(value, str | int | float)
    ]
    for event_id, key, value in dotted[:20]:
        found = hh.events.search(F("metadata", key) == value).raw()
        assert event_id in {one["event_id"] for one in found}
    assert all(
        hh.events.search(F.event_id == one["event_id"]).one().event_id == one["event_id"] for one in sent[:5]
    )


@pytest.mark.parametrize("number", [0, 3, 40, 500])
def test_several_requests_at_the_same_time_give_the_same_in_the_same_order(
    twin: SyncTwin, quiet: LocalServer, number: int
) -> None:
    quiet.seed([event(n, start_time=BASE + 37 * (n // 2)) for n in range(number)])
    expected = twin.all(raw=True, page_size=10)
    assert twin.all(raw=True, page_size=10, parallel=4) == expected
    assert twin.all(raw=True, page_size=10, parallel=4, limit=number // 2) == expected[: number // 2]
    assert twin.count(page_size=10, parallel=4) == number


def test_a_parallel_search_resumes_after_any_event(twin: SyncTwin, quiet: LocalServer) -> None:
    quiet.seed([event(n, start_time=BASE + 37 * (n // 2)) for n in range(150)])
    whole = twin.all(raw=True)
    for number in range(0, 151, 13):
        had, checkpoint = twin.some(number, page_size=10, parallel=4)
        assert had == whole[:number]
        rest = twin.all(raw=True, page_size=10, parallel=4, resume=checkpoint.to_json())
        assert had + rest == whole, f"after {number} events"
        assert len(had + twin.all(page_size=10, resume=checkpoint)) == 150


@pytest.mark.parametrize("step", [0, 3])  # of the events: a crowd, or one after the other
def test_a_parallel_search_has_nothing_from_before_its_start(
    twin: SyncTwin, quiet: LocalServer, step: int
) -> None:
    quiet.seed([event(number, start_time=BASE + step * number) for number in range(60)])
    quiet.seed([event(100, start_time=BASE - 0.5), event(101, start_time=BASE - 1)])
    assert len(twin.all(start=BASE, page_size=5, parallel=4)) == 60


def test_a_tie_larger_than_a_page_comes_exactly_once_in_a_parallel_search(
    twin: SyncTwin, quiet: LocalServer
) -> None:
    times = [BASE + 37 * n for n in range(60)] + [BASE + 999] * 35 + [BASE + 1500] * 35
    sent = [event(n, start_time=time) for n, time in enumerate(times)]
    quiet.seed(sent)
    got = twin.all(raw=True, page_size=10, parallel=4)
    assert sorted(one["event_id"] for one in got) == sorted(one["event_id"] for one in sent)


@pytest.mark.parametrize("parallel", [0, 65, True, 2.0])
def test_parallel_is_a_number_of_requests(twin: SyncTwin, parallel: Any) -> None:
    with pytest.raises(QueryError, match="parallel"):
        twin.all(parallel=parallel)
