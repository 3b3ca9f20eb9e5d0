"""Exports to JSON Lines: complete or absent, and the same after any interruption."""

from __future__ import annotations

import asyncio
import json
import math
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, F, HoneyHive, QueryError, ResponseError
from honeyhive_ext.export.jsonl import JsonlFile
from honeyhive_ext.local import LocalServer
from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.query import Query
from tests.support.scale import scaled, seed

BASE = 1_767_225_600_000


def fill(server: LocalServer, number: int, tie: int = 3) -> None:
    server.seed(
        {"event_type": "tool", "inputs": {"n": n}, "start_time": BASE + 10 * (n // tie)}
        for n in range(number)
    )


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["inputs"]["n"] for line in path.read_text(encoding="utf-8").splitlines()]


def searches(server: LocalServer) -> int:
    return sum(one.path == "/v1/events/search" for one in server.requests)


def settle() -> None:
    """Wait for the requests of an interrupted search that were in flight."""
    for thread in threading.enumerate():
        if thread.name.startswith("honeyhive-search"):
            thread.join()


class Stop(Exception):  # noqa: N818
    """Interrupts an export."""


def test_a_file_has_the_events_of_the_search_and_no_other_file_is_left(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 50)
    told: list[tuple[int, int | None]] = []
    path = tmp_path / "deep" / "events.jsonl"
    assert hh.events.search(page_size=20).to_jsonl(path, progress=lambda *now: told.append(now)) == 50
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == hh.events.search().raw().to_list()
    assert [one.name for one in path.parent.iterdir()] == ["events.jsonl"]
    assert told[-1] == (50, None)


A = rb'{"event_id":"a","start_time":9,"x":1.10,"y":"\u00e9"}'
B = b'{"event_id":"b","start_time":8}'
PAGES = {
    "dense": b'{"events":[%b,%b]}' % (A, B),
    "odd": b'{"count": 2, "events":[%b,%b,{"event_id":"c","start_time":"8"},null]}' % (A, B),
}


@pytest.mark.parametrize("form", PAGES)
def test_every_line_is_an_event_whatever_the_form_of_the_page(form: str, tmp_path: Path) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=PAGES[form]))
    with HoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=transport) as hh:
        search = hh.events.search(
            start=datetime(1970, 1, 1, tzinfo=UTC), end=datetime(1970, 1, 2, tzinfo=UTC)
        )
        search.to_jsonl(tmp_path / "events.jsonl")
    text = (tmp_path / "events.jsonl").read_bytes()
    assert [json.loads(line) for line in text.splitlines()] == json.loads(PAGES[form])["events"]
    if form == "dense":  # the bytes of the service
        assert text == A + b"\n" + B + b"\n"


def test_a_response_that_is_not_json_raises_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    broken = PAGES["dense"].replace(b'"x":1.10', b'"x":tru')
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=broken))
    path = tmp_path / "events.jsonl"
    hh = HoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=transport)
    with hh, pytest.raises(ResponseError, match="is not JSON"):
        hh.events.search().to_jsonl(path)
    assert path.with_name("events.jsonl.part").read_bytes() == b""
    assert not path.exists()


def test_an_empty_search_is_an_empty_file_and_a_file_that_was_there_is_replaced(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("old")
    assert hh.events.search().to_jsonl(path) == 0
    assert path.read_bytes() == b""
    fill(server, 5)
    assert hh.events.search(limit=3).to_jsonl(str(path)) == 3
    assert len(numbers(path)) == 3


def test_the_async_twin_writes_the_same_file(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    fill(server, 50)

    async def main() -> int:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            return await ahh.events.search(page_size=20).to_jsonl(tmp_path / "async.jsonl")

    assert asyncio.run(main()) == 50
    hh.events.search(page_size=20).to_jsonl(tmp_path / "sync.jsonl")
    assert (tmp_path / "async.jsonl").read_bytes() == (tmp_path / "sync.jsonl").read_bytes()


@pytest.mark.parametrize("pages", [1, 5, 20])
def test_an_interrupted_parallel_export_gives_the_same_file(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, pages: int
) -> None:
    fill(server, 600)
    seen: list[int] = []

    def stop(done: int, total: int | None) -> None:
        seen.append(done)
        if len(seen) > pages:
            raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20, parallel=4).to_jsonl(tmp_path / "events.jsonl", progress=stop)
    assert hh.events.search(page_size=20, parallel=4).to_jsonl(tmp_path / "events.jsonl") == 600
    hh.events.search().to_jsonl(tmp_path / "whole.jsonl")
    assert (tmp_path / "events.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_an_interrupted_export_resumes_and_fetches_at_most_one_page_again(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, pages: int
) -> None:
    fill(server, 100)
    path = tmp_path / "events.jsonl"
    seen: list[int] = []

    def stop(done: int, total: int | None) -> None:
        seen.append(done)
        if len(seen) > pages:
            raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(path, progress=stop)
    assert not path.exists()
    settle()
    before = searches(server)
    assert hh.events.search(page_size=20).to_jsonl(path) == 100
    assert sorted(numbers(path)) == list(range(100))
    assert searches(server) - before <= 7 - pages


def test_bytes_after_the_checkpoint_are_cut_off(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    fill(server, 60)
    path = tmp_path / "events.jsonl"

    def stop(done: int, total: int | None) -> None:
        raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(path, progress=stop)
    with path.with_name("events.jsonl.part").open("ab") as part:
        part.write(b'{"inputs":{"n":5')
    assert hh.events.search(page_size=20).to_jsonl(path) == 60
    assert sorted(numbers(path)) == list(range(60))


def test_the_events_of_another_search_are_not_mixed_in(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 60)
    path = tmp_path / "events.jsonl"

    def stop(done: int, total: int | None) -> None:
        raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(path, progress=stop)
    with pytest.raises(QueryError, match=r"delete .*events\.jsonl\.checkpoint"):
        hh.events.search(F.event_type == "model").to_jsonl(path)
    path.with_name("events.jsonl.checkpoint").write_text("[]")
    with pytest.raises(QueryError, match="start again"):
        hh.events.search().to_jsonl(path)
    path.with_name("events.jsonl.checkpoint").unlink()
    assert hh.events.search().to_jsonl(path) == 60


def test_two_exports_do_not_write_one_file(hh: HoneyHive, tmp_path: Path) -> None:
    with JsonlFile(tmp_path / "events.jsonl", Query()) as file:
        file.begin(None)
        with pytest.raises(ConfigError, match="another export"):
            hh.events.search().to_jsonl(tmp_path / "events.jsonl")


def test_events_that_orjson_cannot_write_are_written(tmp_path: Path) -> None:
    odd: list[Any] = [{"a": 2**70}, {"b": "\ud800"}, None, {"c": None, "d": -math.inf}, {"deep": [[[]]]}]
    texts = [json.dumps(value, indent=1).encode() for value in odd]
    with JsonlFile(tmp_path / "events.jsonl", Query()) as file:
        file.begin(None)
        file.write(texts, Cursor(Query(), None).checkpoint())
        assert file.complete() == len(odd)
    assert [json.loads(line) for line in (tmp_path / "events.jsonl").read_bytes().splitlines()] == odd


def test_an_export_that_is_killed_again_and_again_gives_the_same_set(
    server: LocalServer, tmp_path: Path
) -> None:
    events = scaled(80_000, 2_000)
    fill(server, events)
    rng, path = random.Random(seed()), tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "tests.support.exporter", server.url, str(path), "to_jsonl"]
    for _ in range(scaled(100)):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(1, 3)):
                if not process.stdout.readline():
                    break
            process.kill()
        if path.exists():
            break
    subprocess.run(command, check=True, capture_output=True)
    assert sorted(numbers(path)) == list(range(events))
