"""docs/background.md: its tables have every option with its default, and every counter and reason."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import attrs
import pytest

from honeyhive_ext import Background, BackgroundStats
from honeyhive_ext.background.background_options import Overflow

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "background.md").read_text(encoding="utf-8")
TABLE = PAGE.split("| option | default |")[1].split("\n\n")[0]
OPTIONS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", TABLE, re.M))
FIELDS = {field.name: field.default for field in attrs.fields(Background)}


@pytest.mark.parametrize("name", FIELDS)
def test_every_option_is_in_the_table_with_its_default(name: str) -> None:
    assert ast.literal_eval(OPTIONS[name].replace(",", "")) == FIELDS[name]


def test_the_table_has_no_other_option() -> None:
    assert list(OPTIONS) == list(FIELDS)


def test_every_counter_reason_and_overflow_is_there() -> None:
    for name in (field.name for field in attrs.fields(BackgroundStats)):
        assert f"`{name}`" in PAGE
    for reason in re.findall(r'"(\w+)"', BackgroundStats.__doc__ or ""):
        assert f'| "{reason}" | ' in PAGE
    for overflow in get_args(Overflow):
        assert f'| "{overflow}" | ' in PAGE
