"""Exports to CSV: nothing is lost, spreadsheets run nothing, and an interrupted export continues."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import AsyncHoneyHive, F, HoneyHive, QueryError
from honeyhive_ext.export.csv_file import csv_cell, csv_line
from honeyhive_ext.export.table import columns, event_of
from honeyhive_ext.local import LocalServer

BASE = 1_767_225_600_000
NAMES = [column.name for column in columns()]


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def fill(server: LocalServer, number: int) -> None:
    server.seed(
        {"event_type": "tool", "inputs": {"n": n}, "start_time": BASE + n, "event_name": f"é, {n}"}
        for n in range(number)
    )


def test_a_csv_file_has_the_columns_of_a_parquet_file_and_a_row_for_each_event(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 25)
    path = tmp_path / "events.csv"
    assert hh.events.search(page_size=10).to_csv(path) == 25
    found = rows(path.read_bytes())
    assert list(found[0]) == NAMES
    assert [row["event_name"] for row in found] == [f"é, {n}" for n in reversed(range(25))]
    assert found[0]["start_time"] == str(BASE + 24)
    assert found[0]["inputs"] == '{"n":24}'
    assert [one.name for one in tmp_path.iterdir()] == ["events.csv"]
    assert hh.events.search(F.event_type == "model").to_csv(path) == 0
    assert path.read_bytes() == csv_line(NAMES).encode()


def test_the_async_twin_writes_the_same_file_and_gz_is_compressed(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 25)
    hh.events.search(page_size=10).to_csv(tmp_path / "one.csv")

    async def main() -> int:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            return await ahh.events.search(page_size=10).to_csv(tmp_path / "two.csv.gz")

    assert asyncio.run(main()) == 25
    assert gzip.decompress((tmp_path / "two.csv.gz").read_bytes()) == (tmp_path / "one.csv").read_bytes()


class Stop(Exception):  # noqa: N818
    """Interrupts an export."""


@pytest.mark.parametrize("name", ["events.csv", "events.csv.gz"])
def test_an_interrupted_export_continues_with_one_head(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, name: str
) -> None:
    fill(server, 40)

    def stop(done: int, total: int | None) -> None:
        if done >= 20:
            raise Stop

    path = tmp_path / name
    with pytest.raises(Stop):
        hh.events.search(page_size=10).to_csv(path, progress=stop)
    assert not path.exists()
    with pytest.raises(QueryError, match="in another form"):
        hh.events.search(page_size=10).to_csv(path, formulas=True)
    assert hh.events.search(page_size=10).to_csv(path) == 40
    data = gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
    assert [row["inputs"] for row in rows(data)] == [f'{{"n":{n}}}' for n in reversed(range(40))]


FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "\uff1d1"]


def test_texts_that_a_spreadsheet_would_run_are_texts(hh: HoneyHive, tmp_path: Path) -> None:
    for number, text in enumerate(FORMULAS):
        hh.events.create("tool", event_name=text, error=text, start_time=BASE - number, duration=-5)
    path = tmp_path / "events.csv"
    hh.events.search().to_csv(path)
    found = rows(path.read_bytes())
    assert [row["event_name"] for row in found] == [f"'{text}" for text in FORMULAS]
    assert found[0]["duration"] == "-5"
    hh.events.search().to_csv(path, formulas=True)
    assert [row["event_name"] for row in rows(path.read_bytes())] == FORMULAS


def test_every_answer_is_read_back_from_its_row(tmp_path: Path) -> None:
    events: list[Any] = [
        {"event_id": "a", "event_name": "", "error": None, "start_time": 1.5, "metadata": {"k": "=1"}},
        {"event_id": "b", "event_name": ' "x",\r\ny ', "children_ids": [], "z": {"deep": [1, None]}},
        {"event_id": "c", "start_time": "soon", "metadata": 2**70, "duration": 1e300},
    ]
    body = httpx.Response(200, json={"events": events, "count": 3})
    path = tmp_path / "events.csv"
    transport = httpx.MockTransport(lambda _: body)
    with HoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=transport) as hh:
        assert hh.events.search().to_csv(path, formulas=True) == 3
    kinds = {column.name: column.kind for column in columns()}
    read = []
    for row in rows(path.read_bytes()):
        there = {name: text for name, text in row.items() if text != ""}
        typed: dict[str, Any] = {
            name: float(text) if kinds[name] == "number" else text for name, text in there.items()
        }
        if row["event_id"] == "a":
            typed["event_name"] = ""  # written as "", and a plain reader does not tell it from nothing
        read.append(event_of(typed))
    assert read == events


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8")), min_size=1))
def test_any_cells_are_one_line_that_a_reader_reads_back(texts: list[str | None]) -> None:
    (line,) = csv.reader(io.StringIO(csv_line(texts), newline=""), strict=True)
    assert line == [text or "" for text in texts] or texts == [None]


@given(st.text(st.characters(codec="utf-8")))
def test_an_apostrophe_before_a_text_can_be_taken_away_again(text: str) -> None:
    cell = csv_cell(text)
    assert cell is not None
    assert cell in (text, f"'{text}")
    stripped = cell[1:] if csv_cell(cell) != cell else cell
    assert stripped == text
    assert not cell.startswith(("=", "@", "\t", "\r"))
