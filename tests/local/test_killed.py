"""A server that is killed while it writes has every event that it acknowledged."""

from __future__ import annotations

import json
import random
import signal
import threading
import uuid
from collections import Counter
from pathlib import Path

import httpx

from honeyhive_ext.local import LocalServer, Request
from tests.support.local_api import HEADERS, post
from tests.support.scale import scaled, seed
from tests.support.serving import serving

WRITERS = 3
SESSIONS = [str(uuid.UUID(int=number)) for number in range(1, 4)]


def write(url: str, acknowledged: list[str], enough: threading.Event, most: int) -> None:
    """Send single events and batches until the server has gone."""
    with httpx.Client(base_url=url, headers=HEADERS, timeout=60) as client:
        while True:
            ids = [str(uuid.uuid4()) for _ in range(7)]
            events = [
                {
                    "event_type": "tool",
                    "event_id": one,
                    "session_id": SESSIONS[int(one[0], 16) % len(SESSIONS)],
                    "inputs": {"id": one},
                    "metadata": {one[:2]: 1, "total_tokens": 3},
                }
                for one in ids
            ]
            try:
                if client.post("/v1/events", json=events[0]).status_code == 200:
                    acknowledged.append(ids[0])
                if client.post("/v1/events/batch", json={"events": events[1:]}).status_code == 200:
                    acknowledged.extend(ids[1:])
            except httpx.HTTPError:
                enough.set()
                return
            if len(acknowledged) >= most:
                enough.set()


def test_no_acknowledged_event_is_lost_by_sigkill_and_the_sessions_have_the_sums_of_what_is_stored(
    tmp_path: Path,
) -> None:
    draw = random.Random(seed())
    file = tmp_path / "events.db"
    acknowledged: list[str] = []
    for _ in range(scaled(40, least=2)):
        with serving("--db", str(file)) as server:
            enough = threading.Event()
            most = len(acknowledged) + draw.randrange(1, 200)
            threads = [
                threading.Thread(target=write, args=(server.url, acknowledged, enough, most))
                for _ in range(WRITERS)
            ]
            for thread in threads:
                thread.start()
            assert enough.wait(60)
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join(60)
    with LocalServer(file) as after:
        stored = {event["event_id"]: event for event in after.events()}
        lost = [one for one in acknowledged if one not in stored]
        assert lost == []
        assert all(stored[one]["inputs"] == {"id": one} for one in acknowledged)
        listed = json.loads(after.handle(Request("GET", "/_local/sessions", b"", HEADERS)).body)["sessions"]
        sums = {one["session_id"]: (one["events"], one["total_tokens"]) for one in listed}
        events = Counter(event["session_id"] for event in stored.values())
        assert sums == {session: (count, 3 * count) for session, count in events.items()}
        count = post(after, "/v1/events/search", {"limit": 1})["count"]
        assert count == len(stored)
        first = acknowledged[0]
        asked = {"filters": [{"field": f"metadata.{first[:2]}", "operator": "is", "value": 1}]}
        found = post(after, "/v1/events/search", asked)
        assert first in {event["event_id"] for event in found["events"]}, json.dumps(asked)
