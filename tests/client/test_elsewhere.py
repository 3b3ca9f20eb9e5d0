"""Decorated functions that are pickled, and run in another process; copies of what holds a client."""

from __future__ import annotations

import asyncio
import copy
import functools
import logging
import pickle
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cloudpickle
import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive, RetryPolicy, current_span
from honeyhive_ext.client import elsewhere
from honeyhive_ext.client.deferring import DeferringSender
from honeyhive_ext.errors import PickleRefusedError
from honeyhive_ext.local import LocalServer

KEY = "hh_key+of/the_process_that=pickles"

module_client = HoneyHive("hh_1", base_url="http://127.0.0.1:9", retry=False)


@module_client.span("of a module")
def of_a_module(x: int) -> int:
    return x + 1


@module_client.span("cached of a module")
@functools.lru_cache
def cached_of_a_module(x: int) -> int:
    return x + 1


class Callable:
    def __init__(self, add: int) -> None:
        self.add = add

    def __call__(self, x: int) -> int:
        return x + self.add


def decorated(hh: HoneyHive, ahh: AsyncHoneyHive) -> dict[str, tuple[Any, Any]]:
    """A function of each kind, and how to call it for the result 2 (or [2])."""

    @hh.span("plain", event_type="tool", metadata={"mine": 1}, retry=RetryPolicy(attempts=2))
    def plain(x: int) -> int:
        return x + 1

    @hh.session()
    def session(x: int) -> int:
        return x + 1

    @hh.span("generator")
    def generator(x: int) -> Iterator[int]:
        yield x + 1

    @hh.span("coroutine")
    async def coroutine(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    @ahh.span("of the async client")
    async def of_async(x: int) -> int:
        return x + 1

    @ahh.span("async generator")
    async def async_generator(x: int) -> AsyncIterator[int]:
        yield x + 1

    @hh.span("returns a coroutine")
    def making(x: int) -> Any:
        async def work() -> int:
            return x + 1

        return work()

    class Agent:
        @hh.span("method")
        def method(self, x: int) -> int:
            return x + 1

        @hh.span("static")
        @staticmethod
        def static(x: int) -> int:
            return x + 1

    async def collect(steps: AsyncIterator[int]) -> list[int]:
        return [item async for item in steps]

    def add(x: int, by: int) -> int:
        return x + by

    return {
        "plain": (plain, lambda f: f(1)),
        "session": (session, lambda f: f(1)),
        "generator": (generator, lambda f: list(f(1))),
        "coroutine": (coroutine, lambda f: asyncio.run(f(1))),
        "of the async client": (of_async, lambda f: asyncio.run(f(1))),
        "async generator": (async_generator, lambda f: asyncio.run(collect(f(1)))),
        "returns a coroutine": (making, lambda f: asyncio.run(f(1))),
        "method": (Agent, lambda f: f().method(1)),
        "static": (Agent, lambda f: f.static(1)),
        "partial": (hh.span("partial")(functools.partial(add, by=1)), lambda f: f(1)),
        "object": (hh.span("object")(Callable(1)), lambda f: f(1)),
    }


KINDS = [
    *("plain", "session", "generator", "coroutine", "of the async client", "async generator"),
    *("returns a coroutine", "method", "static", "partial", "object"),
]


@pytest.fixture
def clients() -> tuple[HoneyHive, AsyncHoneyHive]:
    url = "http://127.0.0.1:9"
    return HoneyHive(KEY, base_url=url, retry=False), AsyncHoneyHive(KEY, base_url=url, retry=False)


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[Any, Any]]:
    """What this process has made from its environment: nothing, as if no loaded function had been called."""
    made: dict[Any, Any] = {}
    monkeypatch.setattr(elsewhere, "_made", made)
    yield made
    if DeferringSender in made and made[DeferringSender] is not None:
        made[DeferringSender].close()


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> LocalServer:
    """This process, whose environment names the server and has a key."""
    monkeypatch.setenv("HH_API_KEY", "hh_key_of_the_worker")
    monkeypatch.setenv("HH_API_URL", server.url)
    return server


def encoded(key: str) -> list[bytes]:
    """The key as text, percent-encoded, in hexadecimal, and inside a longer text in base64."""
    bare = key.encode()
    forms = [bare, quote(key, safe="").encode(), bare.hex().encode()]
    return forms + [b64encode(b"x" * shift + bare)[4:-4] for shift in range(3)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_decorated_function_is_pickled_without_the_key_and_records_where_it_is_loaded(
    kind: str, clients: tuple[HoneyHive, AsyncHoneyHive], another_process: LocalServer
) -> None:
    function, call = decorated(*clients)[kind]
    content = cloudpickle.dumps(function)
    assert not [form for form in encoded(KEY) if form in content]
    again = cloudpickle.dumps(cloudpickle.loads(content))
    assert call(cloudpickle.loads(again)) in (2, [2])
    (event,) = another_process.events()
    assert event["event_name"].endswith(kind)
    assert event["outputs"]["result"] in (2, [2])
    assert event["inputs"]["x"] == 1
    if kind == "plain":
        assert (event["event_type"], event["metadata"]) == ("tool", {"mine": 1})


def test_a_key_in_a_pickle_would_be_found() -> None:
    for text in (KEY, quote(KEY, safe=""), b64encode(f"Bearer {KEY}!".encode())):
        assert [form for form in encoded(KEY) if form in cloudpickle.dumps([text])]


def test_loaded_functions_share_a_trace_with_each_other_and_with_a_client_of_the_process(
    clients: tuple[HoneyHive, AsyncHoneyHive], another_process: LocalServer
) -> None:
    functions = decorated(*clients)
    inner = cloudpickle.loads(cloudpickle.dumps(functions["plain"][0]))
    other = cloudpickle.loads(cloudpickle.dumps(functions["coroutine"][0]))
    with HoneyHive() as hh, hh.session("worker") as session:
        inner(1)
        asyncio.run(other(1))
    events = {event["event_name"]: event for event in another_process.events()}
    assert {events[name]["parent_id"] for name in ("plain", "coroutine")} == {session.event_id}


def test_how_events_are_made_goes_along(another_process: LocalServer) -> None:
    def hide(event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "inputs": {"hidden": True}}

    hh = HoneyHive(KEY, base_url="http://127.0.0.1:9", source="notebook", redact=hide)

    @hh.span("secret")
    def work(password: str) -> None: ...

    cloudpickle.loads(cloudpickle.dumps(work))("1815")
    (event,) = another_process.events()
    assert (event["source"], event["inputs"]) == ("notebook", {"hidden": True})


def test_loaded_functions_of_a_process_share_connections(
    another_process: LocalServer, made: dict[Any, Any]
) -> None:
    hh = HoneyHive(KEY, base_url="http://127.0.0.1:9")
    work = hh.span("work")(lambda: None)
    content = cloudpickle.dumps(work)
    for _ in range(5):
        cloudpickle.loads(content)()
    assert len(another_process.events()) == 5
    assert len(made) == 2  # the sender, and what sends later


def test_without_a_key_functions_run_unrecorded_and_one_warning_says_so(
    clients: tuple[HoneyHive, AsyncHoneyHive],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    server: LocalServer,
) -> None:
    monkeypatch.setenv("HH_API_URL", server.url)
    with caplog.at_level(logging.DEBUG, "honeyhive_ext"):
        for function, call in decorated(*clients).values():
            loaded = cloudpickle.loads(cloudpickle.dumps(function))
            assert [call(loaded) for _ in range(2)] in ([2, 2], [[2], [2]])
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "not recorded in this process: no API key" in record.getMessage()
    assert server.events() == []


def test_code_that_asks_for_its_span_runs_without_a_key_too() -> None:
    hh = HoneyHive(KEY, base_url="http://127.0.0.1:9")

    @hh.span("work")
    def work() -> int:
        span = current_span()
        assert span is not None
        span.set(metadata={"mine": 1})
        return 2

    assert cloudpickle.loads(cloudpickle.dumps(work))() == 2


def test_a_function_of_a_module_is_pickled_by_reference() -> None:
    for function in (of_a_module, cached_of_a_module):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(function, protocol)) is function
        assert cloudpickle.loads(cloudpickle.dumps(function)) is function


PROGRAM = """
import multiprocessing, sys
from worker import work
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(work, [1, 2]))
        pool.close()
        pool.join()
"""
TERMINATED = PROGRAM[: PROGRAM.index("        pool.close")]  # `with` ends a pool by SIGTERM

WORKER = """
from honeyhive_ext import HoneyHive
hh = HoneyHive()
@hh.span()
def work(x):
    return x + 1
"""
ASKED = WORKER.replace("import HoneyHive", "import Background, HoneyHive").replace(
    "HoneyHive()", "HoneyHive(background=Background(handle_sigterm=True))"
)

LOADER = """
import pickle, sys
function = pickle.load(open(sys.argv[1], "rb"))
print(function(1))
"""


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("program", "worker"), [(PROGRAM, WORKER), (TERMINATED, ASKED)])
def test_processes_that_are_spawned_record_a_function_of_a_module(
    tmp_path: Path, server: LocalServer, program: str, worker: str
) -> None:
    (tmp_path / "worker.py").write_text(worker)
    (tmp_path / "main.py").write_text(program)
    done = run(tmp_path, "main.py", HH_API_KEY="hh_1", HH_API_URL=server.url)
    assert (done.stdout, done.stderr) == ("[2, 3]\n", "")
    assert [event["outputs"] for event in server.events()] in (
        [{"result": 2}, {"result": 3}],
        [{"result": 3}, {"result": 2}],
    )


@pytest.mark.parametrize("key", ["", "hh_key_of_the_worker"])
def test_a_real_other_process_records_if_it_has_a_key(
    tmp_path: Path, server: LocalServer, clients: tuple[HoneyHive, AsyncHoneyHive], key: str
) -> None:
    function, _ = decorated(*clients)["plain"]
    (tmp_path / "function").write_bytes(cloudpickle.dumps(function))
    done = run(tmp_path, "-c", LOADER, "function", HH_API_KEY=key, HH_API_URL=server.url)
    assert done.stdout == "2\n"
    assert ("not recorded in this process" in done.stderr) == (not key)
    assert [event["event_name"] for event in server.events()] == (["plain"] if key else [])


@dataclass
class Agent:
    """An object of an application that holds something of a client."""

    held: Any


def test_copies_of_what_holds_a_client_hold_the_same_client(
    clients: tuple[HoneyHive, AsyncHoneyHive],
) -> None:
    hh, ahh = clients
    coalescing = AsyncHoneyHive(KEY, base_url="http://127.0.0.1:9", coalesce=True)
    open_span = hh.span("x", on_error="log")
    held = [hh, ahh, hh.events, ahh.events, hh.sessions, ahh.sessions, coalescing.events]
    for one in [*held, hh.span("x"), ahh.session("x"), open_span]:
        agent = Agent(one)
        assert copy.copy(agent).held is one
        assert copy.deepcopy(agent).held is one
        assert copy.deepcopy([{"agent": agent}])[0]["agent"].held is one
        assert copy.copy(one) is one


def test_copies_of_a_decorated_function_are_recorded(hh: HoneyHive, server: LocalServer) -> None:
    work = hh.span("work")(functools.partial(int, base=2))
    assert copy.deepcopy(Agent(work)).held("10") == 2
    assert [event["event_name"] for event in server.events()] == ["work"]


def test_a_client_and_an_open_span_are_not_pickled(hh: HoneyHive) -> None:
    ahh = AsyncHoneyHive(KEY)
    with hh.span("open") as span:
        for one in (hh, hh.events, hh.sessions, ahh, ahh.events, ahh.sessions, span):
            for dumps in (pickle.dumps, cloudpickle.dumps):
                with pytest.raises(PickleRefusedError):
                    dumps(one)
