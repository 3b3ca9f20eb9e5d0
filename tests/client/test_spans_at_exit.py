"""A span that is open when the program ends sends its event, once, or a line says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer

BEGIN = """
import asyncio, gc, os, sys, threading
from honeyhive_ext import AsyncHoneyHive, HoneyHive
hh = HoneyHive("hh_1", base_url=sys.argv[1])
ahh = AsyncHoneyHive("hh_1", base_url=sys.argv[1].replace("127.0.0.1", "localhost"))
def steps():
    yield 1
    yield 2
async def asteps():
    try:
        yield 1
        yield 2
    finally:
        await asyncio.sleep(0)
async def first(running):
    return await anext(running)
def with_a_block():
    with hh.span("x"):
        yield 1
async def with_an_async_block():
    async with ahh.span("x"):
        yield 1
def alone(running):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(first(running))
    loop.close()
"""

OPEN = {
    "generator": 'running = hh.span("x")(steps)(); next(running)',
    "generator of a function that exits": 'running = hh.span("x")(steps)(); next(running); sys.exit(0)',
    "block in a generator": "running = with_a_block(); next(running)",
    "span that was entered": 'span = hh.span("x"); span.__enter__()',
    "thread": """
begun = threading.Event()
def work():
    with hh.span("x"):
        begun.set()
        threading.Event().wait()
threading.Thread(target=work, daemon=True).start()
begun.wait()
""",
    "async generator, run": 'running = hh.span("x")(asteps)(); asyncio.run(first(running))',
    "async generator of the asyncio client, run": (
        'running = ahh.span("x")(asteps)(); asyncio.run(first(running))'
    ),
    "async block, run": "running = with_an_async_block(); asyncio.run(first(running))",
    "async generator, closed loop": 'running = hh.span("x")(asteps)(); alone(running)',
    "async generator of the asyncio client, closed loop": 'running = ahh.span("x")(asteps)(); alone(running)',
    "async block, closed loop": "running = with_an_async_block(); alone(running)",
    "generator that another finaliser uses up": """
running = hh.span("x")(steps)()
next(running)
class Finaliser:
    def __del__(self, running=running):
        list(running)
last = Finaliser()
""",
    "generator in a forked child": """
running = hh.span("x")(steps)()
next(running)
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
""",
    "generator in garbage": """
running = hh.span("x")(steps)()
next(running)
gc.disable()
box = [running]
box.append(box)
del running, box
""",
}


def run(program: str, url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program, url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("case", sorted(OPEN))
def test_what_is_open_at_the_end_sends_its_event_once_and_prints_nothing(
    case: str, server: LocalServer
) -> None:
    ended = run(OPEN[case], server.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    (event,) = server.events()
    assert event["event_name"] == "x"
    assert event.get("error") is None
    if "steps" in OPEN[case]:
        assert event["outputs"] == {"result": [1]}


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("hh.close()", "this client is closed"),
        ('hh.__init__("hh_1", base_url="http://127.0.0.1:9")', "APIConnectionError"),
    ],
)
def test_one_line_for_each_event_says_why_it_is_not_sent(program: str, why: str, server: LocalServer) -> None:
    made = "three = [hh.span()(steps)() for _ in range(3)]; [next(one) for one in three]\n"
    ended = run(f"{made}{program}" if "close" in program else f"{program}\n{made}", server.url)
    lines: list[Any] = ended.stderr.splitlines()
    assert len(lines) == 3
    assert all("was not sent" in line and why in line for line in lines)
    assert server.events() == []
