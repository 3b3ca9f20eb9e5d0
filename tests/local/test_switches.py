"""Every switch: its default and each other value. The service does not document these cases."""

from __future__ import annotations

import gzip
import json
import typing
import uuid
from typing import Any, get_type_hints

import pytest

from honeyhive_ext.cli import parser
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer, SwitchOptions
from honeyhive_ext.local.switches import TABLE, Switches
from tests.support.local_api import Api, core, post

T0 = 1_767_225_600_000
TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
SET = {  # for each switch, a value that is not the default
    name: switch.choices[-1] if switch.choices and switch.choices[-1] != switch.default else 7
    for name, switch in TABLE.items()
}


def test_constructor_command_line_and_config_route_are_made_from_one_table(plain: Api) -> None:
    assert get_type_hints(SwitchOptions) == get_type_hints(Switches)
    assert plain.get("/_local/config").json() == {name: switch.default for name, switch in TABLE.items()}
    words = [word for name, value in SET.items() for word in (TABLE[name].option, str(value))]
    options = parser().parse_args(["serve", *words])
    assert {name: getattr(options, name) for name in TABLE} == SET
    assert plain.request("PATCH", "/_local/config", json=SET).json() == SET
    server = LocalServer(**SET)  # type: ignore[arg-type]  # the names and values are the table's
    assert server.switches.as_dict() == SET
    server.close()


@pytest.mark.parametrize(
    ("options", "hint"),
    [({"cuont": "page"}, "count"), ({"count": "all"}, "total, page"), ({"max_body": -1}, "0 or more"),
     ({"max_body": True}, "whole number"), ({"zzz": 1}, "validation")],
)  # fmt: skip
def test_an_unknown_switch_is_refused_with_the_known_ones(
    plain: Api, options: dict[str, Any], hint: str
) -> None:
    with pytest.raises(ConfigError, match=hint):
        LocalServer(**options)
    answer = plain.request("PATCH", "/_local/config", json=options)
    assert answer.status_code == 400
    assert hint in answer.json()["message"]
    assert plain.server.switches == Switches()


def test_lenient_stores_what_violates_the_schema_and_logs_it(plain: Api) -> None:
    odd = {
        "event_type": "modle",
        "inputs": "text",
        "extra.field": {"x": 1},
        "start_time": "2026-01-01",
        "event_name": 5,
    }
    assert plain.post("/v1/events", odd).status_code == 400
    plain.server.configure(validation="lenient")
    event_id = plain.post("/v1/events", odd).json()["event_id"]
    event = plain.event(event_id)
    assert {name: event[name] for name in odd} == odd
    assert {one.path for one in plain.server.requests[-2].violations} == {
        "event_type", "inputs", '["extra.field"]', "start_time", "event_name"}  # fmt: skip
    for field, value in (
        ("extra.field.x", 1),
        ("event_name", 5),
        ("inputs", "text"),
        ("event_type", "modle"),
    ):
        assert plain.ids((field, "is", value)) == [event_id]
    assert plain.ids(("start_time", "before", T0 + 1), ("start_time", "after", "2025-12-31")) == [event_id]
    assert plain.put(f"/v1/events/{event_id}", {"metdata": {"a": 1}, "metadata": {"b": 2}}).status_code == 200
    assert plain.event(event_id)["metadata"] == {"b": 2}
    batch = plain.post("/v1/events/batch", {"events": [odd, {}], "more": 1}).json()
    assert len(batch["event_ids"]) == 2
    assert plain.post("/v1/events/batch", {"events": [odd, 7]}).status_code == 400
    assert plain.post("/v1/sessions", {"start_time": "now", "zzz": 1}).json()["start_time"] > T0
    assert plain.search(unknown=1)["count"] == 4


def test_count_is_the_total_or_of_the_page(plain: Api) -> None:
    for _ in range(3):
        plain.create(metadata={"a": 1})
    for asked in ((), (("metadata.a", "is", 1),)):
        plain.server.configure(count="total")
        assert plain.search(*asked, limit=2)["count"] == 3
        plain.server.configure(count="page")
        assert [plain.search(*asked, limit=2, page=page)["count"] for page in (1, 2, 3)] == [2, 1, 0]


def test_negations_match_or_leave_out_events_without_the_field(plain: Api) -> None:
    yes, no, null, missing = (plain.create(metadata=one) for one in ({"a": "x"}, {"a": "y"}, {"a": None}, {}))
    for operator in ("is not", "not contains"):
        plain.server.configure(missing="matches")
        assert set(plain.ids(("metadata.a", operator, "x"))) == {no, null, missing}
        plain.server.configure(missing="exclude")
        assert plain.ids(("metadata.a", operator, "x")) == [no]
    assert set(plain.ids(("metadata.a", "is not", None))) == {yes, no}
    assert set(plain.ids(("metadata.a", "not exists", None))) == {null, missing}


def test_a_value_of_another_type_is_refused_or_converted(plain: Api) -> None:
    number, text, true = (plain.create(metadata={"a": value}) for value in (5, "5", True))
    asked = [("5", "number", number), (5, "string", text), ("true", "boolean", true)]
    for value, type_, _ in asked:
        one = {"field": "metadata.a", "operator": "is", "value": value, "type": type_}
        assert plain.post("/v1/events/search", {"filters": [one]}).status_code == 400
    plain.server.configure(filter_type="coerce")
    for value, type_, found in asked:
        assert plain.ids(("metadata.a", "is", value, type_)) == [found]
    for value, type_ in (("five", "number"), ("[1]", "number"), (1, "boolean"), (None, "number")):
        one = {"field": "metadata.a", "operator": "greater than", "value": value, "type": type_}
        assert plain.post("/v1/events/search", {"filters": [one]}).status_code == 400


def test_contains_looks_into_strings_in_any_case_or_into_anything(plain: Api) -> None:
    small, large = plain.create(event_name="straße", metadata={"a": "straße"}), plain.create(
        event_name="STRASSE", metadata={"a": "STRASSE"})  # fmt: skip
    other = plain.create(metadata={"a": ["straße", 15]}, duration=1.5)
    plain.server.configure(lists="whole")
    for field in ("event_name", "metadata.a"):
        plain.server.configure(contains="strings")
        assert plain.ids((field, "contains", "traß")) == [small]
        plain.server.configure(contains="ignore_case")
        assert set(plain.ids((field, "contains", "Strass"))) == {small, large}
        assert plain.ids((field, "not contains", "Strass")) == [other]
        plain.server.configure(contains="any")
    assert set(plain.ids(("metadata.a", "contains", "traß"))) == {small, other}
    assert plain.ids(("metadata.a", "contains", 15)) == [other]
    assert plain.ids(("duration", "contains", 1.5)) == [other]
    assert plain.ids(("event_name", "contains", "traß")) == [small]


def test_a_list_means_each_of_its_values_or_none_of_them(plain: Api) -> None:
    tags = plain.create(metadata={"v": ["alpha", ["beta", None, 5]]}, children_ids=["alpha"])
    text, deep = plain.create(metadata={"v": "alpha"}), plain.create(metadata={"v": [{"k": ["alpha", True]}]})
    found = [
        (("metadata.v", "is", "alpha"), {tags, text}),
        (("metadata.v", "is", "beta"), {tags}),
        (("metadata.v", "is", 5), {tags}),
        (("metadata.v", "greater than", 4), {tags}),
        (("metadata.v", "contains", "lph"), {tags, text}),
        (("metadata.v.k", "is", True), {deep}),
        (("metadata.v.k", "contains", "alp"), {deep}),
        (("children_ids", "is", "alpha"), {tags}),
    ]
    for (field, operator, value), ids in found:
        assert set(plain.ids((field, operator, value))) == ids
        negation = {"is": "is not", "contains": "not contains"}.get(operator)
        if negation is not None:
            assert set(plain.ids((field, negation, value))) == {tags, text, deep} - ids
    plain.server.configure(lists="whole")
    for one, ids in found:
        assert set(plain.ids(one)) == ids & {text}, one
    assert set(plain.ids(("metadata.v", "exists", None))) == {tags, text, deep}
    assert set(plain.ids(("metadata.v", "is not", "alpha"))) == {tags, deep}


def test_ties_come_newest_first_or_shuffled_at_every_request(plain: Api) -> None:
    ids = [plain.create(start_time=T0) for _ in range(30)]
    first, last = plain.create(start_time=T0 + 1), plain.create(start_time=T0 - 1)
    assert plain.ids() == plain.ids() == [first, *ids[::-1], last]
    plain.server.configure(ties="shuffled")
    one, other = plain.ids(), plain.ids()
    assert one != other
    assert sorted(one) == sorted(other) == sorted([*ids, first, last])
    assert (one[0], one[-1]) == (first, last)


@pytest.mark.parametrize("place", typing.get_args(get_type_hints(Switches)["evaluation_id"]))
def test_evaluation_id_looks_where_the_switch_says(plain: Api, place: str) -> None:
    plain.server.configure(validation="lenient")
    ids = {
        "metadata.evaluation_id": {plain.create(metadata={"evaluation_id": "r"})},
        "metadata.run_id": {plain.create(metadata={"run_id": "r"})},
        "top": {plain.create(evaluation_id="r"), plain.create(run_id="r")},
    }
    ids["any"] = set().union(*ids.values())
    plain.request("PATCH", "/_local/config", json={"validation": "strict", "evaluation_id": place})
    assert set(plain.ids(evaluation_id="r")) == ids[place]
    assert plain.ids(evaluation_id="other") == []


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/batch"])
def test_an_event_id_posted_again(plain: Api, path: str) -> None:
    def send(event_id: str, **more: Any) -> int:
        event = {**TOOL, "event_id": event_id, **more}
        return plain.post(path, {"events": [event]} if path.endswith("batch") else event).status_code

    event_id, other = str(uuid.uuid4()), str(uuid.uuid4())
    assert send(event_id, metadata={"a": 1}, outputs={"o": 1}, start_time=T0) == 200
    assert send(other, start_time=T0) == 200
    assert send(event_id, metadata={"b": 2}, start_time=T0) == 200
    assert plain.event(event_id)["metadata"] == {"b": 2}
    assert "outputs" not in plain.event(event_id)
    assert plain.ids() == [other, event_id]  # a replaced event keeps its place
    plain.server.configure(repost="reject")
    assert send(event_id, metadata={"c": 3}) == 409
    assert plain.event(event_id)["metadata"] == {"b": 2}
    plain.server.configure(repost="merge")
    assert send(event_id, metadata={"c": 3}) == 200
    assert plain.event(event_id)["metadata"] == {"b": 2, "c": 3}
    assert plain.event(event_id)["start_time"] == T0
    plain.server.configure(repost="duplicate")
    assert send(event_id, metadata={"d": 4}, start_time=T0) == send(event_id, start_time=T0) == 200
    assert plain.ids(("event_id", "is", event_id)) == [event_id] * 3
    assert plain.search()["count"] == 4


def test_an_id_twice_in_one_batch_is_an_id_posted_again(plain: Api) -> None:
    event_id = str(uuid.uuid4())
    events = {"events": [{**TOOL, "event_id": event_id, "metadata": {"n": n}} for n in (1, 2)]}
    assert plain.post("/v1/events/batch", events).json()["event_ids"] == [event_id] * 2
    assert plain.event(event_id)["metadata"] == {"n": 2}
    assert plain.search()["count"] == 1


def test_an_update_merges_shallowly_or_deeply(plain: Api) -> None:
    event_id = plain.create(metadata={"a": {"x": 1}, "b": 1})
    plain.server.configure(update="deep")
    plain.put(f"/v1/events/{event_id}", {"metadata": {"a": {"y": {"z": None}}}})
    assert plain.event(event_id)["metadata"] == {"a": {"x": 1, "y": {"z": None}}, "b": 1}
    plain.server.configure(update="shallow")
    plain.put(f"/v1/events/{event_id}", {"metadata": {"a": {"y": None}}})
    assert plain.event(event_id)["metadata"] == {"a": {"y": None}, "b": 1}


def test_an_update_is_answered_with_an_object_or_with_nothing(api: Api) -> None:
    event_id = api.create()
    assert api.put(f"/v1/events/{event_id}", {}).json() == {}
    api.server.configure(update_answer="empty")
    answer = api.put(f"/v1/events/{event_id}", {})
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/v1/events/batch", "/v1/sessions/{}/events/batch"])
def test_a_bad_event_refuses_the_batch_or_is_left_out(plain: Api, path: str) -> None:
    path = path.format(plain.post("/v1/sessions", {}).json()["session_id"])
    ids = [str(uuid.uuid4()) for _ in range(3)]
    events = [{**TOOL, "event_id": one} for one in ids]
    events[1]["inputs"] = 7
    assert plain.post(path, {"events": events}).status_code == 400
    plain.server.configure(bad_event="partial")
    answer = plain.post(path, {"events": events})
    assert answer.status_code == 500
    assert answer.json()["event_ids"] == [ids[0], ids[2]]
    assert answer.json()["success"] is False
    assert len(answer.json()["errors"]) == 1
    assert "events[1].inputs" in answer.json()["errors"][0]
    assert plain.post(path, {"events": events, "zzz": 1}).status_code == 400
    plain.server.configure(repost="reject")
    again = plain.post(path, {"events": [events[0], TOOL]}).json()
    assert len(again["event_ids"]) == len(again["errors"]) == 1
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    body = json.dumps({"events": [TOOL, {**TOOL, "inputs": {"a": deep}}]}).encode()
    answer = plain.request("POST", path, content=body)
    assert answer.status_code == 500
    assert len(answer.json()["event_ids"]) == 1


def test_a_new_event_shows_at_once_or_after_the_delay() -> None:
    at = [T0]
    is_tool = {"filters": [{"field": "event_type", "operator": "is", "value": "tool"}]}
    with core(clock=lambda: at[0]) as app:

        def found(body: dict[str, Any]) -> tuple[list[str], int]:
            answer = post(app, "/v1/events/search", body)
            return [event["event_id"] for event in answer["events"]], answer["count"]

        early = post(app, "/v1/events", {**TOOL, "start_time": 1})["event_id"]
        app.state.configure({"visibility_delay": 500})
        late = post(app, "/v1/events", {**TOOL, "start_time": 2})["event_id"]
        assert post(app, f"/v1/events/{late}", None, method="GET")["event"]["event_id"] == late
        assert found({}) == found(is_tool) == ([early], 1)
        at[0] += 500
        assert found({}) == ([late, early], 2)


def test_a_body_over_the_limit_is_413(api: Api) -> None:
    body = json.dumps({**TOOL, "inputs": {"a": "x" * 1000}}).encode()
    api.server.configure(max_body=len(body))
    assert api.request("POST", "/v1/events", content=body).status_code == 200
    api.server.configure(max_body=len(body) - 1)
    answer = api.request("POST", "/v1/events", content=body)
    assert answer.status_code == 413
    assert answer.json()["errorCode"] == "PAYLOAD_TOO_LARGE"
    packed = {"content-encoding": "gzip"}
    assert api.request("POST", "/v1/events", content=gzip.compress(body), headers=packed).status_code == 413
    assert api.search()["count"] == 1
    assert Switches().max_body == 50_000_000


@pytest.mark.parametrize(
    ("given", "clamped"), [({"limit": 0}, 1), ({"limit": 1001}, 3), ({"limit": "2"}, 2), ({"page": 0}, 3),
                           ({"limit": 2.0}, 2), ({"page": "1"}, 3)]
)  # fmt: skip
def test_a_limit_out_of_range_is_refused_or_moved_into_it(
    plain: Api, given: dict[str, Any], clamped: int
) -> None:
    for _ in range(3):
        plain.create()
    refused = plain.post("/v1/events/search", given).status_code
    assert refused == (200 if given == {"limit": 2.0} else 400)
    plain.server.configure(limit="clamp")
    assert len(plain.ids(**given)) == clamped


def test_times_finer_than_a_millisecond_are_kept_or_rounded(plain: Api) -> None:
    times = {"start_time": T0 + 0.6, "end_time": T0 + 1.4, "duration": 0.8}
    kept = plain.event(plain.create(**times))
    assert {name: kept[name] for name in times} == times
    plain.server.configure(timestamps="rounded")
    rounded = plain.event(plain.create(**times))
    assert (rounded["start_time"], rounded["end_time"], rounded["duration"]) == (T0 + 1, T0 + 1, 0.8)
    assert plain.ids(("start_time", "is", T0 + 1)) == [rounded["event_id"]]


def test_a_gzip_body_is_accepted_or_refused(api: Api) -> None:
    body = gzip.compress(json.dumps(TOOL).encode())
    headers = {"content-encoding": "gzip"}
    assert api.request("POST", "/v1/events", content=body, headers=headers).status_code == 200
    assert api.request("POST", "/v1/events", content=b"no gzip", headers=headers).status_code == 400
    assert api.request("POST", "/v1/events", content=body[:-9], headers=headers).status_code == 400
    api.server.configure(gzip="refuse")
    assert api.request("POST", "/v1/events", content=body, headers=headers).status_code == 415
    brotli = {"content-encoding": "br"}
    assert api.request("POST", "/v1/events", content=body, headers=brotli).status_code == 415


def test_the_size_of_a_batch_and_of_a_list_of_filters_can_be_limited(plain: Api) -> None:
    one = {"field": "event_type", "operator": "is", "value": "tool"}
    assert plain.post("/v1/events/batch", {"events": [TOOL] * 20}).status_code == 200
    assert plain.post("/v1/events/search", {"filters": [one] * 20}).json()["count"] == 20
    plain.server.configure(max_batch=2, max_filters=2)
    assert plain.post("/v1/events/batch", {"events": [TOOL] * 2}).status_code == 200
    assert plain.post("/v1/events/batch", {"events": [TOOL] * 3}).status_code == 413
    assert plain.post("/v1/events/search", {"filters": [one] * 2}).status_code == 200
    assert plain.post("/v1/events/search", {"filters": [one] * 3}).status_code == 400


def test_a_reset_restores_the_switches_of_the_constructor(plain: Api) -> None:
    server = LocalServer(count="page")
    server.configure(count="total", limit="clamp")
    server.reset()
    assert server.switches == Switches(count="page")
    server.close()


def test_an_operator_that_the_document_gains_is_refused_until_it_has_a_meaning(
    plain: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("honeyhive_ext.local.routes.validate.failures", lambda name, value: [])
    monkeypatch.setattr("honeyhive_ext.local.routes.context.failures", lambda name, value: [])
    one = {"field": "event_name", "operator": "starts with", "value": "x"}
    answer = plain.post("/v1/events/search", {"filters": [one]})
    assert answer.status_code == 400
    assert "starts with" in answer.json()["message"]
