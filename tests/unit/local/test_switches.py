"""The table of switches, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import get_type_hints

from honeyhive_ext.local import Switches, SwitchOptions
from honeyhive_ext.local.routes import control
from honeyhive_ext.local.switches import TABLE

GUIDE = (Path(__file__).parents[3] / "docs" / "local-server.md").read_text("utf-8")


def test_the_keyword_arguments_are_the_switches() -> None:
    assert get_type_hints(SwitchOptions) == get_type_hints(Switches)


def test_every_switch_has_a_question_and_a_meaning_of_each_value() -> None:
    for switch in TABLE.values():
        assert switch.question.endswith("?")
        assert switch.meaning


def test_the_guide_has_the_table_and_every_control_route() -> None:
    for one in TABLE.values():
        others = ", ".join(f"`{value}`" for value in one.choices if value != one.default) or "a number"
        meaning = one.meaning[0].upper() + one.meaning[1:]
        row = f"| `{one.name}` | {one.question} | `{one.default}` | {others}. {meaning} |"
        assert row in GUIDE, row
    for route in control.ROUTES:
        assert route.path in GUIDE
