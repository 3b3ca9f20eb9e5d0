"""The request log stays within its bounds, whatever fills it, and forgets the oldest requests first."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from honeyhive_ext.local import log
from honeyhive_ext.local.log import RequestLog
from honeyhive_ext.local.message import Failure, Request, Response


def add(requests: RequestLog, number: int, **options: Any) -> None:
    violations = options.pop("violations", [])
    request = Request("POST", **{"path": "/v1/events", **options})
    requests.add(request, Response(200), time=number, milliseconds=0.5, key="", violations=violations)


FILLS = {
    "bodies": lambda number: {"body": b"%06d" % number + b"x" * 20_000},
    "paths": lambda number: {"path": f"/v1/events/{number}" + "x" * 20_000},
    "wide paths": lambda number: {"path": f"/v1/events/{number}\U0001f600" + "x" * 5_000},
    "queries": lambda number: {"query": f"a={number}" + "x" * 20_000},
    "header values": lambda number: {"headers": {f"x{one}": f"{number}" + "x" * 2_000 for one in range(10)}},
    "header names": lambda number: {"headers": {f"x{one}-{number}" + "x" * 2_000: "y" for one in range(10)}},
    "many headers": lambda number: {"headers": {f"x{one}-{number}": f"{number}" for one in range(100)}},
    "violations": lambda number: {
        "violations": [Failure(f"events[{one}].{number}", f"{number} " + "x" * 200) for one in range(50)]
    },
    "nothing": lambda number: {},
}


@pytest.mark.parametrize("fill", FILLS)
def test_the_log_takes_no_more_memory_than_its_bound(monkeypatch: pytest.MonkeyPatch, fill: str) -> None:
    monkeypatch.setattr(log, "BYTES", 1_000_000)
    requests = RequestLog()
    tracemalloc.start()
    try:
        for number in range(1_500):
            add(requests, number, **FILLS[fill](number))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 1_200_000
    assert 10 < len(requests) <= 1_500
    assert requests[-1].number == 1_500
    assert [one.number for one in requests] == list(range(1_501 - len(requests), 1_501))


def test_the_last_request_stays_even_if_it_is_larger_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "BYTES", 1000)
    requests = RequestLog()
    for number in range(3):
        add(requests, number, body=b"x" * 5000)
    assert [one.number for one in requests] == [3]
    requests.clear()
    assert list(requests) == []
    add(requests, 0)
    assert [one.number for one in requests] == [1]


def test_a_cleared_log_takes_as_much_as_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "BYTES", 100_000)
    requests = RequestLog()
    add(requests, 0, body=b"x" * 90_000)
    requests.clear()
    for number in range(2):
        add(requests, number, body=b"x" * 40_000)
    assert len(requests) == 2


def test_at_most_ten_thousand_requests_are_kept() -> None:
    requests = RequestLog()
    for number in range(10_050):
        add(requests, number)
    assert (len(requests), requests[0].number) == (10_000, 51)
