"""Clients with a spool: mixed destinations, files that may not grow, a disk that is full."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from honeyhive_ext import Background, HoneyHive
from tests.client.test_background import balanced, stored, wait_until
from tests.support.clients import KEY
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer
from tests.support.scale import scaled, seed

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, locks and limits")

OWNERS = """
import os, random, signal, sys
from honeyhive_ext import Background, HoneyHive
from honeyhive_ext.background import keeping, process_end  # once, and not in each child
from honeyhive_ext.client import later
folder, count, seed, *urls = sys.argv[1:]
rng = random.Random(int(seed))
for number in range(int(count)):
    url, key = rng.choice(urls), rng.choice(["hh_first_key", "hh_other_key"])
    seconds = rng.choice([0.001, 3600])
    child = os.fork()
    if not child:
        try:
            options = Background(spool=folder, flush_seconds=seconds)
            hh = HoneyHive(key, base_url=url, background=options)
            for _ in range(rng.randrange(1, 20)):
                hh.events.enqueue("tool", event_name=f"{key} {url}", metadata={"n": number})
                os.write(1, b".")
            hh.flush(rng.choice([0.001, 0.05]))
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
"""


class Project:
    """A service that notes for whom each event was made, and with which key it came."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: dict[str, tuple[str, str]] = {}

    def __call__(self, request: Recorded) -> Answer:
        key = request.headers["authorization"].removeprefix("Bearer ")
        with self.lock:
            for event in orjson.loads(request.body)["events"]:
                self.found[event["event_id"]] = (event.get("event_name", ""), key)
        return stored(request)


def program(text: str, *arguments: object) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HH_API_KEY": KEY}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=scaled(6_000), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_killed_processes_left_for_many_projects_reaches_its_own(tmp_path: Path) -> None:
    one, other = Project(), Project()
    with Misbehaving(then=one) as first, Misbehaving(then=other) as second:
        urls = [first.url, second.url]
        made = program(OWNERS, tmp_path, scaled(200), seed(), *urls).count(".")
        clients = [
            HoneyHive(key, base_url=url, background=Background(spool=tmp_path))
            for url in urls
            for key in ("hh_first_key", "hh_other_key")
        ]
        wait_until(lambda: len(one.found) + len(other.found) >= made)
        # Also what was delivered before a kill is looked at and deleted.
        wait_until(lambda: not [path for path in tmp_path.iterdir() if path.suffix == ".segment"])
        assert [hh.stats().lost for hh in clients] == [0, 0, 0, 0]
        for hh in clients:
            assert hh.close().success
    for project, url in zip((one, other), urls, strict=True):
        assert {name == f"{key} {url}" for name, key in project.found.values()} == {True}
    assert len(one.found) + len(other.found) == made
    assert not {*one.found} & {*other.found}


FILLING = """
import resource, sys
from honeyhive_ext import Background, HoneyHive
folder, url, limit, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
hh = HoneyHive(base_url=url, background=Background(spool=folder, flush_seconds=3600, flush_bytes=10**9))
for n in range(count):
    print(hh.events.enqueue("tool", inputs={"text": "x" * 1_000}))
now = hh.stats()
assert now.accepted == count == now.queued + now.in_flight + now.spooled, now
report = hh.close(0.2)
now = hh.stats()
print("kept", now.waiting, "lost", now.lost)
assert now.accepted == count == now.waiting + now.lost, now
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("a file system can be mounted by root only")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(folder: Path, limit: int) -> tuple[int, int]:
    """Enqueue while the service is away, send what was kept, and return how much it was and what was lost."""
    down = True
    received: set[str] = set()

    def service(request: Recorded) -> Answer:
        if down:
            return answer(503)
        received.update(event["event_id"] for event in orjson.loads(request.body)["events"])
        return stored(request)

    with Misbehaving(then=service) as server:
        *made, last = program(FILLING, folder, server.url, limit, scaled(60_000)).splitlines()
        _, kept, _, lost = last.split()
        down = False
        with HoneyHive(KEY, base_url=server.url, background=Background(spool=folder)) as hh:
            wait_until(lambda: len(received) == int(kept) or hh.stats().lost)
            wait_until(lambda: balanced(hh) and not hh.stats().waiting)
            assert hh.stats().lost == 0
    assert received <= set(made)
    assert len(received) + int(lost) == len(made)
    return len(received), int(lost)


def test_files_that_may_not_grow_become_more_files_and_lose_nothing(tmp_path: Path) -> None:
    assert fill(tmp_path, 300_000) == (scaled(60_000), 0)


def test_files_that_may_hold_no_event_leave_them_in_memory_and_lose_only_what_is_counted(
    tmp_path: Path,
) -> None:
    assert fill(tmp_path, 1_000) == (0, scaled(60_000))


def test_a_full_disk_loses_only_what_is_counted(small_disk: Path) -> None:
    kept, lost = fill(small_disk, 0)
    assert kept
    assert lost


def test_a_disk_that_is_full_and_has_room_again_keeps_events_again(small_disk: Path) -> None:
    rng = random.Random(seed())
    service = Project()
    filler = small_disk / "filler"
    with Misbehaving(then=service) as server:
        options = Background(spool=small_disk, flush_seconds=0.005)
        hh = HoneyHive(KEY, base_url=server.url, background=options)
        made: list[str] = []
        for _ in range(scaled(200)):
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4_096)
            made += [hh.events.enqueue("tool") for _ in range(rng.randrange(50))]
            filler.unlink(missing_ok=True)
            made += [hh.events.enqueue("tool") for _ in range(rng.randrange(50))]
        assert hh.flush(60).success
        assert (hh.stats().delivered, hh.stats().lost) == (len(made), 0)
        assert hh.close().success
    assert service.found.keys() == set(made)
