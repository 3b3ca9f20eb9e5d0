"""A child that is forked while another thread imports a module of this package for the first time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from honeyhive_ext.config.fork_imports import is_needed
from honeyhive_ext.local import LocalServer
from tests.support.clients import KEY

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PROGRAM = """
import asyncio, importlib.abc, importlib.machinery, os, signal, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later: a fork beside threads
from honeyhive_ext import AsyncHoneyHive, HoneyHive

parent, (name, what, moment) = os.getpid(), sys.argv[1:]
reached, go_on = threading.Event(), threading.Event()

def hold():
    if os.getpid() == parent and not go_on.is_set():
        reached.set()
        assert go_on.wait(60)

class Held(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname != name:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        execute = getattr(found.loader, moment)
        setattr(found.loader, moment, lambda given: hold() or execute(given))
        return found

sys.meta_path.insert(0, Held())
hh = HoneyHive()

def enqueue():
    hh.events.enqueue("tool")
    hh.flush(60)
    return hh.stats().delivered == 1

def search():
    return hh.events.search().to_list() is not None

def span():
    with hh.span("step"):
        pass
    hh.flush(60)
    return hh.stats().delivered == 1

def make():
    made = AsyncHoneyHive()
    made.events.enqueue("tool")
    return asyncio.run(made.close()).waiting == 0

work, results = globals()[what], []
thread = threading.Thread(target=lambda: results.append(work()))
thread.start()
assert reached.wait(60)
child = os.fork()
if not child:
    signal.alarm(100)  # ends a child that waits forever
    status = 1
    try:
        status = 0 if work() else 2
    finally:
        os._exit(status)
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
go_on.set()
thread.join()
print(ended, results)
"""


@pytest.mark.parametrize(
    ("name", "what", "moment"),
    [
        ("honeyhive_ext.background.process_end", "enqueue", "create_module"),  # there is no module yet
        (
            "honeyhive_ext.background.worker",
            "enqueue",
            "exec_module",
        ),  # a module that imports it is half there
        ("encodings.idna", "enqueue", "exec_module"),
        ("honeyhive_ext.client.elsewhere", "span", "exec_module"),
        ("honeyhive_ext.results.result", "search", "exec_module"),
        ("msgspec", "search", "exec_module"),
        ("honeyhive_ext.client.later_async", "make", "exec_module"),
    ],
)
def test_a_child_does_not_wait_for_an_import_that_its_parent_began(name: str, what: str, moment: str) -> None:
    with LocalServer() as server:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "HH_API_KEY": KEY,
            "HH_API_URL": server.url.replace("127.0.0.1", "localhost"),
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, name, what, moment],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.stdout.split() == ["0", "[True]"], done.stderr


def test_every_library_that_events_and_searches_import_is_begun_again() -> None:
    program = """
import sys
before = set(sys.modules)
import honeyhive_ext.background.worker, honeyhive_ext.client.aio_events, honeyhive_ext.client.events
import honeyhive_ext.http.through_httpx, honeyhive_ext.reading.event, honeyhive_ext.results.result
print(*set(sys.modules) - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "httpx" in done.stdout
    assert [name for name in done.stdout.split() if not is_needed(name)] == []


def test_the_imports_of_an_application_are_left_alone() -> None:
    assert not is_needed("application.views")
