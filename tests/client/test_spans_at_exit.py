"""A span that is open when the program ends sends its event, once, or a line says why not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.tracing.ending import INTERRUPTED

BEGIN = """
import asyncio, gc, os, sys, threading
from honeyhive_ext import AsyncHoneyHive, HoneyHive
options = {} if len(sys.argv) == 2 else {"background": False}
hh = HoneyHive("hh_1", base_url=sys.argv[1], **options)
ahh = AsyncHoneyHive("hh_1", base_url=sys.argv[1].replace("127.0.0.1", "localhost"), **options)
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


def run(program: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program, url, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("mode", [[], ["waits"]], ids=["later", "waits"])
@pytest.mark.parametrize("case", sorted(OPEN))
def test_what_is_open_at_the_end_sends_its_event_once_and_prints_nothing(
    case: str, mode: list[str], server: LocalServer
) -> None:
    ended = run(OPEN[case], server.url, *mode)
    assert (ended.returncode, ended.stderr) == (0, "")
    (event,) = server.events()
    assert event["event_name"] == "x"
    by_the_loop = case.endswith("run")  # which closes what is open when it ends
    assert event.get("error") == (None if by_the_loop else INTERRUPTED)
    if "steps" in OPEN[case]:
        assert event["outputs"] == {"result": [1]}


AWAY = [
    ("hh.close()", "this client is closed"),
    ('hh.__init__("hh_1", base_url="http://127.0.0.1:9", **options)', "APIConnectionError"),
]
THREE = "three = [hh.span()(steps)() for _ in range(3)]; [next(one) for one in three]\n"


def when_away(program: str, url: str, *mode: str) -> list[str]:
    return run(
        f"{THREE}{program}" if "close" in program else f"{program}\n{THREE}", url, *mode
    ).stderr.splitlines()


@pytest.mark.parametrize(("program", "why"), AWAY)
def test_one_line_for_each_event_says_why_it_is_not_sent(program: str, why: str, server: LocalServer) -> None:
    lines = when_away(program, server.url, "waits")
    assert len(lines) == 3
    assert all("was not sent" in line and why in line for line in lines)
    assert server.events() == []


@pytest.mark.parametrize(("program", "why"), [(AWAY[0][0], "3 closed"), AWAY[1]])
def test_one_line_says_how_many_events_are_lost_and_why(program: str, why: str, server: LocalServer) -> None:
    line = when_away(program, server.url)[-1]
    assert line.startswith("3 events are lost (3 ")
    assert why in line
    assert server.events() == []
