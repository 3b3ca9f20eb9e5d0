"""A fork, a signal handler, a chance moment: each record is there once, and nobody waits for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scale import scaled
from tests.support.spooling import drain, files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")

START = """
import os, signal, sys, threading, time
from pathlib import Path
from tests.support.spooling import *
from honeyhive_ext.background.spool import SpoolError, owner
folder = Path(sys.argv[1])
"""


def run(program: str, folder: Path, *arguments: object) -> str:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", START + program, str(folder)]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=scaled(6_000)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_forked_child_has_its_own_segment_and_leaves_its_parents_alone(tmp_path: Path) -> None:
    program = """
spool = Spool(folder, HERE)
fill(spool, 10)
child = os.fork()
if not child:
    assert numbers(spool) == []
    spool.acknowledge(range(10))
    mine = fill(spool, 5, first=100)
    assert min(mine) >= 10
    assert numbers(spool) == list(range(100, 105))
    spool.acknowledge(mine[:1])
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert numbers(spool) == list(range(10))
print(drain(folder))
fill(spool, 1, first=10)
spool.close()
print(drain(folder))
"""
    assert run(program, tmp_path) == f"[101, 102, 103, 104]\n{list(range(11))}\n"
    assert files(tmp_path) == []


def test_a_child_that_lives_on_does_not_hold_its_parents_lock(tmp_path: Path) -> None:
    program = """
spool = Spool(folder, HERE)
fill(spool, 3)
with Spool(folder, HERE) as other:
    fill(other, 3, first=3)
(backlog,) = adopt(folder, HERE)
if not os.fork():
    print("forked", flush=True)
    sys.stdin.read()
    os._exit(0)
signal.pause()
"""
    command = [sys.executable, "-c", START + program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "forked\n"
        assert drain(tmp_path) == []
        parent.kill()
        parent.wait()
        assert sorted(drain(tmp_path)) == list(range(6))
        parent.stdin.close()  # which ends the child


def test_a_fork_without_hooks_is_seen_by_the_process_id(tmp_path: Path) -> None:
    program = """
spool = Spool(folder, HERE)
fill(spool, 3)
with Spool(folder, HERE) as other:
    fill(other, 2, first=50)
(backlog,) = adopt(folder, HERE)
import ctypes
for first in range(100, 1100, 100):
    child = ctypes.PyDLL(None).fork()  # with the interpreter's lock, which the child lacks for ever otherwise
    if not child:
        signal.alarm(20)
        fill(spool, 2, first=first)
        assert numbers(spool) == [first, first + 1]
        try:
            backlog.read()
        except SpoolError as error:
            assert error.reason == "closed"
        spool.close()
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    drained = drain(folder)
    # Another thread may have been inside the interpreter's lock: then it hangs in the child, whoever forked.
    if ended != signal.SIGALRM:
        break
assert ended == 0, ended
assert drained == [first, first + 1]
assert numbers(backlog) == [50, 51]
assert numbers(spool) == [0, 1, 2]
spool.close()
backlog.close()
print(sorted(drain(folder)))
"""
    assert run(program, tmp_path) == "[0, 1, 2, 50, 51]\n"


def test_a_backlog_that_a_child_inherited_closes_no_file_of_the_child(tmp_path: Path) -> None:
    program = """
with Spool(folder, THERE) as other:
    fill(other, 2)
(backlog,) = adopt(folder, THERE)
if not os.fork():
    spool = Spool(folder, HERE)  # its descriptors are those that the fork closed
    fill(spool, 3)
    backlog.close()
    del backlog
    assert drain(folder) == []  # it lives
    spool.close()
    os._exit(0)
assert os.wait()[1] == 0
print(drain(folder), numbers(backlog))
"""
    assert run(program, tmp_path) == "[0, 1, 2] [0, 1]\n"


@pytest.mark.parametrize("sync", ["os", "interval"])
def test_forks_under_appending_threads_never_hang_and_each_record_is_there_once(
    tmp_path: Path, sync: str
) -> None:
    program = """
forks, sync = int(sys.argv[2]), sys.argv[3]
spool = Spool(folder, HERE, sync=sync)
stop, appended = threading.Event(), []
def append(first):
    number = first
    while not stop.wait(0.0005):
        fill(spool, 5, first=number)
        number += 5
    appended.append(range(first, number))
def adopting():
    while not stop.is_set():
        for backlog in adopt(folder, None):
            backlog.close()
threads = [threading.Thread(target=append, args=(n * 10**9,)) for n in range(1, 8)]
threads.append(threading.Thread(target=adopting))
for thread in threads:
    thread.start()
for number in range(forks):
    child = os.fork()
    if not child:
        signal.alarm(60)
        fill(spool, 3, first=10**11 + number * 3)
        if number % 2:
            spool.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, number
stop.set()
for thread in threads:
    thread.join()
spool.close()
expected = {n for one in appended for n in one} | set(range(10**11, 10**11 + forks * 3))
found = drain(folder)
print(len(found) == len(expected), set(found) == expected)
"""
    assert run(program, tmp_path, scaled(1_000), sync) == "True True\n"
    assert files(tmp_path) == []


@pytest.mark.parametrize("sync", ["os", "interval", "always"])
def test_a_signal_handler_may_append_while_it_interrupts_an_append(tmp_path: Path, sync: str) -> None:
    program = """
sync, count = sys.argv[2], int(sys.argv[3])
spool = Spool(folder, HERE, sync=sync)
kept, busy = [], 0
def handle(*_):
    global busy
    try:
        fill(spool, 1, first=10**9 + len(kept))
        kept.append(10**9 + len(kept))
    except SpoolError as error:
        assert error.reason == "busy", error
        busy += 1
    signal.setitimer(signal.ITIMER_REAL, again)
def other(first):
    for number in range(count):
        fill(spool, 1, first=first + number)
signal.signal(signal.SIGALRM, handle)
again = 0.0003
signal.setitimer(signal.ITIMER_REAL, again)
threads = [threading.Thread(target=other, args=(n * 10**6,)) for n in (1, 2)]
for thread in threads:
    thread.start()
other(0)
more = count
while len(kept) <= 5:  # however quick the disk is
    fill(spool, 1, first=more)
    more += 1
again = 0
signal.setitimer(signal.ITIMER_REAL, 0)
for thread in threads:
    thread.join()
spool.close()
expected = {n * 10**6 + k for n in range(3) for k in range(count)} | set(range(count, more)) | set(kept)
found = drain(folder)
print(len(found) == len(expected), set(found) == expected)
"""
    count = 300 if sync == "always" else 5_000
    assert run(program, tmp_path, sync, count) == "True True\n"


def test_an_exception_from_a_signal_handler_leaves_the_spool_whole(tmp_path: Path) -> None:
    program = """
class Interrupt(Exception): pass
def handle(*_): raise Interrupt
spool = Spool(folder, HERE)
signal.signal(signal.SIGALRM, handle)
kept, number, interrupts = [], 0, 0
while interrupts < 300:
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        while True:
            number += 1
            fill(spool, 1, first=number)
            kept.append(number)
    except Interrupt:
        interrupts += 1
signal.setitimer(signal.ITIMER_REAL, 0)
found = numbers(spool)
print(set(kept) <= set(found), len(found) == len(set(found)), len(found) - len(kept) <= 300)
spool.acknowledge(range(spool.appended))
spool.close()
"""
    assert run(program, tmp_path) == "True True True\n"
    assert drain(tmp_path) == []
    assert files(tmp_path) == []


def test_a_spool_closed_by_a_signal_handler_says_so(tmp_path: Path) -> None:
    program = """
spool = Spool(folder, HERE)
signal.signal(signal.SIGALRM, lambda *_: spool.close())
signal.setitimer(signal.ITIMER_REAL, 0.02)
kept = 0
try:
    while True:
        fill(spool, 1, first=kept)
        kept += 1
except SpoolError as error:
    print(error.reason)
found = drain(folder)
print(found == list(range(len(found))), len(found) >= kept)
"""
    assert run(program, tmp_path) == "closed\nTrue True\n"


def test_many_processes_adopt_at_once_and_each_event_is_taken_once(tmp_path: Path) -> None:
    program = """
count = int(sys.argv[2])
for number in range(count):
    with Spool(folder, HERE if number % 2 else THERE) as spool:
        fill(spool, 10, first=number * 10)
children = []
read, write = os.pipe()
for _ in range(4):
    child = os.fork()
    if not child:
        os.read(read, 1)
        found = drain(folder)
        (folder / f"found-{os.getpid()}").write_text(" ".join(map(str, found)))
        os._exit(0)
    children.append(child)
os.write(write, b"xxxx")
for child in children:
    assert os.waitpid(child, 0)[1] == 0
found = [int(n) for path in folder.glob("found-*") for n in path.read_text().split()]
print(sorted(found) == [n for n in range(count * 10) if n // 10 % 2])
print(len(drain(folder, THERE)) == count * 5)
"""
    assert run(program, tmp_path, scaled(200, 20) // 2 * 2) == "True\nTrue\n"
