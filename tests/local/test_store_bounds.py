"""What the server remembers is bounded in bytes and emptied by a reset, and no request costs much memory."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer, codec
from honeyhive_ext.local.app import App
from honeyhive_ext.local.filters import predicates
from honeyhive_ext.local.filters.operands import find
from honeyhive_ext.local.store import packed_row, paths
from tests.support.local_api import Api, core, post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
ROUTES = [
    "/v1/events",
    "/v1/events/batch",
    "/v1/sessions",
    "/v1/events/search",
    "/v1/events/export",
    "/session/start",
    "/events",
    "/events/batch",
    "/events/model",
    "/_local/seed",
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_body_of_very_many_values_is_413_before_it_is_read(plain: Api, path: str, packed: bool) -> None:
    body = b'{"event_type":"tool","inputs":{"a":[' + b"[]," * 2_000_000 + b"1]}}"
    headers = {"content-encoding": "gzip"} if packed else {}
    answer = plain.request("POST", path, content=gzip.compress(body, 1) if packed else body, headers=headers)
    assert (answer.status_code, "too many arrays" in answer.text) == (413, True)


def test_the_characters_inside_texts_count_for_nothing(plain: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MEMORY", 5_000)
    text = '[{"a": [1, 2, \\, 3]}, ' * 500
    event_id = plain.create(inputs={"text": text, "more": '\\"[[['})
    assert plain.event(event_id)["inputs"]["text"] == text
    assert plain.post("/v1/events", {**TOOL, "inputs": {"a": [[]] * 50}}).status_code == 413


def test_a_path_of_numbers_through_nested_arrays_is_answered(plain: Api) -> None:
    value: Any = 1
    for _ in range(250):
        value = [value]
    event_id = plain.create(inputs={"a": value})
    assert plain.ids(("inputs.a" + ".0" * 200, "is", 1)) == [event_id]
    assert plain.ids(("inputs.a" + ".0" * 250, "is", 1)) == [event_id]
    assert plain.ids(("inputs.a" + ".0" * 251, "is", 1)) == []
    assert plain.ids(("inputs.a" + ".1" * 200, "is", 1)) == []


@pytest.mark.parametrize("number", ["0", "1"])
def test_each_place_of_a_value_is_visited_once_however_many_readings_of_a_path_lead_there(
    number: str,
) -> None:
    value: Any = [[]] * 1000
    for _ in range(250):
        value = [value, 1]
    looks: list[None] = []
    for _ in find(value, [number] * 250, lambda: looks.append(None)):
        pass
    assert len(looks) <= (1000 + 2 * 250) // 64 + 1


def test_a_read_ends_at_its_time_also_inside_one_event(plain: Api) -> None:
    value: Any = 1
    for _ in range(250):
        value = [value]
    plain.create(inputs={"a": value})
    plain.server.configure(max_read_ms=1)
    asked = [{"field": f"inputs.a{'.0' * 249}.{n}", "operator": "is not", "value": 5} for n in range(300)]
    answer = plain.post("/v1/events/search", {"filters": asked})
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "TOO_SLOW")
    plain.server.configure(max_read_ms=0)
    assert plain.post("/v1/events/search", {"filters": asked}).json()["count"] == 1


def test_a_field_may_have_500_parts(plain: Api) -> None:
    for parts, status in ((500, 200), (501, 400)):
        one = {"field": ".".join(["inputs"] * parts), "operator": "exists", "value": None}
        answer = plain.post("/v1/events/search", {"filters": [one]})
        assert answer.status_code == status
    assert answer.json()["errors"] == [
        {"path": "filters[0].field", "message": "more than 500 parts between dots"}
    ]


def test_a_text_in_a_filter_may_have_100000_characters(plain: Api) -> None:
    text = "x" * 100_000
    event_id = plain.create(metadata={"a": text})
    assert plain.ids(("metadata.a", "is", text)) == [event_id]
    one = {"field": "metadata.a", "operator": "is", "value": text + "x"}
    assert plain.post("/v1/events/search", {"filters": [one]}).status_code == 400


def test_a_search_may_have_1000_filters_unless_the_switch_says_otherwise(plain: Api) -> None:
    event_id = plain.create(metadata={"n": 1, "list": ["a"]}, duration=5)
    asked = [("metadata.n", "is not", n + 2) for n in range(500)]
    asked += [("metadata.list", "is not", str(n)) for n in range(250)]
    asked += [("duration", "less than", n + 6.5) for n in range(249)]
    assert plain.ids(*asked, ("metadata.list", "is", "a")) == [event_id]
    assert plain.ids(*asked, ("metadata.list", "is", "b")) == []
    one = {"field": "metadata.n", "operator": "is", "value": 1}
    assert plain.post("/v1/events/search", {"filters": [one] * 1001}).status_code == 400
    plain.server.configure(max_filters=0)
    assert plain.post("/v1/events/search", {"filters": [one] * 1001}).json()["count"] == 1


def tree_of(app: App) -> Any:
    return app.state.store.paths._tree


def test_paths_of_long_names_are_not_all_remembered_and_all_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "TEXT_LIMIT", 1000)
    names = [f"{n}" + "x" * 90 for n in range(40)]

    def found(app: App, name: str) -> int:
        one = {"field": f"metadata.{name}.y", "operator": "is", "value": 1}
        return int(post(app, "/v1/events/search", {"filters": [one]})["count"])

    with core(tmp_path / "events.db") as app:
        for name in names:
            post(app, "/v1/events", {**TOOL, "metadata": {name: {"y": 1}}, "inputs": {"a": 1}})
        assert [found(app, name) for name in names] == [1] * 40
        assert sum(len(text) for _, text in tree_of(app).by_text) <= 1001
        assert not tree_of(app).full & {"inputs"}  # a field is as fast as its own names are few
    with core(tmp_path / "events.db") as app:
        assert [found(app, name) for name in names] == [1] * 40
        app.state.reset()
        assert not tree_of(app).by_text
        assert not tree_of(app).full


def test_shapes_are_remembered_up_to_a_size_and_forgotten_by_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SHAPES_SIZE", 5000)
    monkeypatch.setattr(packed_row, "SHAPES_SIZE", 5000)
    with core(switches={"validation": "lenient"}) as app:
        for n in range(60):
            more = {f"{n} {k}": k for k in range(10)}
            event_id = post(app, "/v1/events", {**TOOL, "metadata": more, **more})["event_id"]
            stored = post(app, f"/v1/events/{event_id}", None, method="GET")["event"]
            assert stored["metadata"] == more
        assert 0 < tree_of(app).shapes_size <= 5000
        assert 0 < app.state.store.rows._size[0] <= 5000
        app.state.reset()
        assert tree_of(app).shapes_size == 0
        assert app.state.store.rows._size == [0]
        assert app.state.store.rows._plans == {}


def test_the_predicates_of_earlier_searches_are_remembered_up_to_a_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(predicates, "_SPECS", 10_000)
    with LocalServer() as server:
        post(server, "/v1/events", {**TOOL, "metadata": {"list": ["a"]}})
        for n in range(100):
            one = {"field": "metadata.list", "operator": "is", "value": f"{n}" + "x" * 900}
            assert post(server, "/v1/events/search", {"filters": [one]})["count"] == 0
        assert sum(map(len, predicates._specs.known)) <= 11_100
        server.reset()
        assert predicates._specs.known == {}
