"""Lazy frames of polars: a query fetches what it needs, and has the result it has on the whole frame."""

from __future__ import annotations

import functools
import operator
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import polars
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars import col

from honeyhive_ext import AsyncHoneyHive, AuthenticationError, ConfigError, HoneyHive
from honeyhive_ext.engines.polars import scan_events
from honeyhive_ext.engines.polars_predicates import MOST
from honeyhive_ext.export import by_column
from honeyhive_ext.local import LocalServer
from tests.client.test_export_arrow import KEY, failing, searches_end
from tests.client.test_export_jsonl import BASE, fill, searches
from tests.client.test_export_parquet import ODD, page

ENGINES: list[Any] = ["in-memory", "streaming"]
TYPED = {
    "metadata.cost": "number",
    "metadata.n": "integer",
    "metadata.ok": "boolean",
    "metadata.model": "string",
}


def asked(server: LocalServer) -> list[dict[str, Any]]:
    """The bodies of the searches so far."""
    return [one.json() for one in server.requests if one.path == "/v1/events/search"]


def test_a_frame_has_the_events_of_the_search(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 50)
    frame = scan_events(hh.events.search(page_size=20))
    assert searches(server) == 0
    assert frame.collect().equals(hh.events.search().to_dataframe("polars"))
    assert scan_events(hh).collect().equals(frame.collect())
    assert frame.collect_schema() == frame.collect().schema


def test_unusual_events_are_rows() -> None:
    with page(ODD) as server, HoneyHive(api_key="hh_x", base_url=server.url) as hh:
        frame = scan_events(hh).collect()
        assert frame.equals(hh.events.search().to_dataframe("polars"))
        assert len(frame) == len(ODD)


def test_nothing_is_a_frame_with_the_same_columns(hh: HoneyHive) -> None:
    frame = scan_events(hh, columns=TYPED)
    assert frame.collect().height == 0
    assert frame.filter(col("event_type") == "tool").select("metadata.cost").collect().height == 0
    assert frame.select(polars.len()).collect().item() == 0
    assert frame.collect().schema == frame.collect_schema()


PUSHED: list[tuple[Any, list[tuple[str, str, Any]]]] = [
    (col("event_type") == "tool", [("event_type", "is", "tool")]),
    (polars.lit("tool") == col("event_type"), [("event_type", "is", "tool")]),
    (col("event_type") != "session", [("event_type", "is not", "session")]),
    (col("event_name").str.contains("search", literal=True), [("event_name", "contains", "search")]),
    (col("event_name").str.contains("search"), [("event_name", "contains", "search")]),
    (col("event_name").str.starts_with("a.b"), [("event_name", "contains", "a.b")]),
    (col("event_name").str.ends_with("a.b"), [("event_name", "contains", "a.b")]),
    (col("error").is_not_null(), [("error", "exists", None)]),
    (col("duration") > 5, [("duration", "greater than", 5)]),
    (col("duration") > 5, [("duration", "greater than", 5)]),
    (col("duration") >= 5, [("duration", "greater than", 4.999999999999999)]),
    (col("duration") <= 5.5, [("duration", "less than", 5.500000000000001)]),
    (
        col("duration").is_between(1, 2, closed="none"),
        [("duration", "greater than", 1), ("duration", "less than", 2)],
    ),
    (col("metadata.cost") < 0.5, [("metadata.cost", "less than", 0.5)]),
    (col("metadata.cost") == 0.5, [("metadata.cost", "is", 0.5)]),
    (col("metadata.n") > 3, [("metadata.n", "greater than", 3)]),
    (col("metadata.model") == "small", [("metadata.model", "is", "small")]),
    (col("metadata.ok"), [("metadata.ok", "is", True)]),
    (~col("metadata.ok"), [("metadata.ok", "is", False)]),
    (
        col("event_id") == "7f22137a-6911-4ed3-bc36-110f1dde6b66",
        [("event_id", "is", "7f22137a-6911-4ed3-bc36-110f1dde6b66")],
    ),
    (
        (col("event_type") == "tool") & (col("duration") > 5) & col("metadata").str.contains("x"),
        [("duration", "greater than", 5), ("event_type", "is", "tool")],
    ),
    (
        col("end_time") >= BASE,
        [("end_time", "after", "2025-12-31T23:59:59.999Z")],
    ),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(PUSHED)))
def test_a_condition_becomes_a_filter(hh: HoneyHive, server: LocalServer, number: int) -> None:
    predicate, expected = PUSHED[number]
    scan_events(hh, columns=TYPED).filter(predicate).collect()
    (body,) = asked(server)
    found = [(one["field"], one["operator"], one["value"]) for one in body["filters"]]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


NOT_PUSHED: list[Any] = [
    (col("event_type") == "tool") | (col("event_type") == "model"),
    col("error").is_null(),
    col("event_id") != "7f22137a-6911-4ed3-bc36-110f1dde6b66",
    col("event_id") == "7F22137A69114ED3BC36110F1DDE6B66",
    col("event_name") > "a",
    col("event_name").str.contains("a.b"),
    col("event_name").str.to_lowercase() == "a",
    col("event_name") == "a\0b",
    col("event_name") == "x" * 2000,
    col("event_name") == col("event_type"),
    col("duration") + 1 > 5,
    col("duration") > float("inf"),
    col("duration") > 2**60,
    col("metadata.cost") != 0.5,
    col("metadata.model") != "small",
    col("metadata") == "{}",
    col("metadata").is_not_null(),
    ~(col("event_type") == "tool") | col("error").is_null(),
    col('metadata."a.b"') == "x",
    col("additional_properties.score") == "x",
    polars.lit(True),
]


@pytest.mark.parametrize("number", range(len(NOT_PUSHED)))
def test_what_the_api_cannot_be_asked_exactly_is_left_to_polars(
    hh: HoneyHive, server: LocalServer, number: int
) -> None:
    server.seed([{"event_type": "tool", "inputs": {}}])
    typed = {**TYPED, 'metadata."a.b"': "string", "additional_properties.score": "string"}
    scan_events(hh, columns=typed).filter(NOT_PUSHED[number]).collect()
    assert not [body for body in asked(server) if body.get("filters") or body.get("dateRange")]


def test_start_time_narrows_the_range(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 90)
    frame = scan_events(hh.events.search(start=BASE, end=BASE + 1000))
    found = frame.filter(col("start_time") >= BASE + 50.5, col("start_time") < BASE + 100).collect()
    assert sorted(found["start_time"].unique()) == [BASE + 60, BASE + 70, BASE + 80, BASE + 90]
    bodies = asked(server)
    assert bodies
    for body in bodies:
        assert body["dateRange"]["end_time"] == "2026-01-01T00:00:00.100Z"
        assert body["dateRange"]["start_time"] == "2026-01-01T00:00:00.050Z"
    assert frame.filter(col("start_time") > BASE + 5000).collect().height == 0
    assert asked(server) == bodies


def test_a_limit_and_a_checkpoint_mean_the_same_events_as_without_a_condition(
    hh: HoneyHive, server: LocalServer
) -> None:
    server.seed(
        {"event_type": "tool" if n % 2 else "model", "inputs": {}, "start_time": BASE + n} for n in range(20)
    )
    newest = scan_events(hh.events.search(limit=6)).filter(col("event_type") == "tool").collect()
    assert newest["start_time"].to_list() == [BASE + n for n in (19, 17, 15)]
    assert scan_events(hh.events.search(limit=6)).head(2).collect().height == 2
    assert scan_events(hh.events.search(limit=6)).head(9).collect().height == 6
    begun = hh.events.search(page_size=5)
    for number, _ in enumerate(begun, 1):
        if number == 8:
            break
    rest = (
        scan_events(hh.events.search(resume=begun.checkpoint())).filter(col("event_type") == "tool").collect()
    )
    assert rest["start_time"].to_list() == [BASE + n for n in (11, 9, 7, 5, 3, 1)]


def test_head_asks_for_few_events(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 500)
    assert scan_events(hh).head(3).collect().height == 3
    assert [body["limit"] for body in asked(server)] == [100]
    frame = scan_events(hh.events.search(page_size=10))
    before = len(asked(server))
    found = frame.filter(col("inputs").str.contains("1")).head(3).collect(engine="streaming")
    assert found.height == 3
    assert len(asked(server)) - before < 100  # of 170: what is not needed is not fetched
    some = frame.head(25).collect()
    assert some.height == 25
    assert frame.head(25).filter(col("inputs").str.contains("1")).collect().height < 25
    del found, some, frame
    assert searches_end()


def test_columns_that_no_query_uses_are_not_made(
    hh: HoneyHive, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.seed({"event_type": "tool", "inputs": {"n": n}, "metadata": {"cost": n}} for n in range(9))
    frame = scan_events(hh, columns=TYPED)
    monkeypatch.setattr(by_column, "_texts", None)
    found = frame.filter(col("metadata.cost") >= 3).select("event_type", polars.col("metadata.n")).collect()
    assert found.columns == ["event_type", "metadata.n"]
    assert len(found) == 6
    assert frame.select(polars.len()).collect().item() == 9
    assert frame.filter(col("metadata.cost") > 6).select(polars.len()).collect().item() == 2


def test_many_conditions_are_not_all_sent(hh: HoneyHive, server: LocalServer) -> None:
    server.seed([{"event_type": "tool", "inputs": {}, "event_name": "x"}])
    names = [col("event_name") != f"n{number}" for number in range(300)]
    assert scan_events(hh).filter(*names).collect().height == 1
    assert scan_events(hh).filter(functools.reduce(operator.and_, names)).collect().height == 1
    assert [len(body["filters"]) for body in asked(server)] == [MOST, MOST]


@pytest.mark.parametrize("pages", [0, 1])
def test_an_error_of_the_search_ends_the_query_without_the_key(pages: int) -> None:
    with failing(pages) as server, HoneyHive(api_key=KEY, base_url=server.url, retry=False) as hh:
        frame = scan_events(hh.events.search(page_size=2))
        for engine in ENGINES:
            with pytest.raises((AuthenticationError, polars.exceptions.ComputeError), match="401") as caught:
                frame.collect(engine=engine)
            assert KEY not in "".join(traceback.format_exception(caught.value))


def test_what_cannot_be_scanned_is_refused(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ahh = AsyncHoneyHive(api_key="x", base_url=server.url)
    for wrong in (ahh, ahh.events.search(), None, [1]):
        with pytest.raises(ConfigError, match="give a HoneyHive client or what its search returns"):
            scan_events(wrong)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "polars.io.plugins", None)
    with pytest.raises(ConfigError, match=r'pip install "honeyhive-ext\[polars\]"'):
        scan_events(None)  # type: ignore[arg-type]


def test_streaming_and_joins_work(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 60)
    frame = scan_events(hh.events.search(page_size=7), columns={"inputs.n": "integer"})
    assert frame.collect(engine="streaming")["inputs.n"].sum() == sum(range(60))
    small = frame.filter(col("inputs.n") < 5).select("event_id", "inputs.n")
    assert frame.join(small, on="event_id").collect()["inputs.n"].sum() == 10
    assert polars.concat([small, small]).collect().height == 10
    counted = frame.group_by("start_time").agg(polars.len()).collect()
    assert counted["len"].sum() == 60


NAMES = st.sampled_from(["a", "A", "ab", "a.b", "é", "", "null", " a"])
NUMBERS = st.sampled_from(
    [0, 1, 2, -1, 0.5, 1.5, -0.0, 2**53 - 1, 2**53, 2**53 + 1, 1e300, BASE, BASE + 1, BASE + 0.5]
)
ANY = NAMES | NUMBERS | st.booleans() | st.none() | st.lists(NAMES | NUMBERS, max_size=2)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "cost": NUMBERS | ANY,
        "n": st.integers(-2, 3) | ANY,
        "ok": st.booleans() | ANY,
        "model": NAMES | ANY,
    },
)
STORED = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(["tool", "model"]),
        "start_time": st.sampled_from([BASE, BASE + 0.5, BASE + 1, BASE + 2]),
    },
    optional={
        "event_name": NAMES,
        "error": NAMES | st.none(),
        "duration": NUMBERS,
        "end_time": st.sampled_from([BASE, BASE + 0.25, BASE + 1, BASE + 7]),
        "metadata": METADATA,
    },
)
TEXTS = ["event_type", "event_name", "error", "metadata.model"]
FIGURES = ["start_time", "end_time", "duration", "metadata.cost", "metadata.n"]
AT = {"event_type": "tool", "start_time": BASE}
COMPARE = st.sampled_from(
    ["__eq__", "__ne__", "__gt__", "__ge__", "__lt__", "__le__", "eq_missing", "ne_missing"]
)


@st.composite
def simple(draw: st.DrawFn) -> polars.Expr:
    kind = draw(st.sampled_from(["text", "number", "between", "boolean", "null", "inside"]))
    if kind == "text":
        return getattr(col(draw(st.sampled_from(TEXTS))), draw(COMPARE))(
            draw(NAMES | st.sampled_from(["tool"]))
        )
    if kind == "inside":
        text = col(draw(st.sampled_from(TEXTS))).str
        found = getattr(text, draw(st.sampled_from(["contains", "starts_with", "ends_with"])))
        return found(draw(NAMES))
    if kind == "number":
        return getattr(col(draw(st.sampled_from(FIGURES))), draw(COMPARE))(draw(NUMBERS))
    if kind == "between":
        low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
        closed = draw(st.sampled_from(["both", "left", "right", "none"]))
        return col(draw(st.sampled_from(FIGURES))).is_between(low, high, closed=closed)
    if kind == "boolean":
        return draw(st.sampled_from([col("metadata.ok"), ~col("metadata.ok"), col("metadata.ok") == True]))  # noqa: E712
    name = draw(st.sampled_from([*TEXTS, *FIGURES, "metadata.ok", "metadata"]))
    return draw(st.sampled_from([col(name).is_null(), col(name).is_not_null()]))


PREDICATES = st.recursive(
    simple(),
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | st.builds(lambda a: ~a, inner)
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[LocalServer, HoneyHive]]:
    with LocalServer() as server, HoneyHive(api_key="hh_x", base_url=server.url) as hh:
        yield server, hh


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(STORED, min_size=1, max_size=8), predicates=st.lists(PREDICATES, min_size=1, max_size=4)
)
@example(events=[{**AT, "metadata": {"model": ["a", "ab"]}}], predicates=[col("metadata.model") != "a"])
@example(
    events=[{"event_type": "tool", "start_time": BASE + 0.5}], predicates=[col("start_time") > BASE + 0.25]
)
def test_a_filtered_scan_is_the_filtered_frame(
    shared: tuple[LocalServer, HoneyHive], events: list[dict[str, Any]], predicates: list[polars.Expr]
) -> None:
    server, hh = shared
    server.reset()
    server.seed({"inputs": {}, **event} for event in events)
    frame = scan_events(hh, columns=TYPED)
    whole = frame.collect()
    for predicate in predicates:
        expected = whole.filter(predicate)
        assert frame.filter(predicate).collect().equals(expected)
        assert (
            frame.filter(predicate)
            .head(2)
            .select("event_id")
            .collect()
            .equals(expected.select("event_id").head(2))
        )
        assert frame.head(2).filter(predicate).collect().equals(whole.head(2).filter(predicate))
        assert frame.filter(predicate).select(polars.len()).collect().item() == len(expected)
