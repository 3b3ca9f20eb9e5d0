"""The SQL of filters against a plain-Python oracle, and the laws that hold for any filter."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.store.where import MANY
from tests.support import oracle
from tests.support.local_api import post
from tests.support.scale import scaled

TRACES = sorted(Path(__file__).parents[2].joinpath("../shared/data/traces").glob("*.jsonl"))
NAMES = ["a", "b", "a.b", "b.c", "é", 'q"uote', "back\\slash", "", "0", "line\nbreak", "nul\x00"]
TEXTS = [
    "",
    "5",
    "x",
    "X",
    "true",
    "é\x00z",
    "2026-01-01T00:00:00Z",
    "2026-01-01",
    "1.5",
    "\ufdd0",
    "a\ufdd1b",
]
LARGE = [
    sign * (2**power + more)
    for sign in (1, -1)
    for power in (53, 63, 64, 70, 1023)
    for more in (-1025, -1, 0, 1, 5, 1025)
]
IDS = [uuid.UUID(int=0xABCDEF_0000_4000_8000_000000000000 + n) for n in range(3)]
ID_TEXTS = [form for one in IDS for form in (str(one), str(one).upper(), str(one).title())]
NUMBERS = [
    *LARGE,
    *(float(number) for number in LARGE),
    1.7976931348623157e308,
    5e-324,
    0,
    1,
    5,
    -1,
    0.1,
    0.30000000000000004,
    1e22,
    2**53,
    2**53 + 1,
    2**63,
    2**64 + 1,
    1767225600000,
    0.5,
]

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
names = st.one_of(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"]), max_size=4))
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(names, trees, max_size=5)
ROOTS = ["inputs", "outputs", "metadata", "config"]
events = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(["model", "tool"]),
        "inputs": objects,
        "start_time": st.sampled_from([1767225600000, 1767225600000.5, 0, 1767225600001]),
    },
    optional={
        "outputs": objects,
        "metadata": objects,
        "config": objects,
        "event_name": st.sampled_from(TEXTS),
        "error": st.none() | st.sampled_from(TEXTS),
        "duration": st.sampled_from(NUMBERS),
        "children_ids": st.lists(st.sampled_from([*TEXTS, *ID_TEXTS]), max_size=2),
        "session_id": st.sampled_from(ID_TEXTS),
        "parent_id": st.sampled_from(ID_TEXTS),
    },
)


@st.composite
def filters(draw: st.DrawFn, stored: list[dict[str, Any]]) -> dict[str, Any]:
    """A filter, mostly on a field and a value that occur."""
    known = sorted({path for event in stored for path in oracle.dotted(event)})
    field = draw(st.sampled_from(known) | st.sampled_from(["metadata.a", "nowhere", "inputs.a.b.0", "", "."]))
    found = [
        value
        for event in stored
        for whole in oracle.values_at(event, field)
        for value in oracle.values_inside(whole)
        if not isinstance(value, dict | list)
    ]
    value = draw(st.sampled_from(found) if found and draw(st.booleans()) else leaves)
    if isinstance(value, str) and field in oracle.IDS:
        value = draw(
            st.sampled_from([value, value.upper(), value.lower(), value.replace("-", ""), value[:9]])
        )
    if type(value) is int and draw(st.booleans()):
        value += draw(st.sampled_from([-1, 1, 0.0]))
    kind = oracle.type_name(value)
    time = oracle.milliseconds(value) is not None
    operators = ["exists", "not exists"]
    if value is None or kind in ("string", "number", "boolean"):
        operators += ["is", "is not"]
    if kind == "string":
        operators += ["contains", "not contains"]
    if kind in ("string", "number"):
        operators += ["greater than", "less than"]
    if time:
        operators += ["after", "before"]
    one: dict[str, Any] = {"field": field, "operator": draw(st.sampled_from(operators)), "value": value}
    types = [None, kind] if kind in ("string", "number", "boolean") else [None]
    if time and not one["operator"].endswith("contains"):
        types.append("datetime")
    if one["operator"] in ("after", "before"):
        types = [None, "datetime"]
    type_ = draw(st.sampled_from(types))
    return one if type_ is None else {**one, "type": type_}


def search(server: LocalServer, given_filters: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = post(server, "/v1/events/search", {"filters": given_filters, **more})
    return answer


def fill(server: LocalServer, given_events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An empty store filled with these events, and the events as they are stored."""
    server.reset()
    post(server, "/v1/events/batch", {"events": given_events})
    return server.events()


@given(data=st.data(), given_events=st.lists(events, min_size=1, max_size=6))
@settings(max_examples=scaled(1600), deadline=None, suppress_health_check=list(HealthCheck))
def test_sql_finds_exactly_what_the_oracle_finds(
    running_server: LocalServer, data: st.DataObject, given_events: list[dict[str, Any]]
) -> None:
    stored = fill(running_server, given_events)
    for _ in range(5):
        asked = data.draw(st.lists(filters(stored), min_size=1, max_size=2))
        found = search(running_server, asked)
        assert [event["event_id"] for event in found["events"]] == oracle.matches(stored, asked), asked
        assert found["count"] == len(found["events"])


@given(data=st.data(), given_events=st.lists(events, min_size=1, max_size=6))
@settings(max_examples=scaled(600), deadline=None, suppress_health_check=list(HealthCheck))
def test_an_operator_and_its_negation_partition_the_events(
    running_server: LocalServer, data: st.DataObject, given_events: list[dict[str, Any]]
) -> None:
    stored = fill(running_server, given_events)
    one = data.draw(filters(stored).filter(lambda one: one["operator"] in oracle.NEGATIONS.values()))
    negation = {base: name for name, base in oracle.NEGATIONS.items()}[one["operator"]]
    yes = {event["event_id"] for event in search(running_server, [one])["events"]}
    no = {event["event_id"] for event in search(running_server, [{**one, "operator": negation}])["events"]}
    assert yes | no == {event["event_id"] for event in stored}
    assert not yes & no


@given(data=st.data(), given_events=st.lists(events, min_size=1, max_size=12), limit=st.integers(1, 5))
@settings(max_examples=scaled(600), deadline=None, suppress_health_check=list(HealthCheck))
def test_pages_partition_the_result(
    running_server: LocalServer, data: st.DataObject, given_events: list[dict[str, Any]], limit: int
) -> None:
    stored = fill(running_server, given_events)
    asked = data.draw(st.lists(filters(stored), max_size=1))
    whole = search(running_server, asked)
    paged: list[str] = []
    for page in range(1, len(stored) // limit + 3):
        answer = search(running_server, asked, limit=limit, page=page)
        assert answer["count"] == whole["count"]
        assert len(answer["events"]) <= limit
        paged += [event["event_id"] for event in answer["events"]]
    assert paged == [event["event_id"] for event in whole["events"]]


@given(data=st.data(), given_events=st.lists(events, min_size=1, max_size=6))
@settings(max_examples=scaled(600), deadline=None, suppress_health_check=list(HealthCheck))
def test_what_was_posted_comes_back_unchanged(
    running_server: LocalServer, data: st.DataObject, given_events: list[dict[str, Any]]
) -> None:
    stored = fill(running_server, given_events)
    for sent, back in zip(given_events, stored, strict=True):
        assert oracle.same({name: back[name] for name in sent}, sent)


@pytest.mark.parametrize("file", TRACES or [None], ids=lambda file: file.stem if file else "no traces")
def test_every_leaf_of_a_real_trace_is_found_by_its_dotted_path(
    running_server: LocalServer, file: Path | None
) -> None:
    if file is None:
        pytest.skip("../shared/data/traces is not there")
    sent = [json.loads(line) for line in file.read_text().splitlines()]
    stored = fill(running_server, sent)
    assert [event["event_id"] for event in stored] == [event["event_id"] for event in sent]
    for path in sorted({path for event in sent for path in oracle.dotted(event)})[: scaled(4000)]:
        there = (value for event in sent for value in oracle.values_at(event, path))
        found = next((value for value in there if value is not None), None)
        asked: list[dict[str, Any]] = [{"field": path, "operator": "exists", "value": None}]
        if found is not None and not isinstance(found, dict | list):
            asked.append({"field": path, "operator": "is", "value": found})
        for one in asked:
            ids = [event["event_id"] for event in search(running_server, [one])["events"]]
            assert bool(ids) == (found is not None), one
            assert ids == oracle.matches(stored, [one]), one


@pytest.mark.skipif(not TRACES, reason="../shared/data/traces is not there")
def test_random_filters_on_real_traces_find_what_the_oracle_finds(running_server: LocalServer) -> None:
    sent = [json.loads(line) for file in TRACES for line in file.read_text().splitlines()]
    stored = fill(running_server, sent)

    @given(asked=st.lists(filters(stored), min_size=1, max_size=2))
    @settings(max_examples=scaled(1600), deadline=None, suppress_health_check=list(HealthCheck))
    def compare(asked: list[dict[str, Any]]) -> None:
        found = [event["event_id"] for event in search(running_server, asked)["events"]]
        assert found == oracle.matches(stored, asked), asked

    compare()


def test_an_index_changes_no_answer() -> None:
    indexed = LocalServer(index=["metadata.a", "inputs.a.b", "event_name"])
    plain = LocalServer()
    values: list[Any] = [None, True, 1, 1.5, "1", "true", "x", [1], {"b": "x"}, 2**64, "é\x00"]
    sent = [
        {
            "event_type": "tool",
            "event_id": str(uuid.uuid4()),
            "inputs": {"a": {"b": value}},
            "metadata": {"a": value},
        }
        for value in values
    ]
    for server in (indexed, plain):
        post(server, "/v1/events/batch", {"events": sent})
        post(server, f"/v1/events/{sent[2]['event_id']}", {"metadata": {"a": "changed"}}, method="PUT")
    for field in ("metadata.a", "inputs.a.b", "event_name"):
        for value in [*(v for v in values if not isinstance(v, dict | list)), "changed", "unknown"]:
            for operator in ("is", "is not", "greater than", "less than"):
                if operator.endswith("than") and (value is None or isinstance(value, bool)):
                    continue
                one = [{"field": field, "operator": operator, "value": value}]
                found = [event["event_id"] for event in search(indexed, one)["events"]]
                assert found == [event["event_id"] for event in search(plain, one)["events"]], one
    indexed.close()
    plain.close()


@given(data=st.data(), given_events=st.lists(events, min_size=1, max_size=6))
@settings(max_examples=scaled(600), deadline=None, suppress_health_check=list(HealthCheck))
def test_python_finds_what_the_oracle_finds_where_there_are_too_many_filters_for_sql(
    running_server: LocalServer, data: st.DataObject, given_events: list[dict[str, Any]]
) -> None:
    stored = fill(running_server, given_events)
    asked = data.draw(st.lists(filters(stored), min_size=1, max_size=2))
    many = [one for one in asked for _ in range(MANY + 1)]
    found = search(running_server, many)
    assert [event["event_id"] for event in found["events"]] == oracle.matches(stored, asked), asked
