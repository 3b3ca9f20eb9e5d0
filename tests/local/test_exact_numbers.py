"""Every number compares exactly, wherever it is stored and however it is written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from tests.support import oracle
from tests.support.local_api import post

INTEGERS = [
    sign * (2**power + more) for sign in (1, -1) for power in (53, 63, 64) for more in (-1, 0, 1, 2049)
]
NUMBERS: list[Any] = sorted({*INTEGERS, *range(-1, 2)}, key=abs)
NUMBERS += [float(number) for number in NUMBERS]
NUMBERS += [
    0.1,
    0.30000000000000004,
    0.3,
    -0.5,
    5e-324,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    1e22,
    # beyond every double
    2**1024,
    2**1024 + 1,
    -(2**1024),
    10**4000,
]
FIELDS = ["duration", "metadata.n", "metadata.list", "metadata.nested.k", "start_time"]
OPERATORS = ["is", "is not", "greater than", "less than"]


def events() -> Iterator[dict[str, Any]]:
    for number in NUMBERS:
        metadata = {"n": number, "list": [number, "x"], "nested": [{"k": number}]}
        yield {
            "event_type": "tool",
            "inputs": {},
            "duration": number,
            "start_time": number,
            "metadata": metadata,
        }


@pytest.mark.parametrize("index", [(), tuple(FIELDS)], ids=["no index", "indexed"])
@pytest.mark.parametrize("field", FIELDS)
def test_numbers_compare_exactly(field: str, index: tuple[str, ...]) -> None:
    with LocalServer(index=index) as server:
        post(server, "/v1/events/batch", {"events": list(events())})
        stored = server.events()
        times = ["after", "before"] if field in ("start_time", "duration") else []
        for wanted, operator in itertools.product(NUMBERS, [*OPERATORS, *times]):
            one = {"field": field, "operator": operator, "value": wanted}
            found = post(server, "/v1/events/search", {"filters": [one]})["events"]
            right = oracle.matches(stored, [one])
            assert {event["event_id"] for event in found} == set(right), one
            assert len(found) == len(right)
