"""Both packages in one process and one environment: neither notices the other."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from honeyhive.models import EventFilter, PostEventRequest, UpdateEventRequest

from honeyhive_ext import F, HoneyHive

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer
    from tests.sdk.conftest import Official


def test_what_one_sends_the_other_reads(official: Official, honeyhive_local: LocalServer) -> None:
    with HoneyHive() as hh:
        ours = hh.events.create("tool", event_name="ours", metadata={"n": 1})
        request = PostEventRequest(event={"event_type": "tool", "event_name": "theirs", "inputs": {}})
        theirs = official(official.client.events.create, request)

        update = UpdateEventRequest(event_id=ours.event_id, metadata={"m": 2})
        official(official.client.events.update, update)
        hh.events.update(theirs.event_id, feedback={"rating": 5})

        assert hh.events.get(ours.event_id).metadata == {"n": 1, "m": 2}
        assert {event.event_name for event in hh.events.search(F.event_type == "tool")} == {"ours", "theirs"}
    name = EventFilter(field="event_name", operator="is", value="theirs")
    (event,) = official(official.client.events.export, filters=[name]).events
    assert event.feedback == {"rating": 5}


def test_both_at_once_from_many_threads(honeyhive_local: LocalServer) -> None:
    import honeyhive

    theirs = honeyhive.HoneyHive()
    problems: list[BaseException] = []

    def work(hh: HoneyHive, number: int) -> None:
        try:
            hh.events.create("tool", event_name=f"ours {number}")
            theirs.events.create(
                PostEventRequest(event={"event_type": "tool", "event_name": f"theirs {number}", "inputs": {}})
            )
        except BaseException as problem:  # noqa: BLE001 - raised again in the test's own thread
            problems.append(problem)

    with HoneyHive() as hh:
        threads = [threading.Thread(target=work, args=(hh, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []
    wanted = {f"{whose} {number}" for whose in ("ours", "theirs") for number in range(8)}
    assert {event["event_name"] for event in honeyhive_local.events()} == wanted


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_this_package_does_not_load_the_other() -> None:
    program = (
        "import sys, honeyhive_ext, honeyhive_client, honeyhive_schemas, honeyhive_ext.local\n"
        "from honeyhive_ext import HoneyHive\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] == 'honeyhive'))"
    )
    assert run(program) == ""


@pytest.mark.parametrize(
    "order", [("honeyhive", "honeyhive_ext.client.sync"), ("honeyhive_ext.client.sync", "honeyhive")]
)
def test_in_either_order_neither_changes_the_other_s_logger(order: tuple[str, str]) -> None:
    program = f"""
import importlib, logging
for name in {order!r}:
    importlib.import_module(name)
log = logging.getLogger("honeyhive_ext")
print(log.level, log.propagate, log.disabled, [type(one).__name__ for one in log.handlers])
"""
    alone = "import logging, honeyhive_ext.client.sync" + program.partition("import_module(name)")[2]
    assert run(program) == run(alone)
