"""Processes that are killed while they append to a spool, or drain it: nothing is lost or altered."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.scale import scaled, seed
from tests.support.spooling import drain, files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a spool needs locks")


def killed(seconds: float, *arguments: object) -> list[int]:
    """Run the appender, kill it so long after its first line, and return what it said."""
    command = [sys.executable, "-m", "tests.support.appender", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        time.sleep(seconds)  # when the kill comes is chance
        process.kill()
        said += process.stdout.read()
    assert process.returncode in (0, -9)
    return [int(line) for line in said.split()]


@pytest.mark.parametrize("sync", ["os", "interval"])
def test_what_a_killed_process_appended_is_there_once_and_unaltered(tmp_path: Path, sync: str) -> None:
    rng, kills, total = random.Random(seed()), scaled(200), 0
    for kill in range(kills):
        said = killed(rng.uniform(0, 0.05), "append", tmp_path, sync, 10**6 * kill)
        found = drain(tmp_path)
        assert len(found) == len(set(found))
        assert set(said) <= set(found)
        assert len(found) <= len(said) + 2  # each thread may have appended what it did not say
        total += len(said)
    print(f"{kills} kills, {total} records, 0 lost")
    assert files(tmp_path) == []


def test_what_a_killed_process_acknowledged_is_not_sent_again(tmp_path: Path) -> None:
    rng, kills = random.Random(seed()), scaled(200)
    appended = set[int]()
    while len(appended) < kills * 40:
        appended |= set(killed(0.02, "append", tmp_path, "os", 10**6 * len(appended)))
    said: list[int] = []
    for _ in range(kills):
        said += killed(rng.uniform(0, 0.01), "drain", tmp_path)
        if not files(tmp_path):
            break
    again = len(said) - len(set(said))
    print(f"{kills} kills, {len(said)} said, {again} again")
    assert again <= kills  # at most the one that was said and not acknowledged
    left = drain(tmp_path)
    assert appended <= set(said) | set(left)
    assert len(set(said) & set(left)) <= 1
    assert min(said) > -3 * 1600  # a negative number says damage: at most the appends that a kill interrupted
    assert files(tmp_path) == []
