"""However a process ends, what it handed over arrives, or a line says what is lost; and it ends in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from honeyhive_ext import Background, ConfigError, HoneyHive
from honeyhive_ext.background.spool import SpoolError, status
from honeyhive_ext.local import LocalServer
from tests.support.clients import KEY
from tests.support.misbehaving import Misbehaving, hang

MUCH = 60.0  # seconds, on any machine
BEGIN = """
import asyncio, atexit, multiprocessing, os, signal, sys, threading, time
from honeyhive_ext import AsyncHoneyHive, Background, HoneyHive, trace
"""

ENDS = {
    "the end of the program": "hh = HoneyHive(); hh.events.enqueue('tool')",
    "async client": "hh = AsyncHoneyHive(); hh.events.enqueue('tool')",
    "sys.exit": "hh = HoneyHive(); hh.events.enqueue('tool'); sys.exit(0)",
    "an exception": """
atexit.register(os._exit, 0)  # runs last
hh = HoneyHive()
hh.events.enqueue('tool')
sys.excepthook = lambda *_: None
raise KeyError('mine')
""",
    "sys.exit in a thread": """
hh = HoneyHive()
def work():
    hh.events.enqueue('tool')
    sys.exit(1)
thread = threading.Thread(target=work)
thread.start()
""",
    "a daemon thread": """
hh = HoneyHive()
done = threading.Event()
def work():
    hh.events.enqueue('tool')
    done.set()
    time.sleep(600)
threading.Thread(target=work, daemon=True).start()
done.wait()
""",
    "a client that is gone": "HoneyHive().events.enqueue('tool')",
    "an exit function": "hh = HoneyHive(); atexit.register(hh.events.enqueue, 'tool')",
    "an exit function that was registered first": """
late = []
atexit.register(lambda: late[0].events.enqueue('tool'))
late.append(HoneyHive())
late[0].flush()
""",
    "an exit function of threading": """
hh = HoneyHive()
threading._register_atexit(hh.events.enqueue, 'tool')
""",
    "a finaliser at the very end": """
import honeyhive_ext
class Last:
    def __init__(self):
        self.hh = HoneyHive()
    def __del__(self):
        self.hh.events.enqueue('tool')
honeyhive_ext.last = Last()
del Last
import atexit
atexit.register(lambda: delattr(honeyhive_ext, 'last'))
""",
    "an event loop": """
async def main():
    hh = AsyncHoneyHive()
    hh.events.enqueue('tool')
asyncio.run(main())
""",
    "trace": """
@trace
def work(): pass
work()
""",
    "a forked process": """
hh = HoneyHive()
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
else:
    hh.events.enqueue('tool')
    sys.exit(0)
""",
    "multiprocessing, fork": """
hh = HoneyHive()
process = multiprocessing.get_context('fork').Process(target=hh.events.enqueue, args=('tool',))
process.start(); process.join(); assert process.exitcode == 0
""",
    "a pool that is closed": """
hh = HoneyHive()
def work(): hh.events.enqueue('tool')
pool = multiprocessing.get_context('fork').Pool(1)
pool.apply(work)
pool.close(); pool.join()
""",
    "SIGTERM": """
hh = HoneyHive(background=Background(handle_sigterm=True))
hh.events.enqueue('tool')
signal.signal(signal.SIGALRM, lambda *_: None)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(600)
""",
    "SIGTERM in the middle of a flush": """
hh = HoneyHive(background=Background(handle_sigterm=True))
hh.events.enqueue('tool')
threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
while True:
    hh.flush(1)
""",
    "SIGTERM on the way of an event into the queue": """
import tempfile
from honeyhive_ext.background.keeping import Keeper
keep = Keeper.keep
def interrupted(self, entry):
    keep(self, entry)
    os.kill(os.getpid(), signal.SIGTERM)
Keeper.keep = interrupted
with tempfile.TemporaryDirectory() as folder:
    hh = HoneyHive(background=Background(handle_sigterm=True, spool=folder))
    hh.events.enqueue('tool')
    time.sleep(600)
""",
    "SIGTERM with a handler of the application": """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
hh = HoneyHive(background=Background(handle_sigterm=True))
hh.events.enqueue('tool')
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(600)
""",
    "a fork that tells Python nothing": """
import ctypes
hh = HoneyHive()
hh.flush()
for _ in range(4):
    child = ctypes.PyDLL(None).fork()  # with the interpreter's lock, which the child lacks for ever otherwise
    if not child:
        signal.alarm(20)
        hh.events.enqueue('tool')
        hh.flush()
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    # Another thread may have been inside the interpreter's lock: then it hangs in the child, whoever forked.
    if ended != signal.SIGALRM:
        break
assert ended == 0, ended
""",
    "SIGINT": """
hh = HoneyHive()
hh.events.enqueue('tool')
sys.excepthook = lambda *_: None
os.kill(os.getpid(), signal.SIGINT)
time.sleep(600)
""",
}

CODES = {
    "SIGTERM": -signal.SIGTERM,
    "SIGTERM in the middle of a flush": -signal.SIGTERM,
    "SIGTERM on the way of an event into the queue": -signal.SIGTERM,
    "SIGINT": 130,
}


def run(program: str, url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HH_API_KEY": KEY, "HH_API_URL": url}
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**known, **environment},
    )


@pytest.mark.parametrize("end", sorted(ENDS))
def test_what_was_handed_over_arrives_once_however_the_process_ends(end: str, server: LocalServer) -> None:
    ended = run(ENDS[end], server.url)
    assert ended.stderr == ""
    assert ended.returncode in (CODES.get(end, 0), -signal.SIGINT if end == "SIGINT" else 0)
    assert len(server.events()) == 1


# A signal that comes just before a sleep is handled after it.
SPAN = """
hh = HoneyHive(background=Background(handle_sigterm=True))
with hh.session("chat"), hh.span("step"):
    print("inside", flush=True)
    while True:
        time.sleep(0.01)
"""


def test_spans_that_a_signal_interrupts_are_sent_as_interrupted_with_their_session(
    server: LocalServer,
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **server.environ}
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN + SPAN], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM
    events = {event["event_name"]: event for event in server.events()}
    assert set(events) == {"chat", "step"}
    assert all(event["error"].startswith("interrupted") for event in events.values())
    assert events["step"]["parent_id"] == events["chat"]["event_id"]


@pytest.mark.parametrize("where", ["nothing listens", "the service hangs"])
def test_a_process_ends_in_time_and_says_what_is_lost(where: str) -> None:
    program = """
hh = HoneyHive(timeout=3000, background=Background(exit_seconds=0.2))
for _ in range(5): hh.events.enqueue('tool')
"""
    with Misbehaving(then=hang()) as server:
        url = server.url if where == "the service hangs" else "http://127.0.0.1:9"
        started = time.monotonic()
        ended = run(program, url)
        assert time.monotonic() - started < MUCH
    assert ended.returncode == 0
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("5 events are ")
    assert "lost" in last
    assert KEY not in ended.stderr


def test_all_clients_of_a_process_share_the_time_at_its_end() -> None:
    program = """
options = Background(exit_seconds=0.7)
clients = [HoneyHive(timeout=3000, background=options) for _ in range(100)]
for hh in clients: hh.events.enqueue('tool')
"""
    with Misbehaving(then=hang()) as server:
        started = time.monotonic()
        ended = run(program, server.url)
        assert ended.returncode == 0
        assert time.monotonic() - started < MUCH < 100 * 0.7


def test_a_killed_process_leaves_its_events_to_the_next_one(server: LocalServer, tmp_path: Path) -> None:
    program = """
hh = HoneyHive(background=Background(
    spool=sys.argv[1], flush_seconds=3600, flush_events=10**9, flush_bytes=10**9))
ids = [hh.events.enqueue('tool') for _ in range(300)]
hh.events.enqueue_update(ids[0], metadata={'late': True})
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run(program, server.url, str(tmp_path)).returncode == -signal.SIGKILL
    assert server.events() == []
    with HoneyHive(KEY, base_url=server.url, background=Background(spool=tmp_path)):
        end = time.monotonic() + 60
        while len(server.events()) < 300:
            assert time.monotonic() < end
            time.sleep(0.01)
    events = server.events()
    assert len({event["event_id"] for event in events}) == len(events) == 300
    assert sum(event.get("metadata") == {"late": True} for event in events) == 1
    end = time.monotonic() + 60
    while status(tmp_path).destinations:  # the thread deletes what is empty, and may be about to
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_not_sent_at_the_end_stays_in_the_spool_and_is_not_lost(
    server: LocalServer, tmp_path: Path
) -> None:
    program = """
hh = HoneyHive(background=Background(spool=sys.argv[1], exit_seconds=0.2))
for _ in range(7): hh.events.enqueue('tool')
"""
    with Misbehaving(then=hang()) as away:
        ended = run(program, away.url, str(tmp_path))
        assert (ended.returncode, "lost" in ended.stderr) == (0, False)
        with HoneyHive(KEY, base_url=server.url, background=Background(spool=tmp_path)) as hh:
            assert hh.flush(0.5).delivered == 0  # they go elsewhere
        url = away.url
        assert sum(one.events for one in status(tmp_path).destinations.values()) == 7
        assert [one.startswith(url) for one in status(tmp_path).destinations] == [True]
    assert server.events() == []


def test_two_projects_that_share_a_spool_send_their_own(server: LocalServer, tmp_path: Path) -> None:
    program = """
clients = []  # one that is gone sends at once
for number in range(3):
    options = Background(spool=sys.argv[1], flush_seconds=3600)
    clients.append(HoneyHive(f"hh_key_{number}", background=options))
    clients[-1].events.enqueue('tool', event_name=str(number))
os.kill(os.getpid(), signal.SIGKILL)
"""
    run(program, server.url, str(tmp_path))
    for number in range(3):
        with HoneyHive(f"hh_key_{number}", base_url=server.url, background=Background(spool=tmp_path)):
            end = time.monotonic() + 60
            while len(server.events()) <= number:
                assert time.monotonic() < end
                time.sleep(0.01)
        assert [event["event_name"] for event in server.events()] == [str(one) for one in range(number + 1)]


def test_a_spool_that_cannot_be_used_is_an_error_when_the_client_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="spool"):
        HoneyHive(KEY, base_url="http://127.0.0.1:9", background=Background(spool=tmp_path / "file"))


def test_the_spool_is_chosen_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: LocalServer
) -> None:
    monkeypatch.setenv("HH_SPOOL", str(tmp_path / "spool"))
    with HoneyHive(KEY, base_url=server.url) as hh:
        hh.events.enqueue("tool")
    assert (tmp_path / "spool").is_dir()
    with HoneyHive(KEY, base_url=server.url, background=Background(spool=False)) as hh:
        hh.events.enqueue("tool")
    monkeypatch.setenv("HH_SPOOL", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with HoneyHive(KEY, base_url=server.url) as hh:
        hh.events.enqueue("tool")
    assert (tmp_path / "state" / "honeyhive-ext" / "spool").is_dir()
    assert len(server.events()) == 3


def test_sigterm_needs_the_main_thread() -> None:
    errors: list[str] = []

    def make() -> None:
        try:
            HoneyHive(KEY, background=Background(handle_sigterm=True))
        except ConfigError as error:
            errors.append(str(error))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert "main thread" in errors[0]


INSIDE = """
import sys
sys.path[:] = PATH
from honeyhive_ext import ConfigError, HoneyHive
try:
    HoneyHive()
except ConfigError as error:
    print(error)
hh = HoneyHive(background=False)
with hh.span("x"): pass
hh.close()
"""


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="subinterpreters have another module since 3.13")
def test_a_subinterpreter_is_refused_unless_spans_wait(server: LocalServer) -> None:
    inside = INSIDE.replace("PATH", repr(sys.path))
    program = f"""
import _xxsubinterpreters as interpreters
inside = interpreters.create()
interpreters.run_string(inside, {inside!r})
interpreters.destroy(inside)
print("alive")
"""
    ended = run(program, server.url)
    refused, alive = ended.stdout.splitlines()
    assert "background=False" in refused
    assert (alive, ended.stderr) == ("alive", "")
    assert [event["event_name"] for event in server.events()] == ["x"]
