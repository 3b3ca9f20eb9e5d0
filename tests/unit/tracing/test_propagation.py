"""The session and the parent in the headers of a request: what is written, read, and left alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import ConfigError, current_span, extract, inject
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.tracing.propagation import MOST_BAGGAGE, Extracted
from tests.support.recorder import Recorder

SESSION = "5a5a5a5a-1111-4222-8333-0123456789ab"
PARENT = "a9b0c1d2-4444-4555-9666-ba9876543210"
ENTRIES = f"honeyhive.session_id={SESSION},honeyhive.parent_id={PARENT}"
OURS = f"{ENTRIES},session_id={SESSION}"
TRACEPARENT = f"00-{SESSION.replace('-', '')}-9666ba9876543210-01"
THEIRS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Iterator[None]:
    yield
    assert CURRENT.get() is None


def test_the_ids_travel_whole_in_baggage_and_short_in_traceparent(rec: Recorder) -> None:
    with rec.session(session_id=SESSION), rec.span(event_id=PARENT):
        headers = inject()
    assert headers == {"baggage": OURS, "traceparent": TRACEPARENT}


def test_what_was_injected_is_extracted(rec: Recorder) -> None:
    with rec.session() as session, rec.span() as span:
        found = extract(inject())
    assert (found.session_id, found.parent_id) == (session.session_id, span.event_id)
    assert found.ids == {"session_id": session.session_id, "parent_id": span.event_id}


def test_outside_of_all_spans_nothing_is_written() -> None:
    headers = {"accept": "text/plain", "baggage": "a=1"}
    assert inject(headers) is headers
    assert headers == {"accept": "text/plain", "baggage": "a=1"}


def test_where_nothing_is_recorded_at_all_nothing_is_written() -> None:
    rec = Recorder(EventSettings(sample_rate=0.0))
    with rec.session():
        assert inject() == {}


def test_a_session_that_is_not_sampled_says_so_to_other_tracers() -> None:
    rec = Recorder(EventSettings(sample_rate=1e-9))
    with rec.session(session_id=SESSION):
        headers = inject()
    assert headers["traceparent"].endswith("-00")
    assert extract(headers).session_id == SESSION


def test_events_inside_belong_to_what_came(rec: Recorder) -> None:
    with extract({"baggage": ENTRIES}) as found:
        assert found.session_id == SESSION
        assert current_span() is None
        with rec.span("answer"):
            rec.create("tool", event_name="search")
        rec.create("tool", event_name="beside")
    with rec.span("after"):
        pass
    answer = rec.named("answer")
    assert (answer["session_id"], answer["parent_id"]) == (SESSION, PARENT)
    search = rec.named("search")
    assert (search["session_id"], search["parent_id"]) == (SESSION, answer["event_id"])
    assert rec.named("beside")["parent_id"] == PARENT
    assert rec.named("after")["session_id"] != SESSION


def test_every_client_belongs_to_what_came() -> None:
    first, second = (Recorder(EventSettings(destination=name)) for name in ("a", "b"))
    with extract({"baggage": ENTRIES}), first.span("a"), second.span("b"):
        pass
    assert {first.named("a")["parent_id"], second.named("b")["parent_id"]} == {PARENT}


def test_a_session_inside_is_a_root(rec: Recorder) -> None:
    with extract({"baggage": ENTRIES}), rec.session("chat") as session:
        rec.create("tool", event_name="search")
    assert session.session_id != SESSION
    assert rec.named("search")["session_id"] == session.session_id


def test_the_ids_are_arguments_too(rec: Recorder) -> None:
    with rec.span("answer", **extract({"baggage": ENTRIES}).ids):
        pass
    with rec.span("alone", **extract({}).ids):
        pass
    answer, alone = rec.events
    assert (answer["session_id"], answer["parent_id"]) == (SESSION, PARENT)
    assert "parent_id" not in alone


def test_inside_of_what_came_the_same_is_passed_on(rec: Recorder) -> None:
    with extract({"baggage": ENTRIES}):
        assert inject() == {"baggage": OURS, "traceparent": TRACEPARENT}


def test_a_span_around_is_still_the_current_one(rec: Recorder) -> None:
    with rec.span() as span, extract({"baggage": ENTRIES}):
        assert current_span() is span


def test_one_that_was_extracted_is_entered_many_times(rec: Recorder) -> None:
    found = extract({"baggage": ENTRIES})
    barrier = threading.Barrier(4)

    def handle() -> None:
        with found:
            barrier.wait()
            with found, rec.span():
                barrier.wait()
            assert CURRENT.get() is not None
        assert CURRENT.get() is None

    async def handle_async() -> None:
        with found:
            await asyncio.sleep(0)
            with rec.span():
                await asyncio.sleep(0)
        assert CURRENT.get() is None

    async def main() -> None:
        await asyncio.gather(*(handle_async() for _ in range(5)))

    threads = [threading.Thread(target=handle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(main())
    assert [event["parent_id"] for event in rec.events] == [PARENT] * 9


def test_an_exit_without_an_entry_changes_nothing(rec: Recorder) -> None:
    found = extract({"baggage": ENTRIES})
    with rec.span() as span:
        found.__exit__(None, None, None)
        assert current_span() is span


@pytest.mark.parametrize(
    "headers",
    [
        {"baggage": ENTRIES},
        {"Baggage": f"a=1, {ENTRIES} ,b=2"},
        {"BAGGAGE": f"honeyhive.session_id = {SESSION} ;ttl=1;x , honeyhive.parent_id={PARENT}"},
        {"HTTP_BAGGAGE": ENTRIES, "wsgi.input": object()},
        {b"baggage": ENTRIES.encode()},
        [(b"host", b"x"), (b"baggage", ENTRIES.encode())],
        [("baggage", f"honeyhive.session_id={SESSION}"), ("baggage", f"honeyhive.parent_id={PARENT}")],
        {"baggage": ["a=1", ENTRIES]},
        {"baggage": ENTRIES.upper().replace("HONEYHIVE.SESSION_ID", "honeyhive.session_id").replace(
            "HONEYHIVE.PARENT_ID", "honeyhive.parent_id")},
        {"baggage": ENTRIES.replace("-", "%2D")},
        MappingProxyType({"baggage": ENTRIES}),
        httpx.Headers({"Baggage": ENTRIES}),
        {1: 2, None: None, "x": object(), "baggage": ENTRIES},
    ],
)  # fmt: skip
def test_headers_of_every_kind_are_read(headers: Any) -> None:
    found = extract(headers)
    assert (found.session_id, found.parent_id) == (SESSION, PARENT)


@pytest.mark.parametrize("name", ["session_id", "honeyhive_session_id", "honeyhive.session_id"])
def test_the_names_of_the_official_tracer_are_read(name: str) -> None:
    found = extract({"baggage": f"project=demo,{name}={SESSION},source=dev", "traceparent": THEIRS})
    assert (found.session_id, found.parent_id) == (SESSION, None)


class Hostile(Mapping[str, str]):
    def __getitem__(self, name: str) -> str:
        raise RuntimeError(name)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        [],
        "baggage",
        3,
        object(),
        Hostile(),
        [1, 2],
        [("baggage",)],
        {"baggage": None},
        {"baggage": 3},
        {"baggage": ""},
        {"baggage": ",,;=,=;"},
        {"baggage": "honeyhive.session_id"},
        {"baggage": "honeyhive.session_id=chat-7"},
        {"baggage": f"honeyhive.session_id={SESSION}x"},
        {"baggage": f"honeyhive.parent_id={PARENT}"},
        {"baggage": f"Honeyhive.Session_Id={SESSION}"},
        {"baggage": "honeyhive.session_id=%00%ff%"},
        {"traceparent": TRACEPARENT.replace("00-", "ff-", 1)},
        {"traceparent": TRACEPARENT[:-1] + "0"},
        {"traceparent": f"00-{'0' * 32}-{'1' * 16}-01"},
        {"traceparent": f"00-{'1' * 32}-{'0' * 16}-01"},
        {"traceparent": TRACEPARENT[:-4]},
        {"x-baggage": ENTRIES},
    ],
)
def test_what_is_malformed_is_as_nothing(headers: Any, rec: Recorder) -> None:
    found = extract(headers)
    assert (found.session_id, found.parent_id, found.ids) == (None, None, {})
    with found, rec.span():
        pass
    assert "parent_id" not in rec.events[0]


@given(st.one_of(st.text(), st.binary(), st.none(), st.lists(st.text()), st.text("=,;%honeyv.sid_ -5a")))
def test_whatever_the_baggage_is_nothing_is_raised(baggage: Any) -> None:
    for headers in ({"baggage": baggage}, [("baggage", baggage)], baggage):
        found = extract(headers)
        assert found.session_id is None or len(found.session_id) == 36
    rec = Recorder()
    with rec.session(session_id=SESSION):
        made = inject({"baggage": baggage, "traceparent": baggage})
    assert extract(made).session_id == SESSION


def test_what_is_read_is_bounded() -> None:
    assert extract({"baggage": "a" * (MOST_BAGGAGE - 10) + "," + ENTRIES}).session_id is None
    assert extract({"baggage": ENTRIES + "," + "a" * 50_000_000}).session_id == SESSION

    def endless() -> Iterator[tuple[str, str]]:
        while True:
            yield "baggage", "a=1"

    assert extract(endless()).session_id is None


def test_entries_of_others_stay(rec: Recorder) -> None:
    theirs = "user=ada%20l;ttl=3, empty ,session_id=web-7,session_id2=x"
    headers = {"Baggage": theirs, "TraceParent": THEIRS, "tracestate": "v=1"}
    with rec.session(session_id=SESSION):
        inject(headers)
    kept = "user=ada%20l;ttl=3,empty,session_id=web-7,session_id2=x"
    assert headers["Baggage"] == f"{kept},honeyhive.session_id={SESSION},honeyhive.parent_id={SESSION}"
    assert {*headers} == {"Baggage", "TraceParent", "tracestate"}
    assert headers["TraceParent"] == THEIRS
    assert extract(headers).session_id == SESSION


def test_headers_that_are_used_again_name_the_last_span(rec: Recorder) -> None:
    headers: dict[str, str] = {"baggage": "user=ada"}
    with rec.session():
        inject(headers)
        with rec.span():
            inject(headers)
    with rec.session(session_id=SESSION), rec.span(event_id=PARENT):
        inject(headers)
    assert headers == {"baggage": f"user=ada,{OURS}", "traceparent": TRACEPARENT}


def test_baggage_without_room_stays_and_a_line_says_so(
    rec: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    for size in (MOST_BAGGAGE - 100, MOST_BAGGAGE * 3):
        full = {"baggage": "a=" + "x" * size}
        before = dict(full)
        with rec.session():
            assert inject(full) == before
    assert len(caplog.records) == 2


def test_headers_whose_code_raises_change_nothing(rec: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    class Frozen(dict[str, str]):
        def __setitem__(self, name: str, value: str) -> None:
            raise RuntimeError("frozen")

    with rec.session():
        headers = inject(Frozen(a="1"))
    assert headers == {"a": "1"}
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("wrong", [[], "headers", 3, MappingProxyType({})])
def test_what_cannot_be_headers_is_refused_everywhere(wrong: Any, rec: Recorder) -> None:
    with pytest.raises(ConfigError, match="dict"):
        inject(wrong)
    with rec.session(), pytest.raises(ConfigError, match="dict"):
        inject(wrong)


def test_ids_of_zeros_make_no_traceparent(rec: Recorder) -> None:
    zeros = "00000000-0000-0000-0000-000000000000"
    with rec.session(session_id=zeros):
        headers = inject()
    assert {*headers} == {"baggage"}
    assert extract(headers).session_id == zeros


def test_the_repr_shows_both_ids() -> None:
    assert repr(extract({})) == "Extracted(session_id=None, parent_id=None)"
    assert isinstance(extract({}), Extracted)
