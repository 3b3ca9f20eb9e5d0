"""A range read in slices of time, as the tasks of an engine do it, against a local server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from honeyhive_ext import AuthenticationError, ConfigError
from honeyhive_ext.engines.slice_tasks import RequestPace, own_client, planned, slice_batches
from honeyhive_ext.engines.spark_options import read_options
from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.times import now_ms

BEGIN = 1_767_225_600_000
SEARCH = "/v1/events/search"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_API_KEY", "hh_slices")


def event(number: int, time: float | None) -> dict[str, Any]:
    made = {
        "event_id": f"00000000-0000-4000-8000-{number:012d}",
        "event_type": "tool",
        "inputs": {"n": number},
    }
    return made if time is None else {**made, "start_time": time}


def read(server: LocalServer, before: Any = None, **options: str) -> tuple[list[pyarrow.Table], Counter[int]]:
    """Read all slices, and return the rows of each and how often each event came."""
    asked = read_options({"url": server.url, "columns": "event_id, start_time", **options}, now_ms())
    now = now_ms()
    query = asked.query(now)
    tables = []
    for part in planned(asked, query, now, usual=4):
        if before is not None:
            before()
        batches = [*slice_batches(asked, query, part, tasks=1)]
        tables += [pyarrow.Table.from_batches(batches)] if batches else []
    ids = [int(text[-12:]) for table in tables for text in table["event_id"].to_pylist()]
    return tables, Counter(ids)


def once(numbers: Any) -> Counter[int]:
    return Counter(dict.fromkeys(numbers, 1))


def test_each_event_comes_once_with_and_without_a_time_at_borders_and_in_crowds(server: LocalServer) -> None:
    times: list[float | None] = [BEGIN + number // 3 for number in range(300)]  # three in each millisecond
    times += [BEGIN + 50 + number / 7 for number in range(100)]  # between the milliseconds
    times += [BEGIN + 60] * 120 + [None] * 30 + [BEGIN - 86_400_000 * number for number in range(50)]
    server.configure(validation="lenient")
    server.seed(event(number, time) for number, time in enumerate(times))
    tables, found = read(server, numPartitions="5", pageSize="20")
    assert found == once(range(600))
    assert len(tables) == 5
    assert min(len(table) for table in tables) > 40


def test_events_that_arrive_while_slices_are_read_change_nothing_for_the_others(server: LocalServer) -> None:
    server.seed(event(number, BEGIN + 7 * number) for number in range(400))
    arriving: Iterator[int] = iter(range(1000, 2000))

    def arrive() -> None:
        server.seed(
            event(number, BEGIN + 3 * (number - 1000)) for number in [next(arriving) for _ in range(40)]
        )

    tables, found = read(server, arrive, numPartitions="4", pageSize="30")
    assert {number: found[number] for number in range(400)} == dict(once(range(400)))
    assert max(found.values()) == 1
    assert len(tables) == 4


def test_a_service_that_rounds_times_and_counts_pages_is_read_exactly(server: LocalServer) -> None:
    server.configure(count="page", timestamps="rounded", ties="shuffled")
    server.seed(event(number, BEGIN + number / 3) for number in range(500))
    tables, found = read(server, numPartitions="3", pageSize="40")
    assert found == once(range(500))
    assert len(tables) == 3


def test_a_range_and_filters_hold_in_every_slice(server: LocalServer) -> None:
    server.seed(event(number, BEGIN + number) for number in range(200))
    _, found = read(
        server,
        start=str(BEGIN + 50),
        end=str(BEGIN + 149),
        filters="inputs.n > 99",
        numPartitions="3",
        pageSize="10",
    )
    assert found == once(range(100, 150))


def test_columns_are_those_that_were_asked_for_with_their_types(server: LocalServer) -> None:
    server.seed([{**event(1, BEGIN), "metadata": {"cost": 1}}, event(2, BEGIN + 1)])
    (table,), _ = read(server, columns="event_id, metadata.cost:number, inputs")
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("event_id", "string"),
        ("metadata.cost", "double"),
        ("inputs", "string"),
    ]
    assert table["metadata.cost"].to_pylist() == [None, 1.0]


def test_a_plan_costs_a_few_requests(server: LocalServer) -> None:
    server.seed(event(number, BEGIN + number) for number in range(3000))
    asked = read_options({"url": server.url, "start": str(BEGIN), "numPartitions": "4"}, now_ms())
    assert len(planned(asked, asked.query(now_ms()), now_ms(), usual=4)) == 4
    assert len([one for one in server.requests if one.path == SEARCH]) == 5


def test_a_service_that_refuses_far_pages_is_still_read(server: LocalServer) -> None:
    server.seed(event(number, BEGIN + number) for number in range(300))
    server.faults.add("status", path=SEARCH, status=400, nth=4)
    tables, found = read(server, numPartitions="4", pageSize="20", start=str(BEGIN))
    assert found == once(range(300))
    assert len(tables) == 3


def test_a_service_that_fails_is_an_error(server: LocalServer) -> None:
    server.faults.add("status", path=SEARCH, status=401)
    with pytest.raises(AuthenticationError):
        read(server)


def test_without_a_key_the_error_says_where_to_put_it(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HH_API_KEY")
    with pytest.raises(ConfigError, match=r"HH_API_KEY.*apiKeyFile"):
        read(server)
    assert not len([one for one in server.requests if one.path == SEARCH])


def test_the_key_of_the_file_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HH_API_KEY")
    (tmp_path / "key").write_text("hh_of_the_file\n")
    with LocalServer(api_key="hh_of_the_file") as server:
        server.seed([event(1, BEGIN)])
        assert read(server, apiKeyFile=str(tmp_path / "key"))[1] == once([1])


def test_requests_begin_at_even_distances_however_many_threads_ask() -> None:
    times = iter([10.0, 10.0, 10.1, 99.0])
    waits: list[float] = []
    pace = RequestPace(4, clock=lambda: next(times), wait=waits.append)
    for _ in range(4):
        pace(None)
    assert waits == pytest.approx([0.25, 0.4])


def test_tasks_share_the_rate(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    monkeypatch.setattr("honeyhive_ext.engines.slice_tasks.RequestPace", rates.append)
    asked = read_options({"requestsPerSecond": "20", "url": server.url}, now_ms())
    with own_client(asked, 8), own_client(asked, 1):
        assert rates == [2.5, 20]
