"""Every status with every form of Retry-After, in both clients, as docs/failures.md says.

The expected outcome is read from the guide's own tables, so that the guide cannot be wrong.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import errors
from honeyhive_ext.config.retry_policy import RetryPolicy
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.misbehaving import Misbehaving, answer
from tests.support.scale import scaled, seed

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "failures.md"
STATUSES = range(300, 600)
NOW = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
LONG_AGO = "Thu, 01 Jan 1970 00:00:"
# The guide's first column -> the headers it speaks of.
FORMS: dict[str, dict[str, str]] = {
    "absent": {},
    "`Retry-After: 2`": {"Retry-After": "2"},
    "`Retry-After: 1.5`": {"Retry-After": "1.5"},
    "a date 30 s after the answer's `Date`": {
        "Retry-After": LONG_AGO + "40 GMT",
        "Date": LONG_AGO + "10 GMT",
    },
    "a date 30 s from now, and no `Date`": {"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"},
    "a date in the past": {"Retry-After": "Tue, 14 Nov 2023 22:13:10 GMT"},
    "`Retry-After: 0`": {"Retry-After": "0"},
    "`Retry-After: NaN`, or anything else": {"Retry-After": "NaN"},
}
EVENT_ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"
SUCCESS = answer(200, f'{{"success": true, "event_id": "{EVENT_ID}"}}')


@dataclass(frozen=True)
class Row:
    """One row of the guide's table of statuses."""

    again: bool
    error: str | None


def table(heading: str) -> list[list[str]]:
    section = GUIDE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def expected() -> dict[int, Row]:
    """What the guide says about creating an event, by status."""
    named: dict[int, Row] = {}
    others: dict[str, Row] = {}
    for statuses, happens, error in table("Statuses"):
        if "same origin" in statuses or "otherwise" in statuses:
            continue  # the matrix creates events, and its redirects lead nowhere
        row = Row(happens.startswith("tried again"), None if error == "none" else error.strip("`"))
        if other := re.match(r"other (\d)xx", statuses):
            others[other[1]] = row
            continue
        for first, last in re.findall(r"(\d{3})(?: to (\d{3}))?", statuses):
            named.update(dict.fromkeys(range(int(first), int(last or first) + 1), row))
    return {status: named.get(status) or others[str(status)[0]] for status in STATUSES}


def asked() -> dict[str, float | None]:
    """What the guide says each form of Retry-After asks for."""
    rows = {form: text for form, text in table("Retry-After")}  # noqa: C416 - checks that rows have two cells
    return {
        form: None if text == "nothing" else float(text.removesuffix(" s")) for form, text in rows.items()
    }


EXPECTED = expected()
ASKED = asked()


def cases() -> Iterator[tuple[int, str]]:
    """Return all cases in `nox -s faults`, else each row's first status in every form, and a sample."""
    whole = [(status, form) for status in STATUSES for form in FORMS]
    if float(os.environ.get("HONEYHIVE_TEST_SCALE", "0.05")) >= 1:
        return iter(whole)
    firsts = {row: status for status, row in reversed(EXPECTED.items())}
    chosen = {(status, form) for status in (*firsts.values(), 499, 520) for form in FORMS}
    return iter(sorted(chosen | set(random.Random(seed()).sample(whole, scaled(len(whole))))))


def test_the_guide_s_tables_cover_every_status_and_every_form() -> None:
    assert sorted(EXPECTED) == list(STATUSES)
    assert list(ASKED) == list(FORMS)
    assert all(row.error is None or hasattr(errors, row.error) for row in EXPECTED.values())
    assert {status for status, row in EXPECTED.items() if row.again} >= {
        408,
        429,
        500,
        502,
        503,
        504,
        520,
        599,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_status_and_retry_after_is_handled_as_the_guide_says(kind: Kind) -> None:
    policy = RetryPolicy(attempts=2, budget=10**6)
    requests = 0
    times = {"wall": lambda: float(NOW), "uniform": lambda low, high: high}
    with Misbehaving() as server, EitherClient(kind, server.url, retry=policy, **times) as client:
        for status, form in cases():
            requests += check(server, client, status, form)
        assert len(server.requests) == requests
        assert server.connections == 1, "an answer with an error status ended the connection"


def check(server: Misbehaving, client: EitherClient, status: int, form: str) -> int:
    """Compare one case with the guide, and return how many requests it should need."""
    row, where = EXPECTED[status], f"{client.kind} {status} {form}"
    bad = answer(status, b'{"message": "told"}' if status != 304 else b"", FORMS[form])
    client.waits.clear()
    if row.again:
        server.push(bad, SUCCESS)
        assert create(client).event_id == EVENT_ID, where
        assert client.waits == [pytest.approx(floor(ASKED[form]))], where
        first, second = server.requests[-2:]
        assert (first.body, first.headers) == (second.body, second.headers), where
        server.push(bad)
    server.push(bad)
    if row.error is None:
        assert create(client).success is True, where
        return 1
    with pytest.raises(errors.APIStatusError) as caught:
        create(client)
    assert type(caught.value).__name__ == row.error, where
    assert (caught.value.status, caught.value.attempts) == (status, 2 if row.again else 1), where
    assert caught.value.retry_after == (None if ASKED[form] is None else pytest.approx(ASKED[form])), where
    assert caught.value.message == ("" if status == 304 else "told"), where
    return 4 if row.again else 1


def create(client: EitherClient) -> Any:
    return client.do(lambda hh: hh.events.create("tool", event_id=EVENT_ID, start_time=1))


def floor(seconds: float | None) -> float:
    """The first wait with the longest jitter, as the guide says under "How long it takes"."""
    return 0.5 if seconds is None else max(0.5, seconds + 0.1 * seconds + 0.25)
