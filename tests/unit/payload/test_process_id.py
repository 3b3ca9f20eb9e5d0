"""The id of a process is right in each child, however it was forked, and wherever pages are not emptied."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys

import pytest

from honeyhive_ext.payload import process_id as of_this_process
from honeyhive_ext.payload.process_id import process_id

FORKS = """
import ctypes, os, sys
from honeyhive_ext.payload.process_id import process_id
from honeyhive_ext.payload.ids import new_id
fork = os.fork if sys.argv[1] == "os" else ctypes.PyDLL(None).fork  # the latter calls no hooks
assert process_id() == os.getpid()
new_id()
reader, writer = os.pipe()
def tell():
    assert process_id() == os.getpid(), (process_id(), os.getpid())
    os.write(writer, (" ".join(new_id() for _ in range(3)) + " ").encode())
for _ in range(3):
    if not fork():
        tell()
        if not fork():
            tell()
            os._exit(0)
        os.wait()
        os._exit(0)
    os.wait()
tell()
os.close(writer)
ids = os.read(reader, 10_000).split()
print(len(ids), len(set(ids)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a fork without hooks")
@pytest.mark.parametrize("how", ["os", "without hooks"])
def test_each_child_has_its_own_id_and_draws_its_own_ids(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", FORKS, how], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("21 21\n", "")


def test_the_system_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    if of_this_process._page is None:
        pytest.skip("no page is emptied in children here")
    assert process_id() == os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: pytest.fail("asked"))
        process_id()


class Refusing(mmap.mmap):
    def madvise(self, *_: int) -> None:
        raise OSError(22, "Invalid argument")


class Agreeing(mmap.mmap):
    def madvise(self, *_: int) -> None:
        pass


def no_flags(*_: object, **__: object) -> None:
    raise AttributeError("MAP_PRIVATE")


@pytest.mark.parametrize("made", [Refusing, Agreeing, no_flags])
def test_a_system_that_cannot_empty_pages_is_asked_each_time(
    made: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmap, "mmap", made)
    assert of_this_process._wiped_on_fork() is None
    monkeypatch.setattr(of_this_process, "_page", None)
    monkeypatch.setattr(of_this_process, "_same", bytes(1))
    monkeypatch.setattr(of_this_process, "_known", 0)
    monkeypatch.setattr(os, "getpid", iter([7, 8]).__next__)
    assert [process_id(), process_id()] == [7, 8]


FORKING = """
import os, sys
from honeyhive_ext.payload import process_id as ids
asked, forked = os.getpid, []
def asked_while_a_handler_forks():
    answer = asked()
    if not forked:
        forked.append(os.fork())
    return answer
os.getpid = asked_while_a_handler_forks
first, again = ids.process_id(), ids.process_id()
right = first == again == asked()
if not forked[0]:
    os._exit(not right)
print(right, os.wait()[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_signal_handler_that_forks_while_the_system_is_asked_leaves_the_right_id_in_both() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True 0\n", "")
