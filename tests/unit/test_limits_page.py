"""docs/limits.md: every bound names a test that is there, and its settings are those of the clients."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import attrs

from honeyhive_ext import Background, HoneyHive
from honeyhive_ext.config.defaults import MAX_ANSWER_BYTES
from honeyhive_ext.http.bounds import MAX_ERROR_BYTES, MAX_HEAD
from honeyhive_ext.serialize.bounded import CAPTURE_BYTES
from honeyhive_ext.tracing.capture import ERROR_LIMIT, ITEMS_KEPT, ITEMS_REDUCED
from honeyhive_ext.tracing.model_streams import MOST_PARTS
from honeyhive_ext.tracing.propagation import MOST_BAGGAGE, MOST_HEADERS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "limits.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for table in PAGE.split("\n\n")
    if table.startswith("| what | bound |")  # the others show what was measured
    for line in table.splitlines()[2:]
]


def test_every_bound_names_its_test() -> None:
    assert len(ROWS) > 8
    for row in ROWS:
        assert len(row) == 5, row
        files = re.findall(r"\]\(([^)#]+)\)", row[-1])
        assert files, row
        for path in files:
            assert "def test_" in (DOCS / path).read_text(encoding="utf-8"), row


def test_the_bounds_of_answers_are_those_of_the_code() -> None:
    for bound in (MAX_ANSWER_BYTES, MAX_ERROR_BYTES, MAX_HEAD):
        assert f"{bound:,} bytes" in PAGE
    assert inspect.signature(HoneyHive).parameters["max_answer_bytes"].default == MAX_ANSWER_BYTES


def test_the_bounds_of_the_background_are_its_defaults() -> None:
    defaults: dict[str, Any] = {field.name: field.default for field in attrs.fields(Background)}
    shown = {row[2].strip("`"): row[1] for row in ROWS if row[2].strip("`") in defaults}
    numbers = {
        name for name, value in defaults.items() if isinstance(value, (int, float)) and value is not False
    }
    assert shown.keys() == numbers
    for name, bound in shown.items():
        assert f"{float(defaults[name]):,.15g}" in bound, name


def test_the_bounds_of_spans_are_those_of_the_code() -> None:
    bounds = [row[1] for row in ROWS if re.search("unit/(tracing|serialize)/", row[-1])]
    for bound in (
        ITEMS_KEPT,
        ITEMS_REDUCED,
        ERROR_LIMIT,
        CAPTURE_BYTES,
        MOST_PARTS,
        MOST_BAGGAGE,
        MOST_HEADERS,
    ):
        assert any(f"{bound:,}" in one for one in bounds), bound
