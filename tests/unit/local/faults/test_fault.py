"""Faults as they are written down, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from attrs import fields

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import Fault
from honeyhive_ext.local.faults.fault import KINDS, FaultOptions, fault_from

GUIDE = Path(__file__).parents[4] / "docs" / "local-server.md"


def test_the_options_are_the_fields_of_a_fault() -> None:
    hints = get_type_hints(FaultOptions)
    assert set(hints) == {one.name for one in fields(Fault)} - {"kind"}


def test_the_guide_has_every_kind_and_its_options() -> None:
    guide = GUIDE.read_text("utf-8")
    for kind, (own, commits) in KINDS.items():
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{kind}` |"))
        assert all(f"`{name}`" in row for name in own - {"retry_after"})
        assert row.endswith("| no |") is not commits


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "explode"}, "there is no fault 'explode'; there are status, html"),
        ("latncy", "there is no fault 'latncy'; did you mean latency?"),
        ({"status": 500}, "a fault needs a kind"),
        ({"kind": "status", "zzz": 1}, "a fault has no option zzz"),
        ({"kind": "reset", "status": 500}, "a fault of kind reset has no option status"),
        ({"kind": "truncate", "commit": False}, "always carries the request out: omit commit"),
        ({"kind": "status", "status": 99}, "status is 99: give a whole number, 200 to 999"),
        ({"kind": "status", "status": "500"}, "status is '500': give a whole number, 200 to 999"),
        ({"kind": "status", "nth": 0}, "nth is 0: give a whole number, 1 or more"),
        ({"kind": "status", "times": True}, "times is True: give a whole number, 1 or more"),
        ({"kind": "status", "probability": 2}, "probability is 2: give a number from 0 to 1"),
        ({"kind": "latency", "delay": [2, 1]}, "delay is 1: give seconds of 2 or more"),
        ({"kind": "hang", "seconds": -1}, "seconds is -1: give seconds of 0 or more"),
        (7, "a fault is a JSON object with a kind, or the name of a kind"),
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused_with_what_to_write(given: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fault_from(given)
    assert message in str(caught.value)
