"""Random faults, kills and forks while events are sent in the background: nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import orjson
import pytest

from honeyhive_ext import Background, HoneyHive
from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.faults.fault import FaultKind, FaultOptions
from tests.client.test_background import balanced, stored
from tests.support.clients import KEY
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer, hang, reset
from tests.support.scale import scaled, seed

EVENTS = 10_000


PHASES = ["well", "mixed", "401", "503", "hang", "hang after storing"]


class Service:
    """A service that stores events by id, and fails in phases, as chance has it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.lock = threading.Lock()
        self.events: dict[str, str] = {}  # the names by id
        self.ends = False
        self.phase, self.left = "mixed", 0

    def __call__(self, request: Recorded) -> Answer:
        with self.lock:
            events = orjson.loads(request.body)["events"]
            if not self.left:
                self.phase, self.left = self.rng.choice(PHASES), self.rng.randrange(1, 6)
            self.left -= 1
            phase = "well" if self.ends else self.phase
            if phase in ("401", "503"):
                return answer(int(phase), headers={"Retry-After": "0"})
            chance = self.rng.random() if phase == "mixed" else 1.0
            if chance < 0.1 or phase == "hang":
                return reset() if phase == "mixed" else hang()
            if chance < 0.25 and len(events) > 100:
                return answer(413)
            if chance < 0.35:  # a part of it is stored
                events = events[: len(events) // 2]
            for event in events:
                assert self.events.setdefault(event["event_id"], event["event_name"]) == event["event_name"]
            if chance < 0.45:  # the answer is lost
                return reset()
            if phase == "hang after storing":
                return hang()
            ids = [event["event_id"] for event in events]
            return answer(200, orjson.dumps({"success": True, "event_ids": ids}))


@pytest.mark.parametrize("spool", [False, True])
def test_every_event_is_delivered_or_counted_whatever_the_service_does(spool: bool, tmp_path: Path) -> None:
    rng = random.Random(seed())
    for schedule in range(scaled(500, 2) // (5 if spool else 1)):
        service = Service(rng)
        told: list[str] = []
        unbalanced: list[object] = []
        over = threading.Event()
        options = Background(
            max_events=rng.choice([1_000, 5_000, 1_000_000]),
            overflow=rng.choice(["drop_newest", "drop_oldest"]),
            flush_events=rng.choice([50, 500]),
            flush_seconds=0.01,
            on_drop=lambda event_id, _: told.append(event_id),  # noqa: B023
            spool=tmp_path / str(schedule) if spool else False,
        )

        def watch(hh: HoneyHive) -> None:
            while not over.wait(0.001):  # noqa: B023
                if not balanced(hh):
                    unbalanced.append(hh.stats())  # noqa: B023

        with Misbehaving(then=service) as server:
            hh = HoneyHive(KEY, base_url=server.url, timeout=0.2, background=options)
            watcher = threading.Thread(target=watch, args=(hh,))
            watcher.start()
            made: dict[str, str] = {}
            for part in range(10):
                for number in range(EVENTS // 10):
                    made[hh.events.enqueue("tool", event_name=f"{part}.{number}")] = f"{part}.{number}"
                hh.flush(0.02)  # it tries at once, also after a 401
            service.ends = True
            while hh.stats().waiting:
                hh.flush(1)
            hh.close()
            over.set()
            watcher.join()
        now = hh.stats()
        assert not unbalanced
        assert (now.accepted, now.delivered + now.lost) == (EVENTS, EVENTS), schedule
        assert len(told) == len(set(told)) == now.lost, schedule
        assert service.events.items() <= made.items(), schedule
        assert made.keys() - set(told) <= service.events.keys(), schedule
        assert not spool or now.lost == 0, schedule


FAULTS: list[tuple[FaultKind, FaultOptions]] = [
    ("status", {"status": 401}),
    ("status", {"status": 503}),
    ("rate_limit", {"retry_after": "0"}),
    ("hang", {"seconds": 0.3}),
    ("hang", {"seconds": 0.3, "commit": True}),
    ("commit_reset", {}),
    ("broken_json", {}),
    ("truncate", {}),
    ("partial", {"keep": 7}),
    ("reset", {}),
]


@pytest.mark.parametrize("spool", [False, True])
def test_a_store_by_id_has_each_event_once_after_phases_of_every_fault(spool: bool, tmp_path: Path) -> None:
    rng = random.Random(seed())
    options = Background(flush_seconds=0.01, flush_events=100, spool=tmp_path if spool else False)
    with LocalServer(seed=rng.randrange(2**32)) as server, HoneyHive(KEY, base_url=server.url) as reader:
        hh = HoneyHive(KEY, base_url=server.url, timeout=0.2, background=options)
        made: list[str] = []
        for _ in range(scaled(20)):
            for kind, more in rng.sample(FAULTS, len(FAULTS)):
                server.faults.add(kind, path="/v1/events/batch", probability=rng.choice([0.5, 1.0]), **more)
                made += [hh.events.enqueue("tool") for _ in range(rng.randrange(1, 400))]
                hh.flush(0.1)
                server.faults.clear()
        while hh.stats().waiting:
            hh.flush(1)
        assert hh.close().success
        assert (hh.stats().delivered, hh.stats().lost) == (len(made), 0)
        assert sorted(event.event_id for event in reader.events.search()) == sorted(made)


def test_a_hundred_thousand_events_at_once_lose_none() -> None:
    with Misbehaving(then=stored) as server, HoneyHive(KEY, base_url=server.url) as hh:
        for _ in range(scaled(100_000)):
            hh.events.enqueue("tool")
        assert hh.flush(600).success
        assert (hh.stats().delivered, hh.stats().lost) == (scaled(100_000), 0)


PROGRAM = """
import os, sys
from honeyhive_ext import Background, HoneyHive
hh = HoneyHive(background=Background(spool=sys.argv[1], flush_seconds=0.005, flush_events=20))
print("begun", flush=True)
while sys.argv[2] == "enqueue":
    os.write(1, (hh.events.enqueue("tool", event_name="x") + "\\n").encode())
hh.flush(600)
"""


def killed(url: str, seconds: float, *arguments: str) -> list[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HH_API_KEY": KEY,
        "HH_API_URL": url,
    }
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)  # when the kill comes is chance
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().splitlines()
    return [line for line in said if len(line) == 36]


@pytest.mark.skipif(sys.platform == "win32", reason="a spool needs locks")
@pytest.mark.parametrize("what", ["enqueue", "drain"])
def test_a_kill_loses_nothing_that_a_client_with_a_spool_took(what: str, tmp_path: Path) -> None:
    rng = random.Random(seed())
    service = Service(rng)
    made: set[str] = set()
    with Misbehaving(then=service) as server:
        for _ in range(scaled(200)):
            made |= set(killed(server.url, rng.uniform(0, 0.05), str(tmp_path), "enqueue"))
            if what == "drain":
                killed(server.url, rng.uniform(0, 0.05), str(tmp_path), what)
        service.ends = True
        with HoneyHive(KEY, base_url=server.url, background=Background(spool=tmp_path)) as hh:
            end = time.monotonic() + 120
            while made - set(service.events):
                assert time.monotonic() < end, len(made - set(service.events))
                time.sleep(0.01)
            assert hh.stats().lost == 0
    assert made


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forks_under_threads_that_enqueue_send_each_event_once() -> None:
    with Misbehaving(then=stored) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=Background(flush_seconds=0.01))
        over = threading.Event()
        made: list[list[str]] = [[] for _ in range(8)]

        def work(mine: list[str]) -> None:
            while not over.wait(0.001):
                mine.append(hh.events.enqueue("tool"))

        threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
        for thread in threads:
            thread.start()
        try:
            for number in range(scaled(1_000)):
                child = os.fork()
                if not child:
                    status = 1
                    try:
                        hh.events.enqueue("tool", event_name=f"child {number}")
                        hh.flush(60)  # what the thread had sent before does not count as its
                        now = hh.stats()
                        status = 0 if (now.delivered, now.waiting) == (1, 0) else 2
                    finally:
                        os._exit(status)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            over.set()
            for thread in threads:
                thread.join(60)
        assert hh.close(60).success
    arrived = [event for request in server.requests for event in orjson.loads(request.body)["events"]]
    children = [event["event_name"] for event in arrived if "child" in event.get("event_name", "")]
    assert sorted(children) == sorted(f"child {number}" for number in range(scaled(1_000)))
    own = [event["event_id"] for event in arrived if "child" not in event.get("event_name", "")]
    assert sorted(own) == sorted(one for mine in made for one in mine)
