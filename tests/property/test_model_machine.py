"""Random operations through both clients against the local server, next to a plain-Python model of the API.

The model is written from the API document's words and shares no code with the client or the server.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from honeyhive_ext import F
from honeyhive_ext.errors import NotFoundError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.testing import events, sessions, updates
from tests.support.clients import EitherClient
from tests.support.scale import scaled

BASE = 1_767_225_600_000
SESSIONS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
EVENTS = [f"00000000-0000-4000-9000-00000000000{n}" for n in range(5)]
UNKNOWN = "00000000-0000-4000-a000-000000000000"
TIMES = st.integers(0, 20).map(lambda tick: BASE + tick)
MADE = events(event_id=st.sampled_from(EVENTS), session_id=st.sampled_from(SESSIONS), start_time=TIMES).map(
    lambda event: {key: value for key, value in event.items() if key != "end_time"}
)
MANY = st.lists(MADE, max_size=4, unique_by=lambda event: event["event_id"])
STARTED = sessions(session_id=st.sampled_from(SESSIONS), start_time=TIMES).map(
    lambda session: {key: value for key, value in session.items() if key not in ("end_time", "duration")}
)
KIND = st.sampled_from(["sync", "async"])
MERGED = ("metadata", "feedback", "metrics", "config", "user_properties")


class Model:
    """What the service has, by event_id."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}

    def create(self, event: dict[str, Any], session_id: str | None = None) -> None:
        """Posted again, an event takes the place of the one that was there."""
        stored = {"event_name": "unknown", "source": "sdk-python", **event}
        if session_id is not None:
            stored["session_id"] = session_id
        stored.setdefault("parent_id", stored["session_id"])
        if "duration" in stored:
            stored["end_time"] = stored["start_time"] + stored["duration"]
        self.events[stored["event_id"]] = stored

    def update(self, event_id: str, changes: dict[str, Any]) -> None:
        """Five objects are merged by key, the rest is replaced."""
        stored = self.events[event_id]
        for name, value in changes.items():
            stored[name] = {**(stored.get(name) or {}), **value} if name in MERGED else value

    def start(self, session: dict[str, Any]) -> dict[str, Any]:
        """A second request for a session merges two objects into it and changes nothing else."""
        session_id = session["session_id"]
        there = self.events.get(session_id)
        if there is None:
            name = session.get("event_name", session.get("session_name", "unknown"))
            whole = {"inputs": {}, "source": "sdk-python", **session}
            there = {**whole, "event_type": "session", "event_id": session_id, "event_name": name}
            self.events[session_id] = there
        else:
            for name in ("metadata", "user_properties"):
                if name in session:
                    there[name] = {**(there.get(name) or {}), **session[name]}
        return there

    def of_session(self, session_id: str) -> set[str]:
        return {key for key, event in self.events.items() if event["session_id"] == session_id}


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Times are compared to a microsecond: the client completes them and rounds there."""
    found, wanted = dict(found), dict(wanted)
    for name in ("end_time", "duration"):
        if name in wanted and found.pop(name, None) != pytest.approx(wanted.pop(name), rel=1e-12, abs=0.002):
            return False
    return found == wanted


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.server: LocalServer | None = None
        self.model = Model()
        self.clients: dict[str, EitherClient] = {}

    @initialize()
    def start(self) -> None:
        self.server = LocalServer()
        sync, other = self.server.transport(), self.server.async_transport()
        self.clients = {
            "sync": EitherClient("sync", "http://local", transport=sync, retry=False),
            "async": EitherClient("async", "http://local", transport=other, retry=False),
        }

    @rule(kind=KIND, event=MADE)
    def create(self, kind: str, event: dict[str, Any]) -> None:
        sent = self.clients[kind].do(lambda hh: hh.events.create(event))
        self.model.create(event)
        assert sent.event_id == event["event_id"]

    @rule(kind=KIND, many=MANY, size=st.integers(1, 4))
    def create_batch(self, kind: str, many: list[dict[str, Any]], size: int) -> None:
        report = self.clients[kind].do(lambda hh: hh.events.create_batch(many, max_events=size))
        for event in many:
            self.model.create(event)
        assert list(report.event_ids) == [event["event_id"] for event in many]

    @rule(kind=KIND, many=MANY, size=st.integers(1, 4), session_id=st.sampled_from(SESSIONS))
    def create_batch_in_session(self, kind: str, many: Any, size: int, session_id: str) -> None:
        known = bool(self.model.of_session(session_id))
        if not known and many:
            return
        client = self.clients[kind]
        client.do(lambda hh: hh.sessions.create_event_batch(session_id, many, max_events=size))
        for event in many:
            self.model.create(event, session_id)

    @rule(kind=KIND, many=MANY.filter(bool), size=st.integers(1, 4))
    def create_batch_of_one_new_session(self, kind: str, many: Any, size: int) -> None:
        report = self.clients[kind].do(
            lambda hh: hh.events.create_batch(
                many, single_session=True, max_events=size, session_properties={"start_time": BASE}
            )
        )
        assert report.session_id is not None
        self.model.start({"session_id": report.session_id, "start_time": BASE})
        for event in many:
            self.model.create(event, report.session_id)

    @rule(kind=KIND, session=STARTED)
    def start_session(self, kind: str, session: dict[str, Any]) -> None:
        started = self.clients[kind].do(lambda hh: hh.sessions.create(**session))
        wanted = self.model.start(session)
        assert started.session_id == session["session_id"]
        assert (started.metadata or {}) == wanted.get("metadata", {})

    @rule(kind=KIND, event_id=st.sampled_from(EVENTS + SESSIONS), changes=updates())
    def update(self, kind: str, event_id: str, changes: dict[str, Any]) -> None:
        client = self.clients[kind]
        if event_id in self.model.events:
            client.do(lambda hh: hh.events.update(event_id, **changes))
            self.model.update(event_id, changes)
        else:
            with pytest.raises(NotFoundError):
                client.do(lambda hh: hh.events.update(event_id, **changes))

    @rule(kind=KIND, event_id=st.sampled_from([*EVENTS, *SESSIONS, UNKNOWN]))
    def get(self, kind: str, event_id: str) -> None:
        wanted = self.model.events.get(event_id)
        if wanted is None:
            with pytest.raises(NotFoundError):
                self.clients[kind].do(lambda hh: hh.events.get(event_id))
        else:
            assert same(self.clients[kind].do(lambda hh: hh.events.get(event_id)).raw, wanted)

    @rule(
        kind=KIND,
        session_id=st.none() | st.sampled_from(SESSIONS),
        event_type=st.none() | st.sampled_from(["model", "tool", "chain", "session"]),
        start=st.none() | TIMES,
        end=st.none() | TIMES,
        page_size=st.sampled_from([2, 5, 1000]),
    )
    def search(
        self, kind: str, session_id: Any, event_type: Any, start: Any, end: Any, page_size: int
    ) -> None:
        if start is not None and end is not None and start > end:
            start, end = end, start
        wanted = {
            key: event
            for key, event in self.model.events.items()
            if session_id in (None, event["session_id"])
            and event_type in (None, event["event_type"])
            and (start is None or event["start_time"] >= start)
            and (end is None or event["start_time"] <= end)
        }
        filters = [F.session_id == session_id] if session_id is not None else []
        filters += [F.event_type == event_type] if event_type is not None else []
        found = self.clients[kind].do(
            lambda hh: hh.events.search(*filters, start=start, end=end, page_size=page_size).raw().to_list()
        )
        times = [row["start_time"] for row in found]
        assert times == sorted(times, reverse=True)
        assert sorted(row["event_id"] for row in found) == sorted(wanted)
        assert all(same(row, wanted[row["event_id"]]) for row in found)

    @rule(kind=KIND, session_id=st.sampled_from(SESSIONS))
    def read_session(self, kind: str, session_id: str) -> None:
        found = self.clients[kind].do(lambda hh: hh.sessions.events(session_id))
        assert sorted(event.event_id for event in found) == sorted(self.model.of_session(session_id))

    @invariant()
    def everything_is_stored_once(self) -> None:
        if self.server is not None:
            stored = [event["event_id"] for event in self.server.events()]
            assert sorted(stored) == sorted(self.model.events)

    def teardown(self) -> None:
        for client in self.clients.values():
            client.__exit__()
        if self.server is not None:
            self.server.close()


TestClientAndServerAreTheModel = Machine.TestCase
TestClientAndServerAreTheModel.settings = settings(
    max_examples=scaled(300, 10),
    stateful_step_count=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking whole events takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
