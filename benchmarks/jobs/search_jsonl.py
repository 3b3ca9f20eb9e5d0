"""Write the results of a search to a JSON Lines file. All rows but ours are loops over page numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.jobs.search_dicts import FLOOR, PAGE, posts

OURS = "honeyhive_ext .to_jsonl()"


def by_hand(peer: Any, target: Target) -> Run:
    import orjson

    post = peer(target)
    path = Path(mkdtemp()) / "events.jsonl"

    def run(units: int) -> int:
        count = 0
        with path.open("wb") as file:
            for number in range(1, units // PAGE + 1):
                for event in post("/v1/events/search", {"limit": PAGE, "page": number})["events"]:
                    file.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
                    count += 1
        return count

    return run


def sdk(target: Target) -> Run:
    export = peers.sdk(target).events.export
    path = Path(mkdtemp()) / "events.jsonl"

    def run(units: int) -> int:
        count = 0
        with path.open("w", encoding="utf-8") as file:
            for number in range(1, units // PAGE + 1):
                for event in export(limit=PAGE, page=number).events:
                    file.write(event.model_dump_json(exclude_unset=True) + "\n")
                    count += 1
        return count

    return run


def ours(target: Target) -> Run:
    from honeyhive_ext import HoneyHive

    search = HoneyHive(api_key=peers.KEY, base_url=target.url).events.search
    path = Path(mkdtemp()) / "events.jsonl"

    def run(units: int) -> int:
        search(limit=units).to_jsonl(path)
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    return run


JOB = Job(
    name="search-jsonl",
    title="search straight to JSON Lines",
    clock=True,
    step=10 * PAGE,
    rows=(
        Contender("official SDK, written by hand", sdk, env="sdk"),
        Contender("httpx + orjson, written by hand", partial(by_hand, peers.httpx_orjson)),
        Contender("http.client + orjson, written by hand", partial(by_hand, peers.http_client_orjson)),
        Contender(f"{FLOOR}, dicts only", partial(posts, peers.http_client_orjson)),
        Contender(OURS, ours),
    ),
    musts=(Must(OURS, f"{FLOOR}, dicts only", 0.9, then=0.6, says="`search().to_jsonl()`"),),
    note="the row of this package includes reading the file once to count its lines",
)
